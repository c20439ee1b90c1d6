package scenario

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/test/fakeoned"
	"github.com/oneha/oneha/test/lab"
)

// NodeFault is something wrong on a node, or in the cluster as the node sees it,
// that nobody notices before a failover.
type NodeFault struct {
	Name     string
	OnActive bool     // on the active node, not on its peer
	Rules    []string // of oneha check that have to find it, sorted, each with one finding or more
	Says     string   // part of one of them

	also     []string // rules that may find something too, by chance
	options  []string // of oneha check; nil for the usual ones
	moves    bool     // the cluster has something to do, before and after
	do, undo func(context.Context, *lab.Cluster, *lab.Node) error
}

// explains returns an error unless findings are those of the fault.
func (f NodeFault) explains(findings diag.Findings) error {
	var rules []string
	says := false
	for _, found := range findings {
		if slices.Contains(f.Rules, found.ID) || !slices.Contains(f.also, found.ID) {
			rules = append(rules, found.ID)
		}
		says = says || strings.Contains(found.What, f.Says)
	}
	slices.Sort(rules)
	if rules = slices.Compact(rules); !slices.Equal(rules, f.Rules) || !says {
		return fmt.Errorf("%s: want findings of %v and %q; got %v", f.Name, f.Rules, f.Says, findings)
	}
	return nil
}

// shell is a step on the node.
func shell(script string) func(context.Context, *lab.Cluster, *lab.Node) error {
	return func(ctx context.Context, _ *lab.Cluster, n *lab.Node) error {
		_, err := n.Exec(ctx, "sh", "-euc", script)
		return err
	}
}

// edited are the steps of a fault that changes a file by a script, $f in it: the
// file is kept aside and put back, owner and mode included.
func edited(f NodeFault, file, script string) NodeFault {
	const aside = "/root/aside"
	f.do = shell("f=" + file + "; cp -p $f " + aside + "; " + script)
	f.undo = shell("mv " + aside + " " + file)
	return f
}

// cluster are the steps of a fault in the cluster's configuration. A device that was
// stopped may be counted as failed by its monitor (seen with Pacemaker 2.1.5), so
// failures are forgotten afterwards.
func cluster(f NodeFault, script, undo string) NodeFault {
	f.moves, f.also = true, append(f.also, "R05")
	f.do, f.undo = shell(script), shell(undo+"; crm_resource --cleanup --quiet")
	return f
}

// bmc are the steps of a fault that the cluster's own monitor of the fence device
// may meet too, in the second that it lasts.
func bmc(f NodeFault) NodeFault {
	undo := f.undo
	f.moves, f.also = true, []string{"R05"}
	f.undo = func(ctx context.Context, c *lab.Cluster, n *lab.Node) error {
		if err := undo(ctx, c, n); err != nil {
			return err
		}
		return shell("crm_resource --cleanup --quiet")(ctx, c, n)
	}
	return f
}

const (
	onedConf     = "/etc/one/oned.conf"
	passwordFile = "/etc/oneha/bmc"
	raftHooks    = `for who in LEADER FOLLOWER; do echo "RAFT_${who}_HOOK = [ COMMAND = \"/bin/true\", ARGUMENTS = \"\" ]" >>$f; done`
	requiredBy   = "/etc/systemd/system/pacemaker.service.requires"
	slowStop     = "/run/systemd/system/" + onedUnit + ".d/slow.conf"
	thiefStarts  = "systemd-run --quiet --unit=thief " + fakeoned.Program + " -role gate -listen :2633; until ss -ltn | grep -q ':2633 '; do sleep 0.05; done"
)

var wrongPassword = bmc(edited(NodeFault{Name: "BMC password wrong", Rules: []string{"F14", "O04"}, Says: "the BMC refused the user name or the password"}, passwordFile, "echo wrong >$f"))

