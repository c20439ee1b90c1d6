package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"
)

const (
	maxOutput = 64 << 20               // bytes that Run and ReadFile keep
	maxStderr = 4 << 10                // bytes of standard error that are kept, the last ones
	shown     = 400                    // of them in an ExitError
	drain     = 500 * time.Millisecond // for what else comes behind a program's end
	grace     = 5 * time.Second        // from SIGTERM to SIGKILL; timeout's own is shorter
)

// ended is how a process on this machine ended.
type ended struct {
	code   int
	stderr []byte // the end of it
}

// execute runs a program on this machine in a process group of its own, which ends
// with ctx: SIGTERM, and SIGKILL after the grace. The error is about the program not
// having run, or ctx.
func execute(ctx context.Context, in io.Reader, out io.Writer, argv []string) (ended, error) {
	if err := ctx.Err(); err != nil {
		return ended{}, err
	}
	tail := &last{max: maxStderr}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	ends, err := attach(cmd, in, out, tail)
	if err != nil {
		return ended{}, err
	}
	err = cmd.Start()
	ends.started()
	if err != nil {
		_ = ends.ended()
		return ended{}, err
	}
	done := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-done:
			return
		case <-ctx.Done():
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-done:
		case <-time.After(grace):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
	}()
	err = cmd.Wait()
	if failed := ends.ended(); failed != nil && err == nil {
		err = failed
	}
	close(done)
	<-watched
	if ctx.Err() != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // children that outlived the program
		return ended{}, ctx.Err()
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return ended{stderr: tail.bytes}, nil
	case errors.As(err, &exit):
		code := exit.ExitCode()
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			code = 128 + int(status.Signal())
		}
		return ended{code: code, stderr: tail.bytes}, nil
	}
	return ended{}, err // reading in, or writing out
}

// ends are ours of a program's pipes.
type ends struct {
	in          *inlet // nil for none
	out, stderr *outlet
}

// attach gives a program its input, output and standard error. in and out may be nil.
func attach(cmd *exec.Cmd, in io.Reader, out io.Writer, stderr io.Writer) (e ends, err error) {
	defer func() {
		if err != nil {
			e.started()
			_ = e.ended()
		}
	}()
	if e.stderr, err = newOutlet(stderr); err != nil {
		return e, err
	}
	cmd.Stderr = e.stderr.write
	if out != nil {
		if e.out, err = newOutlet(out); err != nil {
			return e, err
		}
		cmd.Stdout = e.out.write
	}
	if in != nil {
		if e.in, err = newInlet(in); err != nil {
			return e, err
		}
		cmd.Stdin = e.in.read
	}
	return e, nil
}

func (e ends) started() {
	for _, o := range []*outlet{e.stderr, e.out} {
		if o != nil {
			o.started()
		}
	}
	if e.in != nil {
		e.in.started()
	}
}

// ended is what went wrong with them, other than the program.
func (e ends) ended() (err error) {
	if e.in != nil {
		err = e.in.ended()
	}
	for _, o := range []*outlet{e.stderr, e.out} {
		if o == nil {
			continue
		}
		if failed := o.ended(); failed != nil && err == nil {
			err = failed
		}
	}
	return err
}

// last keeps the end of what is written to it.
type last struct {
	max   int
	bytes []byte
}

func (l *last) Write(p []byte) (int, error) {
	l.bytes = append(l.bytes, p...)
	if n := len(l.bytes) - l.max; n > 0 {
		l.bytes = append(l.bytes[:0], l.bytes[n:]...)
	}
	return len(p), nil
}

// limited collects output up to maxOutput.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > maxOutput {
		return 0, fmt.Errorf("more than %d bytes of output", maxOutput)
	}
	return l.Buffer.Write(p)
}

// excerpt is the end of what a program wrote on standard error, from the beginning
// of a line.
func excerpt(stderr []byte) string {
	stderr = bytes.TrimSpace(stderr)
	if n := len(stderr) - shown; n > 0 {
		stderr = stderr[n:]
		if i := bytes.IndexByte(stderr, '\n'); i >= 0 {
			stderr = stderr[i+1:]
		}
	}
	return string(bytes.ToValidUTF8(stderr, []byte("?")))
}
