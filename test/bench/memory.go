package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// memoryLimit is what no call of an agent may reach, in bytes.
const memoryLimit = 10e6

// memoryLines measures the peak memory of every kind of call.
func memoryLines(ctx context.Context, t *table) error {
	if err := installFakeOned(ctx); err != nil {
		return err
	}
	net, err := newNetwork()
	if err != nil {
		return err
	}
	defer net.close()
	vip := func(action string, code int) program {
		return vip(ourAgent, action, code, "10.77.0.103", "24")
	}
	oned := func(action string, params ...string) program {
		return agent(onedAgent, action, 0, params...)
	}
	deep := func(depth int) program { return deeper(oned("monitor"), depth) }
	var most peak
	err = most.of(ctx,
		agent(ourAgent, "meta-data", 0), vip("start", 0), vip("monitor", 0), vip("stop", 0),
		oned("start"), oned("monitor"), deep(10), deep(20), oned("stop"),
	)
	if err != nil {
		return err
	}
	t.alone("peak memory, most: "+most.name, mb(most.bytes), "below 10 MB", most.bytes < memoryLimit)
	return nil
}

// peak is the most memory that a program used.
type peak struct {
	bytes int64
	name  string
}

// of runs programs and keeps the greatest.
func (most *peak) of(ctx context.Context, programs ...program) error {
	for _, p := range programs {
		bytes, err := peakMemory(ctx, p)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "bench: peak memory of %s: %s\n", p.name, mb(bytes))
		if bytes > most.bytes {
			*most = peak{bytes, p.name}
		}
	}
	return nil
}

// peakMemory runs p and returns the most memory that was resident, in bytes.
//
// It is VmHWM of proc_pid_status(5), read while the kernel holds the process at its
// end (PTRACE_EVENT_EXIT). The ru_maxrss of wait4(2) would be wrong: between vfork and
// exec a child shares the memory of this process, and the kernel counts that in.
func peakMemory(ctx context.Context, p program) (int64, error) {
	runtime.LockOSThread() // the thread is the tracer
	defer runtime.UnlockOSThread()
	cmd := exec.Command(p.args[0], p.args[1:]...)
	cmd.Env = append([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}, p.env...)
	if p.stdin != "" { // little enough to be in a pipe before anybody reads
		r, w, err := os.Pipe()
		if err != nil {
			return 0, err
		}
		defer r.Close()
		_, err = io.WriteString(w, p.stdin)
		if err = errors.Join(err, w.Close()); err != nil {
			return 0, err
		}
		cmd.Stdin = r
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start %s: %w", p.name, err)
	}
	defer context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })()
	deadline := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer deadline.Stop()

	pid := cmd.Process.Pid
	var most int64
	code, err := trace(pid, func(thread int) error {
		now, err := highWater(thread)
		most = max(most, now)
		return err
	})
	_ = cmd.Process.Release() // trace has waited for it
	switch {
	case err != nil:
		return 0, fmt.Errorf("trace %s: %w", p.name, err)
	case code != p.code:
		return 0, fmt.Errorf("run %s: exit %d, want %d", p.name, code, p.code)
	case most == 0:
		return 0, fmt.Errorf("trace %s: its end was not seen", p.name)
	}
	return most, nil
}

// trace follows a process that was started for it to its end and returns its exit
// code. atExit is called with each of its threads that is about to end and still has
// its memory.
func trace(pid int, atExit func(thread int) error) (code int, err error) {
	var status unix.WaitStatus
	if _, err := unix.Wait4(pid, &status, unix.WALL, nil); err != nil { // held at its exec
		return 0, err
	}
	if err := unix.PtraceSetOptions(pid, unix.PTRACE_O_EXITKILL|unix.PTRACE_O_TRACECLONE|unix.PTRACE_O_TRACEEXIT); err != nil {
		return 0, err
	}
	for thread, signal := pid, 0; ; {
		// A thread may have been killed by the end of another meanwhile.
		if err := unix.PtraceCont(thread, signal); err != nil && !errors.Is(err, unix.ESRCH) {
			return 0, err
		}
		for {
			thread, err = unix.Wait4(-1, &status, unix.WALL|unix.WNOTHREAD, nil)
			if !errors.Is(err, unix.EINTR) {
				break
			}
		}
		switch {
		case err != nil:
			return 0, err
		case thread == pid && (status.Exited() || status.Signaled()):
			return status.ExitStatus(), nil
		case !status.Stopped():
			signal = 0
			continue
		}
		switch signal = int(status.StopSignal()); {
		case status.StopSignal() == unix.SIGTRAP && status.TrapCause() == unix.PTRACE_EVENT_EXIT:
			if err := atExit(thread); err != nil {
				return 0, err
			}
			signal = 0
		case status.StopSignal() == unix.SIGTRAP, status.StopSignal() == unix.SIGSTOP: // a new thread
			signal = 0
		}
	}
}

// highWater reads the peak of the resident memory of a thread's process, in bytes.
func highWater(thread int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", thread))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kib * 1024, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no VmHWM", thread)
}
