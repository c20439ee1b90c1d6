package unit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Outside returns the processes with that command name (proc(5), comm) that are
// not the unit's ("" for none): started by hand, or by another unit. Those of
// another mount namespace live in containers, and do not count; nor do those that
// run this very program. Where no process has the name, as is usual, systemd is
// not asked.
func (m *Manager) Outside(ctx context.Context, unit, command string) ([]int, error) {
	found, err := m.named(command)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var own []int
	if unit != "" {
		own, err = m.PIDs(ctx, unit)
	}
	if err != nil && !errors.Is(err, ErrNoSystemd) {
		return nil, err
	}
	// What ended after it was found is in neither list any more.
	return slices.DeleteFunc(found, func(pid int) bool {
		return slices.Contains(own, pid) || !m.is(pid, command)
	}), nil
}

// named returns the processes with that command name in this mount namespace.
func (m *Manager) named(command string) ([]int, error) {
	proc, err := os.Open(filepath.Join(m.root, "proc"))
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var pids []int
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || !m.is(pid, command) || m.isThisProgram(name) {
			continue
		}
		here, err := m.sharesMounts(name)
		if err != nil {
			return nil, fmt.Errorf("tell whose process %d (%s) is: %w", pid, command, err)
		}
		if here {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids, nil
}

// is reports whether the process runs and has that command name.
func (m *Manager) is(pid int, command string) bool {
	text, err := os.ReadFile(filepath.Join(m.root, "proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false
	}
	name, runs := parseStat(string(text))
	return runs && name == command
}

// parseStat reads a process's command name, and whether it has not ended, from
// its stat file (proc(5)): "PID (command) state ...". The name may hold
// parentheses itself.
func parseStat(text string) (command string, runs bool) {
	_, rest, _ := strings.Cut(text, "(")
	end := strings.LastIndex(rest, ") ")
	if end < 0 {
		return "", false
	}
	state := rest[end+len(") "):]
	return rest[:end], state != "" && state[0] != 'Z' && state[0] != 'X'
}

// isThisProgram reports whether the process runs this very program, also when an
// upgrade has replaced its file. An agent is called by the name of what it manages,
// so that it, and another call of it that runs at the same time, look like that by
// their command names.
func (m *Manager) isThisProgram(pid string) bool {
	own, err := m.program("self")
	if err != nil {
		return false
	}
	its, err := m.program(pid)
	return err == nil && own == its
}

// program returns the path of the program that a process runs.
func (m *Manager) program(pid string) (string, error) {
	path, err := os.Readlink(filepath.Join(m.root, "proc", pid, "exe"))
	return strings.TrimSuffix(path, " (deleted)"), err
}

// sharesMounts reports whether the process sees the file systems that this one
// sees; one that has ended does not.
func (m *Manager) sharesMounts(pid string) (bool, error) {
	own, err := os.Readlink(filepath.Join(m.root, "proc/self/ns/mnt"))
	if err != nil {
		return false, err
	}
	its, err := os.Readlink(filepath.Join(m.root, "proc", pid, "ns/mnt"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return false, nil
	}
	return own == its, err
}

// End ends processes that Outside found: SIGTERM, and SIGKILL for those that are
// left after the patience. It returns nil when all of them are gone. Each is held
// by a pidfd (pidfd_open(2)), so that no other process is hit that got the number
// of one that has ended.
func (m *Manager) End(ctx context.Context, pids []int, command string, patience time.Duration) error {
	held := map[int]int{} // PID -> pidfd
	defer func() {
		for _, fd := range held {
			_ = unix.Close(fd)
		}
	}()
	for _, pid := range pids {
		fd, err := unix.PidfdOpen(pid, 0)
		if errors.Is(err, unix.ESRCH) {
			continue
		}
		if err != nil {
			return fmt.Errorf("hold process %d: %w", pid, err)
		}
		held[pid] = fd
	}
	if err := signal(held, unix.SIGTERM, func(pid int) bool { return m.is(pid, command) }); err != nil {
		return err
	}
	gentle, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if await(gentle, held) {
		return nil
	}
	if err := signal(held, unix.SIGKILL, func(int) bool { return true }); err != nil {
		return err
	}
	if await(ctx, held) {
		return nil
	}
	return fmt.Errorf("end %s: it survives a kill: %w", listed(held), ctx.Err())
}

// signal sends a signal to those of the processes that are still meant, and lets
// go of the others and of those that have ended.
func signal(held map[int]int, sig unix.Signal, meant func(pid int) bool) error {
	for pid, fd := range held {
		err := error(unix.ESRCH)
		if meant(pid) {
			err = unix.PidfdSendSignal(fd, sig, nil, 0)
		}
		switch {
		case errors.Is(err, unix.ESRCH):
			_ = unix.Close(fd)
			delete(held, pid)
		case err != nil:
			return fmt.Errorf("send signal %d to process %d: %w", sig, pid, err)
		}
	}
	return nil
}

// await waits until all of the processes have ended, and lets go of those that
// have. It reports false when ctx ended before them.
func await(ctx context.Context, held map[int]int) bool {
	for {
		for pid, fd := range held {
			ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}} // readable: ended
			if n, _ := unix.Poll(ready, 0); n == 1 {
				_ = unix.Close(fd)
				delete(held, pid)
			}
		}
		if len(held) == 0 {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// listed names the processes for a person.
func listed(held map[int]int) string {
	pids := make([]string, 0, len(held))
	for pid := range held {
		pids = append(pids, strconv.Itoa(pid))
	}
	slices.Sort(pids)
	return "process " + strings.Join(pids, ", ")
}
