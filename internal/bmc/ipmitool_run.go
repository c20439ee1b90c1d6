package bmc

import (
	"context"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Bounds of a run of ipmitool.
const (
	maxOutput = 16 << 10 // bytes of each stream that are kept; the rest is dropped

	// How long ipmitool may take, once its context has ended, to close its session
	// with the BMC, and how long whoever else holds its output is then waited for.
	closeSession = 150 * time.Millisecond
	releaseWait  = 100 * time.Millisecond
)

// run runs ipmitool with a chassis power command and returns what it printed. It
// ends soon after the context: SIGINT makes ipmitool close its session, then the
// whole process group is killed.
func (d *ipmitool) run(ctx context.Context, command string) (string, error) {
	left := time.Hour
	if deadline, ok := ctx.Deadline(); ok {
		left = time.Until(deadline)
	}
	var out, words beginning
	cmd := exec.CommandContext(ctx, d.config.ipmitool(), d.arguments(left, command)...)
	cmd.Env = d.environment()
	cmd.Stdout, cmd.Stderr = &out, &words
	cmd.SysProcAttr = childAttr()
	cmd.WaitDelay = closeSession + releaseWait
	var patience *time.Timer
	cmd.Cancel = func() error {
		patience = time.AfterFunc(closeSession, func() { signalGroup(cmd, syscall.SIGKILL) })
		signalGroup(cmd, syscall.SIGINT)
		return nil
	}

	// A child is told of its parent's death when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Start()
	if err == nil {
		forbidChildCore(cmd.Process.Pid)
		err = cmd.Wait()
	}
	if patience != nil {
		patience.Stop()
	}
	if err != nil {
		if cmd.Process != nil {
			signalGroup(cmd, syscall.SIGKILL) // children that it may have left
		}
		return "", explainIpmitool(words.String(), d.config, ctx.Err() != nil, err)
	}
	return out.String(), nil
}

// signalGroup signals the child and its children; there may be none left.
func signalGroup(cmd *exec.Cmd, s syscall.Signal) { _ = syscall.Kill(-cmd.Process.Pid, s) }

// beginning keeps the beginning of what is written to it.
type beginning struct{ text []byte }

func (b *beginning) Write(p []byte) (int, error) {
	b.text = append(b.text, p[:min(len(p), maxOutput-len(b.text))]...)
	return len(p), nil
}

func (b *beginning) String() string { return string(b.text) }
