// Package status looks at a real cluster through oneha status: while it is healthy,
// every second of a failover, and when a machine that is none of the nodes takes the
// floating IP.
package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/status"
	"github.com/oneha/oneha/test/lab"
)

const (
	example  = "../../examples/two-node.yaml"
	squatter = "02:00:0a:1a:00:00" // of lab.Cluster.SetSquatter
)

// start brings the example up and takes it down after the test, with the logs kept
// when it failed.
func start(ctx context.Context, t *testing.T) *lab.Cluster {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("this test needs root")
		}
		t.Skip("needs root: the lab makes namespaces, mounts and control groups")
	}
	logs := filepath.Join(os.TempDir(), "oneha-status")
	l, err := lab.Open(ctx, lab.Options{Prefix: "status", CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: "../..", Diagnostics: logs, Log: t.Logf})
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
	settling, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := c.WaitSettled(settling); err != nil {
		t.Fatal(err)
	}
	return c
}

// exit is the exit code of a command in the lab.
func exit(t *testing.T, err error) int {
	t.Helper()
	if failed, ok := errors.AsType[*lab.ExitError](err); ok {
		return failed.Code
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

// ask takes the report of a node; want is the exit code that goes with the verdict.
func ask(ctx context.Context, t *testing.T, n *lab.Node) status.Report {
	t.Helper()
	answer, err := n.Exec(ctx, "oneha", "status", "--json")
	code := exit(t, err)
	var r status.Report
	if err := json.Unmarshal([]byte(answer.Stdout), &r); err != nil {
		t.Fatalf("%v\n%s%s", err, answer.Stdout, answer.Stderr)
	}
	want := map[status.Verdict]int{status.OK: 0, status.Degraded: 1, status.Down: 1, status.Unknown: 2}[r.Verdict]
	if code != want {
		t.Errorf("%s: exit code %d with verdict %s, want %d", n.Name, code, r.Verdict, want)
	}
	return r
}

// show records the screen of a node.
func show(ctx context.Context, t *testing.T, n *lab.Node, when string) {
	t.Helper()
	answer, err := n.Exec(ctx, "oneha", "status")
	t.Logf("%s, exit code %d:\n%s", when, exit(t, err), answer.Stdout)
	for line := range strings.Lines(answer.Stdout) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
			t.Errorf("a line of %d columns: %q", n, line)
		}
	}
}

// holders are who has the floating IP, in words.
func holders(r status.Report) string {
	if len(r.Addresses) != 1 {
		return fmt.Sprintf("%d addresses", len(r.Addresses))
	}
	var who []string
	for _, h := range r.Addresses[0].Holders {
		switch {
		case h.Stranger:
			who = append(who, "stranger "+h.Hardware)
		default:
			who = append(who, h.Node)
		}
	}
	slices.Sort(who)
	return strings.Join(who, " and ")
}

