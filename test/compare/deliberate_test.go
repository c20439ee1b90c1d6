package compare

import (
	"fmt"
	"slices"
	"strings"
)

// deliberate is a difference that is meant.
type deliberate struct {
	row     string // of the parameters, the situations or ocft's cases
	columns string // actions, separated by spaces; "" where the table has one column
	why     string // for the document
}

// What several rows have in common.
const (
	wrongEverywhere = "wrong on every node, so 6 in every action that looks"
	stopSucceeds    = "stop needs only the address; if it failed, the node would be fenced"
	foundAnywhere   = "it is found wherever it is, and has to be stopped here before it is started elsewhere"
	thisNodeOnly    = "missing here, so 5, which lets Pacemaker try another node; it cannot hold the address, so 7 and stop 0"
	noCLUSTERIP     = "Linux has no CLUSTERIP since 6.3: 6 with the reason; there is nothing to stop"
	builtIn         = "the sender is built in, and each announcement is a request and a reply"
	selfContained   = "needs no shell library and no program"
)

// look is every action that only looks.
const look = "validate-all monitor probe status"

// deliberates are all differences, each with its reason.
var deliberates = []deliberate{
	{"nic: nic=lan, cidr_netmask=24; an alternative name of eth0", "", "an alternative name is as good as the name"},
	{"lvs_support: lvs_support=true; the address is on lo", "", "the address goes back to lo as it was"},
	{"mac: mac=01:00:5e:00:02:09; in a clone", "", noCLUSTERIP},
	{"clusterip_hash: clusterip_hash=sourceip; in a clone", "", noCLUSTERIP},
	{"arp_count: not set; the address is there already", "", "a start means that the network may believe otherwise"},
	{"arp_count_refresh: arp_count_refresh=3", "", "a probe sends nothing"},
	{"arp_bg: not set, IPv6, nodad=true", "", "the default is true for both families"},
	{"arp_sender: arp_sender=iputils_arping, arp_count=3", "", builtIn},
	{"arp_sender: arp_sender=ipoibarping; that program is not installed", "", "no program is needed"},
	{"arp_sender: arp_sender=libnet_arping; that variant of arping is not installed", "", "no program is needed"},
	{"send_arp_opts: send_arp_opts=-A, arp_count=3, arp_sender=iputils_arping", "", builtIn},
	{"preferred_lft: preferred_lft=soon, IPv6, nodad=true", "", wrongEverywhere},
	{"preferred_lft: preferred_lft=0", "", "for both families"},

	{"link switched off, nic inferred", "monitor probe stop", foundAnywhere},
	{"link switched off, nic and cidr_netmask given", "start monitor probe status", "the link's state counts; start switches the link on"},
	{"link has no carrier", "start monitor probe status", "the link's state counts: nobody reaches the address"},
	{"the route of the network vanished, nic inferred", "monitor probe stop status", "the address is there and answers; only start has to know where it belongs"},
	{"the address is there with another prefix length, cidr_netmask given", "start probe stop status", foundAnywhere},
	{"the address is there with another prefix length than its network", "start monitor probe stop status", "a prefix length that was not asked for may be any; start and stop leave no second one"},
	{"the address is there, its prefix length begins with the one given", "monitor probe stop status", "/24 is not /2"},
	{"the address is there on another interface", "start probe stop status", foundAnywhere},
	{"the address is there on lo", "start probe stop status", foundAnywhere},
	{"the kernel found the IPv6 address to be a duplicate", "start monitor probe status", "the kernel does not use such an address"},

	{"malformed IPv4 address", "monitor probe status", wrongEverywhere},
	{"malformed IPv6 address, wrong letters", "monitor probe status", wrongEverywhere},
	{"malformed IPv6 address, right letters", "start " + look, wrongEverywhere},
	{"IPv6 address with a zone", "monitor probe status", wrongEverywhere},
	{"IPv4 address in IPv6 notation", "monitor probe status", wrongEverywhere},
	{"link-local IPv6 address without nic", "monitor probe status", wrongEverywhere},
	{"interface does not exist, cidr_netmask given", "start validate-all", thisNodeOnly},
	{"interface does not exist, no cidr_netmask", "start validate-all monitor status", thisNodeOnly},
	{"no route tells the interface", "monitor status", "the address is on no interface: 7"},
	{"two interfaces are equally good", "start validate-all", "asks for nic instead of taking the first"},
	{"malformed cidr_netmask", "monitor probe status", wrongEverywhere},
	{"malformed broadcast", "monitor probe status", wrongEverywhere},
	{"malformed broadcast, the address is there", "monitor probe status", wrongEverywhere},
	{"broadcast with an IPv6 address", "start " + look, "IPv6 has none: " + wrongEverywhere},
	{"label longer than 15 characters", "monitor probe stop status", "only start needs the label; " + stopSucceeds},
	{"label longer than 15 characters, the address is there", "monitor probe stop status", "only start needs the label; " + stopSucceeds},
	{"malformed arp_count", "stop", stopSucceeds},
	{"malformed arp_interval", "stop", stopSucceeds},
	{"malformed arp_count, the address is there", "stop", stopSucceeds},
	{"malformed truth value", "start " + look, "IPaddr2 takes it for false; " + wrongEverywhere},
	{"unknown arp_sender", "stop", stopSucceeds},
	{"empty preferred_lft", "start stop " + look, "empty is not set, as with every parameter"},
	{"lvs_support with an IPv6 address", "stop", stopSucceeds},
	{"lvs_support in a clone", "stop", stopSucceeds},
	{"lvs_ipv6_addrlabel with an IPv4 address", "stop", stopSucceeds},
	{"malformed lvs_ipv6_addrlabel_value", "stop", stopSucceeds},
	{"a clone that shares the address (CLUSTERIP)", "start stop " + look, noCLUSTERIP},
	{"unique_clone_address, not globally-unique", "stop", stopSucceeds},
	{"network_namespace does not exist", "start stop " + look, thisNodeOnly},
	{"not root, the address is absent", "stop", "there is nothing to stop"},
	{"OCF_ROOT is not set", "start stop " + look, selfContained},
	{"OCF_RESOURCE_INSTANCE is not set", "start stop " + look, "only the log needs the name"},
	{"a program is missing (OCF_TESTER_FAIL_HAVE_BINARY)", "start stop " + look, selfContained},

	{"check base env: set invalid 'OCF_RESKEY_nic'", "", thisNodeOnly},
	{"monitor failure when 'OCF_RESKEY_nic' is vanished", "", thisNodeOnly},
}

