// Package status says how a cluster is, as somebody wants to know who was woken up:
// who runs what, whether the other node could take over, where the floating IP really
// is, and what needs attention.
//
// Gather asks everything that can be asked from this node, each part with a deadline
// of its own, and changes nothing; what does not answer is said in the Report.
// Render makes a screen of a Report, and is pure. Rules of package lint come in as
// findings, systemd as functions.
package status

import (
	"time"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/pacemaker"
)

// Format is the version of the form in which a Report is written as JSON. Keys may be
// added within one version; none changes its meaning or goes away.
const Format = 1

// Verdict is a Report in one word.
type Verdict string

const (
	OK       Verdict = "ok"       // all runs, and another node could take over
	Degraded Verdict = "degraded" // what matters runs; something needs attention
	Down     Verdict = "down"     // a floating IP, oned, or everything does not run
	Unknown  Verdict = "unknown"  // there is no cluster here, or it does not answer
)

// Report is all that was found out. Times are RFC 3339, and left out
// where there is none; lists are in the cluster's own order.
type Report struct {
	Format  int       `json:"format"`
	Time    time.Time `json:"time"`
	Verdict Verdict   `json:"verdict"`
	Summary string    `json:"summary"`           // the verdict in a sentence
	Node    string    `json:"node"`              // where it was asked
	Cluster string    `json:"cluster,omitempty"` // its name
	Version string    `json:"pacemaker,omitempty"`
	DC      string    `json:"dc,omitempty"`
	DCState string    `json:"dc_state,omitempty"` // of its controller, such as S_IDLE; "" when it does not answer
	Quorum  bool      `json:"quorum"`
	Busy    string    `json:"busy,omitempty"` // what is under way, "" when the cluster is at rest

	// Problems are what needs attention, errors first. An error stands for something
	// that does not work now, a warning for what will not work when it is needed.
	Problems diag.Findings `json:"problems,omitempty"`

	Nodes     []Node                   `json:"nodes,omitempty"`
	Addresses []Address                `json:"addresses,omitempty"`
	Services  []Service                `json:"services,omitempty"`
	Devices   []Device                 `json:"fence_devices,omitempty"`
	Fencing   []pacemaker.FenceEvent   `json:"fencing,omitempty"`  // newest first
	Failures  []pacemaker.FailedAction `json:"failures,omitempty"` // those that still count
	Links     []Link                   `json:"links,omitempty"`    // of corosync
	Units     []Unit                   `json:"units,omitempty"`    // where no cluster runs
	Takeover  []Takeover               `json:"takeover,omitempty"` // what the scheduler would do without a node; asked of a cluster at rest
	Changed   *Change                  `json:"changed,omitempty"`  // the last change that oneha made from this node
	Unknown   []string                 `json:"unknown,omitempty"`  // what did not answer, and why
	NotSeen   []string                 `json:"not_seen,omitempty"` // what this user may not look at
}

// Node is a node of the cluster.
type Node struct {
	pacemaker.NodeStatus
	Here bool `json:"here"` // this is where it was asked
}

// Address is a floating IP: where it should be, and where it is.
type Address struct {
	ID      string   `json:"id"` // of the resource
	IP      string   `json:"ip"`
	Role    string   `json:"role"`              // what Pacemaker says
	Nodes   []string `json:"nodes,omitempty"`   // where Pacemaker says it is
	Holders []Holder `json:"holders"`           // who has it in truth; several are a conflict
	Unknown string   `json:"unknown,omitempty"` // why the network could not be asked
	Pending string   `json:"pending,omitempty"`
}

// Holder is a machine that has a floating IP.
type Holder struct {
	Node     string `json:"node,omitempty"`     // "" when it is none of the nodes, or when that cannot be told
	Stranger bool   `json:"stranger"`           // it is none of the nodes: all of them answered with other hardware
	Hardware string `json:"hardware,omitempty"` // its address, of one that answered from elsewhere
	Place    string `json:"place,omitempty"`    // prefix and interface, on this node
	Why      string `json:"why,omitempty"`      // what keeps it from being used there, on this node
}

// Service is a resource that is neither a floating IP nor a fence device.
type Service struct {
	pacemaker.ResourceStatus
	Checks []Check `json:"checks,omitempty"`
}

// Check is an answer to whether a service works.
type Check struct {
	By    string    `json:"by"`              // probe: asked just now, on this node; vip: just now, through the floating IP; monitor: the cluster's last one
	Where string    `json:"where,omitempty"` // the address, of vip
	OK    bool      `json:"ok"`
	Works bool      `json:"works"`          // the service itself does, whatever it lacks
	Says  string    `json:"says,omitempty"` // what is wrong
	Since time.Time `json:"since,omitzero"` // of monitor: when the answer became this one
}

// Device is a fence device.
type Device struct {
	pacemaker.ResourceStatus
	Fences []string  `json:"fences,omitempty"` // nodes that it is for, where its configuration lists them
	Since  time.Time `json:"since,omitzero"`   // when its monitor began to say what it says
}

// Takeover is what Pacemaker's scheduler answers when it is asked what it would do
// if a node were lost now.
type Takeover struct {
	Node   string   `json:"node"`             // that were lost
	Nobody []string `json:"nobody,omitempty"` // resources that would run nowhere
}

// Change is a change of the configuration that oneha made.
type Change struct {
	Command     string    `json:"command"`               // apply or rollback
	Description string    `json:"description,omitempty"` // of which file
	Time        time.Time `json:"time"`
	Since       bool      `json:"changed_since"` // the configuration is another one now
}

// Link is a link of corosync as this node sees it.
type Link struct {
	Number int      `json:"number"`
	Addr   string   `json:"addr,omitempty"`
	Lost   []string `json:"lost,omitempty"` // nodes that are not reached over it
	Fault  bool     `json:"fault"`
}

// Unit is a systemd unit.
type Unit struct {
	Name  string `json:"name"`
	State string `json:"state"` // in systemd's words
	Up    bool   `json:"up"`
}
