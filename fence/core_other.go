//go:build !linux

package fence

import "syscall"

// ForbidCore keeps the process from leaving a core file.
func ForbidCore() { _ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
