package lint

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/test/examples"
)

func describe(t testing.TB, file, text string) (*Description, spec.Cluster) {
	t.Helper()
	c, findings := spec.Parse(file, []byte(text))
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	d, err := Describe(file, []byte(text), c)
	if err != nil {
		t.Fatal(err)
	}
	return d, c
}

const eightLines = `version: 1
cluster: opennebula
nodes:
  one-server1: {addr: 10.3.4.20, bmc: "ilo5://10.3.5.20"}
  one-server2: {addr: 10.3.4.21, bmc: "ilo5://10.3.5.21"}
bmc: {username: oneha, password_file: /etc/oneha/bmc}
vip: 10.3.4.2/24
services: [oned, sunstone, gate, flow]
`

// The default file has no error, and only the warnings that are true of it, each
// where it can be mended.
func TestEightLines(t *testing.T) {
	d, _ := describe(t, "oneha.yaml", eightLines)
	var got []string
	for _, f := range Check(Facts{Description: d}, nil) {
		text, _, _ := strings.Cut(f.String(), ";")
		got = append(got, text)
	}
	want := []string{
		"oneha.yaml:4:17: warning Q04: there is a single corosync link: when its network fails, the nodes fence each other",
		"oneha.yaml:4:34: warning F09: one-server1 and one-server2 can be fenced by the on-board BMC only, which loses power together with the machine",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	linked := strings.NewReplacer("addr: 10.3.4.20", "addr: [10.3.4.20, 10.9.4.20]", "addr: 10.3.4.21", "addr: [10.3.4.21, 10.9.4.21]").Replace(eightLines)
	d, _ = describe(t, "oneha.yaml", linked)
	if got := ids(Check(Facts{Description: d}, nil)); !slices.Equal(got, []string{"F09"}) {
		t.Errorf("with a second link: %v", got)
	}
	d, _ = describe(t, "oneha.yaml", linked+"fencing:\n  pdu: {agent: fence_apc_snmp, options: {ip: 10.3.6.1, username: oneha, password_script: cat /etc/oneha/pdu}, plugs: {one-server1: 1, one-server2: 2}, level: 2}\n")
	if got := Check(Facts{Description: d}, nil); len(got) > 0 {
		t.Errorf("with a second link and a second fencing level: %s", lines(got))
	}
}

// No example has an error, neither as a description nor as the files made of it, and
// the rules say the same of both.
func TestExamples(t *testing.T) {
	inevitable := []string{"F09", "Q04"}
	for _, file := range examples.Pacemaker(t, "../../examples") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			d, c := describe(t, file, string(data))
			generated, err := cib.Generate(c, "xml", "corosync")
			if err != nil {
				t.Fatal(err)
			}
			made, bad := ReadCIB("cib.xml", generated[0].Data)
			conf, worse := ReadCorosync("corosync.conf", generated[1].Data)
			if len(bad)+len(worse) > 0 {
				t.Fatal(bad, worse)
			}
			known := slices.Clone(inevitable)
			switch string(c.Layout) {
			case "colocation":
				known = append(known, "R01")
			case "group":
				known = append(known, "R10")
			}
			for name, findings := range map[string]diag.Findings{
				"description": Check(Facts{Description: d}, nil),
				"files":       Check(Facts{CIB: made, Corosync: conf}, nil),
				"both":        Check(Facts{Description: d, CIB: made, Corosync: conf}, nil),
			} {
				for _, f := range findings {
					if f.Severity == diag.Error || !slices.Contains(known, f.ID) {
						t.Errorf("%s: %s", name, f)
					}
					if f.File == file && (f.Line == 0 || f.Line > strings.Count(string(data), "\n")) {
						t.Errorf("%s: no line of the file: %s", name, f)
					}
				}
			}
			a, b := ids(Check(Facts{Description: d}, nil)), ids(Check(Facts{CIB: made, Corosync: conf}, nil))
			if !slices.Equal(a, b) {
				t.Errorf("the description gives %v, its files %v", a, b)
			}
		})
	}
}

