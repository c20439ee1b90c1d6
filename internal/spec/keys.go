package spec

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Key is one key of the file: what may stand there, its default and the reason.
// Parsing, messages and `oneha explain` all read the one table, Keys.
type Key struct {
	Path     string // "vip.nic"; * stands for a name of the user's own
	Form     string // what may be written
	Default  string // as it would be written; "" if there is none
	Required bool
	Mode     Mode   // the only one that knows it and what is below it; "" for both
	Why      string // what it is, and why its default is what it is
	Raft     string // what is different in mode raft
	Source   string // where the reason comes from
}

// Defaults of the keys that have one. A delay decides a race of two nodes that
// lost sight of each other and only that; from three nodes on the majority
// decides, with a quorum device its vote, so there it would be lost time.
const (
	defaultLayout     = Staged
	defaultService    = "oned"
	defaultTiming     = "default"
	defaultFenceDelay = 5 * time.Second // for two nodes; 0 for more
	defaultAgents     = Ours
	defaultAlgorithm  = "ffsplit"
	defaultMode       = Pacemaker
	defaultDatabase   = "sqlite"
	defaultUser       = "root"
)

// timings are the named token timeouts.
var timings = []struct {
	name  string
	token time.Duration
}{
	{defaultTiming, 3 * time.Second},
	{"tolerant", 5 * time.Second},
	{"fast", time.Second},
}

// synonyms are names that people and other tools use for our keys; of several
// the one that its map knows is meant.
var synonyms = map[string][]string{
	"name": {"cluster"}, "cluster_name": {"cluster"}, "hosts": {"nodes"}, "servers": {"nodes"}, "resources": {"services"},
	"floating_ip": {"vip"}, "virtual_ip": {"vip"}, "fencing": {"bmc"}, "stonith": {"fencing", "bmc"}, "ipmi": {"bmc"},
	"qnetd": {"qdevice"}, "quorum_device": {"qdevice"}, "bmc": {"url"}, "port": {"plugs"}, "plug": {"plugs"}, "nodes": {"targets"}, "target": {"targets"},
	"ip": {"vip", "addr", "address", "url", "host"}, "ipaddr": {"addr", "address", "url"}, "ring0_addr": {"addr"},
	"adress": {"addr", "address"}, "address": {"addr", "url"}, "addr": {"url"}, "host": {"addr", "url"},
	"interface": {"nic"}, "dev": {"nic"},
	"server_id": {"id"}, "rpc": {"endpoint"}, "zone_id": {"zone"}, "db": {"database"}, "backend": {"database"}, "raft": {"timers"},
	"election_timeout": {"election"}, "broadcast": {"heartbeat"}, "xmlrpc": {"rpc"},
	"login": {"username"}, "user": {"username", "ssh_user"}, "passwd_script": {"password_script"}, "passwd_file": {"password_file"},
}

// secretNames are keys that people and other tools use for a secret itself.
var secretNames = []string{"password", "passwd", "pass", "passphrase", "passwort", "secret", "hexadecimal_kg", "kg"}

func isSecret(key string) bool { return slices.Contains(secretNames, strings.ToLower(key)) }

// keysIn lists the keys of the map at path, in a mode. A node's own bmc and an entry
// of fencing have those of the shared one too.
func keysIn(path string, in Mode) (names []string) {
	for _, k := range Keys {
		if k.parent() == path && k.fits(in) {
			names = append(names, k.name())
		}
	}
	if path == "nodes.*.bmc" || path == "fencing.*" {
		names = append(names, keysIn("bmc", in)...)
	}
	return names
}

func (k Key) name() string { return k.Path[strings.LastIndex(k.Path, ".")+1:] }

func (k Key) parent() string { return k.Path[:max(0, strings.LastIndex(k.Path, "."))] }

// Only is the one mode that knows the key; "" for both.
func (k Key) Only() Mode { return onlyIn()[k.Path] }

// onlyIn has the mode of each key that only one mode knows, itself or by a key above it.
var onlyIn = sync.OnceValue(func() map[string]Mode {
	all := map[string]Mode{}
	for _, above := range Keys {
		for _, k := range Keys {
			if above.Mode != "" && (k.Path == above.Path || strings.HasPrefix(k.Path, above.Path+".")) {
				all[k.Path] = above.Mode
			}
		}
	}
	return all
})

func (k Key) fits(in Mode) bool { only := k.Only(); return only == "" || only == in }

// home says where a key belongs.
func (k Key) home() string {
	switch k.parent() {
	case "":
		return "at the top level"
	case "nodes.*":
		return "under a node's name"
	case "fencing.*", "domains.*":
		return "under a name in " + strings.TrimSuffix(k.parent(), ".*")
	}
	return "under " + strings.TrimPrefix(k.parent(), "nodes.*.")
}

// join is the Path of a key in the map at path.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
