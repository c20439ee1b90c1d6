// Package apply changes a real two-node cluster by oneha apply and oneha rollback,
// and does to them on the way what happens to such commands at night.
package apply

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/apply"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/test/lab"
)

const example = "../../examples/two-node.yaml"

// kills is how often an apply is killed at a random moment.
const kills = 10

// onNode is where the description lies on the nodes.
const onNode = "/root/oneha.yaml"

// cluster is the cluster under test, which starts without a configuration.
type cluster struct {
	*lab.Cluster
	generated []byte // what its description says
}

func start(t *testing.T, ctx context.Context) cluster {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("the tests of apply need root")
		}
		t.Skip("needs root: the lab makes namespaces, mounts and control groups")
	}
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	described, findings := spec.Parse(example, text)
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	files, err := cib.Generate(described, "xml")
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Open(ctx, lab.Options{Prefix: "apply", CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: "../..", EmptyCIB: true, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	up, err := l.Up(ctx, example)
	if err != nil {
		t.Fatal(err)
	}
	c := cluster{Cluster: up, generated: files[0].Data}
	c.settle(t, ctx)
	for _, n := range c.Nodes {
		if err := n.Copy(example, onNode); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c cluster) settle(t *testing.T, ctx context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := c.WaitSettled(ctx); err != nil {
		t.Fatal(err)
	}
}

// sh runs a command on a node that must succeed.
func sh(t *testing.T, ctx context.Context, n *lab.Node, command string) string {
	t.Helper()
	r, err := n.Exec(ctx, "sh", "-ec", command)
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, r.Stdout)
	}
	return r.Stdout
}

// oneha runs oneha on a node and compares its exit code.
func oneha(t *testing.T, ctx context.Context, n *lab.Node, code int, command string) lab.Result {
	t.Helper()
	r, err := n.Exec(ctx, "sh", "-c", "oneha "+command)
	if r.Code != code {
		t.Fatalf("oneha %s: exit code %d, want %d: %v\n%s%s", command, r.Code, code, err, r.Stdout, r.Stderr)
	}
	return r
}

func says(t *testing.T, text, want string) {
	t.Helper()
	if !strings.Contains(text, want) {
		t.Errorf("%q is missing in\n%s", want, text)
	}
}

// live is the CIB as a node has it.
func live(t *testing.T, ctx context.Context, n *lab.Node) []byte {
	t.Helper()
	return []byte(sh(t, ctx, n, "cibadmin --query"))
}

