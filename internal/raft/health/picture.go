package health

import (
	"net/netip"
	"time"

	"github.com/oneha/oneha/internal/raft/guard/control"
)

// Format is the version of a Picture as JSON. Keys may be added within a version;
// none changes its meaning or goes away.
const Format = 1

// Answer is how somebody took a question. Only after Answers is known what was asked for.
type Answer string

// The answers.
const (
	NotAsked    Answer = "not asked"
	Answers     Answer = "answers"
	Hangs       Answer = "hangs"       // takes the connection and says nothing
	Refuses     Answer = "refuses"     // the machine is there and nothing listens
	Unreachable Answer = "unreachable" // not even the connection is answered, or there is no way
	Denies      Answer = "denies"      // answers, but not this: wrong credentials, no database, another program
)

// Picture is a zone at one moment, by the clock of the machine that asked.
type Picture struct {
	Version   int       `json:"version"`
	Time      time.Time `json:"time"`
	Zone      int       `json:"zone"`
	Described bool      `json:"described"` // a description says what should be
	Guarded   bool      `json:"guarded"`   // guards should run
	Election  Millis    `json:"election_timeout_ms,omitempty"`
	Retention int       `json:"log_retention,omitempty"` // LOG_RETENTION in records; 0: not known
	Servers   []Server  `json:"servers"`                 // by ID: the described ones and those of the zone
	VIPs      []VIP     `json:"vips"`
}

// Server is an oned, the guard beside it, and their machine.
type Server struct {
	ID        int        `json:"id"`                  // as the zone has it, or else the description
	Stated    *int       `json:"stated_id,omitempty"` // in the description, where that is another
	Name      string     `json:"name"`
	Addr      netip.Addr `json:"addr"`
	Endpoint  string     `json:"endpoint"`
	Described bool       `json:"described"` // in the description
	Here      bool       `json:"here,omitempty"`
	Oned      Oned       `json:"oned"`
	Guard     Guard      `json:"guard"`
}

// Oned is what a server's oned says.
type Oned struct {
	Answer Answer `json:"answer"`
	Error  string `json:"error,omitempty"` // why it is no other answer
	Took   Millis `json:"took_ms"`
	Raft   *Raft  `json:"raft,omitempty"` // nil: not known
	List   *List  `json:"list,omitempty"` // nil: not known
}

// Raft is an oned's place in Raft.
type Raft struct {
	ServerID int    `json:"server_id"` // from its oned.conf; -1: it is alone
	State    State  `json:"state"`
	Term     uint64 `json:"term"`
	VotedFor int    `json:"voted_for"` // -1: nobody
	Commit   int64  `json:"commit"`    // last record that a majority has, as it knows
	Index    int64  `json:"index"`     // last record in its log
}

// State is a role in Raft.
type State string

// The states.
const (
	Solo      State = "solo"
	Candidate State = "candidate"
	Follower  State = "follower"
	Leader    State = "leader"
)

// List is the zone as an oned has it in its database (one.zone.info). One that
// lags may have an older one.
type List struct {
	Name     string   `json:"name"`
	Endpoint string   `json:"endpoint"` // what clients of the zone are told
	Disabled bool     `json:"disabled,omitempty"`
	Servers  []Member `json:"servers"` // by ID
}

// Member is a server in a List.
type Member struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	Endpoint string `json:"endpoint"`
}

// Guard is what a server's guard says.
type Guard struct {
	Answer Answer         `json:"answer"`
	Error  string         `json:"error,omitempty"`
	State  *control.State `json:"state,omitempty"` // nil: not known
	Clock  *Offset        `json:"clock,omitempty"` // nil: not known
}

// Offset is how far a machine's clock is ahead of the one that asked.
type Offset struct {
	By    Millis `json:"ahead_ms"`
	Error Millis `json:"error_ms"` // By may be wrong by as much
}

// VIP is a floating address.
type VIP struct {
	Address netip.Prefix `json:"address"`
	NIC     string       `json:"nic,omitempty"`
	Claims  []int        `json:"claims"`           // servers whose guards hold it, by what they say
	Answer  Answer       `json:"answer"`           // of an oned at the address, as seen from here
	Server  *int         `json:"server,omitempty"` // SERVER_ID of that oned; nil: not known
	Error   string       `json:"error,omitempty"`
}

// Millis is a duration that JSON has in milliseconds, with one decimal.
type Millis time.Duration

// Duration is the same as a time.Duration.
func (m Millis) Duration() time.Duration { return time.Duration(m) }
