package spec

import (
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/one"
)

// Key is one key of the file: what may stand there, its default and the reason.
// Parsing, messages and `oneha explain` all read the one table, Keys.
type Key struct {
	Path     string // "vip.nic"; * stands for a name of the user's own
	Form     string // what may be written
	Default  string // as it would be written; "" if there is none
	Required bool
	Why      string // what it is, and why its default is what it is
	Source   string // where the reason comes from
}

// Defaults of the keys that have one. A delay decides a race of two nodes that
// lost sight of each other and only that; from three nodes on the majority
// decides, so there it would be lost time.
const (
	defaultLayout     = Staged
	defaultService    = "oned"
	defaultTiming     = "default"
	defaultFenceDelay = 5 * time.Second // for two nodes; 0 for more
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

// Keys is the table of all keys, in the order in which a file is best read.
var Keys = []Key{
	{Path: "version", Form: "1", Required: true,
		Why: "Version of this file's format, so that a later release can read today's files."},
	{Path: "cluster", Form: "1 to 32 letters, digits, - and _, the first a letter or digit", Required: true,
		Why:    "Name of the cluster; corosync keeps clusters with different names apart.",
		Source: "corosync.conf(5), cluster_name; the characters are those pcs accepts without a warning"},
	{Path: "nodes", Form: "map of 2 to 16 names to nodes", Required: true,
		Why:    "The machines. A name is what `uname -n` prints there. Node IDs count from 1 in this order.",
		Source: "Clusters from Scratch; corosync.conf(5), nodelist"},
	{Path: "nodes.*.addr", Form: "IP address, or list of one per link, at most 8", Required: true,
		Why:    "Where corosync reaches the node. Addresses, not names: membership must not depend on DNS. A second link over another network keeps the cluster together when the first fails.",
		Source: "corosync.conf(5), ringX_addr"},
	{Path: "nodes.*.bmc", Form: "URL such as ipmi://10.3.5.20[:port][?option=value], or map of url and the keys of bmc", Required: true,
		Why:    "How to cut the node's power. Without it the cluster cannot know that a lost node stopped writing, and must not take over. The scheme chooses the fence agent: redfish, as most BMCs of the last ten years; ilo6; ipmi; and ilo3, ilo4 and ilo5, which are asked over IPMI too (switch IPMI over LAN on in the iLO). A path behind the address of a redfish URL is that of the system.",
		Source: "Pacemaker Explained, Fencing; fence_ilo5(8)"},
	{Path: "nodes.*.bmc.url", Form: "URL", Required: true,
		Why: "The BMC's address, where bmc is a map because this node's account differs from the others'."},
	{Path: "bmc", Form: "map, shared by all nodes' BMCs",
		Why: "Account and fence agent options that all BMCs share. A node's own bmc overrides single keys."},
	{Path: "bmc.username", Form: "text", Required: true,
		Why: "The BMC's account. It needs the right to switch power, nothing more."},
	{Path: "bmc.password_file", Form: "absolute path", Required: true,
		Why:    "A file on each node, owned by root, mode 0600, that holds the password and nothing else. A password in the cluster's configuration can be read by everybody who may read that, and a generated file is copied around.",
		Source: "ClusterLabs/pacemaker#244, ClusterLabs/fence-agents#436"},
	{Path: "bmc.password_script", Form: "absolute path, with arguments",
		Why: "Instead of password_file: a command that prints the password."},
	{Path: "bmc.cipher", Form: "number of the suite",
		Why:    "IPMI cipher suite. By default the agent tries 17 (SHA-256), then 3 (SHA-1). Those that ask for no password or do not protect what is said are refused.",
		Source: "IPMI 2.0, table 22-20"},
	{Path: "bmc.privlvl", Form: "operator | administrator",
		Why:    "IPMI privilege to ask for. Switching power needs operator; the agent's default is that of fence_ipmilan.",
		Source: "IPMI 2.0, appendix G"},
	{Path: "bmc.systems_uri", Form: "path such as /redfish/v1/Systems/1",
		Why:    "The system to switch, where a Redfish BMC has several. By default the only one; where there are more, the agent fails instead of guessing.",
		Source: "DMTF DSP0266, ComputerSystemCollection"},
	{Path: "bmc.ssl_ca_file", Form: "absolute path",
		Why: "A PEM file on each node, with the certificates of the authorities that signed those of the Redfish BMCs, or with the BMCs' own. By default the system's authorities."},
	{Path: "bmc.ssl_insecure", Form: "true | false",
		Why: "Take any certificate of a Redfish BMC. Whoever answers at its address then gets the password, so better give ssl_ca_file."},
	{Path: "bmc.auth", Form: "basic | session",
		Why: "How to log in to a Redfish BMC. The agent's default is basic, which leaves no session behind; session is for BMCs that have basic authentication switched off."},
	{Path: "bmc.login_timeout", Form: "seconds", Why: "How long the agent tries to log in."},
	{Path: "bmc.power_timeout", Form: "seconds", Why: "How long the agent waits until the power is seen off or on."},
	{Path: "bmc.power_wait", Form: "seconds", Why: "Pause between a power command and the first look at its effect."},
	{Path: "bmc.shell_timeout", Form: "seconds", Why: "How long the agent waits for the answer to one command."},
	{Path: "vip", Form: "address with prefix length, such as 10.3.4.2/24, or map of address and nic", Required: true,
		Why: "The floating IP, IPv4 or IPv6. The prefix length is asked for because a guess would be wrong silently."},
	{Path: "vip.address", Form: "address with prefix length", Required: true,
		Why: "The floating IP, where vip is a map."},
	{Path: "vip.nic", Form: "interface name",
		Why: "Each node finds the interface from its own routes, so nodes may name theirs differently. Give it when the VIP's network is not one the nodes have an address in."},
	{Path: "services", Form: "list of " + strings.Join(serviceNames(), ", "), Default: "[" + defaultService + "]",
		Why:    "The front-end services to run. oned is always one of them, the others talk to it. Only oned by default: which others exist depends on the OpenNebula release.",
		Source: "OpenNebula's packaging of its services"},
	{Path: "layout", Form: "staged | colocation | group", Default: string(defaultLayout),
		Why:    "How the resources hang together. staged: vip, then oned, then the rest in parallel; a failing side service stays alone. The two forms of OpenNebula's old guide either start everything at once (colocation) or move everything when the last service fails (group).",
		Source: "measured with crm_simulate"},
	{Path: "prefer", Form: "name of a node",
		Why:    "Node that should run the services when both are fit, and that wins a race of fencing. None by default: moving back costs a second interruption.",
		Source: "Pacemaker Explained, Preferring nodes"},
	{Path: "fence_delay", Form: "whole seconds such as 5s, up to 60s", Default: seconds(defaultFenceDelay) + " with two nodes, 0s with more",
		Why:    "How long fencing of the protected node (prefer, else the first) waits, so that two nodes that lost sight of each other do not shoot each other. It is paid in every real failure of that node, so it is the smallest that surely decides. With three nodes and more the majority decides.",
		Source: "measured: 1, 2 and 3 s each decided 4 of 4 races with BMCs that take up to 0.4 s; Pacemaker Explained, pcmk_delay_base"},
	{Path: "timing", Form: "default | tolerant | fast", Default: defaultTiming,
		Why:    "Token timeout of corosync by name: default 3000 ms, tolerant 5000 ms for networks that stall, fast 1000 ms for labs. A lost node is noticed after about 2.2 times the token.",
		Source: "corosync.conf(5), token and consensus; pcs and SUSE use 3000 to 5000 ms"},
	{Path: "token", Form: "duration such as 4s or 2500ms, 500ms to 60s", Default: "that of timing",
		Why:    "The token timeout itself, instead of timing.",
		Source: "corosync.conf(5), token"},
	{Path: "properties", Form: "map of names to values",
		Why:    "Further cluster properties; they override generated ones. Those that would let a cluster run without fencing or quorum are refused.",
		Source: "Pacemaker Explained, Cluster Options"},
}

// synonyms are names that people and other tools use for our keys; of several
// the one that its map knows is meant.
var synonyms = map[string][]string{
	"name": {"cluster"}, "cluster_name": {"cluster"}, "hosts": {"nodes"}, "servers": {"nodes"}, "resources": {"services"},
	"floating_ip": {"vip"}, "virtual_ip": {"vip"}, "fencing": {"bmc"}, "stonith": {"bmc"}, "ipmi": {"bmc"},
	"ip": {"vip", "addr", "address", "url"}, "ipaddr": {"addr", "address", "url"}, "ring0_addr": {"addr"},
	"adress": {"addr", "address"}, "address": {"addr", "url"}, "addr": {"url"}, "host": {"addr", "url"},
	"interface": {"nic"}, "dev": {"nic"},
	"login": {"username"}, "user": {"username"}, "passwd_script": {"password_script"}, "passwd_file": {"password_file"},
}

// secretNames are keys that people and other tools use for a secret itself.
var secretNames = []string{"password", "passwd", "pass", "passphrase", "passwort", "secret", "hexadecimal_kg", "kg"}

func isSecret(key string) bool { return slices.Contains(secretNames, strings.ToLower(key)) }

func serviceNames() (names []string) {
	for _, s := range one.Services {
		names = append(names, s.Name)
	}
	return names
}

// keysIn lists the keys of the map at path. A node's own bmc has those of the
// shared one too.
func keysIn(path string) (names []string) {
	for _, k := range Keys {
		if k.parent() == path {
			names = append(names, k.name())
		}
	}
	if path == "nodes.*.bmc" {
		names = append(names, keysIn("bmc")...)
	}
	return names
}

func (k Key) name() string { return k.Path[strings.LastIndex(k.Path, ".")+1:] }

func (k Key) parent() string { return k.Path[:max(0, strings.LastIndex(k.Path, "."))] }

// home says where a key belongs.
func (k Key) home() string {
	switch k.parent() {
	case "":
		return "at the top level"
	case "nodes.*":
		return "under a node's name"
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
