package random

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// vipWorkers is how many sequences run at once. Many of their steps wait, for a
// carrier or for duplicate detection.
const vipWorkers = 8

// vipPlay plays steps with one setting against one program.
type vipPlay struct {
	setting vipSetting
	program string
	count   *tally
}

// run plays the steps in a lab of their own, then stops the address and looks at
// what is left.
func (v *vipPlay) run(ctx context.Context, steps []vipStep) *failure {
	return inVIPLab(v.setting.Promote, func(l *vipLab) *failure {
		n, err := l.settle(v.setting.IP)
		if err != nil {
			return broken(ownFault, "%v", err)
		}
		for i, s := range append(slices.Clone(steps), vipStep{do: stop}) {
			if ctx.Err() != nil {
				return nil
			}
			var f *failure
			if n, f = v.step(ctx, l, n, s); f != nil {
				f.step = i
				return f
			}
		}
		if f := l.leftover(v.setting.IP); f != nil {
			f.step = len(steps)
			return f
		}
		return nil
	})
}

// step does one step and returns the state of the node after it.
func (v *vipPlay) step(ctx context.Context, l *vipLab, n node, s vipStep) (node, *failure) {
	if !s.isOperation() {
		if err := l.interfere(s, v.setting.IP); err != nil {
			return n, broken(ownFault, "%s: %v", s, err)
		}
		after, err := l.settle(v.setting.IP)
		if err != nil {
			return n, broken(ownFault, "%s: %v", s, err)
		}
		v.count.add("interference")
		return after, nil
	}

	end, err := call(ctx, v.program, actionOf(s.do), v.env(s, n), s.killer())
	if ctx.Err() != nil {
		return n, nil
	}
	if err != nil {
		return n, broken(s.do+": the process", "%v\n%s", err, end.stderr)
	}
	if err := l.ready(s.do, end, v.setting.IP); err != nil {
		return n, broken(s.do+": not ready", "%v\nbefore: %s", err, n)
	}
	after, err := l.settle(v.setting.IP)
	if err != nil {
		return n, broken(s.do+": the node afterwards", "%v", err)
	}
	if end.killed {
		v.count.add(s.do + " killed")
		if unchanged(n, after) != nil {
			v.count.add(s.do + " killed in the middle")
		}
		if err := v.setting.possible(s.do, n, after); err != nil {
			return n, broken(s.do+" killed: impossible state", "after %s: %v\nbefore: %s", end.took, err, n)
		}
		return after, nil
	}
	v.count.add(fmt.Sprintf("%s %d", s.do, end.code))
	return after, v.judge(s.do, n, after, end)
}

// ready holds when a start that succeeded has nothing to wait for any more.
func (l *vipLab) ready(op string, end callEnd, ip netip.Addr) error {
	if op != start || end.killed || end.code != success {
		return nil
	}
	n, err := l.look(ip)
	if err != nil {
		return err
	}
	for _, a := range n.places(ip) {
		if a.Tentative {
			return fmt.Errorf("started, but %s is tentative", a)
		}
	}
	return nil
}

// judge compares the end of a call with the model.
func (v *vipPlay) judge(op string, n, after node, end callEnd) *failure {
	want := v.setting.expect(op, n)
	if !slices.Contains(want.codes, end.code) {
		return broken(op+": wrong exit code", "exit code %d, allowed %v, after %s\n%s\nbefore: %s", end.code, want.codes, end.took.Round(time.Millisecond), end.stderr, n)
	}
	if err := want.after(after); err != nil {
		return broken(op+": wrong state", "exit code %d, but %v\n%s\nbefore: %s", end.code, err, end.stderr, n)
	}
	if err := reasoned(end); err != nil {
		return broken(op+": exit reason", "%v", err)
	}
	return nil
}

func (v *vipPlay) env(s vipStep, n node) []string {
	timeout := 20 * time.Second
	if s.do == start && v.setting.carrierless(n) { // it waits in vain; be brief
		timeout = 1500 * time.Millisecond
	}
	return environment("vip", s.do, timeout, v.setting.Params)
}

// installAs links a program under the agent's name, as the packages do.
func installAs(t *testing.T, program, agent string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), agent)
	if err := os.Symlink(program, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// vipOutcomes are what some of the sequences have to come to, or they prove little.
var vipOutcomes = []string{
	"start 0", "start 1", "start 5", "start killed in the middle", "stop 0", "stop killed in the middle",
	"probe 0", "probe 1", "probe 7", "recurring monitor 0", "recurring monitor 7", "validate-all 0", "validate-all 1", "validate-all 5",
}

func TestVIP(t *testing.T) {
	s, err := parseSeeds(*seedFlag, *sequencesFlag, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	program := installAs(t, binary, "vip")
	var count tally
	began := time.Now()
	c := campaign{first: s.first, count: s.vips, workers: vipWorkers, enough: 5, plays: 150}
	for _, f := range play(t.Context(), c, func(seed uint64) sequence[vipStep] { return composeVIP(seed, program, &count) }) {
		t.Errorf("%s  again: go test ./test/random -run 'TestVIP$' -seed %d", f, f.seed)
	}
	if *seedFlag == "" && s.vips >= 900 && !t.Failed() {
		if never := count.missing(vipOutcomes); len(never) > 0 {
			t.Errorf("the sequences never came to %v", never)
		}
	}
	t.Logf("%d sequences from seed %d on in %s; %s", s.vips, s.first, time.Since(began).Round(time.Second), &count)
}