func configuration(t *testing.T, data []byte) string {
	t.Helper()
	text, err := apply.Configuration(data)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var epochForm = regexp.MustCompile(`\sepoch="\d+"`)

func epoch(data []byte) string { return epochForm.FindString(string(data)) }

// isSpec reports whether a CIB is what the description says.
func (c cluster) isSpec(t *testing.T, data []byte) bool {
	t.Helper()
	wanted, err := apply.Wanted(data, c.generated)
	if err != nil {
		t.Fatal(err)
	}
	same, err := apply.Same(data, wanted)
	if err != nil {
		t.Fatal(err)
	}
	return same
}

// wantSpec fails unless every node has what the description says.
func (c cluster) wantSpec(t *testing.T, ctx context.Context) {
	t.Helper()
	for _, n := range c.Nodes {
		if data := live(t, ctx, n); !c.isSpec(t, data) {
			t.Fatalf("%s has not what the description says:\n%s", n.Name, configuration(t, data))
		}
	}
}

// byHand changes the configuration as people and their tools do: one property, one
// value that is the description's, one thing that it does not have, the order.
func byHand(t *testing.T, ctx context.Context, n *lab.Node, note int) {
	t.Helper()
	sh(t, ctx, n, fmt.Sprintf(`
		crm_attribute --name cluster-delay --update %ds
		crm_attribute --type rsc_defaults --name resource-stickiness --update 7
		cibadmin --create --scope constraints --xml-text '<rsc_location id="stays-%d" rsc="vip" node="one-server1" score="10"/>'
		cibadmin --delete --xpath '//rsc_defaults//nvpair[@name="migration-threshold"]'`, 61+note, note))
}

const (
	applying = "apply " + onNode + " --yes --no-failures"
	rollback = "rollback --yes"
)

func TestApply(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	c := start(t, ctx)
	n, peer := c.Nodes[0], c.Nodes[1]
	empty := configuration(t, live(t, ctx, n))
	step := func(name string, f func(*testing.T)) {
		began := time.Now()
		if !t.Run(name, f) {
			t.FailNow() // what follows builds on it
		}
		t.Logf("%s: %.1f s", name, time.Since(began).Seconds())
	}

	step("dry run", func(t *testing.T) {
		r := oneha(t, ctx, n, 0, "apply "+onNode+" --dry-run --no-failures")
		says(t, r.Stdout, "nothing was changed: this was a dry run")
		r = oneha(t, ctx, n, 2, "apply "+onNode+" --no-failures")
		says(t, r.Stderr, "nothing was changed: there is no terminal to ask on: use --yes")
		if now := configuration(t, live(t, ctx, n)); now != empty {
			t.Errorf("the configuration was changed:\n%s", now)
		}
	})

	step("from empty", func(t *testing.T) {
		r := oneha(t, ctx, n, 0, applying)
		says(t, r.Stdout, "changed: the cluster has the new configuration")
		says(t, r.Stdout, "settled after")
		says(t, r.Stdout, "frontend/oned")
		c.wantSpec(t, ctx)
		c.settle(t, ctx)
		if _, err := c.Active(); err != nil {
			t.Error(err)
		}
	})

	step("unchanged", func(t *testing.T) {
		for _, n := range c.Nodes {
			before := epoch(live(t, ctx, n))
			says(t, oneha(t, ctx, n, 0, applying).Stdout, "nothing to change")
			says(t, oneha(t, ctx, n, 0, applying+" --json").Stdout, `"changed": false`)
			if after := epoch(live(t, ctx, n)); after != before {
				t.Errorf("%s: the version went from%s to%s", n.Name, before, after)
			}
		}
	})

	step("changed by hand, and back byte for byte", func(t *testing.T) {
		byHand(t, ctx, n, 0)
		sh(t, ctx, n, "crm configure primitive web ocf:heartbeat:Dummy params fake='a &amp; \"b\"' op monitor interval=7s")
		c.settle(t, ctx)
		hand := configuration(t, live(t, ctx, n))
		r := oneha(t, ctx, n, 0, applying)
		says(t, r.Stdout, "REMOVED")
		says(t, r.Stdout, "  - resource web (ocf:heartbeat:Dummy)")
		c.wantSpec(t, ctx)
		ours := configuration(t, live(t, ctx, n))

		says(t, oneha(t, ctx, n, 0, rollback).Stdout, "changed: ")
		for _, n := range c.Nodes {
			if now := configuration(t, live(t, ctx, n)); now != hand {
				t.Fatalf("rolled back, %s has\n%s\nwant\n%s", n.Name, now, hand)
			}
		}
		before := epoch(live(t, ctx, n))
		says(t, oneha(t, ctx, n, 0, rollback).Stdout, "nothing to change")
		if after := epoch(live(t, ctx, n)); after != before {
			t.Errorf("a second rollback moved the version from%s to%s", before, after)
		}
		newest := strings.Fields(strings.Split(oneha(t, ctx, n, 0, "rollback --list").Stdout, "\n")[1])[0]
		oneha(t, ctx, n, 0, rollback+" --to "+newest)
		if now := configuration(t, live(t, ctx, n)); now != ours {
			t.Errorf("the rollback taken back gives\n%s\nwant\n%s", now, ours)
		}
		sh(t, ctx, n, "crm_attribute --name cluster-delay --update 99s")
		r = oneha(t, ctx, n, 0, rollback)
		says(t, r.Stderr, "it was changed since")
		if now := configuration(t, live(t, ctx, n)); now != hand {
			t.Errorf("rolled back over somebody's change:\n%s", now)
		}
		oneha(t, ctx, n, 0, applying)
	})

	step("asked, and somebody was quicker", func(t *testing.T) {
		for _, test := range []struct {
			meanwhile, answer string
			code              int
			says              string
		}{
			{"crm_attribute --name cluster-delay --update 88s", "yes", 1, "somebody else changed the configuration meanwhile: nothing was changed"},
			{"attrd_updater --name meanwhile --update 1; sleep 1", "yes", 0, "changed: "},
			{"crm_attribute --name cluster-delay --update 89s; sleep 1", "no", 1, "nothing was changed"},
		} {
			sh(t, ctx, n, "crm_attribute --name cluster-delay --update 77s")
			c.settle(t, ctx)
			r, err := n.Exec(ctx, "sh", "-c", `(sleep 2; `+test.meanwhile+` >/dev/null 2>&1; echo `+test.answer+`; sleep 2) |
				script -qec "oneha apply `+onNode+` --no-failures --wait 20s" /dev/null`)
			if r.Code != test.code {
				t.Fatalf("%s: exit code %d: %v\n%s", test.meanwhile, r.Code, err, r.Stdout)
			}
			says(t, r.Stdout, test.says)
			if done := c.isSpec(t, live(t, ctx, n)); done != (test.code == 0) {
				t.Errorf("%s: is what the description says: %t", test.meanwhile, done)
			}
		}
		oneha(t, ctx, n, 0, applying)
	})

	step("full disk", func(t *testing.T) {
		byHand(t, ctx, n, 1)
		hand := live(t, ctx, n)
		sh(t, ctx, n, "mount -t tmpfs -o size=8k full /var/lib/oneha/rollback")
		says(t, oneha(t, ctx, n, 1, applying).Stderr, "nothing was changed: keep the old configuration: ")
		sh(t, ctx, n, "umount /var/lib/oneha/rollback; mkdir /tmp/kept; cp -p /var/lib/pacemaker/cib/* /tmp/kept; mount -t tmpfs -o size=16k full /var/lib/pacemaker/cib")
		says(t, oneha(t, ctx, n, 1, applying).Stderr, "nothing was changed: no room in /var/lib/pacemaker/cib")
		sh(t, ctx, n, "umount /var/lib/pacemaker/cib")
		if epoch(live(t, ctx, n)) != epoch(hand) {
			t.Error("the configuration was changed")
		}
		oneha(t, ctx, n, 0, applying)
		c.wantSpec(t, ctx)
	})

	step("killed at random moments", func(t *testing.T) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		byHand(t, ctx, n, 9)
		began := time.Now()
		oneha(t, ctx, n, 0, applying+" --wait 0")
		usual := time.Since(began) // from the start to the change and a little more
		oneha(t, ctx, n, 0, applying)
		made := 0
		for i := range kills {
			on := c.Nodes[i%2]
			byHand(t, ctx, on, 10+i)
			hand := live(t, ctx, on)
			group := []string{"", "--foreground "}[random.IntN(2)] // its tools die with it, or live on
			moment := time.Duration(random.Int64N(int64(usual * 4)))
			r, err := on.Exec(ctx, "sh", "-c", fmt.Sprintf("timeout %s-s KILL %.3f oneha %s", group, moment.Seconds()+0.001, applying))
			if r.Code != 137 && r.Code != 0 {
				t.Fatalf("killed after %v: exit code %d: %v\n%s%s", moment, r.Code, err, r.Stdout, r.Stderr)
			}
			after := live(t, ctx, on)
			same, err := apply.Same(hand, after)
			if err != nil {
				t.Fatal(err)
			}
			done := c.isSpec(t, after)
			if !done && !same {
				t.Fatalf("killed after %v, half is left:\n%s", moment, configuration(t, after))
			}
			if done {
				made++
			}
			oneha(t, ctx, on, 0, applying)
			c.wantSpec(t, ctx)
			if left := sh(t, ctx, on, "ls -A /var/lib/oneha/rollback | grep -v '^[0-9-]*\\.xml$' | grep -vx .lock || true"); left != "" {
				t.Errorf("left behind: %s", left)
			}
		}
		t.Logf("killed within %v, %d of %d runs had made their change", usual*4, made, kills)
	})

	step("cibsecret", func(t *testing.T) {
		oneha(t, ctx, peer, 0, applying+" --cibsecret --store-only")
		r := oneha(t, ctx, n, 0, applying+" --cibsecret")
		says(t, r.Stderr, "on the others first")
		for _, n := range c.Nodes {
			for _, device := range []string{"fence-one-server1", "fence-one-server2"} {
				sh(t, ctx, n, "cibsecret check "+device+" password")
			}
			says(t, oneha(t, ctx, n, 0, applying+" --cibsecret").Stdout, "nothing to change")
		}
		text := string(live(t, ctx, n))
		says(t, text, `name="password" value="lrm://"`)
		if strings.Contains(text, "password_file") {
			t.Error("the password file is still in the CIB")
		}
	})

	// The password of this fencing comes out of Pacemaker's store.
	step("no quorum", func(t *testing.T) {
		if err := peer.Cut(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for !strings.Contains(func() string { // a fenced node boots alone and waits for all
			r, _ := peer.Exec(ctx, "crm_mon", "-1", "--output-as=xml")
			return r.Stdout
		}(), `current_dc present="false"`) {
			if time.Since(began) > time.Minute {
				t.Fatal("the node that is cut off does not come back alone")
			}
			time.Sleep(200 * time.Millisecond)
		}
		before := live(t, ctx, peer)
		r := oneha(t, ctx, peer, 1, applying)
		says(t, r.Stderr, "nothing was changed: the cluster has no DC as this node sees it")
		if after := live(t, ctx, peer); epoch(after) != epoch(before) {
			t.Errorf("the version went from%s to%s", epoch(before), epoch(after))
		}
		oneha(t, ctx, n, 1, applying) // half a cluster has quorum and takes the change; a device cannot run
		if !c.isSpec(t, live(t, ctx, n)) {
			t.Error("the half with quorum did not take the change")
		}
		if err := peer.Heal(); err != nil {
			t.Fatal(err)
		}
		c.settle(t, ctx)
		c.wantSpec(t, ctx)
	})

	step("the DC hangs meanwhile", func(t *testing.T) {
		status, err := c.Status(ctx)
		if err != nil {
			t.Fatal(err)
		}
		dc := c.Node(status.DC)
		other := c.Peer(dc)
		byHand(t, ctx, other, 30)
		c.settle(t, ctx)
		if err := dc.Freeze(); err != nil {
			t.Fatal(err)
		}
		r, _ := other.Exec(ctx, "sh", "-c", "oneha "+applying)
		t.Logf("exit code %d\n%s%s", r.Code, r.Stdout[max(0, len(r.Stdout)-500):], r.Stderr)
		changed := strings.Contains(r.Stdout, "changed: the cluster has")
		if not := strings.Contains(r.Stderr, "nothing was changed"); changed == not && !strings.Contains(r.Stderr, "it is not known") {
			t.Errorf("it says neither that it was changed nor that it was not")
		}
		c.settle(t, ctx)
		if done := c.isSpec(t, live(t, ctx, other)); done != changed {
			t.Errorf("it said %t, and it is %t", changed, done)
		}
		oneha(t, ctx, other, 0, applying)
		c.wantSpec(t, ctx)
	})
}
