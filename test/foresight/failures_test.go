package foresight

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/scenario"
)

// failure is something that is done to the cluster.
type failure struct {
	name string
	id   func(s *stage) string // of the outcome that oneha plan foretells
	// happen does it, at s.at, waits until the cluster has dealt with it, and says what
	// became of it.
	happen func(ctx context.Context, s *stage) (happened, error)
	undo   string // shell command on the node that was active, "" for none
	rare   bool   // only when all are asked for: another test does it to a cluster, too, or it resembles one here
}

// failures are in an order in which each one finds what it needs soon: after most of
// them the cluster is active on the other node.
var failures = []failure{
	{name: "oned killed", id: of("resource-failed", "oned"), happen: kill("oned", "opennebula.service")},
	{name: "OneFlow killed", id: of("resource-failed", "flow"), happen: kill("flow", "opennebula-flow.service"), rare: true},
	{name: "OneFlow killed for the third time", id: of("threshold", "flow"), happen: killThird("flow", "opennebula-flow.service"), rare: true},
	{name: "floating IP deleted", id: of("resource-failed", "vip"), happen: deleteVIP},
	{name: "active node hangs", id: ofActive("node-lost"), happen: loseActive((*lab.Node).Freeze)},
	{name: "passive node loses its power", id: ofPassive("node-lost"), happen: losePassive, rare: true},
	{name: "oned killed for the third time", id: of("threshold", "oned"), happen: killThird("oned", "opennebula.service")},
	{name: "active node loses its power", id: ofActive("node-lost"), happen: loseActive((*lab.Node).PowerOff), rare: true},
	{name: "oned cannot be stopped", id: of("stop-failed", "oned"), happen: refuseStop},
	{name: "active node in standby", id: ofActive("standby"), happen: standBy, undo: "for node in $(crm_node --list | cut -d' ' -f2); do crm_standby --node $node --delete; done"},
	{name: "link cut, both nodes live", id: func(*stage) string { return "link-cut" }, happen: cutLink, rare: true},
	{name: "oned killed, its port taken", id: of("start-failed", "oned"), happen: takePort, undo: portTaken.Undo, rare: true},
	{name: "active node hangs, its BMC is dead", id: ofActive("bmc-dead"), happen: loseBMC},
	{name: "passive node boots and sees no other", id: ofPassive("isolated-boot"), happen: bootIsolated, rare: true},
	{name: "both nodes boot at once", id: func(*stage) string { return "both-boot" }, happen: bootBoth},
}

func of(kind, subject string) func(*stage) string {
	return func(*stage) string { return kind + ":" + subject }
}

func ofActive(kind string) func(*stage) string {
	return func(s *stage) string { return kind + ":" + s.active.Name }
}

func ofPassive(kind string) func(*stage) string {
	return func(s *stage) string { return kind + ":" + s.passive.Name }
}

// begin notes the time of the failure, and does it.
func (s *stage) begin(ctx context.Context, n *lab.Node, script string) error {
	s.at = time.Now()
	return sh(ctx, n, script)
}

// kill has a service die, once.
func kill(resource, unit string) func(context.Context, *stage) (happened, error) {
	return func(ctx context.Context, s *stage) (happened, error) {
		return s.failResource(ctx, resource, "systemctl kill --kill-who=main -s KILL "+unit)
	}
}

// killThird has a service die that Pacemaker takes to have failed twice: it counts
// failures in an attribute of the node, and three real ones would take three intervals.
func killThird(resource, unit string) func(context.Context, *stage) (happened, error) {
	return func(ctx context.Context, s *stage) (happened, error) {
		count := fmt.Sprintf("attrd_updater --name 'fail-count-%s#monitor_%d' --update 2", resource, interval(resource).Milliseconds())
		if err := sh(ctx, s.active, count); err != nil {
			return happened{}, err
		}
		if _, err := s.until(ctx, s.active, anything); err != nil {
			return happened{}, err
		}
		return kill(resource, unit)(ctx, s)
	}
}

// portTaken is a fault of oned that a restart on the same node does not mend.
var portTaken = scenario.Faults[slices.IndexFunc(scenario.Faults, func(f scenario.Fault) bool { return f.Moves })]

// takePort has oned die, and another program take its port.
func takePort(ctx context.Context, s *stage) (happened, error) {
	return s.failResource(ctx, "oned", portTaken.Cause)
}

