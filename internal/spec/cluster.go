// Package spec reads the one short file that describes a cluster, reports what
// is wrong in it with line and column, and fills in the defaults.
//
// The file is YAML, one mapping. Required are version (1), cluster, nodes
// (2 to 16), a BMC with its username and password_file for every node, and vip;
// every other key has a default. [Keys] is the table of all keys, their forms,
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
)

// Layout is how the resources hang together.
type Layout string

const (
	Staged     Layout = "staged"     // vip, then oned, then the rest in parallel; a failing side service stays alone
	Colocation Layout = "colocation" // every service with the floating IP, no order: the form of OpenNebula's CentOS guide
	Group      Layout = "group"      // one serial group: the form of OpenNebula's Ubuntu guide
)

// Cluster is the whole description, checked and with every default filled in.
// Its slices keep the order of the file.
type Cluster struct {
	Name       string
	Layout     Layout
	Nodes      []Node
	Fencing    []FenceDevice // one per BMC, in the order of the nodes
	VIP        VIP
	Services   []string      // names from one.Services, oned first; order of display, not of start
	Prefer     string        // node that should run the services when both are fit; "" for none
	Token      time.Duration // corosync's totem token timeout
	Properties []Option      // extra cluster properties, sorted by name; they override generated ones
	Files      []FileRef     `json:"-"` // password files that the description names, one per path; for CheckFiles
}

// Node is a cluster node. IDs are corosync node IDs, from 1 in file order.
type Node struct {
	Name  string
	ID    int
	Addrs []netip.Addr // one per corosync link, at least one
}

// FenceDevice is one way to power off one node.
type FenceDevice struct {
	ID      string        // resource id, "fence-" and the node's name
	Agent   string        // e.g. "fence_bmc_ipmi"
	Target  string        // name of the node that this device powers off
	Options []Option      // the agent's options (ip, ipport, username, password_file, ...), sorted by name
	Delay   time.Duration // pcmk_delay_base: how long the attack on Target waits; 0 for none
}

// VIP is the floating IP.
type VIP struct {
	Address netip.Prefix // the address with its prefix length, not masked
	NIC     string       // "" to infer it from the routes on each node
}

// Option is a name with its value.
type Option struct{ Name, Value string }

// FileRef is a file that the description names, with the place of its path.
type FileRef struct {
	Path         string // absolute
	File         string // the description
	Line, Column int    // from 1
}
