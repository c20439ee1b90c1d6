// Package procedure changes which servers a Raft zone has: init, join, leave, replace
// and reset, OpenNebula's own procedures as steps.
//
// A step is level-triggered: it looks whether what it is for is so already, and does
// nothing then. So a procedure that was interrupted anywhere, by a kill or a power cut
// too, is run again and goes on. What cannot be seen from outside is kept in files of
// the servers: the dump while it is under way, a marker while a database is not whole,
// which a drop-in of oned's unit refuses to start with, and a record of which
// procedure is under way, so that no other one begins in between.
//
// A step's actions are data too: what is printed by a dry run is what is done.
package procedure

import (
	"context"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/remote"
	"github.com/oneha/oneha/internal/spec"
)

// Kind is a procedure.
type Kind string

// The procedures.
const (
	Init    Kind = "init"    // the first server of a zone, out of one that runs alone; of a grown zone, its configuration
	Join    Kind = "join"    // one server more, with a copy of the leader's database
	Leave   Kind = "leave"   // one server less; it stays installed, alone and stopped
	Replace Kind = "replace" // a dead server gives way to another, or to itself installed anew
	Reset   Kind = "reset"   // a fresh copy of the database for a server that fell behind
)

// Request is what an operator wants.
type Request struct {
	Kind   Kind
	Server string // its name in the description, or in the zone for one that goes
	New    string // of Replace: who comes; "" is Server again
	Force  bool   // of Replace: also when the old server still answers
}

// Oned is the API of the servers' oned.
type Oned interface {
	Raft(ctx context.Context, s spec.ZoneServer) (one.RaftStatus, error)
	Zone(ctx context.Context, s spec.ZoneServer) (one.Zone, error)
	AddServer(ctx context.Context, by spec.ZoneServer, server one.ZoneServer) error
	DeleteServer(ctx context.Context, by spec.ZoneServer, id int) error
	ResetServer(ctx context.Context, by spec.ZoneServer, id int) error
	SetEndpoint(ctx context.Context, by spec.ZoneServer, endpoint string) error
}

// Env is what procedures work with: everything outside the package.
type Env struct {
	Zone        *spec.Zone
	Description []byte // its text, which a server that joins is given; nil for none
	Operator    string // who runs this and where, for the record
	Here        string // name of the server that this runs on, "" for another machine
	Host        func(s spec.ZoneServer) remote.Host
	Local       remote.Host // this machine
	Oned        Oned
	// Steady says why the membership may not be changed now, leaving aside the
	// servers with these IDs.
	Steady func(ctx context.Context, except ...int) error

	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error // its error is that of ctx
	Waits Waits
}

// Waits are the longest times that something may take.
type Waits struct {
	State time.Duration // until a server has started, leads, follows or has caught up
	Copy  time.Duration // for a database to be dumped, copied or restored, each
}

// command is how long any other command may take: systemd gives oned 90 s to end.
const command = 3 * time.Minute

// MaxLag is by how many records of the log a follower may be behind and still count
// as one that has caught up.
const MaxLag = 100

// Files of a server that only procedures write.
const (
	Dir        = "/var/lib/oneha/raft"
	dump       = Dir + "/dump"       // of the leader's database, whole
	part       = Dir + "/dump.part"  // while it is written
	client     = Dir + "/client.cnf" // for MySQL's programs
	restored   = Dir + "/restored"   // checksum of the dump that the database was made from
	kept       = Dir + "/kept"       // the database that was there is out of the way
	recordFile = Dir + "/PROCEDURE.json"
	lock       = Dir + "/lock"
	// Marker is there while oned's database is not whole.
	Marker = Dir + "/RESTORING"
	// DropIn keeps systemd from starting oned while Marker is there.
	DropIn    = dropInDir + "/50-oneha-restoring.conf"
	dropInDir = "/etc/systemd/system/opennebula.service.d"
	// Before is where a server's own database is kept that gave way to the zone's.
	// For SQLite it is beside the database instead.
	Before = Dir + "/before.sql"

	descriptionFile = "/etc/oneha/oneha.yaml"
	onedData        = "/var/lib/one"
	onedLock        = "/var/lock/one/one"
	owner           = "oneadmin"
	onedUnit        = "opennebula.service"
)

const dropInText = `# oneha: while this server's database is being restored it is not whole, and oned must
# not run on it. The command that was interrupted removes the file when run again.
[Unit]
AssertPathExists=!` + Marker + "\n"