// defect is a fault of IPaddr2 that vip must not have.
type defect struct {
	table, row, column string
	stock, ours        string // what they do; "": anything else than the other one
}

// defects are the known faults. That they show in IPaddr2 proves that the rows
// try the right thing.
var defects = []defect{
	// Stop says 0 and the address stays: two machines have it once the link is back.
	{situationsTable, "link switched off, nic inferred", "stop", "0, it stays", "0"},
	{situationsTable, "link switched off, nic inferred", monitor, "1", "7"},
	// An address nobody can reach counts as running.
	{situationsTable, "link switched off, nic and cidr_netmask given", monitor, "0", "7"},
	{situationsTable, "link switched off, nic and cidr_netmask given", "start", "0, link stays down", "0"},
	// Another prefix length is not seen: start makes two, stop leaves one.
	{situationsTable, "the address is there with another prefix length, cidr_netmask given", "start", "0, 2 of it", "0"},
	{situationsTable, "the address is there with another prefix length, cidr_netmask given", "stop", "0, it stays", "0"},
	// Prefix lengths are compared as texts, without their end.
	{situationsTable, "the address is there, its prefix length begins with the one given", monitor, "0", "7"},
	{situationsTable, "the address is there, its prefix length begins with the one given", "stop", "1, it stays", "0"},
	// A mistake in a parameter makes stop fail, which has the node fenced.
	{situationsTable, "label longer than 15 characters, the address is there", "stop", "6, it stays", "0"},
	{situationsTable, "malformed arp_count, the address is there", "stop", "6, it stays", "0"},
	{situationsTable, "network_namespace does not exist", "stop", "255", "0"},
	// A malformed address is accepted, and start fails again and again.
	{situationsTable, "malformed IPv6 address, right letters", "validate-all", "0", "6"},
	{situationsTable, "malformed IPv6 address, right letters", "start", "1", "6"},
	// What is there is not announced.
	{settingsTable, "arp_count: not set; the address is there already", outcome, "no announcement", "1 request, 1 reply"},
	// A vanished interface is a failure instead of not running.
	{situationsTable, "interface does not exist, no cidr_netmask", monitor, "1", "7"},
	// The exit reason says nothing.
	{reasonsTable, "no route tells the interface", "start", "[findif] failed", ""},
	// Dozens of programs for one look.
	{programsTable, "monitor, present", outcome, "", "0"},
}

// missed returns which defects did not show, or not only in IPaddr2.
func missed(r results, defects []defect) (wrong []string) {
	for _, d := range defects {
		p := r[d.table][d.row][d.column]
		if !p.differs() || d.stock != "" && p.Stock != d.stock || d.ours != "" && p.Ours != d.ours {
			wrong = append(wrong, fmt.Sprintf("%s, %s: IPaddr2 %q and vip %q, a known defect would be %q and %q", d.row, d.column, p.Stock, p.Ours, d.stock, d.ours))
		}
	}
	return wrong
}

// reasonFor returns the reason of the row's differences, "" for none.
func reasonFor(row string) string {
	for _, d := range deliberates {
		if d.row == row {
			return d.why
		}
	}
	return ""
}

// judge compares the differences that were found with those that are meant and
// returns what is wrong.
func judge(r results, meant []deliberate) (wrong []string) {
	for _, table := range []string{settingsTable, situationsTable, ocftTable} {
		for _, row := range sorted(r[table]) {
			i := slices.IndexFunc(meant, func(d deliberate) bool { return d.row == row })
			var columns []string
			if i >= 0 {
				if columns = strings.Fields(meant[i].columns); len(columns) == 0 {
					columns = []string{outcome}
				}
			}
			for _, column := range columns {
				if _, known := r[table][row][column]; !known {
					wrong = append(wrong, fmt.Sprintf("%s, %s: a deliberate difference, but no such column", row, column))
				}
			}
			for _, column := range sorted(r[table][row]) {
				p, excused := r[table][row][column], slices.Contains(columns, column)
				switch {
				case p.differs() && !excused:
					wrong = append(wrong, fmt.Sprintf("%s, %s: IPaddr2 %q, vip %q: not a deliberate difference", row, column, p.Stock, p.Ours))
				case !p.differs() && excused:
					wrong = append(wrong, fmt.Sprintf("%s, %s: said to differ, but both do %q", row, column, p.Stock))
				}
			}
		}
	}
	for i, d := range meant {
		if !slices.ContainsFunc([]string{settingsTable, situationsTable, ocftTable}, func(table string) bool { _, ok := r[table][d.row]; return ok }) {
			wrong = append(wrong, fmt.Sprintf("%s: a deliberate difference, but no such row", d.row))
		}
		if slices.ContainsFunc(meant[:i], func(e deliberate) bool { return e.row == d.row }) {
			wrong = append(wrong, fmt.Sprintf("%s: two deliberate differences for one row", d.row))
		}
	}
	return wrong
}
