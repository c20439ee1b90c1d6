package failover

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/timeline"
)

// survivor is what a node wrote of a real failover.
func survivor(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/survivor.log")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func scan(t *testing.T, log string) []timeline.Fact {
	t.Helper()
	facts, err := timeline.Reader{Ref: time.Date(2026, 11, 22, 19, 20, 0, 0, time.UTC), Zone: time.UTC}.Scan(strings.NewReader(log), "one-server2")
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

var began = time.Date(2026, 11, 22, 19, 16, 6, 182e6, time.UTC)

// The parts of a failover add up to the start of oned, and the fence device that comes
// back with the victim is none of the services.
func TestHistory(t *testing.T) {
	h, err := historyOf(scan(t, survivor(t)), began, "one-server2")
	if err != nil {
		t.Fatal(err)
	}
	want := []Part{{Missed, 6}, {Decided, 1.028}, {Cut, 5.94}, {Address, 0.192}, {Between, 0.032}, {OnedUp, 0.252}}
	if got := h.parts(began); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("parts %v, want %v", got, want)
	}
	if got := h.all.Sub(began).Seconds(); got != 14.296 {
		t.Errorf("all after %v s", got)
	}
}

// The last thing that a node writes before its power is gone may be that its address went. On
// the survivor that would be a failure.
func TestHistoryOfTheDyingNode(t *testing.T) {
	line := "Nov 22 19:16:06.190 one-server1 pacemaker-controld  [42] (log_executor_event) \tnotice: Result of monitor operation for vip on one-server1: not running (10.3.4.2 is on no interface) | CIB update 9\n"
	if _, err := historyOf(scan(t, line+survivor(t)), began, "one-server2"); err != nil {
		t.Error(err)
	}
	line = strings.ReplaceAll(line, "one-server1", "one-server2")
	if _, err := historyOf(scan(t, line+survivor(t)), began, "one-server2"); err == nil || !strings.Contains(err.Error(), "failed of vip on one-server2") {
		t.Errorf("a failure on the survivor: %v", err)
	}
}

// A log that leaves something out, or tells of a failure, gives an error and no figures.
func TestHistoryNeedsEveryMoment(t *testing.T) {
	for _, test := range []struct{ from, to, want string }{
		{"state is now lost", "state is now well", Missed},
		{"Result of start operation for oned", "Result of nothing for oned", OnedUp},
		{"Initiating start operation oned", "Initiating nothing oned", Between},
		{"Result of start operation for vip on one-server2: ok", "Result of start operation for vip on one-server2: error", "start-failed of vip"},
	} {
		_, err := historyOf(scan(t, strings.ReplaceAll(survivor(t), test.from, test.to)), began, "one-server2")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("without %q: %v, want %q", test.from, err, test.want)
		}
	}
	// What was before the fault is another story.
	if _, err := historyOf(scan(t, survivor(t)), began.Add(7*time.Second), "one-server2"); err == nil {
		t.Error("the loss of the node came before the fault, and counts")
	}
}

// The two descriptions differ in their agents and in nothing else.
func TestDescriptions(t *testing.T) {
	for _, floatingIPs := range []int{1, 21, MostFloatingIPs} {
		var parsed [2]spec.Cluster
		for i, side := range []string{Ours, Stock} {
			c, findings := spec.Parse(side, []byte(Description(side, floatingIPs)))
			if len(findings) > 0 {
				t.Errorf("%s: %v", side, findings)
			}
			if got := 1 + len(c.MoreVIPs); got != floatingIPs {
				t.Errorf("%s has %d floating IPs, want %d", side, got, floatingIPs)
			}
			if c.VIP.ID != vipID {
				t.Errorf("the first floating IP is %s, and %s is looked for", c.VIP.ID, vipID)
			}
			parsed[i] = c
		}
		a, b := parsed[0], parsed[1]
		if a.Token != b.Token || a.VIP != b.VIP || fmt.Sprint(a.MoreVIPs, a.Services) != fmt.Sprint(b.MoreVIPs, b.Services) {
			t.Errorf("%+v and %+v", a, b)
		}
		if Description(Ours, floatingIPs) == Description(Stock, floatingIPs) {
			t.Error("both sides have the same agents")
		}
	}
}

// What cannot be compared is refused before a machine is started.
func TestRunRefuses(t *testing.T) {
	good := Options{Pairs: 1, Faults: []string{Hang, Power}, FloatingIPs: 1}
	if err := good.check(); err != nil {
		t.Error(err)
	}
	for want, spoil := range map[string]func(*Options){
		"one pair":     func(o *Options) { o.Pairs = 0 },
		"floating IPs": func(o *Options) { o.FloatingIPs = MostFloatingIPs + 1 },
		"the faults":   func(o *Options) { o.Faults = []string{Hang, Move} }, // comes by itself, after each
	} {
		o := good
		spoil(&o)
		err := Run(t.Context(), o, func(Round) error { return nil })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want something about %s", o, err, want)
		}
	}
}

func TestCompare(t *testing.T) {
	var rounds []Round
	add := func(pair int, side string, oned float64, failed string) {
		rounds = append(rounds, Round{Pair: pair, Side: side, Fault: Hang, Oned: oned, Error: failed, Parts: []Part{{Missed, oned / 2}, {OnedUp, oned / 2}}})
	}
	for i, pair := range [][2]float64{{1, 2}, {2, 8}, {9, 9}, {4, 5}, {3, 6}} {
		add(i+1, Ours, pair[0], "")
		add(i+1, Stock, pair[1], "")
	}
	add(6, Ours, 100, "") // its other half failed
	add(6, Stock, 1, "it failed")
	c := Compare(rounds, Hang, OnedAnswers)
	if c.Pairs != 5 || c.Faster != 4 || c.Ratio != 0.5 || c.Ours.Median != 3 || c.Stock.Median != 6 || c.Ours.Max != 9 || c.Ours.Low != 2 {
		t.Errorf("%+v", c)
	}
	if c := Compare(rounds, Hang, FenceConfirmed); c.Pairs != 0 { // nobody was
		t.Errorf("%+v", c)
	}
	if c := Compare(rounds, Power, OnedAnswers); c.Pairs != 0 {
		t.Errorf("%+v", c)
	}
	if got := PartsOf(rounds, Hang); len(got) != 2 || got[1] != (PartRow{OnedUp, 1.5, 3}) {
		t.Errorf("%v", got)
	}
	// A failed round is made good by another of the same pair.
	add(6, Stock, 50, "")
	add(6, Ours, 200, "")
	if c := Compare(rounds, Hang, OnedAnswers); c.Pairs != 6 || c.Ours.Max != 200 {
		t.Errorf("%+v", c)
	}
}

func TestMedian(t *testing.T) {
	if got := Median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Error(got)
	}
	d := DistributionOf([]float64{5})
	if d != (Distribution{5, 5, 5, 5, 5}) {
		t.Error(d)
	}
}
