package status

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/pacemaker"
)

var update = flag.Bool("update", false, "write the golden files")

var now = time.Date(2026, 11, 22, 3, 12, 0, 0, time.Local)

const (
	n1, n2, n3 = "one-server1", "one-server2", "one-server3"
	mac1       = "02:00:0a:1a:00:01"
	stranger   = "02:00:0a:1a:00:63"
)

// state is a cluster to be judged: what Gather would have found.
type state struct {
	report Report
	status pacemaker.Status
	none   error // why Pacemaker does not say how the cluster is
}

// healthy is a cluster where n1 runs everything, seen from n2.
func healthy() *state {
	s := &state{}
	s.status = pacemaker.Status{Version: "2.1.5-a3f44794f94", DC: n1, DCState: "S_IDLE", Quorum: true, NoQuorumPolicy: "stop"}
	r := &s.report
	*r = Report{Format: Format, Time: now, Node: n2, Cluster: "opennebula"}
	r.Nodes = []Node{{pacemaker.NodeStatus{Name: n1, ID: "1", Online: true, Running: 6}, false}, {pacemaker.NodeStatus{Name: n2, ID: "2", Online: true, Running: 1}, true}}
	r.Addresses = []Address{{ID: "vip", IP: "10.3.4.2", Role: "Started", Nodes: []string{n1}, Holders: []Holder{{Node: n1, Hardware: mac1}}}}
	since := now.Add(-26 * time.Hour)
	for _, id := range []string{"oned", "sunstone", "gate", "flow"} {
		v := Service{pacemaker.ResourceStatus{ID: id, Agent: "ocf:opennebula:" + id, Role: "Started", Nodes: []string{n1}, Active: true, Managed: true}, []Check{{By: ByMonitor, OK: true, Works: true, Since: since}}}
		if id == "oned" {
			v.Checks = append([]Check{{By: ByVIP, Where: "10.3.4.2", OK: true, Works: true}}, v.Checks...)
		}
		r.Services = append(r.Services, v)
	}
	for i, id := range []string{n1, n2} {
		r.Devices = append(r.Devices, Device{pacemaker.ResourceStatus{ID: "fence-" + id, Agent: "stonith:fence_bmc_ipmi", Role: "Started", Nodes: []string{[]string{n2, n1}[i]}, Active: true, Managed: true}, []string{id}, since})
	}
	r.Links = []Link{{Addr: "10.3.4.21"}}
	return s
}

// judged is the report with its judgement.
func (s *state) judged() Report {
	r := &s.report
	r.Version, r.DC, r.DCState, r.Quorum, r.Failures = s.status.Version, s.status.DC, s.status.DCState, s.status.Quorum, s.status.Failures
	s.status.Nodes, s.status.Fencing = nil, r.Fencing
	for _, n := range r.Nodes {
		s.status.Nodes = append(s.status.Nodes, n.NodeStatus)
	}
	if s.status.DC != "" {
		_, r.Busy = s.status.Settled()
	}
	judge(r, s.status, s.none, true)
	return *r
}

// move has everything run on n2, whose node asks.
func (s *state) move() *state {
	r := &s.report
	r.Addresses[0].Nodes, r.Addresses[0].Holders = []string{n2}, []Holder{{Node: n2, Place: "10.3.4.2/24 on eth0"}}
	for i := range r.Services {
		r.Services[i].Nodes = []string{n2}
		r.Services[i].Checks = []Check{{By: ByProbe, OK: true, Works: true}, {By: ByMonitor, OK: true, Works: true, Since: now.Add(-40 * time.Second)}}
	}
	r.Nodes[0].Running, r.Nodes[1].Running = 1, 6
	return s
}

