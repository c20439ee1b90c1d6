// Package raftstatus runs `oneha raft status` and `oneha raft doctor` on zones of
// test/fakezone with real guards, while things go wrong.
package raftstatus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/raft/health"
	"github.com/oneha/oneha/test/fakezone"
	"github.com/oneha/oneha/test/guardproc"
)

// The built commands.
var fake, oneha string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		if os.Getuid() != 0 {
			return m.Run()
		}
		dir, err := os.MkdirTemp("", "raftstatus-test-")
		if err == nil {
			defer os.RemoveAll(dir)
			fake, err = fakezone.Build(context.Background(), dir)
		}
		if err == nil {
			oneha, err = guardproc.Build(context.Background(), dir)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// bed is a zone and who looks at it.
type bed struct {
	*testing.T
	ctx     context.Context
	zone    *fakezone.Zone
	file    string // description, "" for none
	last    string // what was seen last
	looks   int
	longest time.Duration // of the looks
}

// up makes a zone for a test. All that is done with it has a time limit that a busy
// machine does not reach.
func up(t *testing.T, o fakezone.Options) *bed {
	t.Helper()
	if os.Getuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("a fake zone needs root, for network namespaces")
		}
		t.Skip("a fake zone needs root, for network namespaces")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	o.Program = fake
	o.Timers.Election = 3 * time.Second // 60 heartbeats: a busy machine stalls for longer than one second
	z, err := fakezone.Up(ctx, o)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	b := &bed{T: t, ctx: ctx, zone: z}
	t.Cleanup(func() {
		cancel()
		if err := z.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("last seen:\n%s", b.last)
		}
		t.Logf("%d looks, the longest %s", b.looks, b.longest.Round(time.Millisecond))
	})
	return b
}

// quick are times for a zone whose start nobody looks at.
func quick() fakezone.Timers {
	t := fakezone.Fast()
	t.Load, t.Open, t.WarmUp, t.Stop, t.XMLRPC = 20*time.Millisecond, 100*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond
	return t
}

func (b *bed) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// run runs oneha raft COMMAND beside a server, and returns its exit code.
func (b *bed) run(at int, arguments ...string) (stdout string, code int) {
	b.Helper()
	words := append([]string{"raft"}, arguments...)
	words = append(words, "--credentials", b.zone.Path(at, fakezone.AuthFile))
	if b.file != "" {
		words = append(words, "--file", b.file)
	} else {
		words = append(words, "--oned-conf", b.zone.Path(at, fakezone.ConfFile))
	}
	cmd := exec.CommandContext(b.ctx, oneha, words...)
	cmd.Dir = b.TempDir() // where no description is
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	b.ok(b.zone.In(at, cmd.Start))
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || !exit.Exited()) {
		b.Fatal(err)
	}
	b.last = out.String() + errs.String()
	return out.String(), cmd.ProcessState.ExitCode()
}

// look asks for the zone's state beside a server.
func (b *bed) look(at int) (r health.Report, code int) {
	b.Helper()
	began := time.Now()
	out, code := b.run(at, "status", "--json")
	b.looks, b.longest = b.looks+1, max(b.longest, time.Since(began))
	if code == 2 {
		return r, code
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		b.Fatalf("read what status says: %v\n%s", err, b.last)
	}
	return r, code
}

// see looks until it sees what it should, at the latest when the zone's time is over.
func (b *bed) see(at int, what string, right func(health.Report) bool) health.Report {
	b.Helper()
	var r health.Report
	var code int
	for {
		if r, code = b.look(at); code != 2 && right(r) {
			break
		}
		select {
		case <-b.ctx.Done():
			b.Fatalf("wait for %s: %v", what, b.ctx.Err())
		case <-time.After(200 * time.Millisecond): // a look is a process: gently
		}
	}
	if want := map[health.Condition]int{health.Good: 0, health.Degraded: 1, health.Down: 1}[r.State]; code != want {
		b.Errorf("%s: exit code %d for %s", what, code, r.State)
	}
	b.Logf("%s: %s", what, r.Summary)
	return r
}

// found reports whether a rule found something about a server.
func found(r health.Report, id string, server string) bool {
	return slices.ContainsFunc(r.Problems, func(p health.Problem) bool { return p.ID == id && p.Server == server })
}

func serverName(id int) string { return fmt.Sprintf("s%d", id+1) }

func healthyAt(r health.Report) bool { return r.State == health.Good && len(r.Problems) == 0 }

