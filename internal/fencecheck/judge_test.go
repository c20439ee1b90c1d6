package fencecheck

import (
	"errors"
	"testing"
	"time"
)

// device is a measured one, whose visits have a tenth of their time for the read.
func device(node string, delay time.Duration, visits ...time.Duration) Measurement {
	m := Measurement{
		Device: Device{Node: node, Delay: delay}, Asked: true, Reachable: true, Tries: len(visits),
		Timing: Timing{LoginTimeout: 5 * time.Second, PowerTimeout: 20 * time.Second},
	}
	for _, v := range visits {
		m.Visits = append(m.Visits, Visit{Login: v - v/10, Status: v / 10})
	}
	if visits == nil {
		m.Err = errors.New("it does not answer")
	}
	return m
}

const (
	s  = time.Second
	ms = time.Millisecond
)

func TestJudgeDelay(t *testing.T) {
	tests := []struct {
		name   string
		off    time.Duration
		a, b   Measurement
		node   string // that is kept
		known  bool
		fits   bool
		needs  time.Duration // skew 1 s, difference, command, off, 0.5 s; rounded up
		advice string
	}{
		{"alike", 2 * s, device("a", 5*s, 200*ms), device("b", 0, 200*ms), "a", true, true, 4 * s, ""}, // 3.52
		{"the second is kept", 2 * s, device("a", 0, 200*ms), device("b", 5*s, 200*ms), "b", true, true, 4 * s, ""},
		{"one second slower", 2 * s, device("a", 5*s, s), device("b", 0, 2*s), "a", true, true, 5 * s, ""},                                                                                      // 1+1+0.2+2+0.5 = 4.7
		{"the other's BMC is slow", 2 * s, device("a", 5*s, 200*ms, 400*ms), device("b", 0, s, 4*s), "a", true, false, 8 * s, "set fence_delay: 8s, or a may lose the race that it should win"}, // 1+3.8+0.4+2+0.5 = 7.7
		{"the own BMC is slow, which is not relied on", 2 * s, device("a", 5*s, 4*s), device("b", 0, 100*ms), "a", true, true, 4 * s, ""},
		{"slow to go off", 6 * s, device("a", 5*s, 200*ms), device("b", 0, 200*ms), "a", true, false, 8 * s, "set fence_delay: 8s, or a may lose the race that it should win"},
		{"far too long", 2 * s, device("a", 15*s, 200*ms), device("b", 0, 200*ms), "a", true, true, 4 * s, "fence_delay: 4s would do; every failover of a waits that long"},
		{"none", 2 * s, device("a", 0, 200*ms), device("b", 0, 200*ms), "a", true, false, 4 * s, "set fence_delay: 4s, or a may lose the race that it should win"},
		{"both delayed", 2 * s, device("a", 6*s, 200*ms), device("b", 4*s, 200*ms), "a", true, false, 4 * s, "set fence_delay: 4s, or a may lose the race that it should win"},
		{"the kept one's BMC is silent", 2 * s, device("a", 5*s), device("b", 0, s), "a", true, true, 5 * s, ""}, // 1+1+0.1+2+0.5
		{"the other's BMC is silent", 2 * s, device("a", 5*s, s), device("b", 0), "a", false, false, 0, ""},
	}
	for _, test := range tests {
		vs := Judge(Cluster{Nodes: 2, StonithTimeout: time.Hour}, Assumption{Off: test.off}, []Measurement{test.a, test.b})
		v := vs[len(vs)-1]
		if v.About != "fence_delay" || v.Node != test.node || v.Known != test.known || v.Fits != test.fits || v.Needs != test.needs || v.Advice != test.advice || v.Text == "" {
			t.Errorf("%s: %+v", test.name, v)
		}
	}
}

func TestJudgeDelayOfMoreNodes(t *testing.T) {
	for _, n := range []int{1, 3} {
		var all []Measurement
		for range n {
			all = append(all, device("a", 0, s))
		}
		if vs := Judge(Cluster{Nodes: n, StonithTimeout: time.Hour}, Assumption{}, all); len(vs) != n {
			t.Errorf("%d nodes: %+v", n, vs)
		}
	}
}

func TestJudgeTimeout(t *testing.T) {
	waits := device("a", 0, s)
	waits.Timing.PowerWait = 5 * s
	patient := device("a", 0, s)
	patient.Timing.PowerTimeout = 100 * s
	unlimited := device("a", 0, s)
	unlimited.Timing.PowerTimeout = 0
	tests := []struct {
		name  string
		m     Measurement
		set   time.Duration
		known bool
		fits  bool
		needs time.Duration // visit, twice (command, power_wait, off, 1 s), delay, login_timeout, power_timeout - off - 1 s
	}{
		{"default", device("a", 0, s), 120 * s, true, true, 30 * s}, // 1 + 2*3.1 + 5 + 17 = 29.2
		{"exactly", device("a", 0, s), 29200 * ms, true, true, 30 * s},
		{"just too short", device("a", 0, s), 29199 * ms, true, false, 30 * s},
		{"the delay counts", device("a", 30*s, s), 59 * s, true, false, 60 * s},
		{"the worst visit counts", device("a", 0, s, 11*s, s), 120 * s, true, true, 42 * s}, // 11 + 2*4.1 + 22 = 41.2
		{"power_wait counts twice", waits, 120 * s, true, true, 40 * s},
		{"power_timeout", patient, 60 * s, true, false, 110 * s},
		{"no power_timeout", unlimited, 60 * s, true, true, 13 * s},
		{"silent", device("a", 0), 120 * s, false, false, 0},
		{"not understood", device("a", 0, s), 0, false, false, 0},
	}
	for _, test := range tests {
		v := Judge(Cluster{Nodes: 3, StonithTimeout: test.set}, Assumption{Off: 2 * s}, []Measurement{test.m})[0]
		if v.About != "stonith-timeout" || v.Set != test.set || v.Known != test.known || v.Fits != test.fits || v.Needs != test.needs || v.Text == "" || (v.Advice != "") != (v.Known && !v.Fits) {
			t.Errorf("%s: %+v", test.name, v)
		}
	}
}

func TestRanks(t *testing.T) {
	for _, test := range []struct {
		visits                 []time.Duration
		fastest, median, worst time.Duration
	}{
		{nil, 0, 0, 0},
		{[]time.Duration{s}, s, s, s},
		{[]time.Duration{3 * s, s}, s, 3 * s, 3 * s},
		{[]time.Duration{3 * s, s, 2 * s}, s, 2 * s, 3 * s},
	} {
		m := device("a", 0, test.visits...)
		if m.Fastest() != test.fastest || m.Median() != test.median || m.Worst() != test.worst {
			t.Errorf("%v: %s %s %s", test.visits, m.Fastest(), m.Median(), m.Worst())
		}
	}
}

func TestBrief(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", 1: "0.1s", 100 * ms: "0.1s", 101 * ms: "0.2s", 999 * ms: "1s", s: "1s", 90*s + 50*ms: "90.1s"} {
		if got := brief(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}
