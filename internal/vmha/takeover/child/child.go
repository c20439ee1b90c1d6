// Package child runs the look after a takeover (package takeover) as a process of its
// own: `oneha recover takeover`. So whoever starts it needs neither its memory nor its
// code, outlives whatever goes wrong in it, and can end it at any moment. It is for the
// agent of oned and for the guard, which have better things to do than to look.
package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/oneha/oneha/internal/one"
)

// Program is where packages install oneha.
const Program = "/usr/bin/oneha"

// ErrMissing says that oneha is not installed on this machine.
var ErrMissing = errors.New("oneha is not installed here, so nobody looks what the takeover has left between two states; install it, and: oneha recover")

// Look is what is looked at.
type Look struct {
	Program  string       // oneha
	Endpoint one.Endpoint // of the oned that took over
	AuthFile string       // credentials of oneadmin
	Since    time.Time    // when it took over
}

// Found is what was found.
type Found struct {
	Lines []string // for a log, at most a few dozen, without control characters
	Left  bool     // something waits for a person, or for oneha recover
}

const (
	grace   = time.Second // for a look to end by itself and say how far it got
	longest = 64 << 10    // of what it says, in bytes
	gently  = 10          // nicer than who starts it
	// What it may keep before it collects its garbage all the time: beside the guard it
	// has a part of 128 MB.
	memory = "48MiB"
	// Who starts it may be protected: when memory is short, it goes first.
	dispensable = "500"
)

// Run looks, until ctx ends at the latest: it must have a deadline. An error says that
// the look did not come to its end; what was found until then is returned with it.
func (l Look) Run(ctx context.Context) (Found, error) {
	end, bounded := ctx.Deadline()
	if !bounded {
		return Found{}, errors.New("look after a takeover: no deadline")
	}
	within := time.Until(end) - grace
	if within <= 0 {
		return Found{}, fmt.Errorf("look after a takeover: %w", context.DeadlineExceeded)
	}
	var stdout, stderr limited
	cmd := exec.CommandContext(ctx, l.Program, "recover", "takeover", "--endpoint", l.Endpoint.String(), "--credentials", l.AuthFile,
		"--since", l.Since.Format(time.RFC3339Nano), "--within", within.Round(time.Millisecond).String())
	// Nothing of who starts it: neither systemd's socket nor the parameters of an agent.
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "GOMEMLIMIT=" + memory}
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = grace
	err := startGently(cmd)
	if errors.Is(err, syscall.ENOENT) {
		return Found{}, ErrMissing
	}
	if err == nil {
		err = cmd.Wait()
	}
	found := Found{Lines: lines(stdout.String())}
	switch exit := (*exec.ExitError)(nil); {
	case err == nil:
		return found, nil
	case ctx.Err() != nil:
		found.Left = len(found.Lines) > 0
		return found, fmt.Errorf("look after a takeover: it was ended: %w", ctx.Err())
	case errors.As(err, &exit) && exit.ExitCode() == 1 && len(stderr.kept) == 0:
		found.Left = true
		return found, nil
	}
	found.Left = len(found.Lines) > 0
	if said := lines(stderr.String()); len(said) > 0 {
		return found, errors.New(strings.TrimPrefix(strings.Join(said, " "), "oneha: "))
	}
	return found, fmt.Errorf("look after a takeover: %w", err)
}

// startGently starts a process that yields to all others. Niceness is a thread's: the
// process has that of the thread which starts it, and that thread ends here.
func startGently(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this
		if nice, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0); err == nil {
			// The system call returns 20 minus the niceness. A refusal costs only that.
			_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, min(19, 20-nice+gently))
		}
		err := cmd.Start()
		if err == nil {
			_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", cmd.Process.Pid), []byte(dispensable), 0) // likewise
		}
		started <- err
	}()
	return <-started
}

// lines are those of a text that are not empty, without what steers a terminal: an error
// has words of oned's, and those the names that others chose.
func lines(text string) (all []string) {
	for line := range strings.Lines(text) {
		line = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
				return ' '
			}
			return r
		}, line)
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// limited keeps the beginning of what is written to it. (A bytes.Buffer inside would be
// filled by its ReadFrom, without a limit.)
type limited struct{ kept []byte }

func (l *limited) Write(p []byte) (int, error) {
	l.kept = append(l.kept, p[:min(len(p), longest-len(l.kept))]...)
	return len(p), nil
}

func (l *limited) String() string { return string(l.kept) }
