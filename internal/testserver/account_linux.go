package testserver

import (
	"os"
	"syscall"
)

// attributes makes a process end with the test binary, ignore Ctrl-C of the terminal, and run as an unprivileged user, because
// servers refuse to run as root.
func attributes(dies syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: dies, Setpgid: true, Credential: account()}
}

// account returns the unprivileged user that runs the servers if the tests run as root, and otherwise nil.
func account() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}

	return &syscall.Credential{Uid: 65534, Gid: 65534} // Linux's overflow IDs, which own no files.
}

// changeOwner makes the servers' user the owner of a folder.
func changeOwner(folder string) error {
	credential := account()
	if credential == nil {
		return nil
	}

	return os.Chown(folder, int(credential.Uid), int(credential.Gid))
}