// NodeFaults are the faults of a node that has been set up by hand, by a package, or
// long ago. Of a change to the configuration D01 says that it is not the
// description's, and of a file that differs O04 that the nodes are not twins.
var NodeFaults = []NodeFault{
	wrongPassword,
	bmc(edited(NodeFault{Name: "password file readable", Rules: []string{"F13", "F14"}, Says: "has mode 0644"}, passwordFile, "chmod 644 $f")),
	bmc(NodeFault{Name: "BMC unreachable", Rules: []string{"F14"}, Says: "the BMC does not answer",
		do:   func(ctx context.Context, c *lab.Cluster, n *lab.Node) error { return c.Peer(n).SetBMC(ctx, false) },
		undo: func(ctx context.Context, c *lab.Cluster, n *lab.Node) error { return c.Peer(n).SetBMC(ctx, true) }}),

	{Name: "oned enabled at boot", Rules: []string{"R02"}, Says: "opennebula.service is enabled at boot",
		do: shell("systemctl enable --quiet " + onedUnit), undo: shell("systemctl disable --quiet " + onedUnit)},
	edited(NodeFault{Name: "a service masked", Rules: []string{"R02"}, Says: "opennebula-flow.service is masked"}, "/etc/systemd/system/opennebula-flow.service", "ln -sf /dev/null $f"),
	{Name: "a service started by hand", Rules: []string{"R09"}, Says: "opennebula-gate.service runs with Restart=on-failure",
		do: shell("systemctl start opennebula-gate.service"), undo: shell("systemctl stop opennebula-gate.service")},
	{Name: "TimeoutStopSec longer than the stop", Rules: []string{"R07"}, Says: "stop of oned may take 150 s, and systemd gives opennebula.service 600 s",
		do:   shell("d=" + slowStop + "; mkdir -p ${d%/*}; printf '[Service]\\nTimeoutStopSec=10min\\n' >$d; systemctl daemon-reload"),
		undo: shell("rm " + slowStop + "; systemctl daemon-reload")},
	{Name: "port taken by another program", Rules: []string{"O06"}, Says: "port 2633 of oned is taken by fakeoned of thief.service",
		do: shell(thiefStarts), undo: shell("systemctl stop thief.service")},

	edited(NodeFault{Name: "oned.conf differs", Rules: []string{"O04"}, Says: "the file differs"}, onedConf, "echo 'VM_SUBMIT_ON_HOLD = \"YES\"' >>$f"),
	edited(NodeFault{Name: "one_auth differs", Rules: []string{"O04"}, Says: "the file differs"}, fakeoned.AuthFile, "echo oneadmin:another >$f"),
	edited(NodeFault{Name: "sunstone_auth missing", Rules: []string{"O04"}, Says: "and not here"}, "/var/lib/one/.one/sunstone_auth", "rm $f"),
	edited(NodeFault{Name: "server of a Raft zone", Rules: []string{"O01"}, Says: "FEDERATION SERVER_ID is 0"}, onedConf, "sed -i 's/\\(SERVER_ID *=\\) -1/\\1 0/' $f"),
	edited(NodeFault{Name: "Raft hooks present", Rules: []string{"O01", "O04"}, Says: "RAFT_LEADER_HOOK is set, RAFT_FOLLOWER_HOOK is set"}, onedConf, raftHooks),
	edited(NodeFault{Name: "SQLite", Rules: []string{"O03", "O04"}, Says: "the database is SQLite"}, onedConf, `sed -i 's/"mysql"/"sqlite"/' $f`),
	{Name: "stale lock of oned", Rules: []string{"O05"}, Says: "no oned runs",
		do: shell("touch /var/lock/one/one"), undo: shell("rm /var/lock/one/one")},

	edited(NodeFault{Name: "corosync.conf differs", Rules: []string{"Q03"}, Says: "the file differs"}, "/etc/corosync/corosync.conf", "sed -i 's/token: 3000/token: 5000/' $f"),
	edited(NodeFault{Name: "authkey differs", Rules: []string{"O04"}, Says: "the key differs"}, "/etc/corosync/authkey", "head -c 256 /dev/urandom >$f"),
	{Name: "service.d/pcmk", Rules: []string{"Q05"}, Says: "corosync 1",
		do: shell("mkdir /etc/corosync/service.d; touch /etc/corosync/service.d/pcmk"), undo: shell("rm -r /etc/corosync/service.d")},
	{Name: "sbd that came with a package", Rules: []string{"Q08"}, Says: "sbd is enabled at boot and has no SBD_DEVICE",
		do: shell("mkdir " + requiredBy + "; ln -s ../sbd.service " + requiredBy), undo: shell("rm -r " + requiredBy)},
	{Name: "disk of corosync's state full", Rules: []string{"Q09"}, Says: "the file system of /var/lib/corosync is full (0 kB left)",
		do:   shell("mount -t tmpfs -o size=64k tmpfs /var/lib/corosync; head -c 64k /dev/zero >/var/lib/corosync/full"),
		undo: shell("umount /var/lib/corosync")},
	{Name: "renamed", Rules: []string{"Q07"}, Says: "this machine is called web1",
		do: shell("hostname web1"),
		undo: func(ctx context.Context, c *lab.Cluster, n *lab.Node) error {
			return shell("hostname "+n.Name)(ctx, c, n)
		}},

	{Name: "floating IP held by a stranger", OnActive: true, Rules: []string{"R08"}, Says: "is held here, and 02:00:0a:1a:00:00 answers for it as well",
		do:   func(_ context.Context, c *lab.Cluster, _ *lab.Node) error { return c.SetSquatter(true) },
		undo: func(_ context.Context, c *lab.Cluster, _ *lab.Node) error { return c.SetSquatter(false) }},
	{Name: "another prefix length", Rules: []string{"R08"}, Says: "has the prefix length 24, and eth0",
		do: shell("ip address add 10.3.4.99/25 dev eth0"), undo: shell("ip address delete 10.3.4.99/25 dev eth0")},
	{Name: "no such interface", Rules: []string{"R08"}, Says: "is to be on bond0", options: []string{"/root/bond0.yaml"},
		do: shell("sed 's,^vip: *\\(.*\\),vip: {address: \\1\\, nic: bond0},' " + description + " >/root/bond0.yaml"), undo: shell("rm /root/bond0.yaml")},

	cluster(NodeFault{Name: "maintenance mode on", Rules: []string{"D01", "F01"}, Says: "maintenance-mode is on"},
		"crm_attribute --name maintenance-mode --update true", "crm_attribute --quiet --name maintenance-mode --delete"),
	cluster(NodeFault{Name: "ban left behind", Rules: []string{"D01", "R05"}, Says: "is left of a move or ban by hand"},
		"crm_resource --ban --resource gate --node $(uname -n) --quiet", "crm_resource --clear --resource gate --quiet"),
	cluster(NodeFault{Name: "standby left behind", Rules: []string{"D01", "R05"}, Says: "is in standby"},
		"crm_attribute --node $(uname -n) --name standby --update on", "crm_attribute --quiet --node $(uname -n) --name standby --delete"),
	// What is left to fence the other node is told anew.
	cluster(NodeFault{Name: "fence device disabled", Rules: []string{"D01", "F02", "F09"}, Says: "is disabled"},
		"crm_resource --resource fence-$(uname -n) --meta --set-parameter target-role --parameter-value Stopped --quiet",
		"crm_resource --resource fence-$(uname -n) --meta --delete-parameter target-role --quiet"),
}
