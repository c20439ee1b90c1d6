package bmc

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"golang.org/x/crypto/ssh"
)

var (
	errLost   = errors.New("the connection was lost")
	errNoExec = errors.New("exec requests are not answered as expected")
	errQuiet  = errors.New("nothing came")
)

const (
	// maxAnswer bounds an answer, in bytes; "show /system1" has about 1000.
	maxAnswer = 16 << 10

	// settle is how long an answer that has what is wanted may pause before it
	// counts as finished, where neither its end nor a prompt says so.
	settle = 300 * time.Millisecond
)

// sshChannel is a session channel that is read by a goroutine, so that a reader can
// give up. The goroutine ends when the channel does.
type sshChannel struct {
	ssh.Channel
	chunks chan []byte // closed at the end of the output
	closed chan struct{}
}

func newSSHChannel(ch ssh.Channel) *sshChannel {
	c := &sshChannel{Channel: ch, chunks: make(chan []byte), closed: make(chan struct{})}
	go func() {
		defer close(c.chunks)
		for {
			buf := make([]byte, 4096)
			n, err := ch.Read(buf)
			if n > 0 {
				select {
				case c.chunks <- buf[:n]:
				case <-c.closed:
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	return c
}

func (c *sshChannel) close() {
	close(c.closed)
	_ = c.Channel.Close() // the other side may have closed it
}

// collect reads until done says so, until the output ends (ended is true), or
// until it pauses after usable said so. The first byte has to come within first,
// where that is not 0. With the error of ctx it returns what came so far.
func (c *sshChannel) collect(ctx context.Context, first time.Duration, done, usable func(cliAnswer) bool) (out cliAnswer, ended bool, err error) {
	var quiet, silent <-chan time.Time
	if first > 0 {
		silent = time.After(first)
	}
	for {
		select {
		case chunk, ok := <-c.chunks:
			if !ok {
				return out, true, nil
			}
			silent = nil
			if out = append(out, chunk...); len(out) > maxAnswer {
				return nil, false, &failure{text: fmt.Sprintf("the BMC's answer does not end: %s", out.excerpt())}
			}
			if done(out) {
				return out, false, nil
			}
			if usable(out) {
				quiet = time.After(settle)
			}
		case <-quiet:
			return out, false, nil
		case <-silent:
			return nil, false, errQuiet
		case <-ctx.Done():
			return out, false, context.Cause(ctx)
		}
	}
}

// exec sends a command as an exec request. errNoExec says that the shell has to
// be asked instead: the request was refused, got no answer in half of the time,
// or one without what is wanted.
func (l *sshLink) exec(ctx context.Context, command string, prompt *regexp.Regexp, enough func(cliAnswer) bool) (cliAnswer, error) {
	patience := time.Second
	if deadline, ok := ctx.Deadline(); ok {
		patience = time.Until(deadline) / 2
	}
	begin := time.Now()
	soon, cancel := context.WithTimeout(ctx, patience)
	c, err := l.openSession(soon, sshRequest{name: "exec", payload: ssh.Marshal(struct{ Command string }{command})})
	cancel()
	_, refused := errors.AsType[*refusedRequest](err)
	if refused || errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, errNoExec
	}
	if err != nil {
		return nil, err
	}
	defer c.close()
	atPrompt := func(out cliAnswer) bool { return enough(out) && out.endsInPrompt(prompt) }
	out, _, err := c.collect(ctx, max(patience-time.Since(begin), time.Millisecond), atPrompt, enough)
	if errors.Is(err, errQuiet) || err == nil && !enough(out) {
		return nil, errNoExec
	}
	return out, err
}

// cliShell is iLO's interactive command line, between two commands.
type cliShell struct {
	*sshChannel
	prompt *regexp.Regexp
}

// startShell starts a shell and waits for its prompt. Integrity's management
// processor has a shell of its own before the standard's.
func (l *sshLink) startShell(ctx context.Context, prompt *regexp.Regexp) (*cliShell, error) {
	pty := ssh.Marshal(struct {
		Term                         string
		Columns, Rows, Width, Height uint32
		Modes                        string
	}{Term: "dumb", Columns: 200, Rows: 50, Modes: "\x00"})
	c, err := l.openSession(ctx, sshRequest{name: "pty-req", payload: pty, optional: true}, sshRequest{name: "shell"})
	if err != nil {
		return nil, err
	}
	s := &cliShell{sshChannel: c, prompt: prompt}
	atPrompt := func(out cliAnswer) bool { return out.endsInPrompt(prompt) }
	out, err := s.await(ctx, atPrompt, atPrompt)
	if err != nil && len(out) > 0 && ctx.Err() != nil {
		last := out[len(out.withoutLastLine()):]
		err = &failure{text: fmt.Sprintf("the BMC's shell does not show the prompt that is waited for, but %s: set command_prompt to a regular expression for it", last.excerpt()), err: err}
	}
	if err == nil && out.atManagementProcessor() {
		_, err = s.run(ctx, "SMCLP", func(cliAnswer) bool { return true })
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return s, nil
}

// run sends a command and returns what comes before the next prompt, the
// command's echo included. After a prompt without an answer it waits a moment
// more: the BMC may have drawn the old one again.
func (s *cliShell) run(ctx context.Context, command string, enough func(cliAnswer) bool) (cliAnswer, error) {
	if _, err := s.Write([]byte(command + "\r")); err != nil {
		return nil, fmt.Errorf("%w: write: %w", errLost, err)
	}
	atPrompt := func(out cliAnswer) bool { return out.endsInNextPrompt(s.prompt) }
	out, err := s.await(ctx, func(out cliAnswer) bool { return enough(out) && atPrompt(out) }, atPrompt)
	if err != nil {
		return nil, err
	}
	return out.withoutLastLine(), nil
}

func (s *cliShell) await(ctx context.Context, done, usable func(cliAnswer) bool) (cliAnswer, error) {
	out, ended, err := s.collect(ctx, 0, done, usable)
	if ended {
		return nil, fmt.Errorf("%w after %s", errLost, out.excerpt())
	}
	return out, err
}

// exit leaves the shell and waits until the BMC ended it, or for a moment.
func (s *cliShell) exit(ctx context.Context) {
	if _, err := s.Write([]byte("exit\r")); err != nil {
		return // it is gone
	}
	ctx, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	never := func(cliAnswer) bool { return false }
	_, _, _ = s.collect(ctx, 0, never, never) // only its end is waited for
}
