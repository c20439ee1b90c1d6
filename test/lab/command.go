package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/term"
)

// Command is a command to run in a machine. It starts with a clean environment:
// PATH, HOME, LC_ALL and what Env adds.
type Command struct {
	Args    []string
	Env     []string // NAME=value
	Binds   []Bind   // Run only
	Streams          // a nil Stdout or Stderr is captured in the Result
}

// Streams are the standard streams of a command. Standard input that is a
// terminal is passed on as one.
type Streams struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Result is what a command did.
type Result struct {
	Stdout, Stderr string
	Code           int // exit code
}

// ExitError is the error of a command that ran and failed.
type ExitError struct {
	Args []string
	Result
}

// Error says what failed and the end of what it said about it.
func (e *ExitError) Error() string {
	said := strings.TrimSpace(e.Stderr)
	if said == "" {
		said = strings.TrimSpace(e.Stdout)
	}
	const limit = 2000
	if len(said) > limit {
		said = "..." + said[len(said)-limit:]
	}
	return fmt.Sprintf("%s: exit %d: %s", strings.Join(e.Args, " "), e.Code, said)
}

// basicEnv is the environment commands start from.
var basicEnv = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8"}

// capture fills the streams that the command leaves open.
func (c Command) capture() (Streams, func() Result) {
	var out, errs bytes.Buffer
	s := c.Streams
	if s.Stdout == nil {
		s.Stdout = &out
	}
	if s.Stderr == nil {
		s.Stderr = &errs
	}
	return s, func() Result { return Result{Stdout: out.String(), Stderr: errs.String()} }
}

// finish waits for cmd and turns how it ended into a Result and an error.
func finish(ctx context.Context, cmd *exec.Cmd, args []string, captured func() Result) (Result, error) {
	err := cmd.Wait()
	r := captured()
	r.Code = cmd.ProcessState.ExitCode()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return r, fmt.Errorf("run %s: %w", args[0], ctx.Err())
	case errors.Is(err, exec.ErrWaitDelay): // it ended well and left a child that holds its output
		return r, nil
	case errors.As(err, &exit):
		return r, &ExitError{Args: args, Result: r}
	case err != nil:
		return r, fmt.Errorf("run %s: %w", args[0], err)
	}
	return r, nil
}

// isTerminal reports whether r is a terminal.
func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