// guards starts a guard beside each server, and describes the zone to who looks.
func (b *bed) guards() []*guardproc.Guard {
	b.Helper()
	var all []*guardproc.Guard
	for id := range b.zone.Servers() {
		g, err := guardproc.New(b.zone, id, oneha)
		b.ok(err)
		b.ok(g.Start())
		all = append(all, g)
	}
	b.Cleanup(func() {
		for _, g := range all {
			if b.Failed() {
				b.Logf("guard:\n%s", g.Log())
			}
			if g.Running() {
				_ = g.Kill() // Close ends what is left
			}
		}
	})
	b.file = b.zone.Path(0, "oneha.yaml")
	return all
}

// onlyEndpoint spares a zone the warning that its endpoint is no floating IP.
func onlyEndpoint(r health.Report) bool {
	return r.State == health.Good && !slices.ContainsFunc(r.Problems, func(p health.Problem) bool { return p.ID != "Z31" })
}

func TestGuardedZone(t *testing.T) {
	b := up(t, fakezone.Options{Timers: quick(), Servers: 5, Seed: 11})
	b.guards()
	r := b.see(0, "a healthy zone, its floating IP where the leader is", func(r health.Report) bool {
		return onlyEndpoint(r) && slices.Equal(r.VIPs[0].Claims, []int{*r.Verdict.Leader}) && r.VIPs[0].Server != nil && *r.VIPs[0].Server == *r.Verdict.Leader
	})
	for _, s := range r.Servers {
		if c := s.Guard.Clock; c == nil || max(c.By, -c.By) > c.Error+health.Millis(time.Second) {
			t.Errorf("%s: the clock of this very machine is ahead by %+v", s.Name, s.Guard.Clock)
		}
	}
	leader := *r.Verdict.Leader

	// A follower hangs: it is said, and all others are still seen.
	hung := (leader + 1) % 5
	b.ok(b.zone.Freeze(hung))
	b.see(leader, "a follower that hangs, and all others", func(r health.Report) bool {
		return found(r, "Z12", serverName(hung)) && !slices.ContainsFunc(r.Servers, func(s health.Server) bool {
			return (s.Oned.Answer == health.Answers) != (s.ID != hung) || s.Guard.Answer != health.Answers
		})
	})
	b.ok(b.zone.Thaw(hung))

	// The leader is cut off from all servers but one, whose oned does not run: who looks
	// from there sees two leaders. On a busy machine another may have become leader just
	// before: then once more.
	watcher := 0
	for apart := false; !apart; {
		leader = *b.see(leader, "all well again", onlyEndpoint).Verdict.Leader
		watcher = (leader + 2) % 5
		b.ok(b.zone.Kill(watcher))
		for id := range 5 {
			if id != leader && id != watcher {
				b.zone.Cut(fakezone.Between(leader, id)...)
			}
		}
		for end := time.Now().Add(30 * time.Second); !apart && time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
			r, _ := b.look(watcher)
			apart = found(r, "Z06", serverName(leader)) && found(r, "Z11", serverName(watcher)) && r.Verdict.Leader != nil && *r.Verdict.Leader != leader
		}
		if !apart {
			b.zone.Heal()
			b.ok(b.zone.Start(watcher))
		}
		b.ok(b.ctx.Err())
	}
	b.see(watcher, "the floating IP on the new leader alone", func(r health.Report) bool {
		return r.Verdict.Leader != nil && *r.Verdict.Leader != leader && slices.Equal(r.VIPs[0].Claims, []int{*r.Verdict.Leader})
	})
	// The old one sees itself lead and nobody follow.
	b.see(leader, "a leader without a majority, seen from there", func(r health.Report) bool {
		return r.State == health.Down && found(r, "Z04", serverName(leader))
	})
	b.zone.Heal()
	b.ok(b.zone.Start(watcher))
	r = b.see(watcher, "all well after the partition", onlyEndpoint)

	// The leader dies: somebody else leads, and who is missing is said.
	dead := *r.Verdict.Leader
	b.ok(b.zone.Kill(dead))
	b.see((dead+1)%5, "a new leader, with the floating IP", func(r health.Report) bool {
		return r.Verdict.Leader != nil && *r.Verdict.Leader != dead && found(r, "Z11", serverName(dead)) && r.State == health.Degraded && slices.Equal(r.VIPs[0].Claims, []int{*r.Verdict.Leader})
	})
	b.ok(b.zone.Wait(b.ctx, "the same as a table", func(context.Context) bool {
		out, code := b.run((dead+1)%5, "status")
		if strings.Contains(out, "\x1b") {
			t.Errorf("colours where there is no terminal: %q", out)
		}
		return code == 1 && strings.HasPrefix(out, "zone 0 works, but is not healthy: ")
	}))
}

