package vagrant

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/lab/labtest"
	"github.com/oneha/oneha/test/zonelab"
)

// machine is what a script is run on.
type machine interface {
	Command(context.Context, lab.Command) (lab.Result, error)
}

// unit is a node whose scripts are in place.
type unit struct {
	machine
	name string
	env  []string
}

// put writes a file of the machine.
func put(ctx context.Context, t *testing.T, m machine, path string, text []byte, mode string) {
	t.Helper()
	if r, err := m.Command(ctx, lab.Command{
		Args:    []string{"sh", "-c", `mkdir -p "$(dirname "$1")" && cat >"$1" && chmod "$2" "$1"`, "sh", path, mode},
		Streams: lab.Streams{Stdin: strings.NewReader(string(text))},
	}); err != nil {
		t.Fatalf("write %s: %v\n%s", path, err, r.Stderr)
	}
}

// newUnit brings the scripts to a machine, as Vagrant does.
func newUnit(ctx context.Context, t *testing.T, m machine, name, nodes string, description []byte, secrets map[string][]byte) unit {
	t.Helper()
	files, err := filepath.Glob(playground + "/provision/*")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		put(ctx, t, m, "/provision/"+filepath.Base(file), text, "644")
	}
	put(ctx, t, m, "/vagrant/oneha.yaml", description, "644")
	for secret, text := range secrets {
		put(ctx, t, m, "/vagrant/secrets/"+secret, text, "600")
	}
	return unit{m, name, []string{"ONEHA_NODES=" + nodes, "ONEHA_OPENNEBULA=stand-in", "ONEHA_INSTALL=installed"}}
}

// run runs scripts, as the Vagrantfile names them, and returns what the last one printed.
func (u unit) run(ctx context.Context, t *testing.T, scripts ...string) string {
	t.Helper()
	var said string
	for _, words := range scripts {
		start := time.Now()
		script, argument, _ := strings.Cut(words, " ")
		r, err := u.Command(ctx, lab.Command{Args: []string{"sh", "-c", "sh /provision/" + script + ".sh " + argument}, Env: u.env})
		if err != nil {
			t.Fatalf("%s on %s: %v\n%s%s", words, u.name, err, r.Stdout, r.Stderr)
		}
		t.Logf("%s: %s, %.1f s", u.name, words, time.Since(start).Seconds())
		said = r.Stdout
	}
	return said
}

// oned is the process of oned on the machine, "0" for none.
func (u unit) oned(ctx context.Context, t *testing.T) string {
	t.Helper()
	r, err := u.Command(ctx, lab.Command{Args: []string{"systemctl", "show", "-P", "MainPID", "opennebula.service"}})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(r.Stdout)
}

// provision runs the scripts on all machines in turn, and then once more, which has to leave
// alone what runs. It returns what the last script printed each time.
func provision(ctx context.Context, t *testing.T, units []unit, scripts ...string) (first, again string) {
	t.Helper()
	for _, u := range units {
		first = u.run(ctx, t, scripts...)
	}
	before, running := map[string]string{}, 0
	for _, u := range units {
		if before[u.name] = u.oned(ctx, t); before[u.name] != "0" {
			running++
		}
	}
	if running == 0 {
		t.Error("no oned runs in the end")
	}
	for _, u := range units {
		again = u.run(ctx, t, scripts...)
	}
	for _, u := range units {
		if now := u.oned(ctx, t); now != before[u.name] {
			t.Errorf("%s: a second time oned is process %s, it was %s", u.name, now, before[u.name])
		}
	}
	return first, again
}

// secretsOf makes the playground's secrets.
func secretsOf(t *testing.T) map[string][]byte {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "secrets")
	command(t, ".", nil, "sh", playground+"/provision/secrets.sh", dir)
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name()] = text
	}
	return all
}

// The scripts of active-passive make a cluster that works of two nodes with nothing in their
// configuration. The lab has its own description, whose BMCs are there.
func TestActivePassive(t *testing.T) {
	t.Parallel() // it mostly waits
	labtest.NeedMachines(t)
	ctx, cancel := labtest.Within(t)
	defer cancel()
	const example = "../../examples/two-node.yaml"
	description, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Open(ctx, lab.Options{Prefix: "vagrant", CacheDir: labtest.CacheDir(), Source: "../..", EmptyCIB: true, Log: t.Logf})
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
	secrets := secretsOf(t)
	for _, n := range c.Nodes {
		if err := n.Booted(ctx); err != nil {
			t.Fatal(err)
		}
		// As Debian's packages leave a node, but for the password that the lab's BMCs know.
		// Pacemaker is killed: told to stop in the middle of its start it may wait for its
		// peers, and that for minutes.
		r, err := n.Exec(ctx, "sh", "-ec", `systemctl --no-block stop pacemaker
systemctl kill --kill-who=all --signal=KILL pacemaker || :
systemctl stop pacemaker corosync
rm /etc/corosync/corosync.conf /etc/corosync/authkey
find /var/lib/pacemaker/cib -type f -delete
cat /etc/oneha/bmc; rm /etc/oneha/bmc`)
		if err != nil {
			t.Fatalf("%v\n%s", err, r.Stderr)
		}
		secrets["bmc"] = []byte(r.Stdout)
	}
	var units []unit
	for _, n := range c.Nodes {
		u := newUnit(ctx, t, n, n.Name, "one-server1=10.3.4.20 one-server2=10.3.4.21", description, secrets)
		u.env = append(u.env, "ONEHA_VIP=10.3.4.2")
		units = append(units, u)
	}
	first, again := provision(ctx, t, units, "names", "software cluster", "opennebula", "pacemaker")
	if !strings.Contains(first, "OK  ") {
		t.Errorf("the cluster is not healthy:\n%s", first)
	}
	if !strings.Contains(again, "nothing to change") {
		t.Errorf("a second time something was changed:\n%s", again)
	}
}

// The scripts of raft make a zone of three front-ends that were only installed.
func TestRaft(t *testing.T) {
	t.Parallel() // it mostly waits
	z, ctx := labtest.Up(t, "vagrant", func(ctx context.Context) (*zonelab.Lab, error) {
		return zonelab.Up(ctx, zonelab.Options{Prefix: "vagrant-zone", CacheDir: labtest.CacheDir(), Log: t.Logf})
	})
	var nodes []string
	for i, name := range z.Servers() {
		nodes = append(nodes, fmt.Sprintf("%s=%s", name, zonelab.Addr(i)))
	}
	var units []unit
	secrets := secretsOf(t)
	for _, name := range z.Servers() {
		units = append(units, newUnit(ctx, t, z.Cluster.Node(name), name, strings.Join(nodes, " "), []byte(z.Description()), secrets))
	}
	first, again := provision(ctx, t, units, "names", "ssh", "software", "opennebula", "zone")
	for _, said := range []string{first, again} {
		if !strings.Contains(said, "is healthy") {
			t.Errorf("the zone is not healthy:\n%s", said)
		}
	}
}
