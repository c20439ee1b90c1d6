package fakezone

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Start starts a server that does not run. As the packages' unit does, it first
// removes a lock that a killed one left.
func (z *Zone) Start(id int) error {
	n := z.servers[id]
	if n.running() {
		return fmt.Errorf("start server %d: it runs", id)
	}
	if err := os.Remove(z.Path(id, LockFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("start server %d: %w", id, err)
	}
	t := z.o.Timers
	c := Config{Location: n.location, Load: t.Load, Open: t.Open, WarmUp: t.WarmUp, Stop: t.Stop, Seed: z.o.Seed, Without: z.o.Without, Leash: true}
	if z.o.Collide && !z.born.IsZero() {
		c.Born = z.born
		c.Retries = []time.Duration{collideTime}
		if id != 0 && id != len(z.servers)-1 {
			c.Born = c.Born.Add(t.Election)
		}
	}
	stderr, err := os.OpenFile(z.Path(id, "var/stderr"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("start server %d: %w", id, err)
	}
	defer stderr.Close() // the process has its own
	cmd := exec.Command(z.o.Program, c.flags()...)
	cmd.Dir, cmd.Stderr = n.location, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if n.leash, err = cmd.StdinPipe(); err == nil {
		err = n.ns.do(cmd.Start)
	}
	if err != nil {
		return fmt.Errorf("start server %d: %w", id, err)
	}
	n.process, n.ended = cmd, make(chan struct{})
	go func(ended chan struct{}) {
		_ = cmd.Wait() // how it ended is in ProcessState
		close(ended)
	}(n.ended)
	return nil
}

func (n *node) running() bool {
	if n.process == nil {
		return false
	}
	select {
	case <-n.ended:
		return false
	default:
		return true
	}
}

// Running reports whether a server's process is there.
func (z *Zone) Running(id int) bool { return z.servers[id].running() }

// signal sends one to the server's process, and to nothing that it started.
func (z *Zone) signal(id int, what string, s syscall.Signal) error {
	if !z.servers[id].running() {
		return fmt.Errorf("%s server %d: it does not run", what, id)
	}
	if err := z.servers[id].process.Process.Signal(s); err != nil {
		return fmt.Errorf("%s server %d: %w", what, id, err)
	}
	return nil
}

// Kill ends a server by SIGKILL. Its hooks go on, and its lock stays.
func (z *Zone) Kill(id int) error {
	if err := z.signal(id, "kill", syscall.SIGKILL); err != nil {
		return err
	}
	<-z.servers[id].ended
	return nil
}

// Stop sends SIGTERM to a server and does not wait.
func (z *Zone) Stop(id int) error { return z.signal(id, "stop", syscall.SIGTERM) }

// Ended waits until a server's process has ended, and returns its exit code.
func (z *Zone) Ended(ctx context.Context, id int) (int, error) {
	n := z.servers[id]
	if n.process == nil {
		return 0, fmt.Errorf("wait for server %d: it was never started", id)
	}
	select {
	case <-n.ended:
		return n.process.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("wait for server %d to end: %w", id, ctx.Err())
	}
}

// Freeze stops a server's process as a hang does: its port accepts connections
// and answers nothing. Its hooks go on. It returns when all threads stand still.
func (z *Zone) Freeze(id int) error {
	if err := z.signal(id, "freeze", syscall.SIGSTOP); err != nil {
		return err
	}
	for range 1000 {
		if z.servers[id].still() {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return fmt.Errorf("freeze server %d: it does not stand still", id)
}

// still reports whether all threads of the process are stopped (proc(5), "stat").
func (n *node) still() bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", n.process.Process.Pid))
	for _, stat := range threads {
		text, err := os.ReadFile(stat)
		_, state, _ := strings.Cut(string(text), ") ")
		if err != nil || !strings.HasPrefix(state, "T") {
			return false
		}
	}
	return err == nil && len(threads) > 0
}

// Thaw lets a frozen server go on.
func (z *Zone) Thaw(id int) error { return z.signal(id, "thaw", syscall.SIGCONT) }

// killAll kills the processes in the namespace, until none is left: one may have
// started another meanwhile.
func (n namespace) killAll() error {
	if !n.handle.IsOpen() {
		return nil
	}
	var mine syscall.Stat_t
	if err := syscall.Fstat(int(n.handle), &mine); err != nil {
		return fmt.Errorf("find processes of namespace: %w", err)
	}
	for range 100 {
		entries, err := os.ReadDir("/proc")
		if err != nil {
			return fmt.Errorf("find processes of namespace: %w", err)
		}
		found := 0
		for _, e := range entries {
			pid, err := strconv.Atoi(e.Name())
			var theirs syscall.Stat_t
			if err != nil || pid == os.Getpid() || syscall.Stat("/proc/"+e.Name()+"/ns/net", &theirs) != nil {
				continue
			}
			if theirs.Ino == mine.Ino && theirs.Dev == mine.Dev {
				found++
				_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
			}
		}
		if found == 0 {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("end processes of namespace: some do not end")
}