// lose has n1 be lost.
func (s *state) lose() *state {
	r := &s.report
	r.Nodes[0].Online, r.Nodes[0].Unclean = false, true
	s.status.DC, s.status.DCState = n2, "S_TRANSITION_ENGINE"
	r.Services[0].Checks[0] = Check{By: ByVIP, Where: "10.3.4.2", Says: "silence for 1.5 s"}
	r.Addresses[0].Holders = []Holder{{Node: n1, Hardware: mac1}}
	r.Links[0].Fault, r.Links[0].Lost = true, []string{n1}
	r.Fencing = []pacemaker.FenceEvent{{Target: n1, Action: "reboot", Status: pacemaker.FencePending, Origin: n2}}
	return s
}

// fenced is what follows: n2 runs all, n1 is off.
func (s *state) fenced() *state {
	r := &s.lose().move().report
	r.Nodes[0].Unclean, r.Nodes[0].Running = false, 0
	r.Fencing = []pacemaker.FenceEvent{{Target: n1, Action: "reboot", Status: pacemaker.FenceSuccess, Delegate: n2, Origin: n2, Time: now.Add(-45 * time.Second)}}
	s.status.DCState = "S_IDLE"
	r.Devices[1].Active, r.Devices[1].Role, r.Devices[1].Nodes = false, "Stopped", nil
	return s
}

