package packages

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/lab/labtest"
	"github.com/oneha/oneha/test/scenario"
)

// TestFailover has a cluster whose nodes have the packages, and nothing of a checkout
// but the stand-in for OpenNebula, lose its active node: on Pacemaker 2.1 (bookworm)
// and 3.0 (trixie).
func TestFailover(t *testing.T) {
	if !labtest.All("ONEHA_PACKAGES") {
		t.Skip("ONEHA_PACKAGES=all runs it: make installs")
	}
	labtest.NeedMachines(t)
	dir := packages(t, older)
	for _, release := range []string{"bookworm", "trixie"} {
		t.Run(release, func(t *testing.T) { failover(t, release, dir) })
	}
}

func failover(t *testing.T, release, dir string) {
	ctx, stop := labtest.Within(t)
	defer stop()
	logs := filepath.Join(os.TempDir(), "oneha-packages-"+release)
	l, err := lab.Open(ctx, lab.Options{Prefix: "pkg-" + release, Release: release, CacheDir: labtest.CacheDir(), Source: checkout, Packages: dir, Diagnostics: logs, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := l.Up(ctx, filepath.Join(checkout, "examples", "two-node.yaml"))
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
	settling, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	if err := c.WaitSettled(settling); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Nodes {
		r, err := n.Exec(ctx, "sh", "-c", "oneha version; pacemakerd --version | head -n 1; readlink -f /usr/sbin/fence_bmc_ipmi /usr/lib/ocf/resource.d/opennebula/oned")
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %s", n.Name, r.Stdout)
		if !strings.Contains(r.Stdout, "oneha version "+older) {
			t.Errorf("%s does not run what is packaged: %s", n.Name, r.Stdout)
		}
	}
	w, err := scenario.NewWatch(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	f, err := scenario.FreezeActive(ctx, w, t.Logf)
	if err != nil {
		t.Fatalf("%+v: %v", f, err)
	}
	var table strings.Builder
	if err := scenario.WriteFailovers(&table, []scenario.Failover{f}); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &table)
}
