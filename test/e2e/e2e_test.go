// Package e2e breaks a real two-node cluster, configured by nothing but what
// oneha generates from examples/two-node.yaml, and counts.
package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/scenario"
)

// rounds is how often each fault happens: twice, or ONEHA_FAULTS. Chance decides small
// things in a cluster (who is DC, whose timer fires first), so once proves little.
var rounds = func() int {
	if n, err := strconv.Atoi(os.Getenv("ONEHA_FAULTS")); err == nil && n > 0 {
		return n
	}
	return 2
}()

// example is the cluster that most tests break.
const example = "../../examples/two-node.yaml"

// startCluster brings the cluster of a spec file up, and takes it down after the
// test, with the logs kept when it failed.
func startCluster(t *testing.T, ctx context.Context, file string) *scenario.Watch {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("the end-to-end tests need root")
		}
		t.Skip("needs root: the lab makes namespaces, mounts and control groups")
	}
	logs := filepath.Join(os.TempDir(), "oneha-e2e-"+t.Name())
	l, err := lab.Open(ctx, lab.Options{Prefix: "e2e", CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: "../..", Diagnostics: logs, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := l.Up(ctx, file)
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
	w, err := scenario.NewWatch(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	return w
}

func TestFrozenActiveNodeIsFencedAndReplaced(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	w := startCluster(t, ctx, example)
	var fs []scenario.Failover
	for i := range rounds {
		f, err := scenario.FreezeActive(ctx, w, t.Logf)
		if err != nil {
			t.Fatalf("round %d (%+v): %v", i+1, f, err)
		}
		fs = append(fs, f)
	}
	looked(t, ctx, w, fs[len(fs)-1].Survivor)
	told(t, ctx, w, fs)
	var table strings.Builder
	if err := scenario.WriteFailovers(&table, fs); err != nil {
		t.Fatal(err)
	}
	report, err := w.VIP.Report()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s%s", &table, report)
}

// looked waits until the agent of oned on the new active node has logged what the
// takeover has left.
func looked(t *testing.T, ctx context.Context, w *scenario.Watch, survivor string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for _, n := range w.Cluster.Nodes {
		if n.Name != survivor {
			continue
		}
		for {
			r, err := n.Exec(ctx, "sh", "-c", "journalctl --no-pager -o cat -b; cat /var/log/pacemaker/pacemaker.log")
			if strings.Contains(r.Stdout, "after the takeover of ") && strings.Contains(r.Stdout, ": oneha recover --ssh --vm ") {
				return
			}
			if ctx.Err() != nil {
				t.Fatalf("the agent on %s has not logged what the takeover has left: %v", survivor, err)
			}
			time.Sleep(time.Second)
		}
	}
	t.Fatalf("there is no node %s", survivor)
}

func TestOrderlyRebootFencesNobody(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	w := startCluster(t, ctx, example)
	for i := range 2 { // there and back
		if err := scenario.RebootActive(ctx, w, t.Logf); err != nil {
			t.Fatalf("round %d: %v", i+1, err)
		}
	}
	auditorsBite(t, ctx, w)
}

// auditorsBite makes by hand what the audit of every other round must not find:
// a second oned, and a second machine with the floating IP. An audit that cannot
// fail proves nothing.
func auditorsBite(t *testing.T, ctx context.Context, w *scenario.Watch) {
	t.Helper()
	active, err := w.Cluster.Active()
	if err != nil {
		t.Fatal(err)
	}
	passive := w.Cluster.Peer(active)
	vip := w.Cluster.Spec.VIP.Address.Addr().String()
	for _, args := range [][]string{{"systemctl", "start", "opennebula.service"}, {"ip", "addr", "add", vip + "/32", "dev", "eth0"}} {
		if _, err := passive.Exec(ctx, args...); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Second)
	err = w.Audit(ctx)
	for _, violation := range []string{"two oned wrote to one database", "two machines answered for the floating IP"} {
		if err == nil || !strings.Contains(err.Error(), violation) {
			t.Errorf("the audit does not see that %s: %v", violation, err)
		}
	}
}

// What Pacemaker does when oned fails and its node lives.
func TestFaultsOfOned(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	w := startCluster(t, ctx, example)
	var rs []scenario.Recovery
	defer func() {
		var table strings.Builder
		if err := scenario.WriteRecoveries(&table, rs); err != nil {
			t.Error(err)
		}
		t.Logf("\n%s", &table)
	}()
	done := func(r scenario.Recovery, err error) {
		rs = append(rs, r)
		if err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
	}
	for _, f := range scenario.Faults {
		done(scenario.BreakOned(ctx, w, f, t.Logf))
	}
	done(scenario.DatabaseAway(ctx, w, t.Logf))
	if err := scenario.AddDeepMonitor(ctx, w.Cluster); err != nil {
		t.Fatal(err)
	}
	done(scenario.BreakOned(ctx, w, scenario.DeepMonitor, t.Logf))
}

func TestCutLinkLeavesTheProtectedNode(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	w := startCluster(t, ctx, example)
	var ss []scenario.Split
	for i := range rounds {
		cut := w.Cluster.Nodes[i%len(w.Cluster.Nodes)]
		s, err := scenario.CutLink(ctx, w, cut, t.Logf)
		if err != nil {
			t.Fatalf("round %d (%+v): %v", i+1, s, err)
		}
		ss = append(ss, s)
	}
	var table strings.Builder
	if err := scenario.WriteSplits(&table, ss); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &table)
}
