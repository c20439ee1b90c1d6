// Package pacemaker drives Pacemaker's own command-line tools, and nothing else of a
// cluster: no pcs, no crm shell, no library of Pacemaker's.
//
// The tools are the same from Pacemaker 1.1 to 3.0; what they print is not, so that
// only what all of them write is read: XML, exit codes and files that they save. The
// package knows nothing of descriptions and nothing of OpenNebula.
package pacemaker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// toolLimit is how long a tool may take when ctx sets no limit: longer than the 30 s
// after which the tools themselves give up on a silent cluster.
const toolLimit = 40 * time.Second

// maxOutput bounds what is kept of a tool's standard output, in bytes: the largest
// CIB that Pacemaker passes around is smaller.
const maxOutput = 64 << 20

// Runner runs a program to its end, with stdin as its standard input, and returns
// its standard output. A program that fails gives an *Error.
type Runner func(ctx context.Context, stdin []byte, name string, args ...string) ([]byte, error)

// Error is a tool that failed.
type Error struct {
	Tool   string
	Code   int    // exit code, -1 when it was killed or could not be started
	Stderr string // what it said
	Cause  error  // why it could not be started or did not end; nil when it failed by itself
}

func (e *Error) Error() string {
	said := lastLine(e.Stderr)
	switch {
	case e.Cause != nil:
		return fmt.Sprintf("%s: %v", e.Tool, e.Cause)
	case said == "":
		return fmt.Sprintf("%s failed with exit code %d", e.Tool, e.Code)
	default:
		return fmt.Sprintf("%s: %s", e.Tool, said)
	}
}

func (e *Error) Unwrap() error { return e.Cause }

// ErrNoTool says that this machine has no Pacemaker.
var ErrNoTool = errors.New("it is not installed: run this on a cluster node, or install Pacemaker's command-line tools")

// Tools are Pacemaker's tools on this machine.
type Tools struct {
	Run Runner // nil for Execute
}

// run runs a tool with a deadline.
func (t Tools) run(ctx context.Context, stdin []byte, name string, args ...string) ([]byte, error) {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, toolLimit)
		defer cancel()
	}
	if t.Run != nil {
		return t.Run(ctx, stdin, name, args...)
	}
	return Execute(ctx, stdin, name, args...)
}

// Execute is the Runner of this machine.
func Execute(ctx context.Context, stdin []byte, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.WaitDelay = time.Second
	out, stderr := limited{most: maxOutput}, limited{most: 64 << 10}
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	failed := &Error{Tool: name, Code: -1, Stderr: stderr.String()}
	var exit *exec.ExitError
	switch {
	case err == nil && out.over:
		failed.Cause = fmt.Errorf("it printed more than %d MiB", maxOutput>>20)
	case err == nil:
		return out.Bytes(), nil
	case ctx.Err() != nil:
		failed.Cause = fmt.Errorf("it did not end in time: %w", ctx.Err())
	case errors.Is(err, exec.ErrNotFound):
		failed.Cause = ErrNoTool
	case errors.As(err, &exit) && exit.Exited():
		failed.Code = exit.ExitCode()
	default:
		failed.Cause = err
	}
	return out.Bytes(), failed
}

// limited keeps the first bytes that are written to it.
type limited struct {
	bytes.Buffer
	most int
	over bool
}

func (l *limited) Write(p []byte) (int, error) {
	if room := l.most - l.Len(); len(p) > room {
		l.over = true
		l.Buffer.Write(p[:room])
		return len(p), nil // the tool need not fail for what nobody reads
	}
	return l.Buffer.Write(p)
}

// lastLine returns the last line of a text that is not empty: the tools print their
// reason last.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
