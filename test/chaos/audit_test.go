package chaos

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/events"
	"github.com/oneha/oneha/test/lab"
)

var begin = time.Date(2026, 11, 22, 12, 0, 0, 500e6, time.UTC)

func at(seconds float64) time.Time { return begin.Add(time.Duration(seconds * float64(time.Second))) }

// check compares what an auditor says with what it has to say: a part of each violation.
func check(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d violations, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i, part := range want {
		if !strings.Contains(got[i], part) {
			t.Errorf("violation %q, want one with %q", got[i], part)
		}
	}
}

func TestJudgeVIP(t *testing.T) {
	a, b, squatter := net.HardwareAddr{2, 0, 0, 0, 0, 1}, net.HardwareAddr{2, 0, 0, 0, 0, 2}, net.HardwareAddr{2, 0, 0, 0, 0, 9}
	nodes := []net.HardwareAddr{a, b}
	spans := []lab.Span{{MAC: a, First: at(-9), Last: at(1)}, {MAC: b, First: at(2), Last: at(3)}}
	over := func(seconds float64, one, other net.HardwareAddr) []lab.Overlap {
		return []lab.Overlap{{At: at(seconds), MAC: one, Other: other, After: time.Millisecond}}
	}
	for name, tt := range map[string]struct {
		report  lab.Report
		excused []net.HardwareAddr
		want    []string
	}{
		"one after the other":     {lab.Report{Spans: spans}, nil, nil},
		"both":                    {lab.Report{Spans: spans, Overlaps: over(1, b, a)}, nil, []string{"answered 1ms after"}},
		"both before the round":   {lab.Report{Spans: spans, Overlaps: over(-1, b, a)}, nil, nil},
		"a stranger":              {lab.Report{Spans: append(spans, lab.Span{MAC: squatter, First: at(2), Last: at(4)}), Overlaps: over(2, squatter, b)}, nil, []string{"which is no node", "answered 1ms after"}},
		"a stranger of the fault": {lab.Report{Spans: append(spans, lab.Span{MAC: squatter, First: at(2), Last: at(4)}), Overlaps: over(2, b, squatter)}, []net.HardwareAddr{squatter}, nil},
		"both beside a stranger":  {lab.Report{Spans: spans, Overlaps: append(over(2, b, squatter), over(3, a, b)...)}, []net.HardwareAddr{squatter}, []string{"answered 1ms after"}},
		"a stranger long ago":     {lab.Report{Spans: append([]lab.Span{{MAC: squatter, First: at(-9), Last: at(-8)}}, spans...)}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := judgeVIP(tt.report, begin, nodes, tt.excused)
			if err != nil {
				t.Error(err)
			}
			check(t, got, tt.want...)
		})
	}
	if _, err := judgeVIP(lab.Report{Spans: []lab.Span{{MAC: a, First: at(-9), Last: at(-1)}}}, begin, nodes, nil); err == nil {
		t.Error("silence is taken for evidence")
	}
}