// Without guards and without a description a server still knows its zone.
func TestOutOfTheWindow(t *testing.T) {
	timers := quick()
	timers.LogRetention, timers.LogPurge = 5, time.Second
	b := up(t, fakezone.Options{Timers: timers, Seed: 12})
	b.ok(b.zone.Wait(b.ctx, "an oned that answers", func(ctx context.Context) bool { _, err := b.zone.Status(ctx, 0); return err == nil }))
	r := b.see(0, "a healthy zone", healthyAt)
	if r.Described || r.Guarded || r.Retention != 5 || len(r.Servers) != 3 || !r.Servers[0].Here {
		t.Errorf("what server 0 knows of its zone: %+v", r.Picture)
	}
	leader := *r.Verdict.Leader
	behind := (leader + 1) % 3
	b.ok(b.zone.Kill(behind))
	b.see(leader, "no reserve", func(r health.Report) bool { return found(r, "Z22", "") && found(r, "Z11", serverName(behind)) })
	for n := range 20 {
		b.ok(b.zone.Wait(b.ctx, "a write", func(ctx context.Context) bool { return b.zone.Write(ctx, leader, "n", fmt.Sprint(n)) == nil }))
	}
	b.ok(b.zone.Wait(b.ctx, "a purge", func(ctx context.Context) bool {
		d, err := b.zone.Database(ctx, leader)
		return err == nil && len(d.Log) == 5
	}))
	b.ok(b.zone.Start(behind))
	r = b.see(leader, "a follower out of the window", func(r health.Report) bool { return found(r, "Z19", serverName(behind)) })
	if r.State != health.Degraded {
		t.Errorf("the zone is %s", r.State)
	}
	out, code := b.run(leader, "doctor")
	if code != 1 || !strings.Contains(out, "Z19") || !strings.Contains(out, "oneha raft reset "+serverName(behind)) {
		t.Errorf("the doctor: exit code %d\n%s", code, out)
	}
}

// Without a majority there is no leader, and that is the first thing said.
func TestNoLeader(t *testing.T) {
	b := up(t, fakezone.Options{Timers: quick(), Seed: 13})
	leader, err := b.zone.WaitLeader(b.ctx)
	b.ok(err)
	for id := range 3 {
		if id != (leader+1)%3 {
			b.ok(b.zone.Kill(id))
		}
	}
	survivor := (leader + 1) % 3
	r := b.see(survivor, "a candidate alone", func(r health.Report) bool {
		return r.Servers[survivor].Oned.Raft != nil && r.Servers[survivor].Oned.Raft.State == health.Candidate
	})
	if r.State != health.Down || r.Verdict.Leader != nil || r.Problems[0].ID != "Z03" || r.Problems[0].Next == "" {
		t.Errorf("%+v", r.Verdict)
	}
	b.ok(b.zone.Kill(survivor))
	if out, code := b.run(survivor, "status"); code != 2 || out != "" || !strings.Contains(b.last, "give a description with --file") {
		t.Errorf("with nobody to ask: exit code %d\n%s", code, b.last)
	}
}

// Who redirects the watch gets a picture for each change, and no other.
func TestWatchTellsChanges(t *testing.T) {
	b := up(t, fakezone.Options{Timers: quick(), Seed: 14})
	leader, err := b.zone.WaitLeader(b.ctx)
	b.ok(err)
	b.see(leader, "a healthy zone", healthyAt)
	cmd := exec.CommandContext(b.ctx, oneha, "raft", "status", "--json", "--watch=0.5", "--credentials", b.zone.Path(leader, fakezone.AuthFile), "--oned-conf", b.zone.Path(leader, fakezone.ConfFile))
	cmd.Dir, cmd.Env = t.TempDir(), []string{"PATH=/usr/bin"}
	out, err := cmd.StdoutPipe()
	b.ok(err)
	b.ok(b.zone.In(leader, cmd.Start))
	read := json.NewDecoder(out)
	var r health.Report
	for r.State != health.Good {
		r = health.Report{}
		b.ok(read.Decode(&r)) // the process ends with ctx
	}
	follower := (leader + 1) % 3
	b.ok(b.zone.Kill(follower))
	was := ""
	for {
		var r health.Report
		b.ok(read.Decode(&r))
		if key := r.Key(); key == was {
			t.Error("the same was told twice")
		} else {
			was = key
		}
		if found(r, "Z11", serverName(follower)) {
			break
		}
	}
	b.ok(cmd.Process.Signal(os.Interrupt))
	for read.Decode(&r) == nil { // a look that was under way
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("after a signal: %v, want exit code 1, that of the last look", err)
	}
}
