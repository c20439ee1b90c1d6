// Package interview has oneha init look at a node of a real cluster, answers it by a
// script, and has oneha check judge the file there.
package interview

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/test/lab"
)

const example = "../../examples/two-node.yaml"

// answers take what is found for everything but what a node cannot show: its BMCs,
// and the names of the services that the example runs. Two are wrong at first.
var answers = []string{
	"", "", // the cluster's name, the nodes
	"10.3.4.20/24", "", "", // addresses
	"",                                              // the floating IP
	"oned, flow, banana", "oned sunstone gate flow", // services
	"ipmi://10.3.5.20", "ipmi://10.3.5.21",
	"", "", "", // user and password file of the BMCs, no preferred node
}

func TestInit(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("this test needs root")
		}
		t.Skip("needs root: the lab makes namespaces, mounts and control groups")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	l, err := lab.Open(ctx, lab.Options{Prefix: "init", CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: "../..", Log: t.Logf})
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
	if err := c.WaitSettled(ctx); err != nil {
		t.Fatal(err)
	}
	node := c.Nodes[0]
	before, err := node.Exec(ctx, "sh", "-c", changed)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	r, err := node.Command(ctx, lab.Command{Args: []string{"oneha", "init", "-o", "/root/oneha.yaml"}, Streams: lab.Streams{Stdin: strings.NewReader(strings.Join(answers, "\n") + "\n")}})
	t.Logf("oneha init took %s\n%s%s", time.Since(begin).Round(time.Millisecond), r.Stdout, r.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	after, err := node.Exec(ctx, "sh", "-c", changed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.Stdout, after.Stdout); diff != "" {
		t.Errorf("init changed the node: %s", diff)
	}
	if r, err = node.Exec(ctx, "oneha", "check", "--cib", "live", "/root/oneha.yaml"); err != nil {
		t.Errorf("oneha check: %v\n%s%s", err, r.Stdout, r.Stderr)
	}
	if r, err = node.Exec(ctx, "cat", "/root/oneha.yaml"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := spec.Parse("", text)
	got, findings := spec.Parse("", []byte(r.Stdout))
	if len(findings) > 0 {
		t.Errorf("%v", findings)
	}
	if got.Target.Release != "debian-12" {
		t.Errorf("target %q", got.Target)
	}
	got.Target = want.Target // the example has none
	if a, b := string(spec.Format(want, nil)), string(spec.Format(got, nil)); a != b {
		t.Errorf("the file is not the cluster that it was made on: %s", cmp.Diff(a, b))
	}
}

// changed lists the configuration of a node with what tells a change.
const changed = "find /etc /var/lib/one /var/lib/pacemaker/cib -type f -printf '%p %s %T@ %m\\n' | grep -v /var/lib/pacemaker/cib/ | sort"
