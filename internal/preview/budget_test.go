package preview

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// figures adds up what the budget says of a phase for a node or a resource, or in general.
func figures(b Budget, phase, of string) (sum Span) {
	for _, l := range b.Lines {
		if l.Phase == phase && slices.Contains(l.Of, of) {
			sum = sum.plus(l.Time)
		}
	}
	return sum
}

// The lab measured 12.6 s from a hang of the active node to its power off, with a BMC of
// 0.4 s, and 12.7 s to the floating IP (README.md).
func TestBudgetOfTheLab(t *testing.T) {
	text, corosync := example(t, "two-node", "")
	b, err := NewBudget(text, ReadCorosync(corosync, 0), 400*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	fenced := b.lost().plus(deciding).plus(figures(b, Delay, "one-server1")).plus(figures(b, Fence, "one-server1"))
	for what, c := range map[string]struct {
		foretold Span
		measured time.Duration
	}{
		"fenced":   {fenced, 12600 * time.Millisecond},
		"VIP":      {fenced.plus(figures(b, Recover, "vip")), 12700 * time.Millisecond},
		"detected": {b.lost(), 6600 * time.Millisecond},
	} {
		if off := c.foretold.Typical - c.measured; off < -time.Second || off > time.Second {
			t.Errorf("%s: foretold %v, measured %v", what, c.foretold.Typical, c.measured)
		}
		if c.foretold.Worst < c.measured {
			t.Errorf("%s: at worst %v, but measured %v", what, c.foretold.Worst, c.measured)
		}
	}
	if d := figures(b, Delay, "one-server2"); d != (Span{}) {
		t.Errorf("the other node is protected for %v", d)
	}
	if s := figures(b, Detect, "oned"); s.Worst < 71500*time.Millisecond { // frozen: answers again after 71.5 s (docs/faults.md), of which 4 are the restart
		t.Errorf("a frozen oned is noticed after %v at worst", s.Worst)
	}
}

func TestBudgetLines(t *testing.T) {
	levels, corosync := example(t, "fencing-levels", "")
	for _, c := range []struct {
		what, cib, corosync string
		want                []string // PHASE OF TYPICAL WORST FROM
	}{
		{"levels", string(levels), string(corosync), []string{"delay one-server1 5 s 5 s pcmk_delay_base 5 s of fence-one-server1", "fence one-server1 10 s 125 s twice a usual login_timeout"}},
		{"foreign", foreign, "", []string{
			"fence a 5 s 90 s usual, nobody measured it; worst: stonith-timeout",
			"detect site 10 s 60 s monitor every 20 s",
			"recover ip 0.3 s 33 s usual",
			"delay b 3 s 3 s delay 3 s of fb",
			"detect  6.6 s 9.6 s token 3 s + consensus 3.6 s, corosync 3's default: no corosync.conf is known",
		}},
	} {
		b, err := NewBudget([]byte(c.cib), ReadCorosync([]byte(c.corosync), 2), 0)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, l := range b.Lines {
			for _, of := range append(l.Of, "")[:max(1, len(l.Of))] {
				lines = append(lines, strings.Join([]string{l.Phase, of, seconds(l.Time.Typical), seconds(l.Time.Worst), l.From}, " "))
			}
		}
		for _, want := range c.want {
			if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, want) }) {
				t.Errorf("%s: no line %q in\n%s", c.what, want, strings.Join(lines, "\n"))
			}
		}
		if strings.Contains(strings.Join(lines, ""), "hidden") {
			t.Errorf("%s: the budget holds a secret", c.what)
		}
	}
}

// What is stopped late is missing for a shorter time than what fails.
func TestTimeCountsFromTheStop(t *testing.T) {
	o := Outcome{
		failure: Failure{Kind: ResourceFailed, Subject: "r"}, Before: map[string]string{"r": "a", "q": "a"}, Runs: map[string]string{"r": "a", "q": "a"},
		Restart: []string{"q", "r"},
		agents:  map[string]primitive{"r": {typ: "other", defaultTimeout: time.Minute}, "q": {typ: "other", defaultTimeout: time.Minute}},
		transitions: []transition{{
			{op: "stop", resource: "q", node: "a"},
			{op: "stop", resource: "r", node: "a", after: []int{0}},
			{op: "start", resource: "r", node: "a", after: []int{1}},
			{op: "start", resource: "q", node: "a", after: []int{2}},
		}},
	}
	b := Budget{cluster: cluster{primitives: []primitive{{id: "r", ops: []operation{{name: "monitor", interval: 20 * time.Second, timeout: 5 * time.Second}}}}}}
	list := []Outcome{o}
	b.Time(list)
	// Noticed after 10 s and chosen after 1: stops of 2 s, starts of 3 s.
	want := map[string]Span{"r": {18 * time.Second, 208 * time.Second}, "q": {10 * time.Second, 240 * time.Second}}
	for r, w := range want {
		if got := list[0].Down[r]; got != w {
			t.Errorf("%s: %v, want %v", r, got, w)
		}
	}
	if got := list[0].Seconds; got != (Span{18 * time.Second, 240 * time.Second}) {
		t.Errorf("in all %v", got)
	}
}