func TestJudgePower(t *testing.T) {
	const bmc = "bmc: set power 0"
	event := func(node string, kind lab.Kind, by string) lab.Event {
		return lab.Event{Time: at(1), Node: node, Kind: kind, By: by}
	}
	fenced := []lab.Event{event("a", lab.PoweredOff, bmc), event("a", lab.PoweredOn, bmc)}
	told := func(node, status string, seconds float64) lab.Fencing {
		return lab.Fencing{Target: node, Status: status, Completed: at(seconds).Truncate(time.Second)}
	}
	for name, tt := range map[string]struct {
		events []lab.Event
		told   []lab.Fencing
		want   Want
		found  []string
	}{
		"nothing":                     {nil, []lab.Fencing{told("b", "success", -9)}, Want{}, nil},
		"fenced":                      {fenced, []lab.Fencing{told("a", "failed", -9), told("a", "success", 0)}, Want{Fenced: []string{"a"}}, nil},
		"fenced in the end":           {fenced, []lab.Fencing{told("a", "failed", 1.5), told("a", "success", 2)}, Want{Fenced: []string{"a"}, Unfenced: true}, nil},
		"a fencing failed":            {fenced, []lab.Fencing{told("a", "failed", 1.5), told("a", "success", 2)}, Want{Fenced: []string{"a"}}, []string{"a fencing of a failed"}},
		"fenced, and crashed as well": {append(fenced[:2:2], event("a", lab.Crashed, lab.ByNode)), []lab.Fencing{told("a", "success", 1)}, Want{Fenced: []string{"a"}}, []string{"a crashed by itself"}},
		"not fenced":                  {nil, nil, Want{Fenced: []string{"a"}}, []string{"a lost its power by its BMC never, want once", "fenced a never, want once"}},
		"fenced for nothing":          {fenced, []lab.Fencing{told("a", "success", 1)}, Want{}, []string{"a lost its power by its BMC once, want never", "fenced a once, want never"}},
		"fenced twice":                {slices.Concat(fenced, fenced), []lab.Fencing{told("a", "success", 1), told("a", "success", 9)}, Want{Fenced: []string{"a"}}, []string{"2 times, want once", "fenced a 2 times, want once"}},
		"the other one":               {fenced, []lab.Fencing{told("a", "success", 1)}, Want{Fenced: []string{"b"}}, []string{"a lost", "fenced a once", "b lost", "fenced b never"}},
		"Pacemaker does not know":     {fenced, nil, Want{Fenced: []string{"a"}}, []string{"Pacemaker says that it fenced a never"}},
		"under way":                   {nil, []lab.Fencing{told("a", "pending", 1)}, Want{}, []string{"a fencing of a is under way"}},
		"dead":                        {fenced[1:], []lab.Fencing{told("a", "success", 1)}, Want{Dead: []string{"a"}}, nil},
		"dead and left alone":         {nil, []lab.Fencing{told("a", "success", 1)}, Want{Dead: []string{"a"}}, []string{"got back the power that it had lost never"}},
		"both, one of them dead":      {append([]lab.Event{event("b", lab.PoweredOn, bmc)}, fenced...), []lab.Fencing{told("a", "success", 1), told("b", "success", 1)}, Want{Fenced: []string{"a"}, Dead: []string{"b"}}, nil},
		"power taken by hand":         {[]lab.Event{event("a", lab.PoweredOff, lab.ByLab), event("a", lab.PoweredOn, lab.ByLab)}, nil, Want{}, nil},
		"crashed":                     {[]lab.Event{event("a", lab.Crashed, lab.ByNode)}, nil, Want{}, []string{"a crashed by itself"}},
		"who knew was fenced":         {append(fenced[:2:2], event("b", lab.PoweredOff, bmc), event("b", lab.PoweredOn, bmc)), []lab.Fencing{told("b", "success", 3)}, Want{Fenced: []string{"a", "b"}}, nil},
		"who knew was fenced before":  {append([]lab.Event{event("b", lab.PoweredOff, bmc)}, fenced...), []lab.Fencing{told("b", "success", 3)}, Want{Fenced: []string{"a", "b"}}, []string{"fenced a never"}},
		"rebooted":                    {[]lab.Event{event("a", lab.Rebooted, lab.ByNode)}, nil, Want{Ended: []string{"b"}}, []string{"a rebooted by itself"}},
		"rebooted because of a fault": {[]lab.Event{event("a", lab.Rebooted, lab.ByNode)}, nil, Want{Ended: []string{"a"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, judgePower(tt.events, tt.told, tt.want, []string{"a", "b"}, begin), tt.found...)
		})
	}
}

// story makes steps of words: "a:vip" is node a's vip, and + begins a start, = is its
// success, - begins a stop, . is its success, ! is a failure; "a:" alone has lost its power.
func story(text string) (steps []step) {
	kinds := map[byte]stepKind{'+': starting, '=': started, '-': stopping, '.': stopped, '!': failed}
	for i, word := range strings.Fields(text) {
		node, id, _ := strings.Cut(word, ":")
		s := step{at: at(float64(i)), node: node, kind: gone}
		if id != "" {
			s.kind, s.id = kinds[id[len(id)-1]], id[:len(id)-1]
			tier, known := tiers[s.id]
			if s.tier = tier; !known {
				s.tier = lastTier
			}
		}
		steps = append(steps, s)
	}
	return steps
}

func TestJudgeOrder(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil,
		// A move, and one by fencing.
		"a:flow- a:flow. a:oned- a:oned. a:vip- a:vip. b:vip+ b:vip= b:oned+ b:oned= b:flow+ b:flow=": nil,
		"a: b:vip+ b:vip= b:oned+ b:oned= b:flow+ b:flow= a: b: a:vip+ a:vip= a:oned+ a:oned=":        nil,
		// A restart in place; what did not move is not told of.
		"a:flow- a:flow. a:oned- a:oned. a:oned+ a:oned= a:flow+ a:flow=": nil,
		"a:flow+ a:flow=": nil,
		// A start that fails, and is taken back.
		"a: b:vip+ b:vip= b:oned+ b:oned! b:oned- b:oned. b:vip- b:vip. a:vip+": nil,
		"b:vip+": {"vip on b: it was started while a might still have it"},
		"a:oned- a:oned! a:vip- a:vip. b:vip+ b:vip= b:oned+": {"vip on a: it was stopped before oned was", "oned on b: it was started while a might"},
		"a:oned- b:oned+ a:oned.":                             {"oned on b: it was started while a"},
		"a: b:vip+ b:oned+ b:vip=":                            {"oned on b: it was started before vip was ready"},
		"a: b:vip+ b:vip= b:flow+ b:oned+":                    {"flow on b: it was started before oned was ready"},
		"a:oned- a:oned. a:flow- a:flow.":                     {"oned on a: it was stopped before flow was"},
		// Killed in the middle of a stop, and of a start.
		"a:oned- b:vip+ b:vip= b:oned+": {"vip on b", "oned on b: it was started while a"},
		"a: b:vip+ a:vip+":              {"vip on a: it was started while b"},
		"a: b:vip+ b:vip= a: b: a:vip+": nil,
	} {
		t.Run(text, func(t *testing.T) {
			steps := story(text)
			slices.Reverse(steps) // the order is that of their times
			check(t, judgeOrder(steps, []string{"a", "b"}, "a"), want...)
		})
	}
	// Nobody knows what the other node has done.
	check(t, judgeOrder(story("b:vip+ b:vip= b:oned+ a:"), []string{"b"}, "a"))
	check(t, judgeOrder(story("b:vip+ b:oned+"), []string{"b"}, "a"), "oned on b: it was started before vip was ready")
}

