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
	refused(ctx, t, c.Nodes[0], dir)
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

// refused: a real Pacemaker names the agents in a way that the packages' scripts see; and a
// package of which it names nothing may go. The lab only unpacks packages, so each
// script is brought.
func refused(ctx context.Context, t *testing.T, n *lab.Node, dir string) {
	t.Helper()
	for _, name := range agents {
		d, err := readDeb(debFile(t, dir, name, here))
		if err != nil {
			t.Fatal(err)
		}
		script := "/run/" + name + ".prerm"
		if r, err := n.Exec(ctx, "sh", "-c", "cat >"+script+" <<'END'\n"+d.control["prerm"]+"\nEND\nchmod 755 "+script); err != nil {
			t.Fatal(err, r.Stderr)
		}
		for _, c := range []struct{ command, want string }{
			{script + " remove", "exit 1"},
			{script + " upgrade 2.0.0", "exit 0"},
			// What the script looks for is the only thing that differs.
			{"sed 's/ provider=\"opennebula\"/ provider=\"none\"/; s/ type=\"fence_bmc_/ type=\"none_/' " + script + " | sh -s remove", "exit 0"},
		} {
			r, err := n.Exec(ctx, "sh", "-c", "{ "+c.command+"; } 2>&1; echo exit $?")
			if err != nil || !strings.HasSuffix(strings.TrimSpace(r.Stdout), c.want) {
				t.Errorf("%s: %s (%v), want %s", c.command, r.Stdout, err, c.want)
			}
		}
	}
}
