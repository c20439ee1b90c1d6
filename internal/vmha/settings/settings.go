// Package settings reads /etc/one/oneha/host-error.yaml: how long the host error hook
// waits, how a hypervisor is fenced, and what is done with its virtual machines. Parse is
// pure: bytes in, settings and findings out. Without a file the hook works as
// OpenNebula's own does, with fencing from the host's template.
package settings

import (
	"time"

	"github.com/oneha/oneha/internal/one"
)

// Dir holds what the hook reads, which runs as oneadmin: its settings, and the passwords
// of the hosts' BMCs. It belongs to root and the group of oneadmin, mode DirMode.
const (
	Dir     = "/etc/one/oneha"
	DirMode = 0o750
)

// DefaultFile is where the hook looks.
const DefaultFile = Dir + "/host-error.yaml"

// Act is what is done with a machine in a state, or on a kind of storage, instead of
// what the hook was asked for.
type Act string

const (
	Handle   Act = "handle" // as asked
	Skip     Act = "skip"
	Recreate Act = "recreate"
	Delete   Act = "delete"
)

// Settings are what the file says.
type Settings struct {
	Wait     Wait
	Fencing  Fencing
	Offline  bool          // set the host offline afterwards
	Priority string        // the attribute of a machine that orders them, higher first
	Settle   time.Duration // how long oned may take to do what it said
	Unknown  time.Duration // how long a machine may take to become UNKNOWN
	Deadline time.Duration // how long oned may refuse or be away
	Storage  Storage
	States   map[string]Act // by the name of a state
	Missed   Act            // of hosts whose event was lost: Skip is to report them, or Handle
	Endpoint string         // of oned
	AuthFile string
}

// Wait is how a host is watched before it is fenced.
type Wait struct {
	Cycle    time.Duration // -p N waits N of these
	Interval time.Duration // between two samples
	Samples  int           // at the least, with -p 0 too
	Agree    int           // so many in a row, MONITORED, and the host is back
}

// Fencing is how power is cut.
type Fencing struct {
	Common Way            // what hosts share
	Hosts  map[string]Way // by the name of the host; what is not given is of Common, then of the host's template
}

// Way is how one host is fenced.
type Way struct {
	Agent, Address, Username, PasswordFile, Plug string
	Options                                      []Option
}

// Option is an option of the agent.
type Option struct{ Name, Value string }

// Storage says what is done where the disks of a machine cannot be reached from
// another host.
type Storage struct {
	Local   Act // SHARED = NO
	Unasked Act // the datastore does not say
}

// Default is what holds without a file.
func Default() Settings {
	return Settings{
		Wait:     Wait{Cycle: time.Minute, Interval: 10 * time.Second, Samples: 1, Agree: 3},
		Fencing:  Fencing{Hosts: map[string]Way{}},
		Offline:  true,
		Priority: "ONEHA_PRIORITY",
		Settle:   30 * time.Second,
		Unknown:  10 * time.Minute,
		Deadline: 10 * time.Minute,
		Storage:  Storage{Local: Skip, Unasked: Skip},
		States:   map[string]Act{},
		Missed:   Skip,
		Endpoint: one.DefaultEndpoint,
		AuthFile: one.DefaultAuthFile,
	}
}
