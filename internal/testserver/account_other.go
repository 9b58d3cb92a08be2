//go:build !linux

package testserver

import "syscall"

// attributes returns no attributes: only Linux can end a process together with its parent.
func attributes(syscall.Signal) *syscall.SysProcAttr { return nil }

func changeOwner(string) error { return nil }
