package twin

import (
	"errors"
	"net/netip"
	"path"
	"strings"
)

// Keep is a value that differs between servers, and stays when a file is copied.
type Keep struct {
	File   string   // path of the file
	Path   []string // names of the value in it
	Mode   Mode     // in which it counts, "" for both
	Part   part     // which part of it
	Why    string
	Source string // where that is written down
}

// part is the part of a value that is a server's own.
type part int

const (
	whole part = iota // all of it
	bound             // an address, if it is one of this server and not "all" or "loopback"
	nics              // the names of interfaces in front of addresses
)

// Kept are the values that must differ, or may.
var Kept = []Keep{
	{"/etc/one/oned.conf", []string{"FEDERATION", "SERVER_ID"}, Raft, whole, "each server has a number of its own in the zone", "OpenNebula docs, Front-end HA"},
	{"/etc/one/oned.conf", []string{"HOSTNAME"}, "", whole, "name of this server", "share/etc/oned.conf"},
	{"/etc/one/oned.conf", []string{"LISTEN_ADDRESS"}, "", bound, "an address of this server", "share/etc/oned.conf"},
	{"/etc/one/oned.conf", []string{"GRPC_LISTEN_ADDRESS"}, "", bound, "an address of this server", "share/etc/oned.conf"},
	{"/etc/one/oned.conf", []string{"RAFT_LEADER_HOOK", "ARGUMENTS"}, Raft, nics, "the interface may have another name on this server", "share/hooks/raft/vip.sh"},
	{"/etc/one/oned.conf", []string{"RAFT_FOLLOWER_HOOK", "ARGUMENTS"}, Raft, nics, "the interface may have another name on this server", "share/hooks/raft/vip.sh"},
	{"/etc/one/oned.conf", []string{"DB", "SERVER"}, Raft, whole, "each server has a database of its own", "OpenNebula issue 2673"},
	{"/etc/one/oned.conf", []string{"DB", "PORT"}, Raft, whole, "each server has a database of its own", "OpenNebula issue 2673"},
	{"/etc/one/oned.conf", []string{"DB", "USER"}, Raft, whole, "each server has a database of its own", "OpenNebula issue 2673"},
	{"/etc/one/oned.conf", []string{"DB", "PASSWD"}, Raft, whole, "each server has a database of its own", "OpenNebula issue 2673"},
	{"/etc/one/oned.conf", []string{"DB", "DB_NAME"}, Raft, whole, "each server has a database of its own", "OpenNebula issue 2673"},
	{"/etc/one/monitord.conf", []string{"NETWORK", "ADDRESS"}, "", bound, "an address of this server", "share/etc/monitord.conf"},
	{"/etc/one/oneflow-server.conf", []string{":host"}, "", bound, "an address of this server", "as shipped: oneflow-server.conf"},
	{"/etc/one/onegate-server.conf", []string{":host"}, "", bound, "an address of this server", "as shipped: onegate-server.conf"},
	{"/etc/one/onegate-server.conf", []string{":server", ":bind"}, "", bound, "an address of this server (7.4)", "as shipped: onegate-server.conf"},
	{"/etc/one/oneform-server.conf", []string{":host"}, "", bound, "an address of this server", "as shipped: oneform-server.conf"},
	{"/etc/one/oneks-server.conf", []string{":server", ":bind"}, "", bound, "an address of this server", "as shipped: oneks-server.conf"},
	{"/etc/one/sunstone-server.conf", []string{":host"}, "", bound, "an address of this server", "as shipped: sunstone-server.conf"},
	{"/etc/one/fireedge-server.conf", []string{"host"}, "", bound, "an address of this server", "as shipped: fireedge-server.conf"},
	{"/etc/one/fireedge-server.conf", []string{"default_zone", "id"}, "", whole, "the zone that this server shows first", "as shipped: fireedge-server.conf"},
	{"/etc/one/fireedge-server.conf", []string{"default_zone", "name"}, "", whole, "the zone that this server shows first", "as shipped: fireedge-server.conf"},
	{"/etc/one/fireedge-server.conf", []string{"default_zone", "endpoint"}, "", whole, "the zone that this server shows first", "as shipped: fireedge-server.conf"},
}

// keptIn are the values that are kept in a file.
func keptIn(file string, mode Mode) []Keep {
	var kept []Keep
	for _, k := range Kept {
		if k.File == file && (k.Mode == "" || k.Mode == mode) {
			kept = append(kept, k)
		}
	}
	return kept
}

// form is the grammar of a file that is compared by what it says.
type form int

const (
	bytewise form = iota
	template      // OpenNebula's own
	yaml
	lines // their order does not matter
)

func formOf(file string) form {
	switch file {
	case "/etc/one/oned.conf", "/etc/one/monitord.conf", "/etc/one/sched.conf", "/etc/one/schedulers/rank.conf":
		return template
	case "/var/lib/one/.ssh/known_hosts": // ssh adds to it as it goes
		return lines
	}
	if path.Dir(file) == "/etc/one" && len(keptIn(file, "")) > 0 {
		return yaml
	}
	return bytewise
}

// shared is what of a value is the same on all servers; ok is false when nothing is.
func (k Keep) shared(value string) (text string, ok bool) {
	switch k.Part {
	case bound:
		if ownAddress(value) {
			return "an address of the server", true
		}
		return value, true
	case nics:
		words := strings.Fields(value)
		for i := range words[:max(0, len(words)-1)] {
			if isPrefix(words[i+1]) {
				words[i] = "NIC"
			}
		}
		return strings.Join(words, " "), true
	}
	return "", false
}

// errNoAddress is an address that cannot be copied, since it is another server's.
var errNoAddress = errors.New("the other server listens at an address of its own, and this one at none: set one here, or let both listen at all, and repeat")

// merged is a value of the other server with what this one keeps of its own. ok is false
// when this one is to have none.
func (k Keep) merged(here string, have bool, there string, has bool) (text string, ok bool, err error) {
	switch k.Part {
	case bound:
		switch {
		case !ownAddress(there):
			return there, has, nil
		case have && ownAddress(here):
			return here, true, nil
		}
		return "", false, errNoAddress
	case nics:
		return withNICs(there, nicsOf(here)), has, nil
	}
	return here, have, nil
}

// ownAddress reports whether an address belongs to one server, unlike "all addresses"
// and loopback.
func ownAddress(value string) bool {
	a, err := netip.ParseAddr(value)
	return err == nil && !a.IsUnspecified() && !a.IsLoopback()
}

func isPrefix(word string) bool {
	_, err := netip.ParsePrefix(word)
	return err == nil
}

// nicsOf are the interfaces of a hook's arguments by address; under "" the only one, if
// there is only one.
func nicsOf(arguments string) map[string]string {
	words := strings.Fields(arguments)
	found, only, several := map[string]string{}, "", false
	for i := 1; i < len(words); i++ {
		if isPrefix(words[i]) {
			nic := words[i-1]
			found[words[i]] = nic
			several = several || only != "" && only != nic
			only = nic
		}
	}
	if only != "" && !several {
		found[""] = only
	}
	return found
}

// withNICs replaces the interfaces in a hook's arguments by those of this server, as far
// as it has any for that address.
func withNICs(arguments string, own map[string]string) string {
	words := strings.Fields(arguments)
	for i := 1; i < len(words); i++ {
		if !isPrefix(words[i]) {
			continue
		}
		if nic, ok := own[words[i]]; ok {
			words[i-1] = nic
		} else if nic, ok := own[""]; ok {
			words[i-1] = nic
		}
	}
	return strings.Join(words, " ")
}
