package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/unit"
	"github.com/oneha/oneha/internal/vmha/incident"
	"github.com/oneha/oneha/internal/vmha/settings"
	"github.com/oneha/oneha/internal/vmha/survey"
	"github.com/oneha/oneha/internal/vmha/takeover"
	"github.com/oneha/oneha/internal/vmha/takeover/child"
)

// missedUnit handles the hosts that were missed. There is one at a time.
const missedUnit = "oneha-hook-missed.service"

// takeoverCommand is what package child runs for the agent of oned and for the guard.
func (t tool) takeoverCommand() *cli.Command {
	return &cli.Command{
		Name: "takeover", Hidden: true, Usage: "what a takeover has left, as lines for a log (run by the agent of oned and by the guard)",
		Description: "Looks once, changes nothing, and prints what waits, at most a few dozen lines. With missed:\n" +
			"handle in the settings of the host error hook, hosts in ERROR that no hook has handled\n" +
			"are handled by " + missedUnit + ".\n\n" +
			"Exit codes: 0 nothing waits; 1 something does, or not all could be asked.\n\n" +
			"Example:\n  oneha recover takeover --since 2026-03-01T12:00:00Z",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "endpoint", Value: one.DefaultEndpoint, Usage: "`URL` of oned"},
			&cli.StringFlag{Name: "credentials", Value: one.DefaultAuthFile, Usage: "`FILE` with user:password of oneadmin"},
			&cli.TimestampFlag{Name: "since", Layout: time.RFC3339Nano, Required: true, Usage: "`TIME` of the takeover"},
			&cli.DurationFlag{Name: "within", Value: 30 * time.Second, Usage: "`DURATION` that it may take"},
			&cli.StringFlag{Name: "settings", Usage: "`FILE` of the host error hook instead of " + settings.DefaultFile},
			&cli.StringFlag{Name: "records", Value: incident.DefaultDir, Usage: "`DIR` of the hook's records"},
		},
		Action: t.recoverTakeover,
	}
}

func (t tool) recoverTakeover(c *cli.Context) error {
	ctx, cancel := context.WithTimeout(c.Context, c.Duration("within"))
	defer cancel()
	endpoint, err := one.ParseEndpoint(c.String("endpoint"))
	if err != nil {
		return fmt.Errorf("--endpoint %w", err)
	}
	credentials, err := one.ReadCredentials(c.String("credentials"))
	if err != nil {
		return failure{err}
	}
	set, unreadable := t.hookSettings(c.String("settings"))
	work := incident.Work{Endpoint: endpoint, Credentials: credentials, Settings: set, Dir: c.String("records"), Every: 2 * time.Second}
	since := *c.Timestamp("since")
	found, wrong := takeover.Look(ctx, survey.Source{Endpoint: endpoint, Credentials: credentials, Started: since}, work)
	if wrong == nil || found.Left() {
		for _, line := range found.Lines(since) {
			fmt.Fprintln(t.stdout, line)
		}
	}
	if len(found.Missed) > 0 && unreadable == nil && set.Missed == settings.Handle {
		fmt.Fprintln(t.stdout, t.startMissed(ctx, work, c))
	}
	switch {
	case wrong != nil:
		return failure{askedWrong(wrong)}
	case unreadable != nil && len(found.Missed) > 0: // else nobody needs them now
		return failure{fmt.Errorf("missed hosts are only named, whatever the settings say: %w", unreadable)}
	case found.Left():
		return errFindings
	}
	return nil
}

// startMissed has the missed hosts handled by the hook's own command, as the user whom
// the hook is run as, by a unit of systemd: handling takes minutes, and neither a monitor
// nor a guard waits that long, nor may it end with them. It returns a line for the log.
func (t tool) startMissed(ctx context.Context, w incident.Work, c *cli.Context) string {
	arguments, err := hookArguments(ctx, w.Endpoint, w.Credentials)
	var user string
	if err == nil {
		user, err = ownerOf(w.Settings.AuthFile)
	}
	if err == nil {
		command := []string{child.Program, "hook", "missed", "--handle", "--records=" + w.Dir}
		if arguments != "" {
			command = append(command, "--arguments="+arguments)
		}
		if file := c.String("settings"); file != "" {
			command = append(command, "--settings="+file)
		}
		m := unit.New("")
		defer m.Close()
		err = m.RunOnce(ctx, unit.Transient{Name: missedUnit, Description: "Hosts in ERROR that no host error hook has handled", User: user, Command: command})
	}
	switch {
	case errors.Is(err, unit.ErrRuns):
		return "the settings say missed: handle, and an earlier " + missedUnit + " is at it: journalctl -u " + missedUnit
	case err != nil:
		return fmt.Sprintf("the settings say missed: handle, but it could not be started: %v: sudo -u oneadmin oneha hook missed --handle", err)
	}
	return "the settings say missed: handle, so they are handled now, each after its own wait: journalctl -u " + missedUnit + ", and the log of the hook"
}

// hookArguments are the options that our hook was installed with, "" when it is not
// installed or has such as nobody should take over.
func hookArguments(ctx context.Context, e one.Endpoint, c one.Credentials) (string, error) {
	hooks, err := one.Hooks(ctx, e, c)
	if fault := (*one.Fault)(nil); errors.As(err, &fault) { // a release before 5.10
		return "", nil
	}
	ours, _ := sameHook(hooks)
	if err != nil || ours == nil {
		return "", err
	}
	options := strings.Join(strings.Fields(strings.TrimPrefix(ours.Arguments, "$TEMPLATE")), " ")
	// systemd puts something in the place of $NAME.
	if _, err := incident.Parse(append(strings.Fields(options), "0")); err != nil || strings.Contains(options, "$") {
		return "", nil
	}
	return options, nil
}

// ownerOf is the user, as a number, whose file that is.
func ownerOf(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", fmt.Errorf("%s: its owner is not known", file)
	}
	return strconv.FormatUint(uint64(stat.Uid), 10), nil
}
