package zoneservice

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/test/fakezone"
	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/lab/labtest"
	"github.com/oneha/oneha/test/zonelab"
)

// followers are the units that run where the leader is, and nowhere else.
var followers = []string{"opennebula-flow.service", "opennebula-gate.service", "opennebula-hem.service", "opennebula-showback.timer"}

// patience is how long anything may take on a machine that is busy. What it really
// takes is measured and printed.
const patience = 2 * time.Minute

// zone is a finished zone with a sampler for its floating IP.
type zone struct {
	*zonelab.Lab
	t       *testing.T
	ctx     context.Context
	sampler *lab.Sampler
	table   []string // what was measured
}

// start brings a zone up for a test, waits until it is settled, and prints at the
// end what was measured and that nobody ever saw two holders.
func start(t *testing.T, o zonelab.Options) *zone {
	t.Helper()
	o.Formed, o.CacheDir, o.Log = true, labtest.CacheDir(), t.Logf
	began := time.Now()
	l, ctx := labtest.Up(t, "zoneservice", func(ctx context.Context) (*zonelab.Lab, error) { return zonelab.Up(ctx, o) })
	z := &zone{Lab: l, t: t, ctx: ctx}
	booted := time.Now()
	var err error
	if z.sampler, err = l.Cluster.SampleVIP(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(z.verdict)
	leader := z.settled()
	held := z.answers(leader, began)
	z.measured("machines up", booted.Sub(began), "")
	z.measured("cold start: floating IP after the boot", held.Sub(booted), "on "+leader)
	return z
}

// verdict prints the table and looks for two holders.
func (z *zone) verdict() {
	z.t.Logf("measured:\n%s", strings.Join(z.table, "\n"))
	report, err := z.sampler.Stop()
	if err != nil {
		z.t.Error(err)
	}
	z.t.Logf("the sampler saw:\n%s", report)
	if len(report.Overlaps) > 0 {
		z.t.Errorf("two servers had the floating IP at one moment, %d times", len(report.Overlaps))
	}
}

// measured adds a line to the table.
func (z *zone) measured(what string, took time.Duration, more string) {
	z.table = append(z.table, fmt.Sprintf("%-58s %7.2f s  %s", what, took.Seconds(), more))
}

// settled waits until one of the servers is leader and has the floating IP and the
// services, alone, and the others follow. It returns its name. The servers of down
// are not asked, but may not have the address either.
func (z *zone) settled(down ...string) (leader string) {
	z.t.Helper()
	ctx, cancel := context.WithTimeout(z.ctx, patience)
	defer cancel()
	err := z.Wait(ctx, "a settled zone", func(ctx context.Context) string {
		var missing string
		leader, missing = z.look(ctx, down)
		return missing
	})
	if err != nil {
		z.t.Fatal(err)
	}
	return leader
}

// look says who leads, and what the zone still lacks.
func (z *zone) look(ctx context.Context, down []string) (leader, missing string) {
	term := -1
	var up []string
	for _, s := range z.Servers() {
		if slices.Contains(down, s) {
			continue
		}
		up = append(up, s)
		r, err := z.Raft(ctx, s)
		switch {
		case err != nil:
			return "", err.Error()
		case r.State == fakezone.Leader && leader != "":
			return "", leader + " and " + s + " say leader"
		case r.State == fakezone.Leader:
			leader = s
		case r.State != fakezone.Follower:
			return "", s + " is " + r.State.String()
		}
		if term >= 0 && term != r.Term {
			return "", fmt.Sprintf("%s is in term %d, others in %d", s, r.Term, term)
		}
		term = r.Term
	}
	holders, err := z.Holders()
	switch {
	case leader == "":
		return "", "all follow"
	case err != nil:
		return "", err.Error()
	case !slices.Equal(holders, []string{leader}):
		return "", fmt.Sprintf("%s leads and %v have the floating IP", leader, holders)
	}
	for _, s := range up {
		if missing := z.services(ctx, s, s == leader); missing != "" {
			return "", missing
		}
	}
	return leader, ""
}

// services says which of the units that follow the leader are not as they should be.
func (z *zone) services(ctx context.Context, server string, leads bool) string {
	r, err := z.Exec(ctx, server, append([]string{"systemctl", "is-active"}, followers...)...)
	states := strings.Fields(r.Stdout)
	if len(states) != len(followers) {
		return fmt.Sprintf("%s: systemctl is-active: %q, %v", server, r.Stdout, err)
	}
	for i, unit := range followers {
		if want := map[bool]string{true: "active", false: "inactive"}[leads]; states[i] != want {
			return fmt.Sprintf("%s is %s on %s, want %s", unit, states[i], server, want)
		}
	}
	return ""
}

// answers waits until the server answers for the floating IP after a time, and
// returns when it first did.
func (z *zone) answers(server string, after time.Time) time.Time {
	z.t.Helper()
	ctx, cancel := context.WithTimeout(z.ctx, patience)
	defer cancel()
	at, err := z.sampler.WaitFor(ctx, z.MAC(server), after)
	if err != nil {
		z.t.Fatal(err)
	}
	return at
}

// wait waits until a server says what is wanted when it is asked.
func (z *zone) wait(what string, missing func(context.Context) string) {
	z.t.Helper()
	ctx, cancel := context.WithTimeout(z.ctx, patience)
	defer cancel()
	if err := z.Wait(ctx, what, missing); err != nil {
		z.t.Fatal(err)
	}
}

// shell runs a script on a server that must succeed, and returns what it printed.
func (z *zone) shell(server, script string) string {
	z.t.Helper()
	ctx, cancel := context.WithTimeout(z.ctx, patience)
	defer cancel()
	out, err := z.Shell(ctx, server, script)
	if err != nil {
		z.t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// property is a property of a unit.
func (z *zone) property(server, unit, name string) string {
	z.t.Helper()
	return z.shell(server, "systemctl show --value --property "+name+" "+unit)
}

const (
	guard = zoneconf.GuardUnit
	oned  = "opennebula.service"
)

func (z *zone) ok(err error) {
	z.t.Helper()
	if err != nil {
		z.t.Fatal(err)
	}
}
