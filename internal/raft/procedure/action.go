package procedure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/remote"
	"github.com/oneha/oneha/internal/shell"
	"github.com/oneha/oneha/internal/spec"
)

// Step is one thing that a procedure brings about.
type Step struct {
	Name    string
	Careful string        // what it destroys or stops, for the operator to agree to; "" for nothing
	Limit   time.Duration // it may take no longer
	// Done tells whether it is so already.
	Done func(ctx context.Context) (bool, error)
	// Actions are what brings it about, as things are when it is called.
	Actions func(ctx context.Context) ([]Action, error)
}

// Action is a part of a step.
type Action struct {
	Shown []string // as a person would type it
	do    func(ctx context.Context) error
}

// at is a server and how its commands are run and written.
type at struct {
	spec.ZoneServer
	host remote.Host
	ssh  []string // what a person types before a command of it; nil on this machine
}

func (e Env) at(s spec.ZoneServer) at {
	a := at{ZoneServer: s, host: e.Host(s)}
	if s.Name != e.Here {
		user := e.Zone.User
		if user == "" {
			user = "root"
		}
		a.ssh = []string{"ssh", user + "@" + s.Addr.String()}
		if user != "root" {
			a.ssh = append(a.ssh, "sudo")
		}
	}
	return a
}

// typed is a command as a person types it; the text is a shell's.
func (a at) typed(text string) string {
	if a.ssh == nil {
		return text
	}
	return shell.Quote(append(a.ssh[:len(a.ssh):len(a.ssh)], text)...)
}

// written is argv as text for a shell. Of sh -c only the script is shown.
func written(argv []string) string {
	if len(argv) == 3 && argv[0] == "sh" && argv[1] == "-c" {
		return argv[2]
	}
	return shell.Quote(argv...)
}

// run is a command on a server.
func (a at) run(argv ...string) Action {
	text := written(argv)
	if a.ssh != nil && strings.Contains(strings.Join(a.ssh, " "), " sudo") && argv[0] == "sh" {
		text = shell.Quote(argv...)
	}
	return Action{Shown: []string{a.typed(text)}, do: func(ctx context.Context) error {
		_, err := a.host.Run(ctx, argv...)
		return err
	}}
}

// write is a file of a server with this content. Of a secret only that it is one is shown.
func (a at) write(path, content string, m remote.Meta, secret bool) Action {
	shown := []string{fmt.Sprintf("# on %s, %s (mode %04o):", a.Name, path, m.Mode.Perm())}
	if secret {
		shown = append(shown, "#   user and password of the database, from oned.conf")
	} else {
		for line := range strings.Lines(content) {
			shown = append(shown, "#   "+strings.TrimRight(line, "\n"))
		}
	}
	return Action{Shown: shown, do: func(ctx context.Context) error {
		return a.host.WriteFile(ctx, path, []byte(content), m)
	}}
}

// pipe is a command's output as the input of another, mostly on another server.
func pipe(from at, fromArgv []string, to at, toArgv []string) Action {
	return Action{Shown: []string{from.typed(written(fromArgv)) + " | " + to.typed(written(toArgv))}, do: func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		r, w := io.Pipe()
		sent := make(chan error, 1)
		go func() {
			err := from.host.Stream(ctx, nil, w, fromArgv...)
			if err != nil {
				cancel() // the other end must not take a cut stream for a whole one
			}
			_ = w.CloseWithError(err)
			sent <- err
		}()
		err := to.host.Stream(ctx, r, nil, toArgv...)
		_ = r.CloseWithError(errors.New("the reader ended"))
		sentErr := <-sent
		if sentErr != nil && (err == nil || errors.Is(err, context.Canceled)) {
			return sentErr
		}
		return err
	}}
}

// same demands that two commands print the same.
func same(what string, a at, aArgv []string, b at, bArgv []string) Action {
	return Action{Shown: []string{"# these two must print the same:", a.typed(written(aArgv)), b.typed(written(bArgv))}, do: func(ctx context.Context) error {
		x, err := a.host.Run(ctx, aArgv...)
		if err != nil {
			return err
		}
		y, err := b.host.Run(ctx, bArgv...)
		if err != nil {
			return err
		}
		if string(x) != string(y) {
			return fmt.Errorf("%s did not arrive whole: %s and %s have different checksums", what, a.Name, b.Name)
		}
		return nil
	}}
}

// says demands that a command prints this word.
func (a at) says(want string, argv ...string) Action {
	return Action{Shown: []string{"# must print " + want + ":", a.typed(written(argv))}, do: func(ctx context.Context) error {
		out, err := a.host.Run(ctx, argv...)
		if got := strings.TrimSpace(string(out)); err == nil && got != want {
			err = fmt.Errorf("%s: %s printed %.200q instead of %q", a.Name, argv[0], got, want)
		}
		return err
	}}
}

// call is a call of oned's API, shown as OpenNebula's own command for it.
func call(by at, do func(ctx context.Context) error, argv ...string) Action {
	return Action{Shown: []string{by.typed(written(argv))}, do: do}
}

// note is shown and does nothing.
func note(text string) Action {
	return Action{Shown: []string{"# " + text}, do: func(context.Context) error { return nil }}
}
