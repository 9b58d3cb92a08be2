package main

import "syscall"

// endWithParent makes a process end when the benchmark is killed, and ignore Ctrl-C of the terminal.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
