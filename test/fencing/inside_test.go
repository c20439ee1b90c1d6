package fencing

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// resultsVariable names the file that TestInside writes.
const resultsVariable = "ONEHA_FENCING_RESULTS"

// The two agents.
const (
	stockAgent = "fence_ipmilan"
	ourAgent   = "fence_bmc_ipmi"
)

// workers is how many BMCs there are: most rows wait most of the time.
const workers = 12

// TestInside is the part that runs in a disposable machine: it does every row with
// both agents and writes down what happened.
func TestInside(t *testing.T) {
	file := os.Getenv(resultsVariable)
	if file == "" {
		t.Skip("runs in a machine of the lab, which TestIPMIBesideIpmilan starts")
	}
	everyOption(t)
	var mu sync.Mutex
	found, work := results{}, make(chan row)
	t.Run("workers", func(t *testing.T) {
		for i := range workers {
			b := startBMC(t, i)
			t.Run("worker", func(t *testing.T) {
				t.Parallel()
				for r := range work {
					p := pair{Stock: b.try(t, stockAgent, r), Ours: b.try(t, ourAgent, r)}
					mu.Lock()
					if _, twice := found[r.name]; twice {
						t.Errorf("two rows are called %q", r.name)
					}
					found[r.name] = p
					mu.Unlock()
				}
			})
		}
		go func() {
			defer close(work)
			for _, r := range rows() {
				work <- r
			}
		}()
	})
	text, err := json.Marshal(found)
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// try runs one agent in the situation of a row and returns what was seen.
func (b *bmc) try(t *testing.T, agent string, r row) outcome {
	t.Helper()
	power := "1"
	if r.off {
		power = "0"
	}
	if err := b.reset(power, r.mode); err != nil {
		t.Fatal(err)
	}
	b.relay.seen()
	b.second.seen()
	fill := strings.NewReplacer("ADDR", b.addr, "DIR", b.dir).Replace
	var args, env []string
	for _, a := range r.args {
		args = append(args, fill(a))
	}
	if r.fenced {
		env = []string{"PCMK_service=pacemaker-fenced"}
	}
	if r.file != "" {
		_ = os.Remove(filepath.Join(b.dir, r.file)) // it may not be there
	}
	code, stdout, stderr, took := b.run(t, agent, args, fill(r.stdin), env)

	if r.prose && stdout != "" {
		stdout = "prose"
	}
	o := outcome{
		"exit":   strconv.Itoa(code),
		"stdout": strings.TrimSpace(stdout),
		"stderr": "silent",
		"power":  b.switched(t),
		"login":  b.relay.seen(),
	}
	if second := b.second.seen(); second != "" {
		o["login"] += "at port " + otherPort + ": " + second
	}
	if strings.TrimSpace(pythonWarning.ReplaceAllString(stderr, "")) != "" {
		o["stderr"] = "speaks"
	}
	if r.atLeast > 0 {
		o["waits"] = strconv.FormatBool(took >= r.atLeast)
	}
	if r.file != "" {
		info, err := os.Stat(filepath.Join(b.dir, r.file))
		o["file"] = strconv.FormatBool(err == nil && info.Size() > 0)
	}
	return o
}

// pythonWarning is what this release's Python says about the stock agent.
var pythonWarning = regexp.MustCompile(`(?m)^.*DeprecationWarning: .*\n.*\n`)

// everyOption checks that the table leaves out no option that fence_ipmilan
// declares, and that ours declares them all.
func everyOption(t *testing.T) {
	t.Helper()
	mine := parameters(t, ourAgent)
	for _, name := range parameters(t, stockAgent) {
		if !slices.ContainsFunc(options, func(o option) bool { return o.name == name || o.old == name }) {
			t.Errorf("option %s of %s has no row", name, stockAgent)
		}
		if !slices.Contains(mine, name) {
			t.Errorf("%s does not declare option %s", ourAgent, name)
		}
	}
}

var parameterName = regexp.MustCompile(`<parameter name="([^"]+)"`)

// parameters returns the names of an agent's options from its metadata.
func parameters(t *testing.T, agent string) []string {
	t.Helper()
	cmd := exec.Command(agent)
	cmd.Stdin = strings.NewReader("action=metadata\n")
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("metadata of %s: %v", agent, err)
	}
	var names []string
	for _, m := range parameterName.FindAllStringSubmatch(string(text), -1) {
		names = append(names, m[1])
	}
	return names
}
