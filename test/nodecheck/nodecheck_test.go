// Package nodecheck has the nodes of a real cluster look at themselves with oneha
// check: while they are healthy, and with one fault after another.
package nodecheck

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/scenario"
)

const example = "../../examples/two-node.yaml"

// start brings the example up and takes it down after the test, with the logs kept
// when it failed.
func start(ctx context.Context, t *testing.T) *lab.Cluster {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("these tests need root")
		}
		t.Skip("needs root: the lab makes namespaces, mounts and control groups")
	}
	logs := filepath.Join(os.TempDir(), "oneha-nodecheck")
	l, err := lab.Open(ctx, lab.Options{Prefix: "nodecheck", CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: "../..", Diagnostics: logs, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := l.Up(ctx, example)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			if err := c.Collect(context.Background()); err != nil {
				t.Log(err)
			}
			t.Logf("logs of the nodes are in %s", logs)
		}
	})
	settling, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	if err := c.WaitSettled(settling); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNode(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	c := start(ctx, t)
	k, err := scenario.NewChecked(ctx, c, example)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Nodes {
		trueWarnings(t, n, k.Healthy[n])
	}
	oneLogin(ctx, t, k)

	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "fault\tfound by\tcheck took\tfirst finding")
	for _, f := range scenario.NodeFaults {
		t.Run(f.Name, func(t *testing.T) {
			found, err := k.Inject(ctx, f)
			if err != nil {
				t.Error(err)
			}
			i := slices.IndexFunc(found.Findings, func(d diag.Finding) bool { return strings.Contains(d.What, f.Says) })
			if i >= 0 {
				fmt.Fprintf(w, "%s\t%s\t%.1f s\t%s\n", f.Name, strings.Join(f.Rules, " "), found.Took.Seconds(), found.Findings[i])
			}
		})
	}
	w.Flush()
	t.Logf("%d faults\n%s", len(scenario.NodeFaults), &table)
}

// trueWarnings checks that a healthy node is told nothing but the truth about the
// example: it has a single link, and on-board BMCs only. The clock is that of the
// machine under the lab.
func trueWarnings(t *testing.T, n *lab.Node, got diag.Findings) {
	t.Helper()
	want := []string{
		"warning F09: one-server1 and one-server2 can be fenced by the on-board BMC only", "warning F09: one-server1 and one-server2 can be fenced by the on-board BMC only",
		"warning Q04: there is a single corosync link", "warning Q04: there is a single corosync link",
	}
	if state, err := unix.Adjtimex(&unix.Timex{}); err != nil {
		t.Fatal(err)
	} else if state == timeError {
		want = append(want, "warning Q06: the clock is not synchronised")
	}
	var lines []string
	for _, f := range got {
		lines = append(lines, f.Label()+": "+f.What)
	}
	slices.Sort(lines)
	slices.Sort(want)
	if !slices.EqualFunc(lines, want, strings.HasPrefix) {
		t.Fatalf("%s is healthy, and is told\n%s\nwant\n%s", n.Name, strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// timeError is TIME_ERROR of adjtimex(2).
const timeError = 5

// oneLogin checks that a password that is refused is tried once in a run of oneha
// check: BMCs lock accounts out. The cluster's own monitor may come between, but not
// into two runs in a row.
func oneLogin(ctx context.Context, t *testing.T, k *scenario.Checked) {
	t.Helper()
	var began map[string]int
	for range 2 {
		var err error
		if began, err = k.RefusedLogins(ctx); err != nil {
			t.Fatal(err)
		}
		once := len(began) == len(k.Cluster.Nodes)
		for _, n := range began {
			once = once && n == 1
		}
		if once {
			return
		}
	}
	t.Errorf("one check with a wrong password began these logins, by BMC: %v", began)
}
