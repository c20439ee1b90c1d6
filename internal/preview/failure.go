package preview

import "slices"

// Failure is something that may happen to a cluster.
type Failure struct {
	ID      string // KIND:SUBJECT, or the kind alone
	Title   string
	Kind    Kind
	Subject string   // the node or the resource that fails; several nodes with +
	Nodes   []string // that are lost, or the one that boots or stands by
	Quorate bool     // what is left of the cluster has quorum
	Device  bool     // a quorum device votes
}

// Kind is what fails.
type Kind string

const (
	NodeLost       Kind = "node-lost"       // a node hangs, loses its power or its network
	NodesLost      Kind = "nodes-lost"      // so many at once that the others have no majority
	ResourceFailed Kind = "resource-failed" // a monitor finds a resource dead
	Threshold      Kind = "threshold"       // as often as its migration-threshold allows
	StartFailed    Kind = "start-failed"    // and it does not start again there
	StopFailed     Kind = "stop-failed"     // and it cannot be stopped
	BMCDead        Kind = "bmc-dead"        // a node is lost, and its first fence device does not answer
	IsolatedBoot   Kind = "isolated-boot"   // a node boots and sees no other
	LinkCut        Kind = "link-cut"        // both nodes of a pair live, and do not see each other
	Standby        Kind = "standby"         // an administrator puts a node into standby
	BothBoot       Kind = "both-boot"       // all nodes boot at once
)

// Failures lists what may happen to the cluster of a CIB, which names its nodes (see
// WithNodes), in the order in which people ask: nodes, resources, and then what is
// rarer. Votes are those of a cluster without a quorum device, a pair with
// two_node; Corosync.Quorum knows better.
func Failures(cib []byte) ([]Failure, error) {
	doc, err := parse(cib)
	if err != nil {
		return nil, err
	}
	c := read(doc)
	var list []Failure
	add := func(k Kind, subject, title string, nodes ...string) {
		f := Failure{ID: string(k), Title: title, Kind: k, Subject: subject, Nodes: nodes}
		if subject != "" {
			f.ID += ":" + subject
		}
		list = append(list, f)
	}
	for _, n := range c.nodes {
		add(NodeLost, n, n+" is lost", n)
	}
	if len(c.nodes) == 2 {
		add(LinkCut, "", "both nodes live, the link between them is cut")
	}
	for _, r := range c.services() {
		add(ResourceFailed, r.id, r.id+" fails")
	}
	for _, r := range c.services() {
		if r.threshold() > 1 {
			add(Threshold, r.id, r.id+" fails "+times(r.threshold()))
		}
	}
	for _, r := range c.services() {
		add(StartFailed, r.id, r.id+" fails and does not start again")
	}
	for _, r := range c.services() {
		add(StopFailed, r.id, r.id+" fails and cannot be stopped")
	}
	for _, n := range c.nodes {
		add(BMCDead, n, n+" is lost and its BMC is dead, too", n)
	}
	for _, lost := range majorities(c.nodes) {
		subject := lost[0]
		for _, n := range lost[1:] {
			subject += "+" + n
		}
		add(NodesLost, subject, and(lost)+" are lost at once", lost...)
	}
	for _, n := range c.nodes {
		if len(c.nodes) > 1 {
			add(IsolatedBoot, n, n+" boots alone", n)
		}
	}
	for _, n := range c.nodes {
		add(Standby, n, n+" is put into standby", n)
	}
	all := "all nodes boot at once"
	if len(c.nodes) == 2 {
		all = "both nodes boot at once"
	}
	add(BothBoot, "", all, c.nodes...)
	return Corosync{Nodes: len(c.nodes), TwoNode: true}.Quorum(list), nil
}

// majorities are the first and the last nodes of a cluster, so many that the others
// are no majority; nothing for a pair, which counts its votes otherwise.
func majorities(nodes []string) [][]string {
	k := (len(nodes) + 1) / 2
	if len(nodes) < 3 {
		return nil
	}
	return [][]string{nodes[:k:k], slices.Clone(nodes[len(nodes)-k:])}
}

// Quorum says which failures leave the survivors quorum, as votequorum(5) counts.
func (c Corosync) Quorum(list []Failure) []Failure {
	list = slices.Clone(list)
	for i, f := range list {
		left := c.Nodes
		switch f.Kind {
		case NodeLost, NodesLost, BMCDead:
			left = c.Nodes - len(f.Nodes)
		case IsolatedBoot, LinkCut:
			left = 1
		}
		list[i].Device = c.QDevice
		list[i].Quorate = c.quorate(left) && (f.Kind != IsolatedBoot || c.QDevice)
	}
	return list
}

// quorate counts votes. A quorum device votes with the part that asks: of a pair, with the
// survivor; of more nodes, its vote is one (ffsplit) or lets any survivor go on
// (lms).
func (c Corosync) quorate(left int) bool {
	switch {
	case left >= c.Nodes:
		return true
	case c.QDevice && c.LastMan:
		return left > 0
	case c.QDevice:
		return 2*(left+1) > c.Nodes+1
	case c.TwoNode && c.Nodes == 2:
		return left > 0
	default:
		return 2*left > c.Nodes
	}
}
