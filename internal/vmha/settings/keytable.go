package settings

// Key is one key of the file, for its manual page and the reference.
type Key struct {
	Path     string // "wait.cycle"; * stands for a name of the user's own
	Form     string // what may be written
	Default  string // as it would be written; "" if there is none
	Required bool
	Why      string // what it is
}

const (
	durations = "duration such as 30s or 5m"
	path      = "whole path"
)

// Keys is the table of all keys, in the order in which a file is best read.
var Keys = []Key{
	{Path: "version", Form: "1", Default: "1", Why: "Version of this file's format, so that a later release can read today's files."},
	{Path: "fencing", Form: "map", Why: "How the power of hosts is cut. What neither this nor hosts.NAME says is read from the template of the host."},
	{Path: "fencing.agent", Form: "fence_bmc_ipmi | fence_bmc_redfish | fence_bmc_ilo | fence_bmc_ilo_ssh, or the stock agent that one of them takes the place of", Default: "that of the host's template",
		Why: "The fence agent. It is the one of oneha in any case."},
	{Path: "fencing.ip", Form: "address or name", Default: "that of the host's template", Why: "The BMC. It usually differs from host to host, so it stands in hosts."},
	{Path: "fencing.username", Form: "text", Default: "that of the host's template", Why: "The account on the BMC."},
	{Path: "fencing.password_file", Form: path, Default: "that of the host's template", Why: "The file with the password, of mode 0600, which belongs to oneadmin. The password itself does not belong into this file and is refused."},
	{Path: "fencing.plug", Form: "text", Default: "that of the host's template", Why: "The outlet or the system of a device that has several."},
	{Path: "fencing.options", Form: "map of names to values", Default: "that of the host's template", Why: "Other options of the agent, such as cipher: 3. Those with a key of their own are refused."},
	{Path: "fencing.hosts", Form: "map of hosts to maps of the keys of fencing", Why: "What one host has of its own, by its name in OpenNebula."},
	{Path: "wait", Form: "map", Why: "How a host is watched before its power is cut: one that comes back is left alone."},
	{Path: "wait.cycle", Form: durations, Default: "1m", Why: "-p N of the hook waits N of these. A minute is what OpenNebula's own hook counts."},
	{Path: "wait.interval", Form: durations, Default: "10s", Why: "How often oned is asked for the state of the host meanwhile."},
	{Path: "wait.samples", Form: "number from 1 to 1000", Default: "1", Why: "So often it is asked at the least, with -p 0 too."},
	{Path: "wait.agree", Form: "number from 1 to 1000", Default: "3", Why: "So many answers MONITORED in a row mean that the host is back."},
	{Path: "offline", Form: "yes | no", Default: "yes", Why: "Set the host OFFLINE in the end, so that nothing is deployed there until a person enables it."},
	{Path: "priority", Form: "name of an attribute", Default: "ONEHA_PRIORITY", Why: "The attribute of a virtual machine's template that says which come first: a higher number before a lower."},
	{Path: "settle", Form: durations, Default: "30s", Why: "How long oned may take to do what it said it would."},
	{Path: "unknown", Form: durations, Default: "10m", Why: "How long a running machine of the host may take to become UNKNOWN; before that it cannot be scheduled anew."},
	{Path: "deadline", Form: durations, Default: "10m", Why: "How long oned may be away, refuse, or be without a leader, before the hook gives up. It can be run again."},
	{Path: "storage", Form: "map", Why: "What is done with -m where the disks of a machine cannot be reached from another host."},
	{Path: "storage.local", Form: "skip | recreate | delete", Default: "skip", Why: "Machines on a datastore with SHARED=NO."},
	{Path: "storage.unasked", Form: "skip | handle | recreate | delete", Default: "skip", Why: "Machines on a datastore that does not say whether it is shared."},
	{Path: "states", Form: "map of states to handle | skip | recreate | delete", Why: "Another answer for a state, by its name as onevm show has it: {PROLOG: skip}."},
	{Path: "missed", Form: "report | handle", Default: "report", Why: "What oneha hook missed does with hosts in ERROR whose event was lost."},
	{Path: "endpoint", Form: "URL", Default: "http://127.0.0.1:2633/RPC2", Why: "Where oned answers. On a front-end the default is right."},
	{Path: "credentials", Form: path, Default: "/var/lib/one/.one/one_auth", Why: "The file with user:password of oneadmin."},
}
