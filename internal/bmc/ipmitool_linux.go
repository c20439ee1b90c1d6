package bmc

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// childAttr starts a child in a process group of its own, which is killed when its
// parent is: an orphan could switch a machine long after the cluster gave up.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// forbidChildCore keeps a child that has just been started, with secrets in its
// environment, from leaving a core file. The limit is one byte because the kernel
// does not look at a limit of 0 when core_pattern is a pipe, but takes 1 for a
// refusal there too (fs/coredump.c).
func forbidChildCore(pid int) {
	_ = unix.Prlimit(pid, unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1, Max: 1}, nil) // it may have ended
}
