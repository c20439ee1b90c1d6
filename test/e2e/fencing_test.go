package e2e

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/scenario"
)

// fencings is how many the test asks for, all of which have to be right.
const fencings = 20

// series is a cluster whose fence devices are configured by hand, one kind after
// the other.
type series struct {
	*scenario.Watch
	t     *testing.T
	ilos  map[string]*scenario.ILO // by node
	last  *lab.Node                // that was fenced
	fs    []scenario.Fenced
	wrong error // of the last one
}

// Every agent, configured by the two shells and asked by every way that there is
// to fence a node, with all that can go wrong around it.
func TestFencingByHand(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	b := &series{Watch: startCluster(t, ctx, "testdata/fencing.yaml"), t: t, ilos: map[string]*scenario.ILO{}}
	for i, n := range b.Cluster.Nodes {
		ilo, err := scenario.AddILO(b.Cluster, n, address(30+i))
		b.must(err)
		b.ilos[n.Name] = ilo
	}
	b.must(scenario.InstallILO(ctx, b.Cluster, b.ilos["one-server1"], b.ilos["one-server2"]))
	defer func() {
		var table strings.Builder
		b.must(scenario.WriteFenced(&table, b.fs, b.wrong))
		t.Logf("\n%s", &table)
	}()

	const active, passive, booting = scenario.Active, scenario.Passive, scenario.Booting
	ipmi := b.devices(ctx, "fence_bmc_ipmi")
	b.replace(ctx, scenario.PCS, []string{"fence-one-server1", "fence-one-server2"}, ipmi)
	b.fence(ctx, ipmi, scenario.CRMFence, active)
	b.fence(ctx, ipmi, scenario.AdminReboot, booting)
	b.fence(ctx, ipmi, scenario.AdminOff, active)
	b.fence(ctx, ipmi, scenario.PCSReboot, booting)
	b.fence(ctx, ipmi, scenario.PCSOff, active)

	redfish := b.devices(ctx, "fence_bmc_redfish")
	b.replace(ctx, scenario.CRM, ids(ipmi), redfish)
	b.fence(ctx, redfish, scenario.AdminReboot, active)
	b.fence(ctx, redfish, scenario.AdminOff, booting)
	b.fence(ctx, redfish, scenario.CRMFence, passive)
	b.fence(ctx, redfish, scenario.PCSReboot, active)

	ilo := b.devices(ctx, "fence_bmc_ilo")
	b.replace(ctx, scenario.PCS, ids(redfish), ilo)
	b.fence(ctx, ilo, scenario.AdminOff, active)
	b.fence(ctx, ilo, scenario.PCSReboot, booting)
	b.fence(ctx, ilo, scenario.PCSOff, passive)
	b.fence(ctx, ilo, scenario.AdminReboot, active)

	ssh := b.devices(ctx, "fence_bmc_ilo_ssh")
	b.replace(ctx, scenario.CRM, ids(ilo), ssh)
	b.fence(ctx, ssh, scenario.PCSReboot, active)
	b.fence(ctx, ssh, scenario.PCSOff, booting)
	b.fence(ctx, ssh, scenario.AdminReboot, booting)
	b.fence(ctx, ssh, scenario.CRMFence, active)
	b.delayed(ctx, ssh)

	b.levels(ctx, ssh)
	b.wrongPassword(ctx)

	b.judgeBites(ctx)
	b.must(b.Audit(ctx))
	if len(b.fs) != fencings {
		t.Errorf("%d fencings, want %d", len(b.fs), fencings)
	}
}

// address is one in the BMC network that the spec does not use.
func address(host int) netip.Addr { return netip.AddrFrom4([4]byte{10, 3, 5, byte(host)}) }

func (b *series) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// devices are one device of the agent for each node, by node. The second has its
// options by their old names.
func (b *series) devices(ctx context.Context, agent string) map[string]scenario.FenceDevice {
	b.t.Helper()
	all := map[string]scenario.FenceDevice{}
	for i, n := range b.Cluster.Nodes {
		old := i > 0
		var err error
		if agent == "fence_bmc_ipmi" {
			all[n.Name], err = scenario.IPMIDevice(ctx, b.Cluster, n.Name, old)
		} else {
			all[n.Name], err = b.ilos[n.Name].Device(agent, n.Name, old)
		}
		b.must(err)
	}
	return all
}

func ids(devices map[string]scenario.FenceDevice) []string {
	return []string{devices["one-server1"].ID, devices["one-server2"].ID}
}

// admin is the node on which commands are given: the one that was not the last to
// be fenced.
func (b *series) admin() *lab.Node {
	if b.last == nil {
		return b.Cluster.Nodes[0]
	}
	return b.Cluster.Peer(b.last)
}

// replace takes the old devices away and makes new ones.
func (b *series) replace(ctx context.Context, shell scenario.Shell, old []string, devices map[string]scenario.FenceDevice) {
	b.t.Helper()
	b.must(shell.Delete(ctx, b.admin(), old...))
	b.must(shell.Create(ctx, b.Cluster, b.admin(), devices["one-server1"], devices["one-server2"]))
}

// fence has a node fenced by its device.
func (b *series) fence(ctx context.Context, devices map[string]scenario.FenceDevice, order scenario.Order, victim scenario.Victim) scenario.Fenced {
	b.t.Helper()
	var f scenario.Fenced
	b.last, f, b.wrong = scenario.Fence(ctx, b.Watch, order, victim, devices, b.last, b.t.Logf)
	b.fs = append(b.fs, f)
	if b.wrong != nil {
		b.t.Fatalf("fencing %d: %v", len(b.fs), b.wrong)
	}
	return f
}