var scenes = []struct {
	name  string
	make  func() *state
	want  Verdict
	lines int // at 80 columns at most; 0: any
}{
	{"healthy", healthy, OK, 23},
	{"during-failover", func() *state { return healthy().lose() }, Down, 0},
	{"after-failover", func() *state {
		s := healthy().fenced()
		s.status.Failures = []pacemaker.FailedAction{{Resource: "flow", Node: n2, Task: "start", RC: 1, Result: "unknown error", Reason: "it does not answer: probe flow: GET http://127.0.0.1:2474/: nothing listens there", Time: now.Add(-20 * time.Second)}}
		return s
	}, Degraded, 0},
	{"rejoined", func() *state {
		s := healthy().move()
		s.report.Fencing = []pacemaker.FenceEvent{{Target: n1, Action: "reboot", Status: pacemaker.FenceSuccess, Delegate: n2, Time: now.Add(-3 * time.Hour)}}
		return s
	}, OK, 23},
	{"maintenance", func() *state {
		s := healthy()
		s.status.Maintenance = true
		for i := range s.report.Services {
			s.report.Services[i].Managed = false
		}
		return s
	}, Degraded, 0},
	{"standby", func() *state {
		s := healthy()
		s.report.Nodes[1].Standby = true
		s.report.Problems = diag.Findings{{ID: "R05", Severity: diag.Warning, What: "node one-server2 is in standby", Fix: "when the work is done, end it"}}
		return s
	}, Degraded, 0},
	{"no-quorum", func() *state {
		s := healthy()
		s.status.Quorum, s.status.DC = false, n2
		s.report.Nodes[0].Online, s.report.Nodes[0].Unclean = false, true
		a := &s.report.Addresses[0]
		a.Role, a.Nodes, a.Holders = "Stopped", nil, []Holder{{Node: n1, Hardware: mac1}}
		for i := range s.report.Services {
			v := &s.report.Services[i]
			v.Role, v.Active, v.Nodes, v.Checks = "Stopped", false, nil, nil
		}
		return s
	}, Down, 0},
	{"vip-elsewhere", func() *state {
		s := healthy()
		s.report.Addresses[0].Holders = []Holder{{Node: n2, Place: "10.3.4.2/24 on eth0"}}
		return s
	}, Down, 0},
	{"vip-stolen", func() *state {
		s := healthy()
		s.report.Addresses[0].Holders = []Holder{{Node: n1, Hardware: mac1}, {Hardware: stranger, Stranger: true}}
		return s
	}, Down, 0},
	{"vip-nowhere", func() *state {
		s := healthy()
		s.report.Addresses[0].Holders = []Holder{}
		return s
	}, Down, 0},
	{"silent-node", func() *state {
		s := healthy().lose()
		s.report.Nodes[0].Online, s.report.Nodes[0].Unclean, s.report.Fencing = true, false, nil
		s.status.DC, s.status.DCState = n1, ""
		return s
	}, Down, 0},
	{"banned", func() *state {
		s := healthy()
		s.report.Takeover = []Takeover{{Node: n1, Nobody: []string{"oned", "flow"}}}
		s.report.Problems = diag.Findings{{ID: "R02", Severity: diag.Warning, What: "cli-ban-oned-on-one-server2 is left of a move or ban by hand, and still holds", Fix: "crm_resource --clear --resource NAME (pcs resource clear, crm resource clear)"}}
		return s
	}, Degraded, 0},
	{"bmc-dead", func() *state {
		s := healthy()
		d := &s.report.Devices[0]
		d.Active, d.Role, d.Nodes, d.Since = false, "Stopped", nil, time.Time{}
		s.status.Failures = []pacemaker.FailedAction{{Resource: d.ID, Node: n2, Task: "start", RC: 1, Result: "error", Time: now.Add(-44 * time.Second)}}
		return s
	}, Degraded, 0},
	{"member-of-haclient", func() *state {
		s := healthy()
		s.report.Links, s.report.NotSeen = nil, []string{"corosync's links", "where 10.3.4.2 is"}
		s.report.Addresses[0].Holders, s.report.Addresses[0].Unknown = []Holder{}, needsRoot
		s.report.Changed = &Change{Command: "apply", Description: "two-node.yaml", Time: now.Add(-3 * time.Hour)}
		return s
	}, OK, 24},
	{"stop-failed", func() *state {
		s := healthy()
		v := &s.report.Services[0]
		v.Failed, v.Blocked, v.Role = true, true, "Stopping"
		s.report.Nodes[0].Unclean = true
		s.status.DCState = "S_TRANSITION_ENGINE"
		s.status.Failures = []pacemaker.FailedAction{{Resource: "oned", Node: n1, Task: "stop", RC: 1, Result: "timed out", Time: now.Add(-8 * time.Second)}}
		s.report.Fencing = []pacemaker.FenceEvent{{Target: n1, Action: "reboot", Status: pacemaker.FencePending, Origin: n2}, {Target: n1, Action: "reboot", Status: pacemaker.FenceFailed, Delegate: n2, Reason: "Fence agent did not complete within timeout", Time: now.Add(-30 * time.Second)}}
		return s
	}, Down, 0},
	{"three-nodes", func() *state {
		s := healthy()
		s.report.Nodes = append(s.report.Nodes, Node{pacemaker.NodeStatus{Name: n3, ID: "3", Online: true, Running: 1}, false})
		s.report.Links = []Link{{Number: 0}, {Number: 1, Fault: true, Lost: []string{n3}}}
		return s
	}, Degraded, 0},
	{"leftovers", func() *state {
		s := healthy()
		s.report.Services[2].TargetRole, s.report.Services[2].Role, s.report.Services[2].Active, s.report.Services[2].Nodes, s.report.Services[2].Checks = "Stopped", "Stopped", false, nil, nil
		s.report.Problems = diag.Findings{{ID: "R05", Severity: diag.Error, What: "cli-ban-oned-on-one-server2 is left of a move or ban by hand, and still holds", Fix: "crm_resource --clear --resource NAME (pcs resource clear, crm resource clear)"}}
		return s
	}, Degraded, 0},
	{"no-cluster", func() *state {
		return &state{none: pacemaker.ErrNotConnected, report: Report{Format: Format, Time: now, Node: n2, Units: []Unit{{"corosync.service", "inactive", false}, {"pacemaker.service", "inactive", false}, {"opennebula.service", "active", true}}}}
	}, Unknown, 0},
	{"silent", func() *state {
		s := healthy()
		s.none, s.status = fmt.Errorf("crm_mon"), pacemaker.Status{}
		s.report.Nodes, s.report.Devices, s.report.Links = nil, nil, nil
		for i := range s.report.Services {
			s.report.Services[i].ResourceStatus = pacemaker.ResourceStatus{ID: s.report.Services[i].ID, Role: unknownRole, Managed: true}
			s.report.Services[i].Checks = nil
		}
		s.report.Addresses[0].Role, s.report.Addresses[0].Nodes, s.report.Addresses[0].Holders = unknownRole, nil, []Holder{{Hardware: mac1}}
		s.report.Unknown = []string{"the history of fencing (stonith_admin) cannot be told: no answer in time", "the state of the cluster (crm_mon) cannot be told: no answer in time"}
		return s
	}, Unknown, 0},
}

