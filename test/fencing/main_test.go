// Package fencing runs a stock agent and ours for the same kind of BMC (fence_ipmilan
// and fence_bmc_ipmi, fence_redfish and fence_bmc_redfish, fence_ilo_ssh and
// fence_bmc_ilo_ssh) with the same options and situations against the same simulated
// BMC, and compares exit code, output, and what the BMC saw.
//
// Every option is given in every form: on standard input and on the command
// line, by its short and long flag, by its old and new name. What differs must
// have a row in the table of deliberate differences with its reason, and every
// row there must name a real difference, so neither a regression nor an outdated
// excuse stays.
//
// All of it happens in one disposable machine of the lab, into which this test
// binary is bound and started again (see TestInside).
package fencing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// TestIPMIBesideIpmilan runs both agents and holds what they did against the
// deliberate differences.
func TestIPMIBesideIpmilan(t *testing.T) {
	r := runInside(t, "TestInside", "-test.parallel", strconv.Itoa(workers))
	for _, wrong := range judge(r, deliberates) {
		t.Error(wrong)
	}
	t.Logf("%d rows with both agents", len(r))
}

// runInside runs one of this package's tests in a machine and returns what it wrote
// down. Flags are for the test binary there.
func runInside(t *testing.T, test string, flags ...string) results {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("the lab's machines need root: run the tests as root")
		}
		t.Skip("the lab's machines need root")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	l, err := lab.Open(ctx, lab.Options{Prefix: "fencing", CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: "../.."})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r, err := l.Run(ctx, lab.Command{
		Args:  append([]string{"/mnt/fencing.test", "-test.run", "^" + test + "$", "-test.timeout", "12m"}, flags...),
		Env:   []string{resultsVariable + "=/mnt/results/results.json", "CI=true"},
		Binds: []lab.Bind{{Host: self, Inside: "/mnt/fencing.test", ReadOnly: true}, {Host: dir, Inside: "/mnt/results"}},
	})
	var exit *lab.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("in the machine: exit %d\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	var found results
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatal(fmt.Errorf("read the results: %w", err))
	}
	return found
}
