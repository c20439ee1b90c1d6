package lint

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/diag"
)

// edits are replacements of texts, old and new in turn.
type edits []string

func (e edits) in(t *testing.T, text string) string {
	t.Helper()
	for i := 0; i < len(e); i += 2 {
		if !strings.Contains(text, e[i]) {
			t.Fatalf("%q is not in the file to be edited", e[i])
		}
		text = strings.Replace(text, e[i], e[i+1], 1)
	}
	return text
}

func fixture(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// healthyNode and its twin are of a cluster without a fault.
func healthyNode(name, hardware, address string) *Node {
	n := &Node{
		Format: NodeFormat, Name: name, TwinKey: "authkey:00", Clock: &Clock{Synchronised: true}, Oneadmin: &Account{9869, 9869},
		Interfaces: []Interface{{Name: "eth0", Hardware: hardware, Up: true, Addresses: []string{address}}},
		Oned:       &Oned{Config: "/etc/one/oned.conf", ServerID: -1, Backend: "mysql", Database: "db.example.com", Monitor: "10.3.4.2"},
		BMCs:       []BMC{{Device: "fence1", Agent: "fence_ipmilan"}},
		Listeners:  []Listener{{2633, "oned", "oned", "opennebula.service"}},
	}
	for _, u := range []string{"corosync.service", "pacemaker.service", "opennebula.service", "opennebula-gate.service", "opennebula-flow.service"} {
		unit := Unit{Name: u, Boot: "disabled", Active: true, Clustered: true, Restart: "no", StopTimeout: Duration(30 * time.Second)}
		if !strings.HasPrefix(u, "opennebula") {
			unit.Boot, unit.Clustered = "enabled", false
		}
		if u == "opennebula-gate.service" || u == "opennebula-flow.service" {
			unit.StopTimeout = Duration(15 * time.Second)
		}
		n.Units = append(n.Units, unit)
	}
	for _, f := range []string{"/etc/corosync/authkey", "/etc/corosync/corosync.conf", "/etc/one/oned.conf", "/var/lib/one/.one/one_key"} {
		n.Twins = append(n.Twins, Twin{Path: f, Digest: "d" + f})
	}
	return n
}

// unitOf returns a unit of a node to be changed.
func unitOf(n *Node, name string) *Unit {
	i := slices.IndexFunc(n.Units, func(u Unit) bool { return u.Name == name })
	return &n.Units[i]
}

// ruleCase is one change to the healthy cluster.
type ruleCase struct {
	rule string
	name string
	cib  edits
	conf edits
	node func(node, peer *Node)
	// without leaves out: c the CIB, k corosync.conf, n the node and its peer.
	without   string
	pacemaker string
	corosync  string
	described string        // the description of a zone, instead of the cluster
	severity  diag.Severity // of the finding; "" for none at all
	also      string        // a rule that rightly has something to say too
}

const (
	bad  = diag.Error
	warn = diag.Warning
	none = diag.Severity("")
)

func (c ruleCase) facts(t *testing.T) Facts {
	t.Helper()
	f := Facts{PacemakerVersion: c.pacemaker, CorosyncVersion: c.corosync}
	if c.described != "" {
		f.Description, _ = describe(t, "c.yaml", c.described)
	}
	if !strings.Contains(c.without, "c") {
		parsed, findings := ReadCIB("cib.xml", []byte(c.cib.in(t, fixture(t, "healthy.xml"))))
		if len(findings) > 0 {
			t.Fatal(findings)
		}
		f.CIB = parsed
	}
	if !strings.Contains(c.without, "k") {
		parsed, findings := ReadCorosync("corosync.conf", []byte(c.conf.in(t, fixture(t, "healthy.conf"))))
		if len(findings) > 0 {
			t.Fatal(findings)
		}
		f.Corosync = parsed
	}
	if !strings.Contains(c.without, "n") {
		f.Node, f.Peer = healthyNode("one-server1", "02:00:00:00:00:01", "10.3.4.20/24"), healthyNode("one-server2", "02:00:00:00:00:02", "10.3.4.21/24")
		if c.node != nil {
			c.node(f.Node, f.Peer)
		}
	}
	return f
}

// TestRules: every case gives findings of its rule and of no other, with the severity
// that it says and a place; the cases without a severity are near one that does, and
// give nothing at all. Every rule has cases of both kinds.
func TestRules(t *testing.T) {
	fired, silent := map[string]bool{}, map[string]bool{}
	for _, c := range append(slices.Clone(ruleCases), zoneCases...) {
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			findings := Check(c.facts(t), nil)
			if c.severity == none {
				silent[c.rule] = true
				if len(findings) > 0 {
					t.Errorf("findings: %s", lines(findings))
				}
				return
			}
			fired[c.rule] = true
			if len(findings) == 0 {
				t.Fatal("no finding")
			}
			if !slices.ContainsFunc(findings, func(f diag.Finding) bool { return f.ID == c.rule }) {
				t.Errorf("no finding of %s: %s", c.rule, lines(findings))
			}
			for _, f := range findings {
				if f.ID == c.also {
					continue
				}
				if f.ID != c.rule || f.Severity != c.severity {
					t.Errorf("want %s %s: %s", c.severity, c.rule, f)
				}
				if f.What == "" || f.Fix == "" || f.File == "" || strings.ContainsAny(f.String(), "\n") {
					t.Errorf("incomplete: %#v", f)
				}
				if strings.HasPrefix(f.File, "c") && f.Line == 0 {
					t.Errorf("no line: %s", f)
				}
			}
		})
	}
	for _, r := range Rules {
		if r.ID == "S01" { // spec.Parse applies it: TestNumber
			continue
		}
		if r.ID != "D01" && (!fired[r.ID] || !silent[r.ID]) { // D01 needs a description: TestDrift
			t.Errorf("%s: a case that fires: %v, and one that does not: %v", r.ID, fired[r.ID], silent[r.ID])
		}
	}
}

func lines(findings diag.Findings) string {
	var b strings.Builder
	for _, f := range findings {
		b.WriteString("\n\t" + f.String())
	}
	return b.String()
}

func TestTableIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules {
		if seen[r.ID] || r.Severity != diag.Error && r.Severity != diag.Warning || r.Title == "" || r.Why == "" || r.Fix == "" || r.Source == "" || r.check == nil {
			t.Errorf("%s: twice, or incomplete: %#v", r.ID, r)
		}
		if strings.HasSuffix(r.Fix, ".") || strings.HasSuffix(r.Title, ".") || strings.HasSuffix(r.Source, ".") || !strings.HasSuffix(r.Why, ".") {
			t.Errorf("%s: why is sentences; title, fix and source are none", r.ID)
		}
		seen[r.ID] = true
	}
	if r, ok := Named("f03"); !ok || r.ID != "F03" {
		t.Error("f03 is not found")
	}
	if _, ok := Named("F99"); ok {
		t.Error("F99 is found")
	}
}
