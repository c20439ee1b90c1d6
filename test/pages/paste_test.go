package pages

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// followed are the pages whose blocks another test goes through.
var followed = map[string]string{
	"after-a-failover.md":   "cmd/oneha",
	"changing-a-cluster.md": "test/apply, test/status",
	"faults.md":             "test/e2e",
	"install.md":            "test/packages",
	"raft.md":               "cmd/oneha, test/zonelab",
	"vm-ha.md":              "cmd/oneha",
}

// elsewhere are the commands that no disposable machine can run. A block with a line that
// begins like one is not pasted.
var elsewhere = []struct{ begins, why string }{
	{"make ", "the machine has the programs of this checkout already: a lab's by make install, the quickstart's of the package"},
	{"systemctl ", "no systemd runs in the machine: test/e2e has nodes with one"},
	{"oneha apply ", "wants a running cluster: test/apply"},
	{"oneha check --cib live ", "wants a running cluster: test/nodecheck"},
	{"oneha check --node ", "wants a node: test/nodecheck"},
	{"oneha fence ", "wants BMCs: test/fencing, cmd/oneha"},
	{"oneha recover", "wants an oned: cmd/oneha"},
	{"printf '%s\\n' ip=10.3.5.21 username=oneha password_file=/etc/oneha/bmc action=status", "wants a BMC: test/fencing"},
	{"oneha status", "wants a running cluster: test/status"},
	{"crm_standby ", "wants a running cluster: test/foresight"},
	{"stonith_admin ", "wants a running cluster: test/e2e"},
	{"stty ", "wants a terminal, and a person: internal/runbook has the same line"},
}

// reason says why a block is not pasted, "" when it is.
func reason(b block, used map[string]bool) string {
	for line := range strings.Lines(b.text) {
		for _, e := range elsewhere {
			if strings.HasPrefix(line, e.begins) {
				used[e.begins] = true
				return e.why
			}
		}
	}
	return ""
}

// after is what has to be true when a page has been pasted, beside that all its
// commands have succeeded.
var after = map[string]string{
	"quickstart.md": `crm_verify --xml-file out/cib.xml
oneha check --cib out/cib.xml --corosync out/corosync.conf oneha.yaml
CIB_file=$PWD/by-pcs.xml; export CIB_file; cibadmin --empty >$CIB_file
sh out/cluster.pcs.sh
crm_verify --live-check --verbose`,
}

// mark begins the output of a block.
const mark = "\x01block "

func TestPages(t *testing.T) {
	names, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	used, pasted := map[string]bool{}, map[string]bool{}
	for _, name := range names {
		base := filepath.Base(name)
		if followed[base] != "" {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all, err := blocks(string(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		script, screens, err := paste(t, base, all, used)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(screens) == 0 {
			continue
		}
		pasted[base] = true
		t.Run(base, func(t *testing.T) {
			place := machineFor(t, base)
			printed := run(t, place, base, script+fmt.Sprintf("printf '%s0\\n'\n", mark)+after[base]+"\n")
			for _, line := range slices.Sorted(maps.Keys(screens)) {
				if screen := screens[line]; screen != "" {
					if why := shows(screen, printed[line]); why != "" {
						t.Errorf("%s:%d: the page and what is printed differ: %s\nprinted:\n%s", base, line, why, printed[line])
					}
				}
			}
		})
	}
	for name := range after {
		if !pasted[name] {
			t.Errorf("%s is not pasted: after is for nothing", name)
		}
	}
	for _, e := range elsewhere {
		if !used[e.begins] {
			t.Errorf("no page has %q any more: take it out of elsewhere", e.begins)
		}
	}
}

// paste makes one script of a page, and the screens that it is to print, by the line of
// the block; "" for a block without one.
func paste(t *testing.T, name string, all []block, used map[string]bool) (script string, screens map[int]string, err error) {
	t.Helper()
	screens = map[int]string{}
	for i, b := range all {
		switch {
		case b.lang == "yaml" && strings.HasPrefix(b.text, "version: 1\n"):
			script += "cat >oneha.yaml <<'end of file'\n" + b.text + "end of file\n"
		case b.lang == "sh":
			if why := reason(b, used); why != "" {
				t.Logf("%s:%d: not pasted: %s", name, b.line, why)
				continue
			}
			script += fmt.Sprintf("printf '%s%d\\n'\n", mark, b.line) + b.text
			screens[b.line] = ""
			if i+1 < len(all) && all[i+1].lang == "" {
				screens[b.line] = all[i+1].text
			}
		case b.lang == "yaml":
			return "", nil, fmt.Errorf("line %d: a piece of YAML that nothing checks: make it a description, or link an example", b.line)
		case b.lang != "":
			return "", nil, fmt.Errorf("line %d: a block of %q: nothing is known about it", b.line, b.lang)
		}
	}
	return script, screens, nil
}

// run feeds a script to a shell, as a paste does, and returns what each block printed.
func run(t *testing.T, place machine, page, script string) map[int]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	r, err := place.lab.Run(ctx, lab.Command{
		Args:    []string{"bash", "-c", "cd /root; exec 2>&1; " + place.first + "bash -e -o pipefail -s"},
		Streams: lab.Streams{Stdin: strings.NewReader(script)},
		Binds:   place.binds,
	})
	printed, last := map[int]string{}, 0
	for _, part := range strings.Split(r.Stdout, mark)[1:] {
		number, text, _ := strings.Cut(part, "\n")
		if _, err := fmt.Sscan(number, &last); err != nil {
			t.Fatalf("%s: %q: %v", page, part, err)
		}
		printed[last] = text
	}
	var exit *lab.ExitError
	switch {
	case errors.As(err, &exit):
		t.Fatalf("%s:%d: a command of this block failed (0 is what has to be true in the end), exit code %d:\n%s", page, last, exit.Code, printed[last])
	case err != nil:
		t.Fatal(err)
	}
	return printed
}
