package timeline

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/events"
)

var zero = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// fact is one at some seconds after zero.
func fact(seconds float64, kind Kind, subject, node string) Fact {
	return Fact{At: zero.Add(time.Duration(seconds * float64(time.Second))), Kind: kind, Subject: subject, Node: node, Source: AlertLog}
}

// Lines of releases and places that the captures do not have: 1.1's own log, corosync's file,
// syslog, and results that are failures.
func TestLines(t *testing.T) {
	at := func(h, m, s, ms int) time.Time { return time.Date(2026, 11, 22, h, m, s, ms*1e6, time.UTC) }
	tests := []struct {
		line string
		want Fact
	}{
		{"Nov 22 16:53:04 [1234] n2       crmd:   notice: crm_update_peer_state_iter:\tNode n1 state is now lost | nodeid=1 previous=member source=crm_reap_unseen_nodes", Fact{At: at(16, 53, 4, 0), Kind: Lost, Subject: "n1", Node: "n2"}},
		{"Nov 22 16:53:05 [1234] n2       crmd:   notice: te_fence_node:\tExecuting reboot fencing operation (20) on n1 (timeout=60000)", Fact{At: at(16, 53, 5, 0), Kind: Asked, Subject: "n1", Node: "n2", Action: "reboot"}},
		{"Nov 22 16:53:06 [1234] n2       crmd:   notice: tengine_stonith_notify:\tPeer n1 was terminated (reboot) by n2 for n2: OK (ref=1) by client crmd.1", Fact{At: at(16, 53, 6, 0), Kind: Fenced, Subject: "n1", Node: "n2", Action: "reboot"}},
		{"Nov 22 16:53:06 [1234] n2       crmd:   notice: tengine_stonith_notify:\tPeer n1 was not terminated (reboot) by n2 for n2: No route to host", Fact{At: at(16, 53, 6, 0), Kind: FenceFailed, Subject: "n1", Node: "n2", Action: "reboot", Text: "No route to host"}},
		{"Nov 22 16:53:07 [1234] n2       crmd:   notice: process_lrm_event:\tResult of start operation for vip on n2: 0 (ok) | call=8 key=vip_start_0", Fact{At: at(16, 53, 7, 0), Kind: Started, Subject: "vip", Node: "n2"}},
		{"Nov 22 16:53:07 n2 pacemaker-controld[42]:  notice: Result of start operation for oned on n2: error (exit status 255)", Fact{At: at(16, 53, 7, 0), Kind: StartFailed, Subject: "oned", Node: "n2", Text: "error (exit status 255)"}},
		{"2026-11-22T16:53:07.250000+01:00 n2 pacemaker-controld[42]:  notice: Result of monitor operation for oned on n2: not running", Fact{At: at(15, 53, 7, 250), Kind: Failed, Subject: "oned", Node: "n2", Text: "not running", Source: FineLog}},
		{"Nov 22 16:53:07.001 n2 pacemaker-controld  [42] (log_executor_event) \tnotice: Result of stop operation for oned on n2: Timed Out after 150s | x", Fact{At: at(16, 53, 7, 1), Kind: StopFailed, Subject: "oned", Node: "n2", Text: "Timed Out after 150s", Source: FineLog}},
		{"Nov 22 16:53:00 [26] n2 corosync notice  [TOTEM ] A processor failed, forming new configuration.", Fact{At: at(16, 53, 0, 0), Kind: Suspected, Node: "n2"}},
		{"Nov 22 16:53:00 [26] n2 corosync warning [TOTEM ] A processor failed, forming new configuration: token timed out (3000ms), waiting 3600ms for consensus.", Fact{At: at(16, 53, 0, 0), Kind: Suspected, Node: "n2", Text: "3s"}},
	}
	r := Reader{Ref: zero.Add(24 * time.Hour), Zone: time.UTC}
	for _, test := range tests {
		got, ok := r.Read(test.line, "file's")
		if diff := cmp.Diff(test.want, got); !ok || diff != "" {
			t.Errorf("%s\n%t %s", test.line, ok, diff)
		}
	}
}

