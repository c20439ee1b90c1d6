package random

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// callEnd is how a call of an agent ended.
type callEnd struct {
	code   int  // -1: it was killed
	killed bool // by us, before it had ended
	stderr string
	took   time.Duration
}

// hung bounds a call that is not killed; the agents have 20 s at most.
const hung = 30 * time.Second

// killer calls kill at some moment, from another goroutine, unless cancel comes
// before.
type killer func(kill func()) (cancel func())

// killAfter kills when that time is over.
func killAfter(d time.Duration) killer {
	return func(kill func()) func() {
		t := time.AfterFunc(d, kill)
		return func() { t.Stop() }
	}
}

// call runs an agent as Pacemaker does: one argument, a process group of its own,
// and SIGKILL for the group when its time is over. Without a killer that is after
// hung. Errors are about the process, not about its code.
func call(ctx context.Context, program, action string, env []string, killed killer) (end callEnd, err error) {
	var stderr bytes.Buffer
	cmd := exec.Command(program, action)
	cmd.Env, cmd.Dir, cmd.Stderr = env, "/", &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second // a process that it leaves behind holds the pipe
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return end, err
	}
	group := cmd.Process.Pid
	kill := func() { _ = syscall.Kill(-group, syscall.SIGKILL) }
	cancels := []func(){killAfter(hung)(kill)}
	if killed != nil {
		cancels = append(cancels, killed(kill))
	}
	gone := context.AfterFunc(ctx, kill)
	err = cmd.Wait()
	gone()
	for _, cancel := range cancels {
		cancel()
	}
	end = callEnd{code: cmd.ProcessState.ExitCode(), stderr: stderr.String(), took: time.Since(began)}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		if killed == nil || end.took > hung {
			return end, fmt.Errorf("ended by %s after %s", status.Signal(), end.took)
		}
		end.killed = true
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		_ = syscall.Kill(-group, syscall.SIGKILL)
		return end, errors.New("a process that it left behind holds its standard error")
	}
	return end, groupGone(group, end.killed)
}

// groupGone reports an error when processes of the group are left. Those that
// were just killed may take a moment.
func groupGone(group int, killed bool) error {
	for try := 0; ; try++ {
		if !alive(group) {
			return nil
		}
		if !killed || try == 100 {
			_ = syscall.Kill(-group, syscall.SIGKILL)
			return errors.New("processes of its group are left")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// alive reports whether the group has a process that is not just waiting to be
// reaped by its parent.
func alive(group int) bool {
	if errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) {
		return false
	}
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range all {
		text, _ := os.ReadFile(file)
		var state string
		var parent, of int
		_, after, _ := strings.Cut(string(text), ") ") // what is before holds the name
		if _, err := fmt.Sscan(after, &state, &parent, &of); err == nil && of == group && state != "Z" {
			return true
		}
	}
	return false
}

// environment is what Pacemaker gives to every call.
func environment(agent, op string, timeout time.Duration, params []string) []string {
	env := []string{
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "OCF_ROOT=/usr/lib/ocf", "OCF_RA_VERSION_MAJOR=1", "OCF_RA_VERSION_MINOR=1",
		"OCF_RESOURCE_INSTANCE=" + agent, "OCF_RESOURCE_TYPE=" + agent, "OCF_RESOURCE_PROVIDER=opennebula",
		"OCF_EXIT_REASON_PREFIX=ocf-exit-reason:", "OCF_OUTPUT_FORMAT=text", "HA_LOGFACILITY=none", "HA_logfacility=none",
		"OCF_RESKEY_crm_feature_set=3.16.1", fmt.Sprintf("OCF_RESKEY_CRM_meta_timeout=%d", timeout.Milliseconds()),
	}
	if op == recurring || op == deep {
		env = append(env, "OCF_RESKEY_CRM_meta_interval=10000")
	}
	for _, p := range params {
		env = append(env, "OCF_RESKEY_"+p)
	}
	return env
}

// actionOf is the argument of an operation.
func actionOf(op string) string {
	switch op {
	case probe, recurring, deep:
		return "monitor"
	}
	return op
}

// reasoned holds when a failure gives its reason, and success gives none.
func reasoned(end callEnd) error {
	n := strings.Count("\n"+end.stderr, "\nocf-exit-reason:")
	switch {
	case end.code == success && n > 0:
		return fmt.Errorf("success with a reason:\n%s", end.stderr)
	case end.code != success && end.code != notRunning && n != 1:
		return fmt.Errorf("exit code %d with %d reasons:\n%s", end.code, n, end.stderr)
	}
	return nil
}
