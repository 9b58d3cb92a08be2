package testserver

import (
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// attributes let a process die with the test binary, keep a terminal's Ctrl-C from it, and make it run as another user
// than root, which servers refuse.
func attributes(dies syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: dies, Setpgid: true, Credential: account()}
}

// account is the user as whom servers run where the tests run as root; otherwise it is nil, and they run as the tests do.
func account() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}

	credential := &syscall.Credential{Uid: 65534, Gid: 65534} // What Linux calls nobody, where nothing else is known.

	if nobody, err := user.Lookup("nobody"); err == nil {
		if uid, err := strconv.ParseUint(nobody.Uid, 10, 32); err == nil {
			credential.Uid = uint32(uid)
		}

		if gid, err := strconv.ParseUint(nobody.Gid, 10, 32); err == nil {
			credential.Gid = uint32(gid)
		}
	}

	return credential
}

// giveAway makes the servers' user the owner of a folder.
func giveAway(folder string) error {
	credential := account()
	if credential == nil {
		return nil
	}

	return os.Chown(folder, int(credential.Uid), int(credential.Gid))
}
