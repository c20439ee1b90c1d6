package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	tty "github.com/oneha/oneha/internal/screen"
	"github.com/oneha/oneha/internal/status"
)

func (t tool) statusCommand() *cli.Command {
	return &cli.Command{
		Name:  "status",
		Usage: "say how the cluster is: who runs what, where the floating IP really is, what needs attention",
		Description: "Asks the cluster from this node, and looks itself: which machine answers for the\n" +
			"floating IP, whether the services of this node answer, what is left of work by\n" +
			"hand. Nothing is changed. Run it as root: members of the group haclient see less,\n" +
			"others nothing. The first line is the verdict:\n\n" +
			"  OK        all runs, and another node is ready to take over\n" +
			"  DEGRADED  what matters runs; something needs attention\n" +
			"  DOWN      a floating IP or oned is not where it should be, or nothing runs\n" +
			"  UNKNOWN   there is no cluster here, or it does not answer\n\n" +
			"Exit codes: 0 OK; 1 DEGRADED or DOWN; 2 UNKNOWN, or wrong usage. With --watch it\n" +
			"is that of the last look.\n\n" +
			"Examples:\n" +
			"  oneha status\n" +
			"  oneha status --watch        every 2 seconds, until Ctrl-C\n" +
			"  oneha status --watch=10\n" +
			"  oneha status --json | jq -r .verdict\n" +
			"  oneha status --json | jq -r '.addresses[] | .ip, .holders[].node'",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print it as JSON; with --watch one line for each look"},
			&cli.GenericFlag{Name: "watch", Aliases: []string{"w"}, Value: new(pace), Usage: "look again and again, every 2 `SECONDS` or --watch=SECONDS"},
		},
		Action: t.status,
	}
}

// pace is how often is looked, 0 for once. As a flag its value may be left out.
type pace time.Duration

// pauses that --watch takes.
const (
	usualPace   = pace(2 * time.Second)
	fastestPace = pace(500 * time.Millisecond)
	slowestPace = pace(24 * time.Hour)
)

// Set reads the flag's value.
func (p *pace) Set(text string) error {
	if text == "true" { // the flag alone
		*p = usualPace
		return nil
	}
	seconds, err := strconv.ParseFloat(strings.TrimSuffix(text, "s"), 64)
	if got := pace(seconds * float64(time.Second)); err == nil && seconds > 0 && seconds <= slowestPace.seconds() && got >= fastestPace {
		*p = got
		return nil
	}
	return fmt.Errorf("want a number of seconds from %g to %g", fastestPace.seconds(), slowestPace.seconds())
}

// String is empty: the flag has no default.
func (p *pace) String() string { return "" }

// IsBoolFlag lets the flag stand alone.
func (p *pace) IsBoolFlag() bool { return true }

func (p pace) seconds() float64 { return time.Duration(p).Seconds() }

// errNoCluster is an answer that says nothing of a cluster.
var errNoCluster = errors.New("cannot tell how the cluster is")

func (t tool) status(c *cli.Context) error {
	if c.NArg() > 0 {
		return fmt.Errorf("status takes no arguments: it is about this node's cluster; see %s --help", c.Command.HelpName)
	}
	if file := t.zoneFile(); file != "" {
		return fmt.Errorf("%s describes a zone under Raft, of which Pacemaker knows nothing: see oneha raft status", file)
	}
	sources, err := t.statusSources()
	if err != nil {
		return err
	}
	every := *c.Generic("watch").(*pace)
	if every == 0 {
		r := status.Gather(c.Context, sources)
		if c.Bool("json") {
			err = t.encode(r)
		} else {
			_, err = fmt.Fprint(t.stdout, status.Render(r, t.statusStyle()))
		}
		if err != nil {
			return err
		}
		return statusError(r)
	}
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err = watch(ctx, t, time.Duration(every), c.Bool("json"), t.watchedStatus(func(ctx context.Context) status.Report {
		return status.Gather(ctx, sources)
	}))
	if errors.Is(err, errNoCluster) { // its message stands below the last report
		fmt.Fprintln(t.stderr)
	}
	return err
}

// statusError is the error whose exit code a report has.
func statusError(r status.Report) error {
	switch r.Verdict {
	case status.OK:
		return nil
	case status.Unknown:
		return fmt.Errorf("%w: %s", errNoCluster, r.Summary)
	}
	return errFindings
}

// watchedStatus is how reports are watched; every one is shown.
func (t tool) watchedStatus(look func(context.Context) status.Report) watched[status.Report] {
	return watched[status.Report]{
		look: look,
		text: func(r status.Report, width int) string {
			style := t.statusStyle()
			style.Width = width
			return status.Render(r, style)
		},
		json:    func(r status.Report) any { return r },
		verdict: statusError,
	}
}

// openScreen begins to draw on standard output, which is a terminal.
func (t tool) openScreen() (*tty.Terminal, error) {
	return tty.Open(t.stdout, func() (int, int) {
		columns, rows, err := t.size()
		if err != nil || columns <= 0 || rows <= 0 {
			return 80, 24
		}
		return columns, rows
	})
}

// screen reports whether standard output can be drawn on.
func (t tool) screen() bool { return isTerminal(t.stdout) && os.Getenv("TERM") != "dumb" }

// size is that of the terminal.
func (t tool) size() (columns, rows int, err error) {
	f, ok := t.stdout.(*os.File)
	if !ok {
		return 0, 0, errors.New("standard output is no terminal")
	}
	return term.GetSize(int(f.Fd()))
}

// statusStyle is what standard output can show: 80 columns of ASCII when it is no
// terminal.
func (t tool) statusStyle() status.Style {
	style := status.Style{Width: 80}
	if !t.screen() {
		return style
	}
	if columns, _, err := t.size(); err == nil && columns > 0 {
		style.Width = columns
	}
	style.Color = os.Getenv("NO_COLOR") == ""
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} { // locale(7): the first that is set
		if value := os.Getenv(name); value != "" {
			upper := strings.ToUpper(value)
			style.UTF8 = strings.HasSuffix(upper, "UTF-8") || strings.HasSuffix(upper, "UTF8")
			break
		}
	}
	return style
}
