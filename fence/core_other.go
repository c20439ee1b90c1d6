//go:build !linux

package fence

import "syscall"

// forbidCore keeps the process from leaving a core file.
func forbidCore() { _ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
