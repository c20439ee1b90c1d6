//go:build !linux

package bmc

import "syscall"

// childAttr starts a child in a process group of its own.
func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// forbidChildCore does nothing: other systems cannot limit another process.
func forbidChildCore(int) {}