func TestGolden(t *testing.T) {
	for _, scene := range scenes {
		r := scene.make().judged()
		if r.Verdict != scene.want {
			t.Errorf("%s: verdict %s (%s), want %s", scene.name, r.Verdict, r.Summary, scene.want)
		}
		for _, style := range []Style{{Width: 80}, {Width: 120, UTF8: true}} {
			got := Render(r, style)
			for line := range strings.Lines(got) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > style.Width || strings.HasSuffix(line, " \n") {
					t.Errorf("%s: at %d columns a line of %d: %q", scene.name, style.Width, n, line)
				}
			}
			if n := strings.Count(got, "\n"); style.Width == 80 && scene.lines > 0 && n > scene.lines {
				t.Errorf("%s: %d lines, want %d at most", scene.name, n, scene.lines)
			}
			file := filepath.Join("testdata", fmt.Sprintf("%s-%d.golden", scene.name, style.Width))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s differs, -update writes it:\n%s", file, got)
			}
		}
	}
}

// Colour adds sequences and nothing else, and every one is ended on its line.
func TestColor(t *testing.T) {
	for _, scene := range scenes {
		r := scene.make().judged()
		colored := Render(r, Style{Width: 80, Color: true})
		for line := range strings.Lines(colored) {
			if strings.Count(line, "\x1b[") != 2*strings.Count(line, "\x1b[0m") {
				t.Errorf("%s: sequences are not ended: %q", scene.name, line)
			}
		}
		if got, want := words(plainText(colored)), words(Render(r, Style{Width: 80})); !slices.Equal(got, want) {
			t.Errorf("%s: with colour it says\n%s\nwithout\n%s", scene.name, got, want)
		}
		for line := range strings.Lines(plainText(colored)) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("%s: a line of %d: %q", scene.name, n, line)
			}
		}
	}
}

func words(text string) []string { return strings.Fields(text) }

// plainText is a text without SGR sequences.
func plainText(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "\x1b[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, text, _ = strings.Cut(rest, "m")
	}
}

// What an agent said cannot steer the terminal.
func TestCleanText(t *testing.T) {
	s := healthy()
	s.status.Failures = []pacemaker.FailedAction{{Resource: "oned\x1b[2J", Node: n1, Task: "monitor", Result: "x", Reason: "a\x07b\u009b31m\u202ec\nd"}}
	got := Render(s.judged(), Style{Width: 80})
	for _, bad := range []string{"\x1b", "\x07", "\u009b", "\u202e"} {
		if strings.Contains(got, bad) {
			t.Errorf("%q is shown", bad)
		}
	}
}

func FuzzRender(f *testing.F) {
	f.Add("oned", "it does not answer", 80, true)
	f.Add("a very-long-word-that-does-not-fit-anywhere", "\x1b[2J\u202e", 20, false)
	f.Fuzz(func(t *testing.T, id, reason string, width int, fancy bool) {
		s := healthy()
		s.report.Services[0].ID, s.report.Nodes[0].Name = id, reason
		s.status.Failures = []pacemaker.FailedAction{{Resource: id, Node: n1, Task: "monitor", Result: reason, Reason: reason}}
		style := Style{Width: width % 300, UTF8: fancy}
		for line := range strings.Lines(Render(s.judged(), style)) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > max(style.Width, 40) {
				t.Errorf("at %d columns a line of %d: %q", style.Width, n, line)
			}
		}
	})
}