func TestStepsOfEvents(t *testing.T) {
	good, bad := 0, 1
	event := func(what events.What, from, id, action string, code *int) events.Event {
		return events.Event{Time: begin, Host: "a", From: from, What: what, Subject: id, Action: action, Code: code}
	}
	got := stepsOf("a", []events.Event{
		event(events.Begun, "vip", "address", "start", nil), event(events.AddressSet, "vip", "address", "start", nil), event(events.Ended, "vip", "address", "start", &good),
		event(events.Begun, "flow", "flow", "stop", nil), event(events.Ended, "flow", "flow", "stop", &good), event(events.Ended, "oned", "oned", "start", &bad),
		event(events.Operation, "pacemaker", "oned", "start", &good), event(events.PowerBegun, "fence_bmc_ipmi", "b", "off", nil), event(events.Ended, "oned", "oned", "stop", nil),
	})
	want := []step{
		{begin, "a", starting, "address", 0}, {begin, "a", started, "address", 0}, {begin, "a", stopping, "flow", 2}, {begin, "a", stopped, "flow", 2},
		{begin, "a", failed, "oned", 1}, {begin, "a", failed, "oned", 1},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%v, want\n%v", got, want)
	}
}

func TestReadTailOfALongFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, append(make([]byte, tail), "the end"...), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := readTail(file)
	if err != nil || len(text) != tail || !strings.HasSuffix(string(text), "the end") {
		t.Errorf("%d bytes: %v", len(text), err)
	}
}

func TestUnexplainedFailures(t *testing.T) {
	failed := []string{"oned_monitor_15000 on a: not running ()", "vip_start_0 on b: error ()"}
	check(t, unexplained(failed, nil), "oned_monitor", "vip_start")
	check(t, unexplained(failed, []string{"oned_"}), "vip_start")
	check(t, unexplained(failed, []string{"vip_start_", "oned_start_"}), "oned_monitor")
	check(t, unexplained(failed, anyAction))
	check(t, unexplained(nil, anyAction))
	if len(failed) != 2 || failed[0] == "" {
		t.Errorf("the failures were changed: %q", failed)
	}
}

func TestJudgeSettled(t *testing.T) {
	whole := func() lab.Status {
		resource := func(id, agent, node string) lab.ResourceStatus {
			return lab.ResourceStatus{ID: id, Agent: agent, Role: "Started", Active: true, Managed: true, Nodes: []string{node}}
		}
		return lab.Status{DC: "a", Quorum: true, Nodes: []lab.NodeStatus{{Name: "a", Online: true}, {Name: "b", Online: true}},
			Resources: []lab.ResourceStatus{resource("vip", "ocf:opennebula:vip", "a"), resource("oned", "ocf:opennebula:oned", "a"), resource("fence-a", "stonith:fence_bmc_ipmi", "b")}}
	}
	for name, tt := range map[string]struct {
		spoil func(*lab.Status)
		want  []string
	}{
		"whole":             {func(*lab.Status) {}, nil},
		"a node offline":    {func(s *lab.Status) { s.Nodes[1].Online = false }, []string{"node b offline"}},
		"a node missing":    {func(s *lab.Status) { s.Nodes = s.Nodes[:1] }, []string{"1 nodes, want 2"}},
		"no quorum":         {func(s *lab.Status) { s.Quorum = false }, []string{"no quorum"}},
		"standby":           {func(s *lab.Status) { s.Nodes[1].Standby = true }, []string{"b in standby"}},
		"failed action":     {func(s *lab.Status) { s.Failures = []string{"oned_monitor_15000"} }, []string{"a failed action: oned_monitor"}},
		"unmanaged":         {func(s *lab.Status) { s.Resources[1].Managed = false }, []string{"oned unmanaged"}},
		"disabled":          {func(s *lab.Status) { s.Resources[1].Disabled = true }, []string{"oned disabled"}},
		"stopped":           {func(s *lab.Status) { s.Resources[1].Active, s.Resources[1].Nodes = false, nil }, []string{"resource oned started on 0 nodes", "oned on , and"}},
		"elsewhere":         {func(s *lab.Status) { s.Resources[1].Nodes[0] = "b" }, []string{"oned on b, and the floating IP on a"}},
		"device at target":  {func(s *lab.Status) { s.Resources[2].Nodes[0] = "a" }, []string{"fence-a on a, which it fences"}},
		"device of no node": {func(s *lab.Status) { s.Resources[2].ID, s.Resources[2].Nodes[0] = "other", "a" }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := whole()
			tt.spoil(&s)
			check(t, judgeSettled(s, 2, "a", map[string]string{"fence-a": "a"}), tt.want...)
		})
	}
}
