package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/events"
	"github.com/oneha/oneha/internal/pacemaker"
	"github.com/oneha/oneha/internal/preview"
	"github.com/oneha/oneha/internal/timeline"
)

func (t tool) timelineCommand() *cli.Command {
	return &cli.Command{
		Name:  "timeline",
		Usage: "say what happened in a failover, second by second",
		Description: "From the log that the agents and the alert agent write (" + events.Dir + "), and from\n" +
			"the logs of Pacemaker and corosync: when a node was missed, when its fencing was\n" +
			"started and confirmed, when the floating IP was on the other node, when oned\n" +
			"answered and each service was back; and beside it what oneha plan promises.\n" +
			"Without --log it is about what this node has seen. Nothing is changed.\n\n" +
			"Clocks of nodes differ: seconds between two nodes' lines are as good as those.\n\n" +
			"Examples:\n" +
			"  oneha timeline                      the last thing that happened\n" +
			"  oneha timeline --since 02:00 --html night.html\n" +
			"  oneha timeline --log one-server1.jsonl --log one-server2.jsonl --last 3\n" +
			"  journalctl -u corosync -o short-iso-precise | oneha timeline --log -\n" +
			"  oneha timeline --json | jq '.episodes[].back'\n\n" +
			"Exit codes: 0 done; 1 nothing happened in that time; 2 wrong usage, or a file\n" +
			"that cannot be read or written.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "since", Usage: "what happened since `TIME`, such as 02:00, \"2026-11-22 02:00\" or 3h (ago)"},
			&cli.IntFlag{Name: "last", Value: 1, Usage: "the last `N` things that happened"},
			&cli.StringSliceFlag{Name: "log", Usage: "read `FILE`, of any node, instead of this node's logs; may be repeated; - is standard input"},
			&cli.StringFlag{Name: "plan", Usage: "the promise in `FILE`, of oneha plan --json (default: the running cluster's, without --log)"},
			&cli.StringFlag{Name: "html", Usage: "write a page with a picture into `FILE`, too"},
			&cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print it as JSON"},
		},
		Action: t.timeline,
	}
}

// timelineReport is what timeline --json prints.
type timelineReport struct {
	Format   int                `json:"format"`
	Episodes []timeline.Episode `json:"episodes"` // the oldest first; never null
	Read     []string           `json:"read"`     // the files
	Notes    []string           `json:"notes"`    // never null
}

func (t tool) timeline(c *cli.Context) error {
	now := time.Now()
	since, err := sinceWhen(c.String("since"), now)
	switch {
	case c.NArg() > 0:
		return fmt.Errorf("%q: timeline takes no arguments: name logs with --log; see %s --help", c.Args().First(), c.Command.HelpName)
	case err != nil:
		return err
	case c.Int("last") < 1:
		return errors.New("--last: want 1 or more")
	}
	report := timelineReport{Format: 1, Episodes: []timeline.Episode{}, Read: []string{}, Notes: []string{}}
	facts, err := t.timelineFacts(c, now, &report)
	if err != nil {
		return err
	}
	promise, note, err := t.promise(c)
	if err != nil {
		return err
	}
	if note != "" {
		report.Notes = append(report.Notes, note)
	}
	all := timeline.Episodes(facts, promise)
	if !since.IsZero() {
		all = slices.DeleteFunc(all, func(e timeline.Episode) bool { return e.Steps[len(e.Steps)-1].At.Before(since) })
	}
	if since.IsZero() || c.IsSet("last") {
		all = all[max(0, len(all)-c.Int("last")):]
	}
	report.Episodes = append(report.Episodes, all...)
	if file := c.String("html"); file != "" {
		if err := writeFiles(filepath.Dir(file), []cib.File{{Name: filepath.Base(file), Data: timeline.HTML(report.Episodes, time.Local), Mode: 0o644}}); err != nil {
			return err
		}
	}
	if c.Bool("json") {
		err = t.encode(report)
	} else {
		_, err = io.WriteString(t.stdout, timelineText(report, time.Local, widthOf(t.stdout)))
	}
	if err == nil && len(report.Episodes) == 0 {
		err = errFindings
	}
	return err
}

// sinceWhen reads --since: a time of day, which is the last one, a date and time of this
// machine's zone, RFC 3339, or how long ago.
func sinceWhen(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(-d), nil
	}
	for _, form := range []string{"15:04", "15:04:05"} {
		if at, err := time.Parse(form, text); err == nil {
			day := time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), at.Second(), 0, now.Location())
			if day.After(now) {
				day = day.AddDate(0, 0, -1)
			}
			return day, nil
		}
	}
	for _, form := range []string{"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		if at, err := time.ParseInLocation(form, text, now.Location()); err == nil {
			return at, nil
		}
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	return time.Time{}, fmt.Errorf("--since %q: want a time such as 02:00, \"2026-11-22 02:00\", 2026-11-22T02:00:00Z or 3h (ago)", text)
}

