// Package picture draws a cluster: what stands on what. The nodes are a row of
// boxes; the fence devices that can power them off stand below them, the resources
// above, and what starts after something or runs beside it stands above that.
//
// FromCIB reads the Picture out of a CIB and a corosync.conf; SVG and DOT draw it.
// The layout is our own and deterministic, so that the same cluster gives the same
// bytes, and that nothing but this program is needed. A picture holds no values of
// parameters but addresses.
package picture

import "time"

// Picture is what there is to draw.
type Picture struct {
	Title   string
	Nodes   []Node
	Blocks  []Block
	Rules   []Rule
	Devices []Device
	QDevice QDevice // the zero value for none
}

// Node is a cluster node.
type Node struct {
	Name  string
	Addrs []string // by link
	Notes []string // standby, maintenance
}

// Block is what Pacemaker places as a whole: a group or clone with its members, or
// a primitive that is in none, which is its own only member.
type Block struct {
	Kind    string // group, clone, bundle; "" for a primitive
	ID      string
	Members []Resource // in the order in which they start
}

// Resource is a primitive that is no fence device.
type Resource struct {
	ID      string
	Agent   string // class:provider:type
	Address string // of a floating IP, with its prefix; "" for other resources
}

// Kind is what a Rule demands.
type Kind string

// The kinds.
const (
	Order      Kind = "order"      // From starts, then To
	Colocation Kind = "colocation" // From is placed beside To
	Location   Kind = "location"   // From is placed with regard to the node To
)

// Rule is one arrow of a constraint: between resources or blocks, or to a node.
type Rule struct {
	Kind     Kind
	From, To string
	Label    string
	Weak     bool // a preference, not a must
	Against  bool // keeps apart
}

// Device is a fence device.
type Device struct {
	ID, Agent, Address string
	Targets            []Target // sorted by node
}

// Target is a node that a device can power off.
type Target struct {
	Node  string
	Plug  string        // the node's name at the device, when it has another one there
	Delay time.Duration // before it acts
	Level int           // of the fencing topology; 0 when there is none for the node
}

// QDevice is a quorum device.
type QDevice struct{ Host, Algorithm string }
