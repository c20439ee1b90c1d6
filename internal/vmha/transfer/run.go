package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// User is whom a script runs as; the zero value is the caller, without a home.
type User struct {
	Name     string
	Home     string
	Become   bool // the caller is root and has to become this user
	UID, GID uint32
	Groups   []uint32
}

// Result is how a script ended.
type Result struct {
	Script string
	Exit   int // -1 when a signal ended it
	Took   time.Duration
}

// Runner runs the scripts of actions.
type Runner struct {
	Remotes string // directory of the drivers: /var/lib/one/remotes/tm
	As      User
	Env     []string      // beside what every script has: ONE_LOCATION of a self-contained installation
	Output  io.Writer     // takes what a script prints, both streams
	Grace   time.Duration // between SIGTERM and SIGKILL of a script that is to end
}

// Find returns the script of an action.
func (r Runner) Find(a Action) (string, error) {
	paths := a.Scripts(r.Remotes)
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return "", fmt.Errorf("find the script of %s %s: %w", a.Verb, a.TM, err)
		case !info.Mode().IsRegular() || info.Mode()&0o111 == 0:
			return "", fmt.Errorf("%s is not executable: chmod +x it", path)
		}
		return path, nil
	}
	return "", fmt.Errorf("driver %s has no script for %s: %s is not there; see that the remotes are those of the release", a.TM, a.Verb, strings.Join(paths, " nor "))
}

// Run runs the script of an action and waits for it. An exit code is a Result and no
// error. When ctx ends the script is told to, with all that it started, and killed
// after Grace.
func (r Runner) Run(ctx context.Context, a Action) (Result, error) {
	script, err := r.Find(a)
	if err != nil {
		return Result{}, err
	}
	path, err := filepath.Abs(script)
	if err != nil {
		return Result{}, fmt.Errorf("find the script of %s %s: %w", a.Verb, a.TM, err)
	}
	cmd := exec.Command(path, a.Args...)
	cmd.Stdout, cmd.Stderr = r.Output, r.Output
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}
	cmd.Env = append(cmd.Env, r.Env...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if r.As.Name != "" {
		cmd.Env = append(cmd.Env, "HOME="+r.As.Home, "USER="+r.As.Name, "LOGNAME="+r.As.Name)
	}
	if r.As.Become {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: r.As.UID, Gid: r.As.GID, Groups: r.As.Groups}
	}
	cmd.WaitDelay = time.Second // a child that was let go may hold the output open
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return Result{Script: script}, fmt.Errorf("start %s: %w", script, err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err = <-done:
	case <-ctx.Done():
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) // its own group, so nobody else's
		select {
		case <-done:
		case <-time.After(r.Grace):
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		return Result{Script: script, Exit: -1, Took: time.Since(began)}, fmt.Errorf("%s was interrupted: what it did so far stays: %w", script, context.Cause(ctx))
	}
	result := Result{Script: script, Exit: cmd.ProcessState.ExitCode(), Took: time.Since(began)}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		return result, fmt.Errorf("run %s: %w", script, err)
	}
	return result, nil
}