// delayed has a node fenced by a device with a delay, which must be waited once:
// by Pacemaker, not by the agent again.
func (b *series) delayed(ctx context.Context, devices map[string]scenario.FenceDevice) {
	b.t.Helper()
	const delay = 4 * time.Second
	for _, id := range ids(devices) {
		b.run(ctx, "pcs", "stonith", "update", id, "pcmk_delay_base=4s")
	}
	order := scenario.AdminReboot
	order.Name += ", pcmk_delay_base=4s"
	// Pacemaker's timer has whole seconds and may fire a little before.
	if f := b.fence(ctx, devices, order, scenario.Passive); f.Off < delay-time.Second/2 || f.Off >= 2*delay {
		b.t.Errorf("with a delay of %s the power was off after %s", delay, f.Off)
	}
	for _, id := range ids(devices) {
		b.run(ctx, "pcs", "stonith", "update", id, "pcmk_delay_base=")
	}
}

// levels makes a topology of two levels by either shell, and lets the victim's BMC
// of the first die: it leaves its network, or it stays and goes silent. The
// devices of the first level keep away from their nodes: one that runs on the node
// that dies is started elsewhere before anything else is, which takes long when
// its BMC is dead too.
func (b *series) levels(ctx context.Context, second map[string]scenario.FenceDevice) {
	b.t.Helper()
	first, topology := map[string]scenario.FenceDevice{}, []string{"crm", "configure", "fencing_topology"}
	for _, n := range b.Cluster.Nodes {
		d, err := scenario.IPMIDevice(ctx, b.Cluster, n.Name, false)
		b.must(err)
		first[n.Name] = d
		topology = append(topology, n.Name+":", d.ID, second[n.Name].ID)
	}
	b.must(scenario.CRM.Create(ctx, b.Cluster, b.admin(), first["one-server1"], first["one-server2"]))
	b.run(ctx, topology...)
	for _, n := range b.Cluster.Nodes {
		b.run(ctx, "pcs", "constraint", "location", first[n.Name].ID, "avoids", n.Name)
	}
	victim := b.settled(ctx)
	b.must(victim.SetBMC(ctx, false))
	order := scenario.AdminReboot
	order.Name += ", BMC of level 1 off its network"
	b.fence(ctx, second, order, scenario.Active)
	b.must(victim.SetBMC(ctx, true))

	b.run(ctx, "crm", "configure", "delete", "fencing_topology")
	wires := map[string]*scenario.Wire{}
	for i, n := range b.Cluster.Nodes {
		var err error
		wires[n.Name], err = scenario.Tap(b.Cluster, address(40+i), n.Name)
		b.must(err)
		b.run(ctx, "pcs", "stonith", "update", first[n.Name].ID, "ip="+wires[n.Name].Addr.String(), "pcmk_reboot_retries=1")
		b.run(ctx, "pcs", "stonith", "level", "add", "1", n.Name, first[n.Name].ID)
		b.run(ctx, "pcs", "stonith", "level", "add", "2", n.Name, second[n.Name].ID)
	}
	b.run(ctx, "pcs", "stonith", "level", "verify")
	wires[b.settled(ctx).Name].Silence()
	order = scenario.Hang
	order.Name += ", BMC of level 1 silent, pcmk_reboot_retries=1"
	b.fence(ctx, second, order, scenario.Active)
	b.run(ctx, "pcs", "stonith", "level", "clear")
	b.must(scenario.CRM.Delete(ctx, b.admin(), ids(first)...))
}

// settled waits until the cluster is whole and nothing is under way, and returns
// the active node.
func (b *series) settled(ctx context.Context) *lab.Node {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	b.must(b.Cluster.WaitSettled(ctx))
	active, err := b.Cluster.Active()
	b.must(err)
	return active
}

// wrongPassword shows what becomes of devices that cannot log in.
func (b *series) wrongPassword(ctx context.Context) {
	b.t.Helper()
	target := b.Cluster.Nodes[0]
	wire, err := scenario.Tap(b.Cluster, address(42), target.Name)
	b.must(err)
	ws, err := scenario.RefusePassword(ctx, b.Watch, target, b.ilos[target.Name], wire, b.t.Logf)
	var table strings.Builder
	b.must(scenario.WriteWrongPasswords(&table, ws))
	b.t.Logf("\n%s", &table)
	b.must(err)
}

// judgeBites has a node fenced by another device than the judge is told: a judge
// that cannot say no proves nothing.
func (b *series) judgeBites(ctx context.Context) {
	b.t.Helper()
	nobody := map[string]scenario.FenceDevice{}
	for _, n := range b.Cluster.Nodes {
		nobody[n.Name] = scenario.FenceDevice{ID: "nobody", BMC: "nobody"}
	}
	_, _, err := scenario.Fence(ctx, b.Watch, scenario.AdminReboot, scenario.Passive, nobody, nil, b.t.Logf)
	if err == nil || !strings.Contains(err.Error(), `powered off by "bmc: nobody set power 0"`) {
		b.t.Errorf("a fencing by another device than the right one was judged: %v", err)
	}
}

// run runs a command where commands are given.
func (b *series) run(ctx context.Context, args ...string) {
	b.t.Helper()
	_, err := b.admin().Exec(ctx, args...)
	b.must(err)
}