// The two layouts of the guides stay available, and are named.
func TestLayouts(t *testing.T) {
	for layout, want := range map[string][]string{
		"staged": {"F09", "Q04"}, "colocation": {"F09", "Q04", "R01"}, "group": {"F09", "Q04", "R10"},
	} {
		d, _ := describe(t, "oneha.yaml", eightLines+"layout: "+layout+"\n")
		findings := Check(Facts{Description: d}, nil)
		if got := ids(findings); !slices.Equal(got, want) || findings.HasErrors() {
			t.Errorf("%s: %s", layout, lines(findings))
		}
		for _, f := range findings {
			if strings.HasPrefix(f.ID, "R") && f.Line != 9 {
				t.Errorf("not at the layout: %s", f)
			}
		}
	}
}

func TestDescriptionPlaces(t *testing.T) {
	for name, test := range map[string]struct {
		change edits
		want   string // beginning of a finding
	}{
		"token":    {edits{"services:", "timing: fast\nservices:"}, "oneha.yaml:8:1: warning Q03: token is 1000 ms"},
		"property": {edits{"services:", "properties:\n  priority-fencing-delay: 15s\nservices:"}, "oneha.yaml:9:3: warning F08: "},
		"BMC":      {edits{"10.3.5.21", "10.3.4.121"}, "oneha.yaml:5:34: warning F12: the BMC of one-server2, 10.3.4.121, is in 10.3.4.0/24"},
		"prefer":   {edits{"services:", "prefer: one-server1\nproperties: {stonith-timeout: 8s}\nservices:"}, "oneha.yaml:9:14: error F07: "},
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := describe(t, "oneha.yaml", test.change.in(t, eightLines))
			findings := Check(Facts{Description: d}, nil)
			if !slices.ContainsFunc(findings, func(f diag.Finding) bool { return strings.HasPrefix(f.String(), test.want) }) {
				t.Errorf("no finding %s among %s", test.want, lines(findings))
			}
		})
	}
}

// TestDrift: D01 compares a CIB with the description, and shows no secret.
func TestDrift(t *testing.T) {
	d, c := describe(t, "oneha.yaml", eightLines)
	files, err := cib.Generate(c, "xml")
	if err != nil {
		t.Fatal(err)
	}
	drifted := func(text string) diag.Findings {
		made, bad := ReadCIB("cib.xml", []byte(text))
		if len(bad) > 0 {
			t.Fatal(bad)
		}
		return Check(Facts{Description: d, CIB: made}, func(id string) bool { return id == "D01" })
	}
	same := string(files[0].Data)
	if got := drifted(same); len(got) > 0 {
		t.Error(lines(got))
	}
	if got := drifted(strings.Replace(same, `name="migration-threshold" value="3"`, `name="migration-threshold" value="5"`, 1)); len(got) != 1 || !strings.Contains(got[0].What, `migration-threshold`) {
		t.Error(lines(got))
	}
	got := drifted(strings.Replace(same, `name="username" value="oneha"`, `name="aa-passwd" value="opensesame"`, 1))
	if len(got) != 1 || strings.Contains(got[0].String(), "opensesame") || !strings.Contains(got[0].What, "[secret]") {
		t.Error(lines(got))
	}
}

// Findings of spec that are a rule of the table carry its id: each expression is
// one that a broken example makes.
func TestNumber(t *testing.T) {
	files, err := filepath.Glob("../../examples/invalid/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples: ", err)
	}
	numbered := map[string]bool{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, findings := spec.Parse(file, data)
		Number(findings)
		for _, f := range findings {
			numbered[f.ID] = true
		}
	}
	_, findings := spec.Parse("x", []byte(eightLines+"fence_delay: 0s\n"))
	Number(findings)
	numbered[ids(findings)[0]] = true
	for _, r := range fileRules {
		if !numbered[r.id] {
			t.Errorf("%s: no broken example matches %s", r.id, r.finding)
		}
		if _, ok := Named(r.id); !ok {
			t.Errorf("%s is no rule", r.id)
		}
	}
}
