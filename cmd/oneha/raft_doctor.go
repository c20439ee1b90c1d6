package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/raft/doctor"
	"github.com/oneha/oneha/internal/raft/health"
	"github.com/oneha/oneha/internal/raft/zone"
	"github.com/oneha/oneha/internal/remote"
	tty "github.com/oneha/oneha/internal/screen"
)

func (t tool) raftDoctorCommand() *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Usage:     "say what is wrong with the zone, why probably, and what to do first",
		UsageText: "oneha raft doctor [options]",
		Description: "Asks the zone as oneha raft status does and says what is wrong, first things first,\n" +
			"each with its probable reason and the next step. With --ssh it looks at the servers\n" +
			"themselves too: oned.conf (FEDERATION, RAFT, hooks), versions, clocks, room for the\n" +
			"database, units, sudo, and whether the keys in /var/lib/one/.one are the same, by\n" +
			"their hashes. On a server it looks at that one without ssh. Nothing is changed, and\n" +
			"nothing is asked for: ssh must log in without a password.\n\n" +
			"What could not be found out is said at the end: no finding is a guess.\n\n" +
			"While nobody leads, it waits for an election to end, two election timeouts at most.\n\n" +
			"Exit codes: 0 nothing wrong, perhaps warnings; 1 something is; 2 wrong usage, or\n" +
			"nothing says which servers there are.\n\n" +
			"Examples:\n" +
			"  oneha raft doctor\n" +
			"  oneha raft doctor --ssh\n" +
			"  oneha raft doctor --ssh --json | jq -r '.findings[] | .id, .next'\n" +
			"  oneha raft doctor --list      what is looked for, and where that is known from",
		Flags: append(zoneFlags(),
			&cli.BoolFlag{Name: "ssh", DisableDefaultText: true, Usage: "look at the servers by ssh, as ssh_user of the description (root)"},
			&cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print it as JSON (version 1)"},
			&cli.BoolFlag{Name: "list", DisableDefaultText: true, Usage: "print all rules instead"},
		),
		Action: t.raftDoctor,
	}
}

// Deadlines of the doctor.
const (
	visitTime  = 20 * time.Second // for one server by ssh
	electionBy = 30 * time.Second // at most, however long the election timeout
)

func (t tool) raftDoctor(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if c.Bool("list") {
		return t.listDoctorRules()
	}
	z, err := t.raftZone(c)
	if err != nil {
		return err
	}
	p := t.afterElection(c.Context, z)
	var machines []doctor.Machine
	if servers := visited(z, c.Bool("ssh"), c.IsSet("oned-conf")); len(servers) > 0 {
		if c.Bool("ssh") && t.terminal {
			fmt.Fprintf(t.stderr, "looking at %s\n", diag.Count(len(servers), "server"))
		}
		machines = doctor.Visit(c.Context, visitTime, servers, func(s zone.Server) remote.Host {
			if s.ID == z.Here {
				return remote.Local()
			}
			return remote.SSH(s.Name, z.User, s.Host())
		})
	}
	r := doctor.Examine(z, p, machines)
	if c.Bool("json") {
		err = t.encode(r)
	} else {
		_, err = fmt.Fprint(t.stdout, t.prescription(r, z, c.Bool("ssh")))
	}
	if err != nil {
		return err
	}
	if r.Errors() {
		return errFindings
	}
	return nil
}

// visited are the servers whose machines are looked at. Of an oned that is not
// installed where packages put it, the usual places say nothing.
func visited(z zone.Zone, all, elsewhere bool) []zone.Server {
	if all {
		return z.Servers
	}
	if here, ok := z.Server(z.Here); ok && !elsewhere {
		return []zone.Server{here}
	}
	return nil
}

// afterElection is a picture of the zone that is not that of an election under way,
// unless it lasts.
func (t tool) afterElection(ctx context.Context, z zone.Zone) health.Picture {
	until := time.Now().Add(min(2*z.Election, electionBy))
	for told := false; ; told = true {
		p := health.Gather(ctx, z, health.Options{})
		if !p.Electing() || !time.Now().Before(until) || ctx.Err() != nil {
			return p
		}
		if !told && t.terminal {
			fmt.Fprintf(t.stderr, "nobody leads: waiting for the election, %s at most\n", time.Until(until).Round(time.Second))
		}
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// prescription is what a person reads.
func (t tool) prescription(r doctor.Report, z zone.Zone, ssh bool) string {
	style := t.statusStyle()
	var b strings.Builder
	style.Line(&b, "", 0, r.Summary, tty.Strong)
	if len(r.Findings) == 0 {
		style.Line(&b, "", 0, "nothing is wrong", tty.Plain)
	} else {
		b.WriteString("\n" + health.Problems(r.Findings, style))
	}
	if len(r.Unknown) > 0 {
		b.WriteString("\nNot known:\n")
		for _, text := range r.Unknown {
			style.Line(&b, " "+style.Mark(tty.Plain)+" ", 3, text, tty.Faint)
		}
	}
	if !ssh && len(z.Servers) > 1 {
		b.WriteString("\n")
		style.Line(&b, "", 0, "The servers' own files were not compared: oneha raft doctor --ssh does.", tty.Faint)
	}
	return b.String()
}

// listDoctorRules prints what is looked for.
func (t tool) listDoctorRules() error {
	rows := [][]string{{"RULE", "LOOKS FOR", "KNOWN FROM"}}
	for _, r := range health.Rules() {
		rows = append(rows, []string{r.ID(), r.About(), r.Source()})
	}
	for _, r := range doctor.Rules() {
		rows = append(rows, []string{r.ID(), r.About(), r.Source()})
	}
	_, err := fmt.Fprint(t.stdout, table(rows, []int{4, 0, 0}, t.statusStyle().Width))
	return err
}
