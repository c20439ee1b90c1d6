package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/oneha/oneha/internal/interview"
	"github.com/oneha/oneha/internal/interview/look"
	"github.com/oneha/oneha/internal/nodefacts"
)

// lookAround finds out what this machine shows of itself.
func (t tool) lookAround(ctx context.Context) (interview.Machine, error) {
	here := t.machine
	if here.Root == "" {
		name, err := os.Hostname()
		if err != nil {
			return interview.Machine{}, fmt.Errorf("read host name: %w", err)
		}
		here = nodefacts.Here(name)
	}
	return look.At(ctx, look.Place{Root: here.Root, Name: here.Name, Run: output, Interfaces: func() ([]look.Interface, error) {
		found, err := here.Interfaces()
		var all []look.Interface
		for _, i := range found {
			all = append(all, look.Interface{Name: i.Name, Up: i.Up, Addresses: i.Addresses})
		}
		return all, err
	}}), nil
}

// ask has the questions answered: by a person, or by the lines of standard input.
func (t tool) ask(ctx context.Context, iv *interview.Interview) error {
	talk := interview.Talk{Read: lines(ctx, t.stdin), To: t.stderr, Echo: !t.asks}
	if t.color {
		talk.Mark = func(s string) string { return "\x1b[1m" + s + "\x1b[0m" }
	}
	err := iv.Converse(talk)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF):
		err = errors.New("the answers ended before")
	case ctx.Err() != nil:
		return errors.New("nothing was written: interrupted")
	}
	return fmt.Errorf("nothing was written: %w: %s", err, named(iv.Open()))
}

// longest bounds an answer, in bytes.
const longest = 64 << 10

// lines returns a function that reads the next line of r, until the context ends.
func lines(ctx context.Context, r io.Reader) func() (string, error) {
	type result struct {
		line string
		err  error
	}
	in := bufio.NewScanner(r)
	in.Buffer(nil, longest)
	return func() (string, error) {
		read := make(chan result, 1)
		go func() { // a read cannot be cancelled; it ends with the process at the latest
			switch {
			case in.Scan():
				read <- result{line: in.Text()}
			case in.Err() == nil:
				read <- result{err: io.EOF}
			case errors.Is(in.Err(), bufio.ErrTooLong):
				read <- result{err: fmt.Errorf("a line has more than %d bytes", longest)}
			default:
				read <- result{err: in.Err()}
			}
		}()
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case got := <-read:
			return got.line, got.err
		}
	}
}
