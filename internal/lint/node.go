package lint

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Node is what a machine knows of itself. It is written as JSON to be compared with
// another node's, and holds no secret: digests are keyed with a secret that the
// nodes share.
type Node struct {
	Format int    `json:"format"` // NodeFormat
	Name   string `json:"name"`   // uname -n

	Units      []Unit      `json:"units,omitempty"`
	Interfaces []Interface `json:"interfaces,omitempty"`
	Twins      []Twin      `json:"twins,omitempty"`      // files that must be the same on every node
	TwinKey    string      `json:"twin_key,omitempty"`   // names the key of the digests, without telling it; "" for none
	ServiceD   string      `json:"service_d,omitempty"`  // path of corosync 1's service.d/pcmk, if it is there
	SBDDevice  string      `json:"sbd_device,omitempty"` // SBD_DEVICE of an sbd that starts at boot
	Oneadmin   *Account    `json:"oneadmin,omitempty"`
	Oned       *Oned       `json:"oned,omitempty"`
	StaleLock  string      `json:"stale_lock,omitempty"` // path of oned's lock file where no oned runs
	Listeners  []Listener  `json:"listeners,omitempty"`
	Claims     []Claim     `json:"claims,omitempty"`
	Clock      *Clock      `json:"clock,omitempty"`
	Rooms      []Room      `json:"rooms,omitempty"` // of directories that are there
	Zone       *Member     `json:"zone,omitempty"`  // what it has to do with the zone that is described
	BMCs       []BMC       `json:"bmcs,omitempty"`

	// Unknown is what could not be found out, and why.
	Unknown []string `json:"unknown,omitempty"`
}

// NodeFormat is the version of the form in which a Node is written.
const NodeFormat = 1

// Unit is a systemd unit.
type Unit struct {
	Name        string   `json:"name"`
	Boot        string   `json:"boot"` // enabled, disabled, masked, absent
	Active      bool     `json:"active"`
	Restart     string   `json:"restart,omitempty"`      // Restart= as it is in force
	Clustered   bool     `json:"clustered,omitempty"`    // Pacemaker's or our drop-in is there
	StopTimeout Duration `json:"stop_timeout,omitempty"` // TimeoutStopSec; 0: not known, negative: none
}

// Duration is written as in Go, "1m30s".
type Duration time.Duration

// MarshalText writes the duration.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// Interface is a network interface.
type Interface struct {
	Name      string   `json:"name"`
	Hardware  string   `json:"hardware,omitempty"`
	Up        bool     `json:"up"`
	Addresses []string `json:"addresses,omitempty"` // with prefix lengths
}

// Twin is a file that must be the same on every node.
type Twin struct {
	Path   string `json:"path"`
	Digest string `json:"digest,omitempty"` // "" when it is not there
	Note   string `json:"note,omitempty"`   // why there is no digest of a file that is there
}

// Account is a system account.
type Account struct {
	UID int `json:"uid"`
	GID int `json:"gid"`
}

// Oned is what this machine's oned.conf and monitord.conf say.
type Oned struct {
	Config       string   `json:"config"`
	ServerID     int      `json:"server_id"` // -1: no Raft
	LeaderHook   string   `json:"leader_hook,omitempty"`
	FollowerHook string   `json:"follower_hook,omitempty"`
	MissingHooks []string `json:"missing_hooks,omitempty"` // commands of hooks that are no executable files
	Backend      string   `json:"backend"`
	Database     string   `json:"database,omitempty"` // host, or file of sqlite
	LocalDB      bool     `json:"local_db,omitempty"` // the host is an address of this machine alone
	Monitor      string   `json:"monitor_address,omitempty"`
	DatabaseName string   `json:"database_name,omitempty"` // on the host
	RaftMissing  []string `json:"raft_missing,omitempty"`  // keys that RAFT lacks
	ElectionMS   int      `json:"election_timeout_ms,omitempty"`
	HeartbeatMS  int      `json:"broadcast_timeout_ms,omitempty"`
}

// Member is a machine as a server of the zone that is described.
type Member struct {
	Server   string    `json:"server"`             // its name there; "" when it is none of them
	Settings []Setting `json:"settings,omitempty"` // what its files say otherwise than the description
	Sudoers  bool      `json:"sudoers"`            // oned may call the hooks
}

// Setting is a value of a configuration file that is not what it should be.
type Setting struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	Name string `json:"name"` // such as FEDERATION SERVER_ID
	Is   string `json:"is"`
	Want string `json:"want"`
}

// Listener is a process that has one of the services' TCP ports.
type Listener struct {
	Port    int    `json:"port"`
	Service string `json:"service"` // whose port it is
	Process string `json:"process"`
	Unit    string `json:"unit,omitempty"` // of the process
}

// Claim is a floating IP that another machine answers for.
type Claim struct {
	IP       string `json:"ip"`
	Hardware string `json:"hardware"`
}

// Clock says whether the time is kept in step with others.
type Clock struct {
	Synchronised bool `json:"synchronised"`
}

// BMC is what a fence device answered when it was asked from this machine.
type BMC struct {
	Device string `json:"device"`
	Agent  string `json:"agent"`
	Error  string `json:"error,omitempty"` // "" when it answered
}

// ReadNode reads a Node from its JSON, as another machine may have written it.
func ReadNode(data []byte) (*Node, error) {
	n := &Node{}
	if err := json.Unmarshal(data, n); err != nil {
		return nil, fmt.Errorf("read node facts: %w; give what `oneha check --node --facts` printed on the other node", err)
	}
	if n.Format != NodeFormat {
		return nil, fmt.Errorf("read node facts: they have format %d, this release of oneha knows %d; use one release on every node", n.Format, NodeFormat)
	}
	if n.Name == "" {
		return nil, errors.New("read node facts: they have no name of a node; give what `oneha check --node --facts` printed on the other node")
	}
	return n, nil
}

// place is where findings about the machine as a whole stand.
func (n *Node) place() Place { return Place{File: "node " + clip(n.Name)} }

// unit returns a unit by name.
func (n *Node) unit(name string) (Unit, bool) {
	i := slices.IndexFunc(n.Units, func(u Unit) bool { return u.Name == name })
	if i < 0 {
		return Unit{}, false
	}
	return n.Units[i], true
}

// raft reports whether the node's oned is a server of a Raft zone.
func (n *Node) raft() bool {
	return n.Oned != nil && (n.Oned.ServerID >= 0 || n.Oned.LeaderHook != "" || n.Oned.FollowerHook != "")
}

// has reports whether the machine holds an address, and where.
func (n *Node) has(ip string) (Interface, bool) {
	for _, i := range n.Interfaces {
		for _, a := range i.Addresses {
			if addr, _, _ := strings.Cut(a, "/"); addr == ip {
				return i, true
			}
		}
	}
	return Interface{}, false
}
