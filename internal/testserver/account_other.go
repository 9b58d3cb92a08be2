//go:build !linux

package testserver

import "syscall"

// attributes are those of any process: only Linux lets a process die with the one that started it.
func attributes(syscall.Signal) *syscall.SysProcAttr { return nil }

func giveAway(string) error { return nil }
