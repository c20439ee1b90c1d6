package remote

import (
	"context"
	"fmt"
	"io"
)

// Local is this machine.
func Local() Host { return files{local{}} }

type local struct{}

func (local) Name() string { return "this machine" }

func (local) Close() error { return nil }

func (l local) Stream(ctx context.Context, in io.Reader, out io.Writer, argv ...string) error {
	token := newToken()
	end, err := execute(ctx, in, out, []string{"sh", "-c", supervised(ctx, token, argv)})
	if err != nil {
		return fmt.Errorf("run %s: %w", argv[0], err)
	}
	code, stderr, whole := reported(end.stderr, token)
	if !whole {
		return fmt.Errorf("run %s: the shell that ran it was killed", argv[0])
	}
	return exited(l.Name(), argv, ended{code: code, stderr: stderr})
}

// exited is the error for how a program ended.
func exited(host string, argv []string, end ended) error {
	if end.code == 0 {
		return nil
	}
	return &ExitError{Host: host, Program: argv[0], Code: end.code, Stderr: excerpt(end.stderr)}
}
