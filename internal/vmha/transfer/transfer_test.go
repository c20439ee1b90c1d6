package transfer

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/vmha/recovery"
)

const example = `# oned wrote this
CLONE qcow2 one-fe:/var/lib/one//datastores/1/7a0f host1:/var/lib/one//datastores/0/2/disk.0 2 1

CLONE.ssh  ceph one-fe:one/one-3	host1:/var/lib/one//datastores/0/2/disk.1 2 100
CONTEXT qcow2 /var/lib/one/vms/2/context.sh host1:/var/lib/one//datastores/0/2/disk.2 2 0
`

func TestParse(t *testing.T) {
	f, findings := Parse("transfer.0.prolog", []byte(example))
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	var got []string
	for _, a := range f.Actions {
		got = append(got, a.String())
	}
	want := []string{
		"CLONE qcow2 one-fe:/var/lib/one//datastores/1/7a0f host1:/var/lib/one//datastores/0/2/disk.0 2 1",
		"CLONE.ssh ceph one-fe:one/one-3 host1:/var/lib/one//datastores/0/2/disk.1 2 100",
		"CONTEXT qcow2 /var/lib/one/vms/2/context.sh host1:/var/lib/one//datastores/0/2/disk.2 2 0",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q", got)
	}
	if f.Actions[1].Line != 4 {
		t.Errorf("line %d", f.Actions[1].Line)
	}
	if got := strings.Join(f.Actions[1].Scripts("/r"), " "); got != "/r/ceph/clone.ssh /r/ceph/clone" {
		t.Error(got)
	}
	if got := strings.Join(f.Actions[0].Scripts("/r"), " "); got != "/r/qcow2/clone" {
		t.Error(got)
	}
}

// What is no transfer file is said, with its line, and leads nowhere outside the
// remotes.
func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"MV\n":                       "x:1:1: error: \"MV\" has no driver",
		"\n\nMV ../../etc a b\n":     "x:3:1: error: \"MV ../../etc\" is no verb",
		"../../../bin/sh shared a\n": "x:1:1: error",
		"MV .. a\n":                  "x:1:1: error",
		"MV sha/red a\n":             "x:1:1: error",
		"MV shared a\x00b\n":         "x:1:12: error: a byte that is no text",
		"MV shared " + strings.Repeat("a", maxLine) + "\n": "x:1:65537: error: a line of",
	} {
		f, findings := Parse("x", []byte(text))
		if len(findings) != 1 || !strings.HasPrefix(findings[0].String(), want) || len(f.Actions) > 0 {
			t.Errorf("%.40q: %v", text, findings)
		}
	}
}

// Every state of the table is one in which a retry does the disks again.
func TestPath(t *testing.T) {
	for _, lcm := range States() {
		s := recovery.Find(recovery.Active, lcm)
		if s.Kind != recovery.Failed || s.Outcome(recovery.Retry).To == "" {
			t.Errorf("%s has a transfer file, and a retry does nothing", s.Name)
		}
		if path, ok := Path("/v", 7, 3, lcm); !ok || !strings.HasPrefix(path, "/v/7/transfer.3.") {
			t.Errorf("%s: %s", s.Name, path)
		}
	}
	for _, s := range recovery.States {
		_, ok := Path("/v", 7, 3, s.LCM)
		disks := s.Kind == recovery.Failed && s.State == recovery.Active && !strings.HasPrefix(s.Name, "BOOT")
		if s.State == recovery.Active && ok != disks {
			t.Errorf("%s: transfer file %v", s.Name, ok)
		}
	}
	if path, _ := Path("/var/lib/one/vms", 2, 0, 50); path != "/var/lib/one/vms/2/transfer.0.resume" {
		t.Error(path)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte("MV . a\n#\nMV\r\n\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, _ := Parse("x", text)
		for _, a := range file.Actions {
			for _, path := range a.Scripts("/remotes/tm") {
				if filepath.Dir(filepath.Dir(path)) != "/remotes/tm" {
					t.Errorf("%q leads to %s", a, path)
				}
			}
			again, findings := Parse("x", []byte(a.String()+"\n"))
			if len(findings) > 0 || len(again.Actions) != 1 || again.Actions[0].String() != a.String() {
				t.Errorf("%q reads as %v", a, again.Actions)
			}
		}
	})
}
