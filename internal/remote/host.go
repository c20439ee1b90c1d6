// Package remote runs commands and moves files on this machine or on another one
// over ssh, with the same calls: the system's own ssh client does the work, so its
// configuration, agents, keys and known hosts count.
//
// Nothing is ever asked for: a host that wants a password or has an unknown key is
// ErrUnreachable. What runs on the other machine ends with the caller's context, and
// at its deadline also when the caller was killed. Secrets go through standard input
// or files, never through argv.
package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// Host is a machine. Every call is bounded by its ctx and leaves nothing running
// there when ctx ends.
type Host interface {
	// Name is the machine's name in messages.
	Name() string
	// Run runs a program and returns its whole output. An exit code other than 0 is
	// an *ExitError with the code and the last lines of standard error; an ssh
	// that did not get there is ErrUnreachable.
	Run(ctx context.Context, argv ...string) ([]byte, error)
	// Stream runs a program with this input and output; nil is none. Output may be
	// partial when there is an error.
	Stream(ctx context.Context, in io.Reader, out io.Writer, argv ...string) error
	// ReadFile reads a whole file; one that is not there is fs.ErrNotExist.
	ReadFile(ctx context.Context, path string) ([]byte, error)
	// WriteFile replaces a file atomically (a temporary file beside it, fsync, rename).
	// It follows a symbolic link. What a killed call left beside the file is removed
	// by the next.
	WriteFile(ctx context.Context, path string, data []byte, m Meta) error
	// Close ends what connects to the machine; a later call connects anew.
	Close() error
}

// Meta is what a file has beside its content.
type Meta struct {
	Owner, Group string      // names; "" keeps what an existing file has
	Mode         fs.FileMode // permission bits; 0 keeps what an existing file has; a new one is 0600
}

// ErrUnreachable says that ssh did not get to the machine, or lost it: whether the
// command ran to its end is then unknown.
var ErrUnreachable = errors.New("cannot be reached over ssh")

// ExitError is a program that ended with an exit code other than 0.
type ExitError struct {
	Host    string
	Program string // argv[0]
	Code    int    // 128 + n for signal n
	Stderr  string // its last lines, at most a few hundred bytes
}

func (e *ExitError) Error() string {
	s := fmt.Sprintf("%s: %s failed with exit code %d", e.Host, e.Program, e.Code)
	if e.Stderr != "" {
		s += ": " + strings.Join(strings.FieldsFunc(e.Stderr, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	}
	return s
}