func TestLinesThatSayNothing(t *testing.T) {
	for _, line := range []string{
		"", "{", "{}", "Node n1 state is now lost", "Nov 22 16:53:04.213 n2 pacemaker-controld [42] (x) info: Node n1 state is now unknown",
		"Nov 22 16:53:04.213 n2 pacemaker-controld [42] (x) notice: Result of monitor operation for oned on n2: ok | x",
		"Nov 22 16:53:04.213 n2 pacemaker-controld [42] (x) notice: Result of probe operation for oned on n2: not running | x",
		"Nov 22 16:53:04.213 n2 pacemaker-controld [42] (x) notice: Result of monitor operation for oned on n2: Cancelled | x",
		"Nov 99 16:53:04 n2 x: Node n1 state is now lost", "Xxx 22 16:53:04 n2 x: Node n1 state is now lost",
		`{"time":"2026-11-22T17:01:22Z","host":"h","from":"pacemaker","what":"attribute","subject":"standby"}`,
		`{"time":"2026-11-22T17:01:22Z","host":"h","from":"fence_bmc_ipmi","what":"power-seen","subject":"n1","action":"on"}`,
	} {
		if f, ok := (Reader{Ref: zero, Zone: time.UTC}).Read(line, "h"); ok {
			t.Errorf("%q is read as %+v", line, f)
		}
	}
}

// A line without a year is of the last one in which it is not in the future.
func TestYear(t *testing.T) {
	for _, test := range []struct {
		ref  time.Time
		line string
		want int
	}{
		{time.Date(2027, 1, 1, 0, 0, 5, 0, time.UTC), "Dec 31 23:59:59 ", 2026},
		{time.Date(2027, 1, 1, 0, 0, 5, 0, time.UTC), "Jan  1 00:00:01 ", 2027},
		{time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC), "Feb 29 12:00:00 ", 2024},
	} {
		f, ok := Reader{Ref: test.ref, Zone: time.UTC}.Read(test.line+"n2 pacemaker-controld[42]: notice: Node n1 state is now lost", "")
		if !ok || f.At.Year() != test.want {
			t.Errorf("%s by %s: %t %s", test.line, test.ref, ok, f.At)
		}
	}
}

