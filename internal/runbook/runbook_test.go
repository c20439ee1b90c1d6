package runbook

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/target"
	"github.com/oneha/oneha/test/examples"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldens are the runbooks that are kept under testdata: an example, a target, a loader.
var goldens = []struct{ example, target, loader string }{
	{"two-node", "debian-12", ""},
	{"two-node", "debian-13", "crm"},
	{"two-node", "ubuntu-24.04", ""},
	{"two-node", "rhel-7", ""},
	{"two-node", "rhel-9", ""},
	{"two-node", "sles-12", ""},
	{"two-node", "sles-15", ""},
	{"two-node", "sles-16", ""},
	{"two-node", "portable", ""},
	{"qdevice", "debian-13", ""},
	{"every-key", "debian-13", ""},
	{"stock", "ubuntu-22.04", "crm"},
	{"split", "rhel-10", ""},
}

func example(t testing.TB, name string) spec.Cluster {
	t.Helper()
	file := filepath.Join("../../examples", name+".yaml")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c, findings := spec.Parse(file, data)
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	return c
}

func build(t testing.TB, c spec.Cluster, on, loader string) Runbook {
	t.Helper()
	to, err := target.Parse(on)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Build(c, to, Options{Loader: loader})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGolden(t *testing.T) {
	for _, g := range goldens {
		name := strings.Trim(g.example+"-"+g.target+"-"+g.loader, "-")
		t.Run(name, func(t *testing.T) {
			r := build(t, example(t, g.example), g.target, g.loader)
			got := map[string][]byte{name + ".md": r.Markdown()}
			if g.target == "debian-12" {
				data, err := r.JSON()
				if err != nil {
					t.Fatal(err)
				}
				got[name+".json"] = data
			}
			for file, data := range got {
				path := filepath.Join("testdata", file)
				if *update {
					if err := os.WriteFile(path, data, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), string(data)); diff != "" {
					t.Errorf("%s: -want +got:\n%s", path, diff)
				}
			}
		})
	}
}

// everywhere calls f with the runbook of every example on every release, with every
// loader that it has.
func everywhere(t *testing.T, f func(name string, c spec.Cluster, on target.Target, r Runbook)) {
	t.Helper()
	for _, file := range examples.Pacemaker(t, "../../examples") {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		c := example(t, name)
		for _, on := range append(target.Names(), "portable", "pcs=0.9", "crmsh=5") {
			to, err := target.Parse(on)
			if err != nil {
				t.Fatal(err)
			}
			for loader, there := range map[string]bool{"pcs": to.PCS.Known(), "crm": to.Crmsh.Known()} {
				r, err := Build(c, to, Options{Loader: loader})
				if !there {
					if err == nil || !strings.Contains(err.Error(), "has no "+loader) {
						t.Errorf("%s on %s with %s: %v", name, on, loader, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s on %s with %s: %v", name, on, loader, err)
					continue
				}
				f(name+" on "+on+" with "+loader, c, to, r)
			}
		}
	}
}

var idForm = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

// TestEveryStep: a step says everything, its machines are the cluster's, and the
// same input gives the same bytes.
func TestEveryStep(t *testing.T) {
	everywhere(t, func(name string, c spec.Cluster, on target.Target, r Runbook) {
		seen := map[string]bool{}
		for _, chapter := range r.Chapters {
			if len(chapter.Steps) == 0 {
				t.Errorf("%s: chapter %s is empty", name, chapter.Title)
			}
			for _, s := range chapter.Steps {
				if seen[s.ID] || !idForm.MatchString(s.ID) || s.Title == "" || s.Expect == "" || s.Otherwise == "" || (len(s.On) == 0) == (s.Where == "") {
					t.Errorf("%s: step %+v", name, s)
				}
				seen[s.ID] = true
				for _, m := range s.On {
					if m != c.QDevice.Host && !slices.ContainsFunc(c.Nodes, func(n spec.Node) bool { return n.Name == m }) {
						t.Errorf("%s: step %s is on %s", name, s.ID, m)
					}
				}
				for _, command := range s.Commands {
					if strings.TrimSpace(command) != command || command == "" || strings.Contains(command, "\n") {
						t.Errorf("%s: step %s has the command %q", name, s.ID, command)
					}
				}
			}
		}
		for _, must := range []string{"packages", "units", "corosync-conf", "authkey", "start", "load", "running", "devices", "cable", "back-stop"} {
			if !seen[must] {
				t.Errorf("%s: no step %s", name, must)
			}
		}
		for _, n := range c.Nodes {
			if !seen["fence-"+strings.ToLower(n.Name)] {
				t.Errorf("%s: %s is not fenced once", name, n.Name)
			}
		}
		loader := name[strings.LastIndex(name, " ")+1:]
		again, err := Build(c, on, Options{Loader: loader})
		if err != nil || string(again.Markdown()) != string(r.Markdown()) {
			t.Errorf("%s: the second is another, %v", name, err)
		}
		data, err := r.JSON()
		if err != nil {
			t.Fatal(err)
		}
		var read Runbook
		if err := json.Unmarshal(data, &read); err != nil || len(read.Chapters) != len(r.Chapters) {
			t.Errorf("%s: JSON cannot be read: %v", name, err)
		}
	})
}

// TestOrder: what has to come first does.
func TestOrder(t *testing.T) {
	r := build(t, example(t, "qdevice"), "debian-12", "pcs")
	var ids []string
	for _, c := range r.Chapters {
		for _, s := range c.Steps {
			ids = append(ids, s.ID)
		}
	}
	for _, pair := range [][2]string{
		{"packages", "stop-defaults"}, {"stop-defaults", "start"}, {"units", "start"}, {"password-etc-oneha-bmc", "load"}, {"corosync-conf", "start"},
		{"authkey", "corosync-check"}, {"corosync-check", "start"}, {"qnetd", "certificates"}, {"certificates", "qdevice"}, {"start", "qdevice"},
		{"membership", "load"}, {"load", "running"}, {"devices", "fence-one-server2"}, {"fence-one-server2", "fence-one-server1"}, {"fence-one-server1", "cable"},
	} {
		a, b := slices.Index(ids, pair[0]), slices.Index(ids, pair[1])
		if a < 0 || b < 0 || a > b {
			t.Errorf("%s (%d) does not come before %s (%d)", pair[0], a, pair[1], b)
		}
	}
}

// TestNotes: what a target cannot do is said, and only there.
func TestNotes(t *testing.T) {
	for _, tt := range []struct {
		example, on string
		want        []string // one part of each note, in their order
	}{
		{"two-node", "debian-13", nil},
		{"two-node", "debian-12", []string{"before 2.1.6 counts the delay"}},
		{"two-node", "debian-11", []string{"before 2.1.0 does not know critical", "before 2.1.6 counts"}},
		{"colocation", "debian-11", []string{"before 2.1.6 counts"}},
		{"chassis", "debian-11", []string{"critical", "no delay for each node", "counts"}},
		{"chassis", "debian-12", []string{"counts"}},
		{"httpd", "debian-13", []string{"Apache's unit is apache2 here"}},
		{"two-node", "rhel-7", []string{"were not tried", "critical", "counts", "udpu", "pcs 0.9.162 to 0.9.169 are by its documentation"}},
		{"two-node", "portable", []string{"No distribution was named", "critical", "counts"}},
	} {
		notes := build(t, example(t, tt.example), tt.on, "").Notes
		ok := len(notes) == len(tt.want)
		for i := range min(len(notes), len(tt.want)) {
			ok = ok && strings.Contains(notes[i], tt.want[i])
		}
		if !ok {
			t.Errorf("%s on %s: %q, want %q", tt.example, tt.on, notes, tt.want)
		}
	}
}

func TestRefuses(t *testing.T) {
	sles, _ := target.Parse("sles-15")
	if _, err := Build(example(t, "two-node"), sles, Options{Loader: "pcs"}); err == nil || !strings.Contains(err.Error(), "SUSE Linux Enterprise 15, openSUSE Leap 15 has no pcs") {
		t.Error(err)
	}
	if _, err := Build(spec.Cluster{}, sles, Options{}); err == nil {
		t.Error("no nodes, no error")
	}
}

// TestOptions: the description's own name is in the commands, as one word.
func TestOptions(t *testing.T) {
	r, err := Build(example(t, "two-node"), target.Portable, Options{File: "my cluster.yaml"})
	if err != nil || !strings.Contains(string(r.Markdown()), "oneha check 'my cluster.yaml'\n") {
		t.Errorf("%v", err)
	}
}