// await asks a node until it says what is wanted.
func await(ctx context.Context, t *testing.T, n *lab.Node, what string, ok func(status.Report) bool) status.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	for {
		r := ask(ctx, t, n)
		if ok(r) {
			return r
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s never said %s, but %s: %s", n.Name, what, r.Verdict, r.Summary)
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func isOK(r status.Report) bool { return r.Verdict == status.OK }

func TestStatus(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c := start(ctx, t)
	active, err := c.Active()
	if err != nil {
		t.Fatal(err)
	}
	peer := c.Peer(active)

	t.Run("healthy", func(t *testing.T) {
		for _, n := range c.Nodes {
			r := await(ctx, t, n, "ok", isOK)
			if got := holders(r); got != active.Name {
				t.Errorf("%s says that %s has the address; it is %s", n.Name, got, active.Name)
			}
			if h := r.Addresses[0].Holders[0]; (h.Place != "") != (n == active) || n != active && h.Hardware != active.MAC().String() {
				t.Errorf("%s: %+v", n.Name, h)
			}
			for _, s := range r.Services {
				by := map[bool]string{true: status.ByProbe, false: status.ByMonitor}[n == active]
				if !slices.ContainsFunc(s.Checks, func(c status.Check) bool { return c.By == by && c.OK }) {
					t.Errorf("%s: %s has no good check by %s: %+v", n.Name, s.ID, by, s.Checks)
				}
			}
			if len(r.Unknown) > 0 {
				t.Errorf("%s does not know %q", n.Name, r.Unknown)
			}
			show(ctx, t, n, "healthy, on "+n.Name)
		}
	})

	t.Run("stolen", func(t *testing.T) {
		if err := c.SetSquatter(true); err != nil {
			t.Fatal(err)
		}
		for _, n := range c.Nodes {
			r := ask(ctx, t, n)
			if want := active.Name + " and stranger " + squatter; holders(r) != want || r.Verdict != status.Down {
				t.Errorf("%s says %s, held by %s, want %s", n.Name, r.Verdict, holders(r), want)
			}
		}
		show(ctx, t, peer, "stolen by a stranger")
		if err := c.SetSquatter(false); err != nil {
			t.Fatal(err)
		}
		// By hand on the other node, as somebody does who wants to help.
		address := c.Spec.VIP.Address.String()
		if _, err := peer.Exec(ctx, "ip", "address", "add", address, "dev", "eth0"); err != nil {
			t.Fatal(err)
		}
		for _, n := range c.Nodes {
			r := ask(ctx, t, n)
			both := []string{active.Name, peer.Name}
			slices.Sort(both)
			if want := strings.Join(both, " and "); holders(r) != want || r.Verdict != status.Down {
				t.Errorf("%s says %s, held by %s, want %s", n.Name, r.Verdict, holders(r), want)
			}
		}
		show(ctx, t, peer, "added by hand on "+peer.Name)
		if _, err := peer.Exec(ctx, "ip", "address", "del", address, "dev", "eth0"); err != nil {
			t.Fatal(err)
		}
		await(ctx, t, peer, "ok", isOK)
	})

	// said asks both nodes until they say a sentence, and checks what the first problem is.
	said := func(t *testing.T, verdict status.Verdict, summary, problem string) {
		t.Helper()
		for _, n := range c.Nodes {
			r := await(ctx, t, n, summary, func(r status.Report) bool { return r.Summary == summary })
			if r.Verdict != verdict || len(r.Problems) == 0 || !strings.HasPrefix(r.Problems[0].What, problem) {
				t.Errorf("%s: %s: %s, with %v; want %s and first %q", n.Name, r.Verdict, r.Summary, r.Problems, verdict, problem)
			}
		}
		show(ctx, t, active, summary)
	}
	do := func(t *testing.T, command string) {
		t.Helper()
		if _, err := active.Exec(ctx, strings.Fields(command)...); err != nil {
			t.Fatal(err)
		}
	}
	well := func(t *testing.T) {
		t.Helper()
		await(ctx, t, active, "ok", func(r status.Report) bool { return isOK(r) && r.Busy == "" })
	}

	// Who is not root sees less, and is told.
	t.Run("others", func(t *testing.T) {
		do(t, "useradd --no-create-home --groups haclient watcher")
		for _, who := range []struct {
			user, says string
			code       int
		}{
			{"nobody", "UNKNOWN  this user may not ask Pacemaker\n", 2},
			{"watcher", "OK  " + active.Name + " runs everything; " + peer.Name + " is ready to take over\n", 0},
		} {
			answer, err := active.Exec(ctx, "setpriv", "--reuid", who.user, "--regid", "nogroup", "--init-groups", "oneha", "status")
			if code := exit(t, err); code != who.code || !strings.HasPrefix(answer.Stdout, who.says) {
				t.Errorf("%s: exit code %d, want %d:\n%s", who.user, code, who.code, answer.Stdout)
			}
			if told := strings.Contains(answer.Stdout, "not root, and so not seen: corosync's links, who else answers for "); told != (who.code == 0) {
				t.Errorf("%s is told what it does not see: %v\n%s", who.user, told, answer.Stdout)
			}
		}
	})

	t.Run("banned", func(t *testing.T) {
		do(t, "crm_resource --ban --resource oned --node "+peer.Name)
		said(t, status.Degraded, active.Name+" runs everything; "+peer.Name+" could not take over oned, sunstone, gate and flow", "if "+active.Name+" is lost now")
		do(t, "crm_resource --clear --resource oned")
		well(t)
	})

	t.Run("maintenance", func(t *testing.T) {
		do(t, "crm_attribute --name maintenance-mode --update true")
		said(t, status.Degraded, active.Name+" runs everything; maintenance mode: no takeover", "the cluster is in maintenance mode")
		do(t, "crm_attribute --name maintenance-mode --delete")
		well(t)
	})

	t.Run("unmanaged", func(t *testing.T) {
		do(t, "crm_resource --resource sunstone --meta --set-parameter is-managed --parameter-value false")
		said(t, status.Degraded, active.Name+" runs everything; "+peer.Name+" is ready to take over, but one thing needs attention", "sunstone is not managed")
		do(t, "crm_resource --resource sunstone --meta --delete-parameter is-managed")
		well(t)
	})

	// Pacemaker still thinks that all is well when oned hangs; when it has seen it, it
	// restarts it, and remembers.
	t.Run("hung", func(t *testing.T) {
		do(t, "systemctl kill --kill-who=main -s STOP opennebula")
		for n, want := range map[*lab.Node]string{
			active: "oned runs on " + active.Name + " but does not work: it accepts connections but does not answer",
			peer:   "oned does not answer at " + c.Spec.VIP.Address.Addr().String() + ": silence for 1.5 s",
		} {
			if r := ask(ctx, t, n); r.Verdict != status.Down || r.Summary != want {
				t.Errorf("%s: %s: %s, want %q", n.Name, r.Verdict, r.Summary, want)
			}
		}
		do(t, "systemctl kill --kill-who=main -s KILL opennebula")
		said(t, status.Degraded, active.Name+" runs everything; "+peer.Name+" is ready to take over, but one thing needs attention", "monitor of oned failed on "+active.Name)
		do(t, "crm_resource --cleanup --resource oned")
		well(t)
	})

	// Without the power of the active node nothing can be taken over.
	t.Run("BMC dead", func(t *testing.T) {
		device := "fence-" + active.Name
		if err := active.SetBMC(ctx, false); err != nil {
			t.Fatal(err)
		}
		do(t, "crm_resource --refresh --resource "+device) // it is monitored once in a while only
		said(t, status.Degraded, active.Name+" runs everything; no safe takeover while "+device+" fails", "start of "+device+" failed on "+peer.Name)
		if err := active.SetBMC(ctx, true); err != nil {
			t.Fatal(err)
		}
		// A start that was under way when the BMC came back may still fail, after the first
		// cleanup: the device has to be well twice in a row.
		for before, now := false, false; !before || !now; {
			before, now = now, isOK(ask(ctx, t, active))
			if !now {
				do(t, "crm_resource --cleanup --resource "+device)
			}
			time.Sleep(2 * time.Second)
			if ctx.Err() != nil {
				t.Fatal(ctx.Err())
			}
		}
		well(t)
	})

	t.Run("failover", func(t *testing.T) {
		if err := active.Freeze(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var heard []string // what the summaries were, in order
		for over := false; !over && time.Since(began) < 60*time.Second; {
			r := ask(ctx, t, peer)
			at := time.Since(began)
			over = r.Verdict == status.OK && r.Busy == ""
			// The truth, as the kernels say it: the frozen node's answers on.
			if holder, err := c.Active(); err == nil && at < 2*time.Second && holders(r) != holder.Name {
				t.Errorf("after %.1f s %s says that %s has the address; it is %s", at.Seconds(), peer.Name, holders(r), holder.Name)
			}
			if line := string(r.Verdict) + ": " + r.Summary; len(heard) == 0 || heard[len(heard)-1] != line {
				heard = append(heard, line)
				show(ctx, t, peer, fmt.Sprintf("%.1f s after %s froze", at.Seconds(), active.Name))
			}
			time.Sleep(time.Second)
		}
		t.Logf("summaries:\n%s", strings.Join(heard, "\n"))
		for _, want := range []string{
			"down: " + active.Name + " is lost and is being fenced: takeover follows",
			"degraded: " + peer.Name + " runs everything; " + active.Name + " is offline: no takeover",
			"ok: " + peer.Name + " runs everything; " + active.Name + " is ready to take over",
		} {
			if !slices.Contains(heard, want) && !strings.HasPrefix(want, "degraded") { // a container boots within a second
				t.Errorf("never said %q", want)
			}
		}
		for _, n := range c.Nodes {
			// The fencer of a node that was fenced learns from the others what happened.
			r := await(ctx, t, n, "ok, and what was fenced", func(r status.Report) bool { return isOK(r) && len(r.Fencing) > 0 })
			if got := holders(r); got != peer.Name {
				t.Errorf("%s says that %s has the address; it is %s", n.Name, got, peer.Name)
			}
			if len(r.Fencing) != 1 || r.Fencing[0].Target != active.Name || r.Fencing[0].Status != "success" {
				t.Errorf("%s: fencing %+v", n.Name, r.Fencing)
			}
		}
	})

	t.Run("standby", func(t *testing.T) {
		if _, err := peer.Exec(ctx, "crm_attribute", "--node", active.Name, "--name", "standby", "--update", "on"); err != nil {
			t.Fatal(err)
		}
		r := await(ctx, t, peer, "degraded", func(r status.Report) bool { return r.Verdict == status.Degraded })
		if want := peer.Name + " runs everything; " + active.Name + " is in standby: no takeover"; r.Summary != want || len(r.Problems) != 1 {
			t.Errorf("it says %q with %v, want %q", r.Summary, r.Problems, want)
		}
	})

	t.Run("no cluster", func(t *testing.T) {
		if _, err := active.Exec(ctx, "systemctl", "stop", "pacemaker"); err != nil {
			t.Fatal(err)
		}
		r := ask(ctx, t, active)
		if r.Verdict != status.Unknown || len(r.Units) != 3 || r.Units[1].Name != "pacemaker.service" || r.Units[1].Up {
			t.Errorf("%s: %s, units %+v", r.Verdict, r.Summary, r.Units)
		}
		show(ctx, t, active, "without a cluster")
	})

	// A node of a pair that boots alone waits for the other one.
	t.Run("alone", func(t *testing.T) {
		for _, n := range c.Nodes {
			if err := n.PowerOff(); err != nil {
				t.Fatal(err)
			}
		}
		if err := peer.PowerOn(); err != nil {
			t.Fatal(err)
		}
		for { // until commands run there
			if _, err := peer.Exec(ctx, "true"); err == nil {
				break
			}
			if ctx.Err() != nil {
				t.Fatal(ctx.Err())
			}
			time.Sleep(100 * time.Millisecond)
		}
		r := await(ctx, t, peer, "no quorum", func(r status.Report) bool { return r.DC != "" })
		if r.Verdict != status.Down || r.Quorum || r.Summary != "no quorum here: this partition runs nothing" {
			t.Errorf("%s: %s, quorum %v", r.Verdict, r.Summary, r.Quorum)
		}
		show(ctx, t, peer, "alone after both had no power")
	})
}
