package cib

// reasons is the table of why everything is generated as it is, by what it
// explains. A thing that is generated and neither said by the description nor
// explained here fails TestEverythingIsExplained.
var reasons = map[string]reason{
	// The CIB's head.
	"cib/crm_feature_set": {"The oldest set of features that serves. A CIB that is newer than the cluster's software cannot be changed there; Pacemaker raises it by itself.", "Pacemaker Explained, CIB Properties"},
	"cib/validate-with":   {"The oldest schema that has all that is used, so that every Pacemaker from 2.0 on can load the file (1.1.18, where target names a release that old).", "Pacemaker Explained, CIB Properties"},
	"cib/admin_epoch":     {"A first configuration: any that a running cluster has is newer, so the file cannot replace one by being copied to a node.", "Pacemaker Explained, Configuration Version"},
	"cib/epoch":           {"Counts changes of the configuration; Pacemaker goes on from here.", "Pacemaker Explained, Configuration Version"},
	"cib/num_updates":     {"Counts changes of the status; Pacemaker goes on from here.", "Pacemaker Explained, Configuration Version"},

	// Cluster properties.
	"property/stonith-enabled":          {"Pacemaker's default, written so that nobody has to guess. Without fencing a node that hangs may still write to the database when its peer takes over.", "Pacemaker Explained, Fencing"},
	"property/stonith-timeout":          {"{fencing} for one fencing, since Pacemaker's 60s are short for a BMC that logs in slowly and is asked for off, the state, and on; and the longest delay of a device ({delay}), which Pacemaker before 2.1.6 counts into the timeout.", "Pacemaker's ChangeLog, 2.1.6; Pacemaker Explained, Fencing Timeouts"},
	"property/cluster-recheck-interval": {"After ten failed fencings of a node Pacemaker gives up, and tries again when something in the cluster changes, or else after this time. By default that is 15min, and the front-end would be down so much longer than its BMC, or the network to it.", "docs/decisions/0031-fencing-given-up.md; Pacemaker Explained, Cluster Options"},

	"implied/no-quorum-policy":       {"Not set on purpose. The survivor of two nodes stays quorate by two_node, and a node that starts alone must not fence its healthy peer, which `ignore` would let it.", "measured: with ignore an isolated node that boots fences its peer; votequorum(5), two_node"},
	"implied/start-failure-is-fatal": {"Not set: a resource that fails to start is tried on the other node at once, and may come back when failure-timeout is over.", "Pacemaker Explained, Cluster Options"},
	"implied/stonith-action":         {"Not set: a fenced node starts again and joins as standby. `off` would leave the cluster without one until somebody comes.", "Pacemaker Explained, Cluster Options"},
	"implied/priority-fencing-delay": {"Not set: it protects the node that runs the services, at the price of its full length whenever just that node fails.", "docs/decisions/0002-delay-on-one-side.md"},

	// Fence devices.
	"device/id":                    {"Named after the node whose BMC it is, or after the entry of fencing.", ""},
	"agent/device/ours":            {"The scheme of the URL chooses the agent: redfish fence_bmc_redfish; ilo6 fence_bmc_ilo; ipmi, ilo3, ilo4 and ilo5 fence_bmc_ipmi; ilo_ssh fence_bmc_ilo_ssh. Each reports a node as off only after its BMC said so.", "docs/compatibility.md"},
	"agent/device/stock":           {"The scheme of the URL chooses the agent, and agents: stock the one of fence-agents.", "docs/compatibility.md"},
	"param/device/pcmk_host_list":  {"The nodes that the device can power off, from where the file has it. Said, not asked of the device: Pacemaker would need the device to answer to know whom it is for.", "Pacemaker Explained, pcmk_host_list"},
	"param/device/pcmk_host_map":   {"The plugs of the file, as Pacemaker writes them: which outlet, blade or system is which node.", "Pacemaker Explained, pcmk_host_map"},
	"param/device/pcmk_delay_base": {"Only fencing of {protected} waits, {kept}, so it survives when two nodes that lost sight of each other fence each other. The delay is on the device that is tried first and on no other: on both sides the smaller one protects nobody and costs time.", "docs/decisions/0002-delay-on-one-side.md, 0015-fencing-levels.md"},
	"param/device/pcmk_delay_max":  {"Twice fence_delay, of which each node waits a random part: this Pacemaker (before 2.1.2) knows no delay by node for a device of several nodes, so chance decides a race.", "Pacemaker's ChangeLog, 2.1.2"},
	"param/stock/password_script":  {"The stock agents have no password_file; this command prints it. So the password still stands in no configuration.", "fence_ipmilan(8), password_script"},
	"param/stock/lanplus":          {"IPMI 2.0, which is encrypted; without it the agent speaks IPMI 1.5, which is not.", "fence_ipmilan(8), lanplus"},
	"param/stock/systems_uri":      {"The system, which is the same on every iLO; the agent does not look for it.", "fence_redfish(8)"},
	"param/stock/ssh":              {"Without it the agent speaks telnet, which sends the password readable.", "fence_ilo_ssh(8)"},
	"param/stock/ssh_options":      {"Known_hosts in the words of ssh, and no other host key: whoever could pass for the iLO would get the password.", "ssh_config(5)"},
	"param/stock/ssl_insecure":     {"Set in the form that the agent has for it; for a stock agent a flag is on when it is there.", "fence_redfish(8)"},
	"op/device/start":              {"Registers the device and looks at it once, so it needs the time of a monitor.", "Pacemaker Explained, Fencing"},
	"op/device/monitor":            {"Asks the BMC for the power state every minute, so that one that no longer answers is known before it is needed. The timeout leaves room for a slow login.", "Pacemaker Explained, Fencing"},
	"location/avoids":              {"A node does not watch its own BMC: the monitor is worth something from where the fencing comes. Its fencing works wherever the device runs.", "Pacemaker Explained, Fencing"},
	"level":                        {"A topology is written for every node with several devices: without one any of them would be enough. The BMC is level 1, entries without a level follow in the order of the file; levels are counted anew from 1.", "docs/decisions/0015-fencing-levels.md"},

	// Resources.
	"default/resource-stickiness": {"Stay where you are: every move is an interruption. It is more than the 50 of a preferred node, so nothing moves back by itself.", "Clusters from Scratch, Prevent Resources from Moving after Recovery"},
	"default/migration-threshold": {"After the third failure on a node another one is tried; before, restarting in place is the shorter interruption.", "Pacemaker Explained, Failure Handling"},
	"default/failure-timeout":     {"Failures are forgotten after ten minutes without one, so that the other node can be used again. Longer than every operation's timeout, else failures would be lost before they count.", "Pacemaker Explained, Failure Handling"},
	"implied/on-fail":             {"Not set: what could not be stopped must not run twice, so its node is fenced.", "Pacemaker Explained, Operation Properties"},

	"agent/vip/opennebula":  {"This project's agent, for agents: oneha. It takes the parameters of IPaddr2, announces the address by itself and finds interface and network from the routes.", "docs/compatibility.md"},
	"agent/vip/heartbeat":   {"The agent of resource-agents, for agents: stock.", "docs/compatibility.md"},
	"agent/oned/opennebula": {"This project's agent, for agents: oneha. It runs the systemd unit and asks the service itself whether it works.", "docs/compatibility.md"},
	"agent/side/opennebula": {"This project's agent, for agents: oneha. It runs the systemd unit and asks the service itself whether it works.", "docs/compatibility.md"},
	"agent/unit/systemd":    {"Pacemaker's own class for systemd units: for agents: stock, and for what no agent of ours is made for. It sees a unit and not what it answers.", "Pacemaker Explained, Resource Classes"},

	"param/vip/cidr_netmask": {"The prefix length of the address in the file.", ""},
	"meta/side/critical":     {"A side service that cannot run rests alone, until its failures expire, and does not drag the floating IP and oned to another node (Pacemaker 2.1.0 or later).", "docs/decisions/0005-side-services-are-not-critical.md; Pacemaker Explained, critical"},
	"meta/unit/critical":     {"A side service that cannot run rests alone, until its failures expire, and does not drag the floating IP and oned to another node (Pacemaker 2.1.0 or later).", "docs/decisions/0005-side-services-are-not-critical.md; Pacemaker Explained, critical"},

	"op/vip/start":       {"As the metadata of IPaddr2 advise. Adding an address and announcing it takes less than a second.", "ocf:heartbeat:IPaddr2, meta-data"},
	"op/vip/stop":        {"As the metadata of IPaddr2 advise. A stop that takes longer gets the node fenced.", "ocf:heartbeat:IPaddr2, meta-data"},
	"op/vip/monitor":     {"As the metadata of IPaddr2 advise; the look costs next to nothing.", "ocf:heartbeat:IPaddr2, meta-data"},
	"op/oned/start":      {"Oned opens its database and starts its drivers before it answers.", "the agent's metadata"},
	"op/oned/stop":       {"Longer than the unit's TimeoutStopSec (90s unless set), which ends in a kill: a stop that times out gets the node fenced.", "systemd.service(5), TimeoutStopSec"},
	"op/oned/monitor":    {"Looks at the unit and its processes. Short, because oned is what all others wait for.", "the agent's metadata"},
	"op/oned/monitor/10": {"Asks oned by XML-RPC, which finds one that runs and no longer answers. The interval differs from that of the plain monitor, as Pacemaker demands of two monitors.", "the agent's metadata; Pacemaker Explained, Operations"},
	"op/side/start":      {"As the agent's metadata advise.", "the agent's metadata"},
	"op/side/stop":       {"As the agent's metadata advise. A stop that takes longer gets the node fenced.", "the agent's metadata"},
	"op/side/monitor":    {"Looks at the unit and its processes.", "the agent's metadata"},
	"op/side/monitor/10": {"Asks the service itself, which finds one that runs and no longer answers. Services that answer nobody (scheduler, showback) have none.", "the agent's metadata; Pacemaker Explained, Operations"},
	"op/unit/start":      {"As Pacemaker advises for systemd units: a little more than systemd's own 90s.", "Pacemaker 2.1, lib/services/systemd.c"},
	"op/unit/stop":       {"As Pacemaker advises for systemd units: a little more than systemd's own 90s. A stop that takes longer gets the node fenced.", "Pacemaker 2.1, lib/services/systemd.c"},
	"op/unit/monitor":    {"As Pacemaker advises for systemd units.", "Pacemaker 2.1, lib/services/systemd.c"},

	// What hangs together.
	"group/staged":             {"One node, started in this order and stopped in the reverse one: the address first, as oned's clients and the other services use it.", "measured with crm_simulate"},
	"group/group":              {"layout: group has everything in one group, in the order of the file: the first that cannot run takes what follows with it.", "OpenNebula's guide for Ubuntu"},
	"colocation/services-with": {"On the node of the group, each independently of the others: one that cannot run does not keep the next from running.", "docs/decisions/0005-side-services-are-not-critical.md"},
	"order/services-after":     {"After oned answers, all in parallel, and stopped before it.", "docs/decisions/0005-side-services-are-not-critical.md"},
	"order/after-oned":         {"Only where both start at the same time: a client that starts before oned answers may run into systemd's limit of starts. A failure or a move of oned does not touch the domain.", "docs/decisions/0014-domains.md"},
	"location/prefers":         {"The score of prefer is less than resource-stickiness: it decides where resources start and never moves running ones back.", "Pacemaker Explained, Preferring nodes"},
	"colocation/with":          {"layout: colocation has each service on the node of the address and orders nothing.", "OpenNebula's guide for CentOS"},

	// corosync.conf.
	"corosync/totem.version":        {"The only version of the file's format.", "corosync.conf(5)"},
	"corosync/totem.transport":      {"Of corosync 3: knet, which has several links and encrypts. Of corosync 2, where target names it: udpu, which needs no multicast.", "corosync.conf(5), transport"},
	"corosync/totem.rrp_mode":       {"Corosync 2 uses a second link only when it is told to; passive is the mode that is recommended.", "corosync.conf(5) of corosync 2"},
	"corosync/totem.crypto_cipher":  {"Encrypted and authenticated with the key in /etc/corosync/authkey; without it everybody on the network could join or stop the cluster.", "corosync.conf(5), crypto_cipher; as pcs and crmsh set up"},
	"corosync/totem.crypto_hash":    {"Needed where crypto_cipher is on.", "corosync.conf(5), crypto_hash"},
	"corosync/totem.token":          {"What the name of timing stands for: default 3000ms, tolerant 5000ms, fast 1000ms.", "corosync.conf(5), token; pcs and SUSE use 3000 to 5000 ms"},
	"corosync/quorum.provider":      {"The only provider. Pacemaker needs it to know which half of a cluster may go on.", "votequorum(5)"},
	"corosync/quorum.two_node":      {"With two nodes and no qdevice, one vote is enough: the survivor goes on, after it fenced the other.", "votequorum(5), two_node"},
	"corosync/quorum.device.model":  {"The only model: a corosync-qnetd reached over the network.", "corosync-qdevice(8)"},
	"corosync/quorum.device.votes":  {"One vote, as ffsplit needs it; lms reckons them itself.", "corosync-qdevice(8), votes"},
	"corosync/nodelist.node.nodeid": {"Counted from 1 in the order of the file. Once the cluster runs they must not change: add new nodes at the end.", "corosync.conf(5), nodeid"},
	"corosync/logging.to_syslog":    {"With the messages of Pacemaker, in order.", "corosync.conf(5), logging; as pcs sets up"},
	"corosync/logging.to_logfile":   {"Kept when the journal is not, which a fenced node may lose.", "corosync.conf(5), logging; as pcs sets up"},
	"corosync/logging.logfile":      {"Where distributions have its rotation.", "corosync.conf(5), logging; as pcs sets up"},
	"corosync/logging.timestamp":    {"To compare the logs of two nodes.", "corosync.conf(5), logging; as pcs sets up"},
	"implied/consensus":             {"Not set: corosync takes 1.2 times the token, and follows it when it is changed.", "corosync.conf(5), consensus"},
	"implied/wait_for_all":          {"Turned on by two_node: a node that starts alone waits until it has seen the other once, so it cannot fence a healthy peer.", "votequorum(5), wait_for_all"},
}
