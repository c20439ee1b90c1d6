package fence

import "syscall"

// ForbidCore keeps the process from ever being dumped. The flag is asked for
// because a core_pattern with a pipe, as of systemd-coredump, does not look at
// the size limit (core(5)); it also keeps other processes of the same user from
// reading this one's memory (prctl(2), PR_SET_DUMPABLE). Children that are
// executed do not inherit it.
func ForbidCore() {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0)
}