// interval is that of the monitor which finds a dead process.
func interval(resource string) time.Duration {
	if resource == "oned" {
		return 15 * time.Second
	}
	return 30 * time.Second
}

// deleteVIP removes the address behind Pacemaker's back.
func deleteVIP(ctx context.Context, s *stage) (happened, error) {
	return s.failResource(ctx, "vip", fmt.Sprintf("ip address del %s dev eth0", s.Spec.VIP.Address))
}

// failResource does something to a resource on the active node and waits until
// Pacemaker has found it and has done what it does about it.
func (s *stage) failResource(ctx context.Context, resource, script string) (happened, error) {
	s.died = resource
	if err := s.begin(ctx, s.active, script); err != nil {
		return happened{}, err
	}
	found, err := s.found(ctx, resource)
	if err != nil {
		return happened{}, err
	}
	h, err := s.settled(ctx, s.active, anything)
	if err != nil {
		return h, err
	}
	h.found = found.Sub(s.at)
	return h, nil
}

// anything is what a cluster may say.
func anything(lab.Status) bool { return true }

// settled waits until the node says what is wanted and nothing is under way, and says
// what has become of the cluster then.
func (s *stage) settled(ctx context.Context, n *lab.Node, wanted func(lab.Status) bool) (happened, error) {
	if _, err := s.until(ctx, n, wanted); err != nil {
		return happened{}, err
	}
	h, err := s.look(ctx, n)
	if err != nil {
		return h, err
	}
	return h, s.measure(ctx, &h)
}

// without says that a node is gone for sure, and that others have come to terms with it.
func without(lost *lab.Node) func(lab.Status) bool {
	return func(st lab.Status) bool {
		for _, n := range st.Nodes {
			if n.Name == lost.Name {
				return !n.Online && !n.Unclean && !n.Pending
			}
		}
		return false
	}
}

// loseActive lets the active node die.
func loseActive(die func(*lab.Node) error) func(context.Context, *stage) (happened, error) {
	return func(ctx context.Context, s *stage) (happened, error) {
		return s.lose(ctx, s.active, die)
	}
}

func losePassive(ctx context.Context, s *stage) (happened, error) {
	return s.lose(ctx, s.passive, (*lab.Node).PowerOff)
}

// lose lets a node die and waits until its peer has fenced it and has taken over.
func (s *stage) lose(ctx context.Context, n *lab.Node, die func(*lab.Node) error) (happened, error) {
	s.at = time.Now()
	if err := die(n); err != nil {
		return happened{}, err
	}
	return s.outlive(ctx, n)
}

// outlive waits until the peer of a node that is to be fenced has dealt with its loss.
func (s *stage) outlive(ctx context.Context, n *lab.Node) (happened, error) {
	if err := s.fenced(ctx, n); err != nil {
		return happened{}, err
	}
	return s.settled(ctx, s.Peer(n), without(n))
}

// cutLink pulls the cluster cable of one node while both live. It is the one that the
// fencing delay does not protect: without its cable the other could not carry the
// floating IP, and which of them survives is decided by the delay all the same.
func cutLink(ctx context.Context, s *stage) (happened, error) {
	n := s.Peer(scenario.Protected(s.Cluster))
	s.cut = append(s.cut, n)
	s.at = time.Now()
	if err := n.Cut(); err != nil {
		return happened{}, err
	}
	for len(s.fencedNodes()) == 0 {
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return happened{}, fmt.Errorf("wait for a node to be fenced: %w", err)
		}
	}
	return s.outlive(ctx, s.Node(s.fencedNodes()[0]))
}

// refuseStop has systemd refuse to stop oned: what an administrator writes for a unit
// that nobody is to stop. The agent kills it, systemd starts it again, and the agent
// says that it cannot prove that oned is stopped. A stop that hangs instead takes its
// whole timeout before the same happens.
func refuseStop(ctx context.Context, s *stage) (happened, error) {
	refuse := `mkdir -p /run/systemd/system/opennebula.service.d
printf '[Unit]\nRefuseManualStop=yes\n' >/run/systemd/system/opennebula.service.d/refuse.conf
systemctl daemon-reload`
	if err := sh(ctx, s.active, refuse); err != nil {
		return happened{}, err
	}
	// Only then, since the failure would be found up to an interval later, and is not what matters.
	if err := s.begin(ctx, s.active, "crm_resource --fail --resource oned --node "+s.active.Name); err != nil {
		return happened{}, err
	}
	return s.outlive(ctx, s.active)
}

