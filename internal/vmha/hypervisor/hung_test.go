package hypervisor

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/oneha/oneha/internal/remote"
)

// stopping is a host that says so much, and then no more.
type stopping struct {
	remote.Host
	said string
	err  error
}

func (s stopping) Name() string { return "h1" }

func (s stopping) Stream(_ context.Context, _ io.Reader, out io.Writer, _ ...string) error {
	_, _ = io.WriteString(out, s.said)
	return s.err
}

// A host that began to answer is alive, whatever hangs there: it must not count as silent,
// which with a record of its fencing would make it one that is off.
func TestHostThatHangs(t *testing.T) {
	late := fmt.Errorf("h1: run sh: %w", context.DeadlineExceeded)
	lost := fmt.Errorf("h1 %w: Timeout, server h1 not responding: Connection timed out", remote.ErrUnreachable)
	for _, test := range []struct {
		said   string
		err    error
		silent bool
	}{
		{"", late, true}, {"\n@1 list\n", late, false},
		{"", lost, true}, {"\n@1 list\n", lost, false},
	} {
		r := ask(t.Context(), stopping{remote.Local(), test.said, test.err}, Question{})
		if r.Err == nil || silent(r.Err) != test.silent {
			t.Errorf("%q, %v: %v, silent %t", test.said, test.err, r.Err, silent(r.Err))
		}
	}
}
