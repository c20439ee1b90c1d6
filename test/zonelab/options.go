package zonelab

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// State is what a server is when the lab comes up.
type State int

// The states.
const (
	Blank  State = iota // installed, nothing configured, oned stopped and disabled
	Solo                // a front-end without a zone, which runs
	Formed              // a server of a finished zone, with guard and hooks
)

// Databases of oned.
const (
	SQLite = "sqlite"
	MySQL  = "mysql" // MariaDB
)

// Options say what zone to make. The zero value is three servers with SQLite, of
// which the first is Solo and the others are Blank: a zone to be.
type Options struct {
	Prefix   string // of the lab's names on this machine; two at once need two. Default "zone"
	Servers  int    // 3 to 5; default 3
	Members  int    // of a Formed zone, the first ones; the others are Blank. Default all
	Formed   bool   // the zone is there; else only its first server is, Solo
	Database string // SQLite (default) or MySQL
	Timers   Timers
	Source   string // checkout whose programs are installed: the one around the tests
	CacheDir string // root file systems are kept below; default /var/cache/oneha
	Log      func(string, ...any)
}

// Timers are how long things take in the fake and in Raft.
type Timers struct {
	Open, WarmUp, Stop          time.Duration // of fakezone.Timers
	Election, Heartbeat, XMLRPC time.Duration // of RAFT in oned.conf
}

// Quick is the default: a start in a second and an election timeout that OpenNebula
// 5.4 shipped. A busy machine stalls for longer than a shorter one would allow.
func Quick() Timers {
	return Timers{
		Open: 800 * time.Millisecond, WarmUp: time.Second, Stop: 300 * time.Millisecond,
		Election: 2500 * time.Millisecond, Heartbeat: 250 * time.Millisecond, XMLRPC: 500 * time.Millisecond,
	}
}

// flags are the fake's.
func (t Timers) flags() string {
	return fmt.Sprintf("-load %s -open %s -warm-up %s -stop %s\n", t.Open/4, t.Open, t.WarmUp, t.Stop)
}

func (o Options) withDefaults() (Options, error) {
	o.Prefix = cmp.Or(o.Prefix, "zone")
	o.Servers = cmp.Or(o.Servers, 3)
	o.Members = cmp.Or(o.Members, o.Servers)
	o.Database = cmp.Or(o.Database, SQLite)
	o.Source = cmp.Or(o.Source, "../..")
	if o.Timers == (Timers{}) {
		o.Timers = Quick()
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	switch {
	case o.Servers < 1 || o.Servers > 5:
		return o, fmt.Errorf("%d servers: a lab has one to five", o.Servers)
	case o.Members > o.Servers:
		return o, fmt.Errorf("%d members: there are %d servers", o.Members, o.Servers)
	case o.Database != SQLite && o.Database != MySQL:
		return o, fmt.Errorf("database %q: use %s or %s", o.Database, SQLite, MySQL)
	}
	return o, nil
}

// stateOf is the state that server id has when the lab comes up.
func (o Options) stateOf(id int) State {
	switch {
	case o.Formed && id < o.Members:
		return Formed
	case !o.Formed && id == 0:
		return Solo
	}
	return Blank
}

// NIC is the servers' interface.
const NIC = "eth0"

// VIP is the zone's floating IP.
var VIP = netip.MustParsePrefix("192.168.150.10/24")

// Name is the name of server id, Addr its address, Endpoint where its oned answers.
func Name(id int) string     { return fmt.Sprintf("server-%d", id) }
func Addr(id int) netip.Addr { return netip.AddrFrom4([4]byte{192, 168, 150, byte(id + 1)}) }
func Endpoint(id int) string { return fmt.Sprintf("http://%s:2633/RPC2", Addr(id)) }
func hosts(servers int) string {
	var b strings.Builder
	b.WriteString("127.0.0.1 localhost\n")
	for id := range servers {
		fmt.Fprintf(&b, "%s %s\n", Addr(id), Name(id))
	}
	return b.String()
}
