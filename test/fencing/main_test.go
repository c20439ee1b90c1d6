// Package fencing runs a stock agent and ours for the same kind of BMC (fence_ipmilan
// and fence_bmc_ipmi, fence_redfish and fence_bmc_redfish or fence_bmc_ilo,
// fence_ilo_ssh and fence_bmc_ilo_ssh) with the same options and situations against
// the same simulated BMC, and compares exit code, output, and what the BMC saw.
//
// Every option that the stock agent's metadata declares is given in every form: on
// standard input and on the command line, by its short and long flag, by its old
// and new name. What differs must have a row in the table of deliberate differences
// with its reason, and every row there must name a real difference, so neither a
// regression nor an outdated excuse stays.
//
// All of it happens in disposable machines of the lab, into which this test binary
// is bound and started again (see runInside).
package fencing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/oneha/oneha/test/inside"
	"github.com/oneha/oneha/test/lab"
)

// resultsVariable names the file into which the tests that run in a machine write
// what they found.
const resultsVariable = "ONEHA_FENCING_RESULTS"

// parts are the pairs of agents: which test runs them inside a machine, and in
// what they may differ.
var parts = []struct {
	name, inside string
	ours         string // agent whose outcomes are tabulated, "" is none
	meant        []deliberate
}{
	{"declarations", "TestInsideDeclarations", "", declaredDeliberates},
	{"go-ipmi", "TestInsideGoIPMI", "", goIPMIDeliberates},
	{"ipmi", "TestInsideIPMI", ourIPMI, deliberates},
	{"redfish", "TestInsideRedfish", ourRedfish, slices.Concat(redfishDeliberates, redfishOnly)},
	{"ilo", "TestInsideILO", ourILO, slices.Concat(redfishDeliberates, iloOnly)},
	{"ilo_ssh", "TestInsideILOSSH", ourILOSSH, iloSSHDeliberates},
}

// TestBesideStock runs both agents of each pair, and holds what they did against
// the deliberate differences and the table of outcomes.
func TestBesideStock(t *testing.T) {
	l := inside.Open(t, "fencing", "../..")
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) {
			r := runInside(t, l, p.inside)
			for _, wrong := range judge(r.Found, p.meant) {
				t.Error(wrong)
			}
			t.Logf("%d rows with both agents; tried again alone: %q", len(r.Found), r.Again)
			if p.ours == "" {
				return
			}
			table, wrong := tabulate(p.ours, r.Found)
			for _, w := range wrong {
				t.Error(w)
			}
			t.Logf("\n%s", table)
		})
	}
}

// runInside runs one of this package's tests in a machine and returns what it wrote
// down.
func runInside(t *testing.T, l *lab.Lab, test string) report {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	ran, err := l.Run(ctx, lab.Command{
		Args:  []string{"/mnt/fencing.test", "-test.run", "^" + test + "$", "-test.timeout", "12m", "-test.parallel", strconv.Itoa(workers)},
		Env:   []string{resultsVariable + "=/mnt/results/results.json", "CI=true"},
		Binds: []lab.Bind{{Host: self, Inside: "/mnt/fencing.test", ReadOnly: true}, {Host: dir, Inside: "/mnt/results"}},
	})
	var exit *lab.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("in the machine: exit %d\n%s%s", ran.Code, ran.Stdout, ran.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(fmt.Errorf("read the results: %w", err))
	}
	return r
}
