package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/adopt"
	"github.com/oneha/oneha/internal/spec"
)

// shown are the texts that the tools of three Debian releases print of a configuration:
// RELEASE.pcs and RELEASE.crm.
func shown(t *testing.T, config string) []txtar.File {
	t.Helper()
	a, err := txtar.ParseFile("../../test/shown/testdata/" + config + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	return a.Files
}

// importText runs the command on a text, with a corosync.conf unless that is nil.
func importText(t *testing.T, name string, text, conf []byte) (report importReport, stderr string) {
	t.Helper()
	dir := t.TempDir()
	args := []string{"oneha", "import", filepath.Join(dir, name), "--json"}
	if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if conf != nil {
		args = append(args, "--corosync", filepath.Join(dir, "corosync.conf"))
		if err := os.WriteFile(filepath.Join(dir, "corosync.conf"), conf, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, err bytes.Buffer
	newTool(strings.NewReader(""), &out, &err).run(context.Background(), args)
	if e := json.Unmarshal(out.Bytes(), &report); e != nil {
		t.Fatalf("%v\n%s%s", e, out.String(), err.String())
	}
	return report, err.String()
}

// TestImportTexts: what the tools print of a generated configuration gives the
// description back, but for what they do not print, which is said with its place.
func TestImportTexts(t *testing.T) {
	data, err := os.ReadFile("../../examples/two-node.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, _ := spec.Parse("two-node.yaml", data)
	want := string(spec.Format(adopt.Shown(c), nil))
	files, err := cib.Generate(c, "corosync")
	if err != nil {
		t.Fatal(err)
	}
	conf := files[0].Data
	for _, f := range shown(t, "two-node") {
		t.Run(f.Name, func(t *testing.T) {
			report, _ := importText(t, f.Name, f.Data, conf)
			got := report.Description
			got, _, _ = strings.Cut(got[strings.Index(got, "version:"):], "\n# What")
			want := want
			if strings.HasSuffix(f.Name, ".crm") { // which prints resources by name
				want = strings.Replace(want, "[oned, sunstone, gate, flow]", "[oned, flow, gate, sunstone]", 1)
			}
			if diff := cmp.Diff(want, strings.TrimRight(got, "\n")+"\n"); diff != "" || !report.Complete {
				t.Errorf("-description +import\n%s\n%v", diff, report.Findings)
			}
			masked := 0
			for _, l := range report.Leftovers {
				isMasked := strings.Contains(l.What, "password_file is masked")
				if isMasked {
					masked++
				}
				if !isMasked && !strings.Contains(l.What, "resources are listed as") {
					t.Errorf("left over: %+v", l)
				}
				inPlace(t, l, string(f.Data))
			}
			if isCrm := strings.HasSuffix(f.Name, ".crm"); isCrm != (masked == 2) {
				t.Errorf("%d options are masked", masked)
			}
			for _, f := range report.Findings {
				if strings.Contains(f.What, "masks the value") {
					t.Errorf("said twice: %v", f)
				}
			}
			for _, l := range report.Leftovers {
				if strings.Contains(l.What, "is masked") && !strings.Contains(l.Why, "/etc/oneha/bmc is a proposal") {
					t.Errorf("it does not say what to do: %+v", l)
				}
			}
		})
	}
}

// inPlace wants a leftover with facts of one line to point at a line that has what it
// is about.
func inPlace(t *testing.T, l adopt.Leftover, text string) {
	t.Helper()
	lines := strings.Split(text, "\n")
	if len(l.Facts) == 0 || l.Kind == adopt.Renamed || strings.Contains(l.What, "resources are listed as") {
		return
	}
	if l.Line < 1 || l.Line > len(lines) || l.Column < 1 || l.Column > len(lines[l.Line-1]) {
		t.Errorf("no place: %+v", l)
		return
	}
	words := strings.FieldsFunc(l.What, func(c rune) bool { return strings.ContainsRune(" :(),\"=", c) })
	for _, w := range words {
		if w != "removes" && w != "resource" && w != "property" && strings.Contains(lines[l.Line-1], w) {
			return
		}
	}
	t.Errorf("line %d, %q, is not about %q", l.Line, lines[l.Line-1], l.What)
}

// TestImportForeignTexts imports what is no front-end: everything of it is said or
// listed, with its place in the text.
func TestImportForeignTexts(t *testing.T) {
	for config, tool := range map[string]string{"web-pcs": "pcs", "nfs-crm": "crm", "database-pcs": "pcs"} {
		for _, f := range shown(t, config) {
			if !strings.HasSuffix(f.Name, "."+tool) {
				continue
			}
			t.Run(config+"/"+f.Name, func(t *testing.T) {
				report, stderr := importText(t, f.Name, f.Data, nil)
				if report.FrontEnd || report.Complete || report.Said == 0 || report.Said >= report.Facts {
					t.Errorf("front-end %v, complete %v, %d of %d facts", report.FrontEnd, report.Complete, report.Said, report.Facts)
				}
				lost := 0
				for _, l := range report.Leftovers {
					if l.Kind == adopt.Lost {
						lost += len(l.Facts)
						inPlace(t, l, string(f.Data))
					}
				}
				if lost != report.Facts-report.Said {
					t.Errorf("%d facts are listed, %d of %d said", lost, report.Said, report.Facts)
				}
				for _, secret := range []string{"top secret", "hush hush"} {
					if strings.Contains(report.Description+stderr, secret) {
						t.Error("it repeats a password")
					}
				}
			})
		}
	}
}

// TestHosts: names of nodes are looked up in the machine's hosts file, as it is written.
func TestHosts(t *testing.T) {
	tool := newTool(nil, nil, nil)
	if tool.root = (fstest.MapFS{}); tool.hosts() != nil {
		t.Error("without a hosts file there is nobody to ask")
	}
	tool.root = fstest.MapFS{"etc/hosts": {Data: []byte(`127.0.0.1 localhost a # loopback
127.0.1.1	a
# 10.9.9.9 a
10.0.0.1	a.example.com A alias
10.0.0.2 b # c
fe80::1%eth0 b
fd00::2 b
nonsense b
10.0.0.3
`)}}
	look := tool.hosts()
	for name, want := range map[string]string{"a": "10.0.0.1", "alias": "10.0.0.1", "b": "10.0.0.2 fd00::2", "B": "10.0.0.2 fd00::2", "c": "", "localhost": "", "10.0.0.3": ""} {
		var got []string
		for _, a := range look(name) {
			got = append(got, a.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s is %v, want %s", name, got, want)
		}
	}
}
