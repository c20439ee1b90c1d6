package guard

import (
	"bufio"
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	slimAfter = 20 * time.Second // when a guard has joined, and has been asked for all that it is asked for
	slimEvery = time.Minute
)

// staySlim gives back again and again what a guard seldom uses, until ctx ends.
func (g *Guard) staySlim(ctx context.Context) {
	for wait := slimAfter; ; wait = slimEvery {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			Slim()
		}
	}
}

// Slim gives back the pages of the program that were only needed so far: oneha is a
// large program, of which a guard uses little. They are the file's own, unchanged, so
// that what is needed after all comes back from the page cache by itself.
func Slim() {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer maps.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		from, to, ok := unchanged(lines.Text(), program)
		if ok {
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED) // advice may be refused
		}
	}
}

// unchanged reads a line of /proc/PID/maps (proc(5)) and reports whether it is a
// mapping of the program that nothing can have written to.
func unchanged(line, program string) (from, to uintptr, ok bool) {
	f := strings.Fields(line)
	if len(f) < 6 || f[5] != program || len(f[1]) != 4 || f[1][1] != '-' {
		return 0, 0, false
	}
	first, last, _ := strings.Cut(f[0], "-")
	a, err := strconv.ParseUint(first, 16, 64)
	if err != nil {
		return 0, 0, false
	}
	b, err := strconv.ParseUint(last, 16, 64)
	return uintptr(a), uintptr(b), err == nil && b > a
}