func TestEpisodesAreDivided(t *testing.T) {
	failover := []Fact{
		fact(0, Lost, "n1", "n2"), fact(1, Asked, "n1", "n2"), fact(6, Fenced, "n1", "n2"),
		fact(7, Starting, "oned", "n2"), fact(8, Started, "oned", "n2"), fact(30, Joined, "n1", "n2"),
	}
	later := func(seconds float64) (moved []Fact) {
		for _, f := range failover {
			f.At = f.At.Add(time.Duration(seconds * float64(time.Second)))
			moved = append(moved, f)
		}
		return moved
	}
	slow := []Fact{fact(0, Lost, "n1", "n2"), fact(1, Asked, "n1", "n2"), fact(1500, Fenced, "n1", "n2"), fact(1501, Started, "oned", "n2")}
	tests := []struct {
		name  string
		facts []Fact
		want  []string
	}{
		{"one", failover, []string{"n1 was lost and fenced"}},
		{"two, an hour apart", append(later(3600), failover...), []string{"n1 was lost and fenced", "n1 was lost and fenced"}},
		{"two, ten seconds apart", append(failover, later(40)...), []string{"n1 was lost and fenced", "n1 was lost and fenced"}},
		{"two, the second as soon as the first is over", append(slices.Clone(failover), fact(31, Silent, "", "n1"), fact(33, Suspected, "", "n1"), fact(34, Lost, "n2", "n1"), fact(35, Asked, "n2", "n1"), fact(36, Fenced, "n2", "n1")),
			[]string{"n1 was lost and fenced", "n2 was lost and fenced"}},
		{"two, the second before the first is over", append(slices.Clone(failover[:5]), fact(9, Lost, "n3", "n2"), fact(10, Fenced, "n3", "n2"), fact(11, Joined, "n3", "n2"), fact(12, Lost, "n4", "n2")),
			[]string{"n1 was lost and fenced"}},
		{"a BMC that takes long", slow, []string{"n1 was lost and fenced"}},
		{"a service fails", []Fact{fact(0, Failed, "oned", "n1"), fact(1, Stopped, "oned", "n1"), fact(5, Started, "oned", "n1")}, []string{"oned failed on n1"}},
		{"a node leaves in order", []Fact{fact(0, Stopped, "oned", "n1"), fact(1, Started, "oned", "n2"), fact(2, Lost, "n1", "n2")}, []string{"n1 left"}},
		{"a link blinks", []Fact{{At: zero, Kind: Suspected, Node: "n2", Text: "3s"}}, nil},
		{"a fence device starts", []Fact{fact(0, Started, "fence-n1", "n2")}, []string{}},
		{"nothing", nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, e := range Episodes(test.facts, Promise{}) {
				got = append(got, e.Title)
			}
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// Of several reports of one thing the one of who did it stays.
func TestOnce(t *testing.T) {
	log, alert, agent := fact(1, Started, "oned", "n2"), fact(1.2, Started, "oned", "n2"), fact(0.9, Started, "oned", "n2")
	log.Source, agent.Source, agent.Agent = SecondsLog, AgentLog, "oned"
	other := fact(1, Started, "oned", "n1")
	again := fact(20, Started, "oned", "n2")
	got := once([]Fact{again, log, alert, agent, other})
	want := []Fact{agent, other, again}
	want[1].Agent, want[2].Agent = "oned", "oned"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A thing that happens again is not a second report of the first, however soon.
func TestAgainIsNotTheSame(t *testing.T) {
	by := func(f Fact, s Source) Fact { f.Source = s; return f }
	tests := []struct {
		name  string
		facts []Fact
		want  string
	}{
		{"restarted", []Fact{fact(0, Started, "oned", "n1"), fact(2, Stopped, "oned", "n1"), fact(4, Started, "oned", "n1")}, "started 0s, stopped 2s, started 4s"},
		{"told twice", []Fact{
			fact(0, Started, "oned", "n1"), fact(2, Stopped, "oned", "n1"), fact(4, Started, "oned", "n1"),
			by(fact(-0.1, Started, "oned", "n1"), AgentLog), by(fact(1.9, Stopped, "oned", "n1"), AgentLog), by(fact(3.9, Started, "oned", "n1"), AgentLog),
		}, "started -100ms, stopped 1.9s, started 3.9s"},
		{"whole seconds, out of order", []Fact{
			by(fact(10, Stopped, "oned", "n1"), SecondsLog), by(fact(10, Started, "oned", "n1"), SecondsLog),
			by(fact(10.1, Stopped, "oned", "n1"), AgentLog), by(fact(10.8, Started, "oned", "n1"), AgentLog),
		}, "stopped 10.1s, started 10.8s"},
		{"elsewhere", []Fact{fact(0, Started, "oned", "n1"), fact(1, Stopped, "oned", "n2"), fact(2, Started, "oned", "n1")}, "started 0s, stopped 1s"},
		{"fails again", []Fact{fact(0, Started, "oned", "n1"), fact(1, Failed, "oned", "n1"), fact(2, Started, "oned", "n1"), fact(3, Failed, "oned", "n1")}, "started 0s, failed 1s, started 2s, failed 3s"},
		{"fencing fails again", []Fact{fact(0, Asked, "n1", "n2"), fact(1, FenceFailed, "n1", "n2"), fact(2, Asked, "n1", "n2"), fact(3, FenceFailed, "n1", "n2")}, "asked 0s, fence-failed 1s, asked 2s, fence-failed 3s"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, f := range once(test.facts) {
				got = append(got, fmt.Sprint(f.Kind, " ", f.At.Sub(zero)))
			}
			if diff := cmp.Diff(test.want, strings.Join(got, ", ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// How long an action took its agent knows best: clocks may be set while it runs.
func TestTookIsTheAgents(t *testing.T) {
	begun := fact(0, Starting, "oned", "n1")
	ended, ok := FromEvent(events.Event{Time: zero.Add(3 * time.Second), Host: "n1", From: "oned", What: events.Ended, Subject: "oned", Node: "n1", Action: "start", Code: new(int), Took: 0.5})
	if !ok {
		t.Fatal("an end of a start is no fact")
	}
	steps, _, _ := teller{facts: []Fact{begun, ended}, zero: zero}.tell()
	if len(steps) != 1 || steps[0].Took == nil || *steps[0].Took != 0.5 {
		t.Errorf("%+v", steps)
	}
}

func TestReadPromiseRefuses(t *testing.T) {
	for _, text := range []string{"", "{", "{}", "[]", `{"budget":{"lines":[]}}`} {
		if _, err := ReadPromise([]byte(text)); err == nil {
			t.Errorf("%q is a promise", text)
		}
	}
}

// Names come from configurations and logs, and a page from them is opened in a browser.
func TestPageIsSafe(t *testing.T) {
	bad := `</title><script>alert(1)</script>"'&` + strings.Repeat("x", 300)
	var facts []Fact
	for n := range 70 {
		f := fact(float64(n)+1, StartFailed, fmt.Sprint(bad, n), bad)
		f.Text = bad
		facts = append(facts, fact(float64(n), Starting, f.Subject, bad), f)
	}
	page := string(HTML(Episodes(facts, Promise{}), time.UTC))
	if strings.Contains(page, "<script") || strings.Contains(page, `"'&x`) {
		t.Error("what came from a log is not escaped")
	}
	if !strings.Contains(page, "10 more are in the table") {
		t.Error("a picture of 70 rows")
	}
	start, end := strings.Index(page, "<svg"), strings.Index(page, "</svg>")
	d := xml.NewDecoder(strings.NewReader(page[start : end+6]))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the picture is not well-formed: %v", err)
		}
	}
	if page := string(HTML(nil, time.UTC)); !strings.Contains(page, "Nothing happened") {
		t.Error(page)
	}
}

func TestTick(t *testing.T) {
	for end, want := range map[float64]float64{0: 1, 0.5: 0.05, 1: 0.1, 9: 1, 10: 1, 15: 2, 22: 5, 80: 10, 1500: 200} {
		if got := tick(end); got < want*0.999 || got > want*1.001 {
			t.Errorf("tick(%g) is %g, want %g", end, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("Nov 22 16:53:05.245 one-server2 pacemaker-fenced    [38] (schedule_stonith_command) \tnotice: Delaying 'reboot' action targeting one-server1 using fence-one-server1 for 5s | timeout=125s")
	f.Add("Nov 22 16:53:10.989 one-server2 pacemaker-controld  [42] (handle_fence_notification) \tnotice: Peer one-server1 was terminated (reboot) by one-server2 on behalf of pacemaker-controld.42@one-server2: OK | event=c95")
	f.Add("2026-11-22T16:53:00.613689+0000 one-server2 corosync[26]:   [TOTEM ] A processor failed, forming new configuration: token timed out (3000ms), waiting 3600ms for consensus.")
	f.Add("Nov 22 16:53:10.989 one-server2 pacemaker-controld  [42] (x) \tnotice: Initiating start operation vip_start_0 locally on one-server2 | action 19")
	f.Add(string(events.Event{Time: zero, Host: "h", From: "vip", What: events.Ended, Subject: "vip", Action: "start"}.Line()))
	f.Fuzz(func(t *testing.T, text string) {
		facts, err := Reader{Ref: zero, Zone: time.UTC}.Scan(strings.NewReader(text), "h")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range facts {
			for _, s := range []string{f.Subject, f.Node, f.Text, f.Action} {
				if len(s) > 512 || s != events.Plain(s, 512) {
					t.Fatalf("%q in %+v", s, f)
				}
			}
		}
		page := HTML(Episodes(facts, Promise{}), time.UTC)
		if len(page) == 0 {
			t.Fatal("no page")
		}
	})
}

// How exact the seconds are is said once, and the alert agent is asked for only where it
// would help: corosync's silence nobody else knows.
func TestNote(t *testing.T) {
	coarse := func(f Fact) Fact { f.Source = SecondsLog; return f }
	fine := func(f Fact) Fact { f.Source = FineLog; return f }
	suspected, lost := fact(2, Suspected, "", "n2"), fact(7, Lost, "n1", "n2")
	for _, c := range []struct {
		facts []Fact
		want  string
	}{
		{[]Fact{fine(suspected), fine(lost)}, ""},
		{[]Fact{coarse(suspected), fine(lost)}, "up to a second later"},
		{[]Fact{coarse(suspected), coarse(lost)}, "the alert agent writes down more"},
	} {
		all := Episodes(c.facts, Promise{})
		if len(all) != 1 || (c.want == "") != (all[0].Note == "") || !strings.Contains(all[0].Note, c.want) {
			t.Errorf("%v: got %+v, want a note with %q", c.facts, all, c.want)
		}
	}
}
