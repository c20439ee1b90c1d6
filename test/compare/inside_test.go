package compare

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// resultsVariable names the file that TestInside writes.
const resultsVariable = "ONEHA_COMPARE_RESULTS"

// TestInside is the part that runs in a disposable machine: it does everything
// with both agents and writes down what happened. It judges nothing, but for one
// thing: alternatives that share a row must do the same.
func TestInside(t *testing.T) {
	file := os.Getenv(resultsVariable)
	if file == "" {
		t.Skip("runs in a machine of the lab, which TestVIPBesideIPaddr2 starts")
	}
	if err := os.MkdirAll("/run/resource-agents", 0o755); err != nil { // systemd-tmpfiles makes it at boot
		t.Fatal(err)
	}
	everyParameter(t)
	c := collected{results: results{}}
	t.Run("all", func(t *testing.T) {
		for _, who := range []side{stock, ours} {
			for _, s := range settings {
				t.Run(fmt.Sprintf("%s/%s", who, s.row()), func(t *testing.T) {
					t.Parallel()
					c.put(settingsTable, s.row(), outcome, who, s.run(t, who))
				})
			}
			for _, s := range situations {
				t.Run(fmt.Sprintf("%s/%s", who, s.name), func(t *testing.T) {
					t.Parallel()
					s.record(t, who, &c)
				})
			}
			for _, s := range ocftCases {
				t.Run(fmt.Sprintf("%s/ocft %s", who, s.name), func(t *testing.T) {
					t.Parallel()
					c.put(ocftTable, s.name, outcome, who, s.run(t, who))
				})
			}
			for name, h := range handovers {
				t.Run(fmt.Sprintf("%s hands over/%s", who, name), func(t *testing.T) {
					t.Parallel()
					h.run(t, who)
				})
			}
			t.Run(fmt.Sprintf("%s/programs", who), func(t *testing.T) {
				t.Parallel()
				for action, count := range programs(t, who) {
					c.put(programsTable, action, outcome, who, count)
				}
			})
		}
	})
	text, err := json.Marshal(c.results)
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// everyParameter checks that the table leaves out no parameter that IPaddr2
// declares, and that vip declares them all.
func everyParameter(t *testing.T) {
	t.Helper()
	mine := parameters(t, ours)
	for _, name := range parameters(t, stock) {
		if !slices.ContainsFunc(settings, func(s setting) bool { return s.parameter == name }) {
			t.Errorf("parameter %s of IPaddr2 has no row", name)
		}
		if !slices.Contains(mine, name) {
			t.Errorf("vip does not declare parameter %s", name)
		}
	}
}

var parameterName = regexp.MustCompile(`<parameter name="(\w+)"`)

// parameters lists what the agent's metadata declare.
func parameters(t *testing.T, who side) (names []string) {
	t.Helper()
	cmd := exec.Command(who.program(), "meta-data")
	cmd.Env = vars{}.environment()
	xml, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s meta-data: %v", who, err)
	}
	for _, m := range parameterName.FindAllSubmatch(xml, -1) {
		names = append(names, string(m[1]))
	}
	if len(names) == 0 {
		t.Fatalf("%s meta-data: no parameters in %s", who, xml)
	}
	return names
}

// record tries every alternative of the situation.
func (s situation) record(t *testing.T, who side, c *collected) {
	var first, reasons map[string]string
	for i, v := range s.vars {
		did, why := s.try(t, who, v)
		if i == 0 {
			first, reasons = did, why
			continue
		}
		for _, action := range actions {
			if did[action] != first[action] {
				t.Errorf("%s: %q with %v, %q with %v: make them two rows", action, did[action], v, first[action], s.vars[0])
			}
		}
	}
	for _, action := range actions {
		c.put(situationsTable, s.name, action, who, first[action])
		c.put(reasonsTable, s.name, action, who, reasons[action])
	}
}

// executed is a line of strace for a program that was started.
var executed = regexp.MustCompile(`(?m)execve\(.* = 0$`)

// programs counts the programs that each action starts beside the agent itself.
func programs(t *testing.T, who side) map[string]string {
	counts := map[string]string{}
	v := vars{"ip": ip4, "nic": "eth0", "cidr_netmask": "24"}
	for _, row := range programActions {
		node, action := "", row
		if name, ok := strings.CutSuffix(row, ", present"); ok {
			node, action = there, name
		}
		n := newNetwork(t, node, "")
		trace := filepath.Join(t.TempDir(), "trace")
		// strace itself ends when the last of them has ended, those in the background too.
		n.call(t, who, action, v, "", "strace", "-ff", "-qq", "-e", "trace=execve", "-e", "signal=none", "-o", trace)
		files, err := filepath.Glob(trace + ".*") // one for every process
		if err != nil || len(files) == 0 {
			t.Fatalf("strace wrote nothing: %v", err)
		}
		count := -1 // the agent itself
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			count += len(executed.FindAll(text, -1))
		}
		counts[row] = fmt.Sprint(count)
	}
	return counts
}

// programActions are the rows of the table of programs.
var programActions = []string{"start", "monitor, present", "monitor", "stop, present", "stop"}
