//go:build !linux

package main

import "syscall"

// endWithParent has no effect here; the benchmark needs Linux.
func endWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
