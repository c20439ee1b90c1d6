// Package spec reads the one short file that describes a cluster, reports what
// is wrong in it with line and column, and fills in the defaults.
//
// The file is YAML, one mapping. Required are version (1), cluster, nodes
// (2 to 16), vip, and for every node a BMC with its username and password_file or
// an entry of fencing that covers it; every other key has a default. [Keys] is the table of all keys, their forms,
// their defaults and why the defaults are what they are. Three choices worth
// knowing: services is [oned] when it is not given, because which others exist
// depends on the OpenNebula release; the file has no anchors, aliases, merge
// keys or tags; and a secret never stands in it, only the path of a file that
// holds it.
//
// [Parse] is pure: bytes in, a [Cluster] and findings out, nothing else is read.
// It does not stop at the first mistake, and one mistake gives one finding. The
// Cluster is complete only if the findings hold no error. [CheckFiles] is the
// separate step that looks at the files which the description names.
package spec

import (
	"net/netip"
	"time"

	"github.com/oneha/oneha/internal/target"
)

// Layout is how the resources hang together.
type Layout string

const (
	Staged     Layout = "staged"     // vip, then oned, then the rest in parallel; a failing side service stays alone
	Colocation Layout = "colocation" // every service with the floating IP, no order: the form of OpenNebula's CentOS guide
	Group      Layout = "group"      // one serial group: the form of OpenNebula's Ubuntu guide
)

// Agents says whose agents do the work.
type Agents string

const (
	Ours  Agents = "oneha" // ocf:opennebula:* and fence_bmc_*
	Stock Agents = "stock" // those that distributions ship: IPaddr2, systemd units, fence_ipmilan and its kin
)

// Cluster is the whole description, checked and with every default filled in.
// Its slices keep the order of the file.
type Cluster struct {
	Name       string
	Zone       *Zone `json:",omitempty"` // of `mode: raft`; every field beside Name and Zone is zero then
	Layout     Layout
	Agents     Agents
	Nodes      []Node
	Fencing    []FenceDevice // the BMCs in the order of the nodes, then the entries of fencing in their own
	Levels     []FenceLevel  `json:",omitempty"` // of the nodes that several devices can power off; empty when there is none
	VIP        VIP           // the main one
	MoreVIPs   []VIP         `json:",omitempty"` // further ones, which go where the main one goes
	Services   []string      // names that Unit knows, oned first; order of display, not of start
	Prefer     string        // node that should run the services when both are fit; "" for none
	Domains    []Domain      `json:",omitempty"` // failover domains beside the main one
	Token      time.Duration // corosync's totem token timeout
	QDevice    QDevice       `json:",omitzero"` // the zero value for none
	Properties []Option      // extra cluster properties, sorted by name; they override generated ones
	Target     target.Target `json:",omitzero"` // what the nodes run on; the zero value for target.Portable
	Raw        Raw           `json:",omitzero"` // texts that are appended to the generated files
	Files      []FileRef     `json:"-"`         // password files that the description names, one per path; for CheckFiles
}

// Protected is the node that survives a race of fencing: the preferred one, else
// the first. It is "" in a cluster without nodes.
func (c Cluster) Protected() string {
	if c.Prefer == "" && len(c.Nodes) > 0 {
		return c.Nodes[0].Name
	}
	return c.Prefer
}

// Node is a cluster node. IDs are corosync node IDs, from 1 in file order.
type Node struct {
	Name  string
	ID    int
	Addrs []netip.Addr // one per corosync link, at least one
}

// FenceDevice is one way to power off one node or several.
type FenceDevice struct {
	ID      string        // resource id, "fence-" and the name of the node or of the entry
	Agent   string        // e.g. "fence_bmc_ipmi"
	Target  string        // name of the node that this device powers off, "" when there are several
	Plugs   []Plug        `json:",omitempty"` // of a device with plugs, or of several nodes; in the order of the nodes
	Options []Option      // the agent's options (ip, ipport, username, password_file, ...), sorted by name
	Delay   time.Duration // pcmk_delay_base: how long the attack on the protected node waits; 0 for none
}

// Plug is a node with the name by which a device knows it.
type Plug struct {
	Node string
	Plug string // "" for the node's own name; several with commas, as pcmk_host_map has them
}

// Nodes returns the names of the nodes that the device powers off.
func (d FenceDevice) Nodes() []string {
	if d.Target != "" {
		return []string{d.Target}
	}
	var names []string
	for _, p := range d.Plugs {
		names = append(names, p.Node)
	}
	return names
}

// FenceLevel is what must succeed, all of it, for a node to count as fenced; the
// levels of a node are tried in the order of their index, which counts from 1.
type FenceLevel struct {
	Node    string
	Index   int
	Devices []string // ids
}

// VIP is a floating IP.
type VIP struct {
	ID      string       // resource id: the file's name for it, or "vip", "vip-2" and so on
	Address netip.Prefix // the address with its prefix length, not masked
	NIC     string       // "" to infer it from the routes on each node
}

// Domain is a failover domain beside the main one: services that have floating
// IPs of their own and may run on another node than oned.
type Domain struct {
	Name     string // also the id of its group
	VIPs     []VIP  // at least one
	Services []string
	Prefer   string // as Cluster.Prefer
}

// QDevice is a quorum device: a corosync-qnetd on a machine that is no node.
type QDevice struct {
	Host      string // address or name
	Algorithm string // "ffsplit" or "lms"
	TLS       string // "on", "off", "required", or "" for corosync's default
}

// Raw are texts to append to the generated files, by format.
type Raw struct {
	XML      string // elements of <configuration>
	PCS      string // lines of shell
	Crm      string
	Corosync string
	At       FileRef `json:"-"` // of the key; Path is ""
}

// Option is a name with its value.
type Option struct{ Name, Value string }

// FileRef is a file that the description names, with the place of its path.
type FileRef struct {
	Path         string // absolute
	File         string // the description
	Line, Column int    // from 1
}
