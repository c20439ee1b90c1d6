package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/scenario"
)

// episode is one of what oneha timeline --json tells, as its readers know it.
type episode struct {
	Title string
	Lost  string
	Steps []step
	Back  []struct{ Resource, Node string }
}

type step struct {
	At                          time.Time
	Kind, Subject, Node, Source string
}

// nodeLogs are what oneha timeline reads on a node.
var nodeLogs = []string{"/var/log/oneha/events.jsonl", "/var/log/pacemaker/pacemaker.log", "/var/log/corosync/corosync.log"}

// told has the logs of all nodes read by oneha timeline, and compares its story of
// each failover with what was seen from outside: by the BMC, on the wire, by a client.
func told(t *testing.T, ctx context.Context, w *scenario.Watch, fs []scenario.Failover) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	reader := w.Cluster.Node(fs[0].Survivor)
	args := []string{"oneha", "timeline", "--json", "--since", fs[0].Start.Format(time.RFC3339)}
	for _, n := range w.Cluster.Nodes {
		for _, name := range nodeLogs {
			args = append(args, "--log", bring(t, ctx, n, reader, name))
		}
	}
	r, err := reader.Exec(ctx, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, r.Stderr)
	}
	var report struct{ Episodes []episode }
	if err := json.Unmarshal([]byte(r.Stdout), &report); err != nil {
		t.Fatalf("%v\n%s", err, r.Stdout)
	}
	var losses []episode
	for _, e := range report.Episodes {
		if e.Lost != "" {
			losses = append(losses, e)
		}
	}
	if len(losses) != len(fs) {
		t.Fatalf("oneha timeline tells of %d lost nodes, and %d were lost:\n%s", len(losses), len(fs), r.Stdout)
	}
	var table strings.Builder
	rows := tabwriter.NewWriter(&table, 0, 0, 3, ' ', 0)
	fmt.Fprintln(rows, "told, seconds after it was seen\tpower off\tVIP\toned")
	for i, f := range fs {
		compare(t, w, losses[i], f, rows)
	}
	if err := rows.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &table)
}

// bring copies a log of a node to the one that reads it, and returns its name there.
func bring(t *testing.T, ctx context.Context, from, to *lab.Node, log string) string {
	t.Helper()
	r, err := from.Exec(ctx, "cat", log)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte(r.Stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	there := filepath.Join("/root/logs", from.Name, filepath.Base(log))
	if err := to.Copy(file, there); err != nil {
		t.Fatal(err)
	}
	return there
}

// The story and what was seen have one clock. What can only come after the other may
// not be earlier than it by more than early, which is for what saw it; late is when it
// must be another thing, however slow the machine is.
const (
	early = time.Second
	late  = 15 * time.Second
)

// compare looks for the steps of a failover in the story, in their order.
func compare(t *testing.T, w *scenario.Watch, e episode, f scenario.Failover, rows *tabwriter.Writer) {
	t.Helper()
	if want := f.Victim + " was lost and fenced"; e.Title != want || e.Lost != f.Victim {
		t.Errorf("the title is %q, want %q", e.Title, want)
	}
	const byAgent = "agent"
	want := []step{
		{Kind: "lost", Subject: f.Victim},
		{Kind: "switching", Subject: f.Victim, Node: f.Survivor, Source: byAgent},
		{Kind: "off", Subject: f.Victim, Node: f.Survivor, Source: byAgent},
		{Kind: "fenced", Subject: f.Victim},
		{Kind: "address-set", Subject: "vip", Node: f.Survivor, Source: byAgent},
		{Kind: "started", Subject: "vip", Node: f.Survivor, Source: byAgent},
		{Kind: "started", Subject: "oned", Node: f.Survivor, Source: byAgent},
	}
	at := map[string]time.Time{}
	last := step{At: f.Start}
	for _, s := range want {
		found := e.find(s)
		if found == nil {
			t.Errorf("nothing is told of %+v: %+v", s, e.Steps)
			return
		}
		if found.At.Before(last.At) {
			t.Errorf("%s %s is told before %s %s", found.Kind, found.Subject, last.Kind, last.Subject)
		}
		last, at[s.Kind+" "+s.Subject] = *found, found.At
	}
	for _, service := range w.Cluster.Spec.Services {
		name := string(service)
		s := e.find(step{Kind: "started", Subject: name, Node: f.Survivor, Source: byAgent})
		if s == nil || s.At.Before(at["started oned"]) {
			t.Errorf("%s is told to serve at %+v, want one time, after oned", name, s)
		}
	}
	if got := len(e.Back); got != len(w.Cluster.Spec.Services)+1 {
		t.Errorf("%d resources are told to serve again, want the VIP and %v: %+v", got, w.Cluster.Spec.Services, e.Back)
	}
	// The agent sees the power off after the BMC has cut it; the VIP answers, after it is
	// set. oned may be seen by its agent or by the client first.
	off := at["off "+f.Victim].Sub(f.Start.Add(f.Fenced))
	vip := at["address-set vip"].Sub(f.Start.Add(f.VIP))
	oned := at["started oned"].Sub(f.Start.Add(f.Oned))
	fmt.Fprintf(rows, "%s -> %s\t%.2f\t%.2f\t%.2f\n", f.Victim, f.Survivor, off.Seconds(), vip.Seconds(), oned.Seconds())
	if off < -early || off > late || vip < -late || vip > early || oned < -late || oned > late {
		t.Errorf("the story and what was seen from outside differ: power off %s, VIP %s, oned %s", off, vip, oned)
	}
}

// find is the first step like s, whose empty fields say nothing.
func (e episode) find(s step) *step {
	for _, have := range e.Steps {
		if have.Kind == s.Kind && have.Subject == s.Subject && (s.Node == "" || have.Node == s.Node) && (s.Source == "" || have.Source == s.Source) {
			return &have
		}
	}
	return nil
}
