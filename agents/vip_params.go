package agents

import "github.com/oneha/oneha/ocf"

// vipParams are IPaddr2's parameters, in its order as far as they are related.
var vipParams = []ocf.Param{
	{
		Name: "ip", Type: ocf.String, Required: true, Unique: true, Example: "192.0.2.9",
		Short: "IP address",
		Long:  "The IPv4 address in dotted quad notation or the IPv6 address, without prefix length and zone: 192.0.2.9 or 2001:db8::9.",
	},
	{
		Name: "nic", Type: ocf.String,
		Short: "Network interface",
		Long: "The interface that the address is put on, by its name or an alternative name. " +
			"When empty, the one whose connected route contains the address; " +
			"several that are equally good are an error. An IPv6 link-local address needs it. " +
			"The deprecated form eth0:label sets iflabel too.",
	},
	{
		Name: "cidr_netmask", Aliases: []string{"netmask"}, Type: ocf.String, Example: "24",
		Short: "Prefix length",
		Long: "The prefix length of the address, such as 24; for IPv4 a netmask like 255.255.255.0 is accepted. " +
			"When empty, that of the connected route that contains the address. The old name netmask is honoured.",
	},
	{
		Name: "proto", Type: ocf.String,
		Short: "Protocol of the routes to infer from",
		Long: "When nic or cidr_netmask is empty: only connected routes that were made by this protocol count, " +
			"such as kernel, static or ra (see ip-route(8)), or its number. When empty, all count.",
	},
	{
		Name: "broadcast", Type: ocf.String,
		Short: "Broadcast address",
		Long: "IPv4 only: the broadcast address, + for the network with all host bits set, - with all of them cleared. " +
			"When empty, that of the node's own address in the same network.",
	},
	{
		Name: "iflabel", Type: ocf.String,
		Short: "Interface label",
		Long:  "IPv4 only: the address gets the label <nic>:<iflabel>, at most 15 characters in all. IPv6 has no labels.",
	},
	{
		Name: "lvs_support", Type: ocf.Boolean, Default: "false",
		Short: "The address rests on the loopback interface while stopped",
		Long: "IPv4 only, for LVS with direct routing: where the address is on the loopback interface with prefix length 32, " +
			"start takes it away from there and stop puts it back, so that the node goes on as a real server when another one is the director. " +
			"An address that is there alone counts as stopped.",
	},
	{
		Name: "lvs_ipv6_addrlabel", Type: ocf.Boolean, Default: "false",
		Short: "Keep an IPv6 address from being a source address",
		Long: "IPv6 only, for LVS with direct routing: start gives the address a label of its own in the kernel's policy table " +
			"(RFC 6724), so that the node prefers its other addresses as the source of connections, such as health checks of real servers; stop removes it.",
	},
	{
		Name: "lvs_ipv6_addrlabel_value", Type: ocf.Integer, Default: "99",
		Short: "Label for lvs_ipv6_addrlabel",
		Long:  "A label that nothing else in the policy table has; `ip addrlabel list` shows the table.",
	},
	{
		Name: "mac", Type: ocf.String,
		Short: "Cluster IP: hardware address (not used)",
		Long:  "For Cluster IP, which Linux no longer has. Accepted so that old configurations load; it has no effect.",
	},
	{
		Name: "clusterip_hash", Type: ocf.String, Default: "sourceip-sourceport",
		Short: "Cluster IP: hash (not used)",
		Long:  "For Cluster IP, which Linux no longer has. Accepted so that old configurations load; it has no effect.",
	},
	{
		Name: "unique_clone_address", Type: ocf.Boolean, Default: "false",
		Short: "Each clone instance has an address of its own",
		Long: "IPv4 only, in a clone with globally-unique=true: the number of the instance is added to the last octet of ip. " +
			"In a clone with more than one instance it has to be true.",
	},
	{
		Name: "arp_interval", Type: ocf.Integer, Default: "200",
		Short: "Milliseconds between announcements",
		Long:  "The time between two announcements, in milliseconds.",
	},
	{
		Name: "arp_count", Type: ocf.Integer, Default: "5",
		Short: "Number of announcements",
		Long: "How often the address is announced after it was started. " +
			"For IPv4 each announcement is two gratuitous ARP packets, a request and a reply.",
	},
	{
		Name: "arp_count_refresh", Type: ocf.Integer, Default: "0",
		Short: "Number of announcements in each recurring monitor",
		Long: "How often each recurring monitor that finds the address well announces it again. " +
			"It mends the tables of machines that believed somebody else meanwhile.",
	},
	{
		Name: "arp_bg", Type: ocf.Boolean, Default: "true",
		Short: "Start does not wait for all announcements",
		Long: "Start always sends the first announcement itself. When this is true it then returns, and the recurring monitor " +
			"that Pacemaker runs right after it sends the others; no process is left in the background. " +
			"When false, start returns after the last announcement. Set it to false if the resource has no recurring monitor.",
	},
	{
		Name: "arp_sender", Type: ocf.String,
		Short: "Sender of announcements (built in)",
		Long: "send_arp, ipoibarping, iputils_arping, libnet_arping or empty: each means the sender that is built in, " +
			"for Ethernet and InfiniBand. No program is needed.",
	},
	{
		Name: "send_arp_opts", Type: ocf.String,
		Short: "Options of the sender (not used)",
		Long:  "Options for the programs that arp_sender names. Accepted so that old configurations load; they have no effect, since each announcement is both a request and a reply.",
	},
	{
		Name: "flush_routes", Type: ocf.Boolean, Default: "false",
		Short: "Flush the routing cache on stop",
		Long:  "After the address was removed the kernel forgets what it has cached about routes.",
	},
	{
		Name: "run_arping", Type: ocf.Boolean, Default: "false",
		Short: "Detect an IPv4 duplicate before start",
		Long: "IPv4 only: start asks the network by ARP probes (RFC 5227) whether another machine has the address, " +
			"which takes 0.4 seconds when nobody has it, and fails if one has. Fencing rules out a second owner too.",
	},
	{
		Name: "nodad", Type: ocf.Boolean, Default: "false",
		Short: "Skip IPv6 duplicate address detection",
		Long: "IPv6 only: the address is used at once, without asking the network whether another machine has it. " +
			"That saves one to two seconds, and is safe only where fencing rules out a second owner.",
	},
	{
		Name: "noprefixroute", Type: ocf.Boolean, Default: "false",
		Short: "Make no route for the prefix",
		Long:  "The kernel does not add a route for the network of the address.",
	},
	{
		Name: "preferred_lft", Type: ocf.String, Default: "forever",
		Short: "Preferred lifetime",
		Long: "forever, or the number of seconds after which the address is deprecated (RFC 4862): it serves as before, " +
			"but the kernel does not choose it as the source of new connections over IPv6. 0 is at once.",
	},
	{
		Name: "network_namespace", Type: ocf.String,
		Short: "Network namespace",
		Long:  "The network namespace that the address belongs to: a name as `ip netns` shows it, or the absolute path of a namespace. It has to exist.",
	},
}
