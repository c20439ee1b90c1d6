package agents

import (
	"time"

	"github.com/oneha/oneha/ocf"
)

// VIP is the floating IP address, a drop-in for ocf:heartbeat:IPaddr2: it has all
// parameters of its release 4.12 with their names, meanings and defaults.
var VIP = ocf.Agent{
	Name:    "vip",
	Version: "1.0",
	Short:   "Floating IPv4 or IPv6 address",
	Long: "Adds an IPv4 or IPv6 address to an interface of the node, announces it to the network " +
		"(gratuitous ARP as request and reply, unsolicited neighbour advertisement) and removes it again. " +
		"The address counts as running only where it can be used: not on a link that is down, " +
		"not while IPv6 duplicate detection runs or after it failed. " +
		"Stop removes it wherever it is found, whatever its interface, prefix length and label.\n\n" +
		"It takes the configuration of ocf:heartbeat:IPaddr2 as it is, except for Cluster IP " +
		"(a clone whose instances share one address), which needs the CLUSTERIP target that Linux 6.3 removed.",
	Params:   vipParams,
	Validate: vipValidate,
	Actions: []ocf.Action{
		{Name: ocf.Start, Timeout: 20 * time.Second, Run: vipStart},
		{Name: ocf.Stop, Timeout: 20 * time.Second, Run: vipStop},
		{Name: ocf.Monitor, Timeout: 20 * time.Second, Interval: 10 * time.Second, Run: vipMonitor},
	},
}
