package fakezone

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/one"
)

// Paths in a self-contained installation, below ONE_LOCATION.
const (
	ConfFile     = "etc/oned.conf"
	AuthFile     = "var/.one/one_auth"
	KeyFile      = "var/.one/one_key"
	DatabaseFile = "var/one.db"
	LockFile     = "var/lock/.lock"
	LogFile      = "var/oned.log"
	EventsFile   = "var/fake-events"   // see Event
	HooksDir     = "var/remotes/hooks" // of hooks whose COMMAND is relative
)

// Hook is a program that oned runs when it changes its Raft state.
type Hook struct {
	Command   string // relative: in HooksDir; "": none
	Arguments string // split at blanks, without quoting
}

// raftConf is the RAFT vector.
type raftConf struct {
	limitPurge, logRetention    int // records
	logPurge                    time.Duration
	election, broadcast, xmlrpc time.Duration
}

// conf is what oned.conf tells a server.
type conf struct {
	listen           string // address:port
	serverID         int
	raft             raftConf
	leader, follower Hook
	db               DB
}

// compiled are oned's values for a file without RAFT (src/template/OpenNebulaTemplate.cc).
var compiled = raftConf{limitPurge: 100000, logRetention: 500000, logPurge: 600 * time.Second,
	election: 1500 * time.Millisecond, broadcast: 500 * time.Millisecond, xmlrpc: 100 * time.Millisecond}

// readConf reads etc/oned.conf. oned's own defaults hold for a missing vector, and
// for a missing part of RAFT nothing does: oned then uses what happens to be in
// memory, and the fake refuses to start.
func readConf(location string) (conf, error) {
	file := filepath.Join(location, ConfFile)
	read, err := one.ReadOnedConfig(file)
	if err != nil {
		return conf{}, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return conf{}, fmt.Errorf("read configuration: %w", err)
	}
	all, err := vectors(string(text))
	if err != nil {
		return conf{}, err
	}
	hook := func(name string) Hook { return Hook{all[name]["COMMAND"], all[name]["ARGUMENTS"]} }
	c := conf{
		listen:   read.Listen + ":" + strconv.Itoa(read.Port),
		serverID: read.ServerID,
		leader:   hook("RAFT_LEADER_HOOK"),
		follower: hook("RAFT_FOLLOWER_HOOK"),
		raft:     compiled,
	}
	if c.db, err = readDB(location, all["DB"]); err != nil {
		return conf{}, err
	}
	raft, ok := all["RAFT"]
	if !ok {
		return c, nil
	}
	number := func(key string) int {
		n, bad := strconv.Atoi(raft[key])
		if bad != nil && err == nil {
			err = fmt.Errorf("read configuration: RAFT has no number %s; a real oned would use what happens to be in memory", key)
		}
		return n
	}
	ms := func(key string) time.Duration { return time.Duration(number(key)) * time.Millisecond }
	c.raft = raftConf{
		limitPurge:   number("LIMIT_PURGE"),
		logRetention: number("LOG_RETENTION"),
		logPurge:     time.Duration(number("LOG_PURGE_TIMEOUT")) * time.Second,
		election:     ms("ELECTION_TIMEOUT_MS"),
		broadcast:    ms("BROADCAST_TIMEOUT_MS"),
		xmlrpc:       ms("XMLRPC_TIMEOUT_MS"),
	}
	return c, err
}

// conf is the text of an oned.conf for a server of a zone.
func (t Timers) conf(id int, db string, leader, follower Hook) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Configuration of a fake oned of a zone, in the grammar of the real one's.

PORT = 2633
LISTEN_ADDRESS = "0.0.0.0"

DB = [ %s ]

FEDERATION = [
    MODE          = "STANDALONE",
    ZONE_ID       = 0,
    SERVER_ID     = %d, # changed when joining the zone
    MASTER_ONED   = ""
]

RAFT = [
    LIMIT_PURGE          = 100000,
    LOG_RETENTION        = %d,
    LOG_PURGE_TIMEOUT    = %d,
    ELECTION_TIMEOUT_MS  = %d,
    BROADCAST_TIMEOUT_MS = %d,
    XMLRPC_TIMEOUT_MS    = %d
]
`, db, id, t.LogRetention, int(t.LogPurge/time.Second), t.Election.Milliseconds(), t.Broadcast.Milliseconds(), t.XMLRPC.Milliseconds())
	for _, h := range []struct {
		name string
		Hook
	}{{"LEADER", leader}, {"FOLLOWER", follower}} {
		if h.Command != "" {
			fmt.Fprintf(&b, "\nRAFT_%s_HOOK = [\n    COMMAND = %q,\n    ARGUMENTS = %q\n]\n", h.name, h.Command, h.Arguments)
		}
	}
	return b.String()
}