// standBy has an administrator put the active node into standby.
func standBy(ctx context.Context, s *stage) (happened, error) {
	if err := s.begin(ctx, s.active, "crm_standby --node "+s.active.Name+" --update on"); err != nil {
		return happened{}, err
	}
	return s.settled(ctx, s.active, func(st lab.Status) bool { return st.On("oned") == s.passive.Name })
}

// loseBMC hangs the active node while its BMC does not answer, looks at the cluster
// after a fencing has failed, and gives the BMC back: then the cluster has to recover by
// itself, or nobody would dare to run it.
func loseBMC(ctx context.Context, s *stage) (happened, error) {
	s.lostBMC = append(s.lostBMC, s.active)
	if err := s.active.SetBMC(ctx, false); err != nil {
		return happened{}, err
	}
	s.at = time.Now()
	if err := s.active.Freeze(); err != nil {
		return happened{}, err
	}
	if err := s.fencingFailed(ctx); err != nil {
		return happened{}, err
	}
	h, err := s.look(ctx, s.passive)
	if err != nil {
		return h, err
	}
	s.log("blocked after %.1f s: the BMC comes back", time.Since(s.at).Seconds())
	back := time.Now()
	if err := s.active.SetBMC(ctx, true); err != nil {
		return h, err
	}
	s.lostBMC = nil
	if err := s.fenced(ctx, s.active); err != nil {
		return h, err
	}
	recovered, err := s.settled(ctx, s.passive, without(s.active))
	if err != nil {
		return h, err
	}
	if recovered.runs["oned"] != s.passive.Name {
		return h, fmt.Errorf("when the BMC was back oned was not taken over: %v", recovered.runs)
	}
	s.log("%.1f s after the BMC came back %s was fenced, %.1f s after it all runs again", s.off.Sub(back).Seconds(), s.active.Name, time.Since(back).Seconds())
	return h, nil
}

// fencingFailed waits until Pacemaker knows of a fencing that did not succeed.
func (s *stage) fencingFailed(ctx context.Context) error {
	for {
		fencings, err := s.Fencings(ctx)
		for _, f := range fencings {
			if f.Status == "failed" && f.Completed.After(s.at.Truncate(time.Second)) {
				return nil
			}
		}
		if pausing := pause(ctx, 300*time.Millisecond); pausing != nil {
			return fmt.Errorf("wait for a fencing to fail: %w (%v, %+v)", pausing, err, fencings)
		}
	}
}

// bootIsolated boots the passive node with its cluster link cut: it may neither start
// anything nor fence its peer, which is well.
func bootIsolated(ctx context.Context, s *stage) (happened, error) {
	n := s.passive
	if _, err := s.lose(ctx, n, (*lab.Node).PowerOff); err != nil {
		return happened{}, err
	}
	s.cut = append(s.cut, n)
	if err := n.Cut(); err != nil {
		return happened{}, err
	}
	s.before = happened{}
	s.at, s.off = time.Now(), time.Time{}
	if err := n.PowerOn(); err != nil {
		return happened{}, err
	}
	// It takes itself for the DC when it has looked for others for dc-deadtime, 20 s.
	h, err := s.settled(ctx, n, func(st lab.Status) bool { return st.DC == n.Name })
	if err != nil {
		return h, err
	}
	peer, err := s.look(ctx, s.active)
	if err == nil && peer.runs["oned"] != s.active.Name {
		err = fmt.Errorf("oned left the healthy node: %v", peer.runs)
	}
	return h, err
}

// bootBoth takes both nodes' power and gives it back to both.
func bootBoth(ctx context.Context, s *stage) (happened, error) {
	for _, n := range s.Nodes {
		if err := n.PowerOff(); err != nil {
			return happened{}, err
		}
	}
	s.before = happened{}
	s.at = time.Now()
	for _, n := range s.Nodes {
		if err := n.PowerOn(); err != nil {
			return happened{}, err
		}
	}
	if err := s.WaitSettled(ctx); err != nil {
		return happened{}, err
	}
	return s.settled(ctx, s.Nodes[0], anything)
}