// nodeLogs are the logs of a node, below the root, the oldest first.
var nodeLogs = []string{
	"var/log/oneha/events.jsonl.4", "var/log/oneha/events.jsonl.3", "var/log/oneha/events.jsonl.2", "var/log/oneha/events.jsonl.1", "var/log/oneha/events.jsonl",
	"var/log/pacemaker/pacemaker.log", "var/log/pacemaker.log",
	"var/log/corosync/corosync.log", "var/log/cluster/corosync.log",
}

// timelineFacts reads the logs that are named, or this node's.
func (t tool) timelineFacts(c *cli.Context, now time.Time, report *timelineReport) (facts []timeline.Fact, err error) {
	add := func(name, host string, open func() (fs.File, error)) error {
		f, err := open()
		if err != nil {
			return err
		}
		defer f.Close()
		r := timeline.Reader{Ref: now, Zone: time.Local}
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.ModTime().Before(now) {
			r.Ref = info.ModTime()
		}
		more, err := r.Scan(f, host)
		facts, report.Read = append(facts, more...), append(report.Read, name)
		return err
	}
	for _, name := range c.StringSlice("log") {
		if name == "-" {
			more, err := timeline.Reader{Ref: now, Zone: time.Local}.Scan(t.stdin, "")
			if err != nil {
				return nil, fmt.Errorf("read standard input: %w", err)
			}
			facts, report.Read = append(facts, more...), append(report.Read, "<stdin>")
			continue
		}
		if err := add(name, "", func() (fs.File, error) { return os.Open(name) }); err != nil {
			return nil, fmt.Errorf("read log: %w", err)
		}
	}
	if c.IsSet("log") {
		return facts, nil
	}
	host, _ := os.Hostname() // only for lines that name none
	var denied []string
	for _, name := range nodeLogs {
		// hacluster may write there: opening a pipe would wait for somebody to write into it.
		info, err := fs.Stat(t.root, name)
		if err == nil && !info.Mode().IsRegular() {
			report.Notes = append(report.Notes, "/"+name+" is not read: it is no regular file, and somebody has put it there; move it away")
			continue
		}
		if err == nil {
			err = add("/"+name, host, func() (fs.File, error) { return t.root.Open(name) })
		}
		switch {
		case errors.Is(err, fs.ErrPermission):
			denied = append(denied, "/"+name)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("read log: %w", err)
		}
	}
	if len(denied) > 0 {
		report.Notes = append(report.Notes, strings.Join(denied, ", ")+": permission denied; be root, or a member of the group haclient")
	}
	if len(report.Read) == 0 && len(report.Notes) > 0 {
		return nil, failure{errors.New("no log can be read here: " + strings.Join(report.Notes, ". "))}
	}
	if len(report.Read) == 0 {
		return nil, failure{errors.New("there are no logs here: " + events.Dir + " is missing, and so are Pacemaker's; run this on a cluster node, or name logs with --log")}
	}
	if _, err := fs.Stat(t.root, strings.TrimPrefix(events.Dir, "/")+"/"+events.File); errors.Is(err, fs.ErrNotExist) {
		report.Notes = append(report.Notes, "there is no "+events.Dir+"/"+events.File+": Pacemaker's logs say less; docs/timeline.md says how to set the alert agent up")
	}
	return facts, nil
}

// promise is what oneha plan says: in the file of --plan, else, on a node, of the running
// cluster. Without a cluster there is none, and a note says so.
func (t tool) promise(c *cli.Context) (timeline.Promise, string, error) {
	if file := c.String("plan"); file != "" {
		_, text, err := t.readLarge(file)
		if err != nil {
			return timeline.Promise{}, "", fmt.Errorf("read plan: %w", err)
		}
		p, err := timeline.ReadPromise(text)
		if err != nil {
			return timeline.Promise{}, "", fmt.Errorf("read plan %s: %w", file, err)
		}
		return p, "", nil
	}
	if c.IsSet("log") {
		return timeline.Promise{}, "", nil
	}
	without := func(err error) (timeline.Promise, string, error) {
		return timeline.Promise{}, "what oneha plan promises is not shown beside it: " + err.Error(), nil
	}
	p := planned{fail: []string{string(preview.NodeLost)}}
	tools := pacemaker.Tools{}
	var err error
	if p.live, err = tools.Query(c.Context); err != nil {
		return without(err)
	}
	p.wanted = p.live
	if _, text, err := t.readLocal(corosyncConf); err == nil {
		p.corosync = text
	}
	if err := t.foresee(c.Context, tools, &p); err != nil {
		return without(err)
	}
	return timeline.Promise{Budget: p.budget, Outcomes: p.outcomes}, "", nil
}
