package agents

import (
	"time"

	"github.com/oneha/oneha/ocf"
)

// VIP is the floating IP address, a drop-in for ocf:heartbeat:IPaddr2: the
// parameters have its names and meanings.
var VIP = ocf.Agent{
	Name:    "vip",
	Version: "1.0",
	Short:   "Floating IPv4 or IPv6 address",
	Long: "Adds an IPv4 or IPv6 address to an interface of the node, announces it to the network " +
		"(gratuitous ARP as request and reply, unsolicited neighbour advertisement) and removes it again. " +
		"The address counts as running only where it can be used: not on a link that is down, " +
		"not while IPv6 duplicate detection runs or after it failed. " +
		"Stop removes it wherever it is found, whatever its interface, prefix length and label.",
	Params: []ocf.Param{
		{
			Name: "ip", Type: ocf.String, Required: true, Unique: true,
			Short: "IP address",
			Long:  "The IPv4 address in dotted quad notation or the IPv6 address, without prefix length and zone: 192.0.2.9 or 2001:db8::9.",
		},
		{
			Name: "nic", Type: ocf.String,
			Short: "Network interface",
			Long: "The interface that the address is put on. When empty, the one whose connected route contains the address; " +
				"several that are equally good are an error. An IPv6 link-local address needs it. " +
				"The deprecated form eth0:label sets iflabel too.",
		},
		{
			Name: "cidr_netmask", Aliases: []string{"netmask"}, Type: ocf.String,
			Short: "Prefix length",
			Long: "The prefix length of the address, such as 24; for IPv4 a netmask like 255.255.255.0 is accepted. " +
				"When empty, that of the connected route that contains the address.",
		},
		{
			Name: "broadcast", Type: ocf.String,
			Short: "Broadcast address",
			Long: "IPv4 only: the broadcast address, + for all host bits set or - for none. " +
				"When empty, that of the node's own address in the same network.",
		},
		{
			Name: "iflabel", Type: ocf.String,
			Short: "Interface label",
			Long:  "IPv4 only: the address gets the label <nic>:<iflabel>, at most 15 characters in all. IPv6 has no labels.",
		},
		{
			Name: "arp_count", Type: ocf.Integer, Default: "5",
			Short: "Number of announcements",
			Long: "How often the address is announced after it was started. " +
				"For IPv4 each announcement is two gratuitous ARP packets, a request and a reply.",
		},
		{
			Name: "arp_interval", Type: ocf.Integer, Default: "200",
			Short: "Milliseconds between announcements",
			Long:  "The time between two announcements, in milliseconds.",
		},
		{
			Name: "arp_bg", Type: ocf.Boolean, Default: "true",
			Short: "Start does not wait for all announcements",
			Long: "Start always sends the first announcement itself. When this is true it then returns, and the recurring monitor " +
				"that Pacemaker runs right after it sends the others; no process is left in the background. " +
				"When false, start returns after the last announcement. Set it to false if the resource has no recurring monitor.",
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
	},
	Validate: vipValidate,
	Actions: []ocf.Action{
		{Name: ocf.Start, Timeout: 20 * time.Second, Run: vipStart},
		{Name: ocf.Stop, Timeout: 20 * time.Second, Run: vipStop},
		{Name: ocf.Monitor, Timeout: 20 * time.Second, Interval: 10 * time.Second, Run: vipMonitor},
	},
}
