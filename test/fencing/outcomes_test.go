package fencing

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// line is a line of the table of outcomes: what the stock agents of fence-agents
// 4.12 end with, and the rows that show it, as patterns of path.Match. A reason in
// brackets stands where an agent's device has no such thing.
type line struct {
	what         string
	exit, stdout string // of the stock agents; "*" where they differ among themselves
	ipmi         string
	redfish      string // and fence_bmc_ilo
	iloSSH       string
}

// outcomeTable is every outcome that the stock agents have.
var outcomeTable = []line{
	{"status on", "0", "Status: ON", "action=status by action=", "status on", "status on"},
	{"status off", "2", "Status: OFF", "action=status (machine off) by action=", "status off", "status off"},
	{"monitor, machine on", "0", "", "action=monitor by action=", "monitor on", "monitor on"},
	{"monitor, machine off", "0", "", "action=monitor (machine off) by action=", "monitor off", "monitor off"},
	{"on", "0", "Success: Powered ON", "action=on (machine off) by action=", "on", "on"},
	{"off", "0", "Success: Powered OFF", "action=off by action=", "off", "off"},
	{"on when on", "0", "Success: Already ON", "action=on by action=", "already on", "already on"},
	{"off when off", "0", "Success: Already OFF", "action=off (machine off) by action=", "already off", "already off"},
	{"reboot", "0", "Success: Rebooted", "action=reboot by action=", "reboot", "reboot"},
	{"reboot from off", "0", "Success: Rebooted", "action=reboot (machine off) by action=", "reboot from off", "reboot from off"},
	{"reboot, off worked and on failed", "0", "Success: Rebooted", "reboot, on never shows", "reboot, on refused", "reboot, on never shows"},
	{"reboot never reaches off", "1", "", "reboot, off never shows", "reboot, off never shows", "reboot, off never shows"},
	{"off never reaches off", "1", "", "off never shows", "off never shows", "off never shows"},
	{"on never reaches on", "1", "", "on never shows", "on never shows", "on never shows"},
	{"diag", "*", "*", "(ipmi_sim refuses it)", "diag", "(not over SSH)"},
	{"diag refused", "*", "*", "action=diag by action=", "diag refused", "diag"},
	{"method=cycle", "0", "Success: Rebooted", "method=cycle (reboot) by method=", "(no such option)", "reboot by cycle"},
	{"wrong password", "1", "", "off with a wrong password", "wrong password", "wrong password"},
	{"power state neither on nor off", "*", "*", "power state unknown", "another state", "another state"},
	{"BMC silent", "*", "", "silent", "silent", "silent"},
	{"ip missing", "1", "", "no address", "no address", "no address"},
	{"user name missing", "1", "", "no user name, no password", "no user name", "no user name"},
	{"password missing", "1", "", "no user name, no password", "no password", "no password"},
	{"plug missing, with port_as_ip", "1", "", "no address, port_as_ip", "port_as_ip without a plug by *", "port_as_ip without a plug by *"},
	{"bad choice", "1", "", "method=x by *", "(fence_redfish has none)", "method that is none by *"},
	{"not a number", "1", "", "power_timeout=x by *", "power_timeout that is none by *", "power_timeout that is none by *"},
	{"bad action", "1", "", "action=of by *", "action that is none by *", "action that is none by *"},
	{"unknown long flag", "1", "", "unknown long flag", "unknown option by --bogus", "unknown option by --bogus"},
	{"unknown option on standard input", "0", "Status: ON", "unknown option", "unknown option by bogus=1", "unknown option by bogus=1"},
	{"a word that is no option", "0", "*", "action as a word", "action as a word", "action as a word"},
	{"validate-all, complete", "0", "", "action=validate-all by action=", "validate-all", "validate-all"},
	{"validate-all, incomplete", "1", "*", "validate-all without an address", "validate-all without a user name", "validate-all without a user name"},
	{"metadata", "0", "prose", "action=metadata by action=", "action=metadata", "action=metadata"},
	{"manpage", "0", "prose", "action=manpage by action=", "action=manpage", "action=manpage"},
	{"help", "0", "prose", "help=1 by -h", "-h", "-h"},
	{"version", "0", "prose", "version=1 by -V", "-V", "-V"},
	{"program missing", "1", "", "ipmitool_path=/nonexistent/ipmitool by ipmitool_path=", "(none is needed)", "ssh_path to nothing by *"},
	{"unexpected answer", "*", "*", "(the simulator gives none)", "garbage", "garbage"},
}

// rows is the pattern for the rows of one of our agents.
func (l line) rows(ours string) string {
	switch ours {
	case ourIPMI:
		return l.ipmi
	case ourILOSSH:
		return l.iloSSH
	}
	return l.redfish
}

// tabulate returns the table for one of our agents, and what is wrong with it: a
// line without a row, or a stock agent that ends with something else. That ours
// ends the same way, or where it does not and why, judge sees to.
func tabulate(ours string, found results) (table string, wrong []string) {
	var b strings.Builder
	fmt.Fprintf(&b, "%-34s | %-34s | %s\n", "outcome", "stock agent", ours)
	for _, l := range outcomeTable {
		pattern := l.rows(ours)
		if strings.HasPrefix(pattern, "(") {
			fmt.Fprintf(&b, "%-34s | %s\n", l.what, pattern)
			continue
		}
		shown := false
		for _, name := range slices.Sorted(maps.Keys(found)) {
			if match, err := path.Match(plain(pattern), plain(name)); err != nil || !match {
				continue
			}
			stock, our := found[name].Stock, found[name].Ours
			if l.exit != "*" && stock["exit"] != l.exit || l.stdout != "*" && stock["stdout"] != l.stdout {
				wrong = append(wrong, fmt.Sprintf("%s: row %q: the stock agent ends with %s %q, not with %s %q", l.what, name, stock["exit"], stock["stdout"], l.exit, l.stdout))
			}
			if !shown {
				same := "the same"
				if said(our) != said(stock) {
					same = said(our)
				}
				fmt.Fprintf(&b, "%-34s | %-34s | %s\n", l.what, said(stock), same)
			}
			shown = true
		}
		if !shown {
			wrong = append(wrong, fmt.Sprintf("%s: no row %q with %s", l.what, pattern, ours))
		}
	}
	return b.String(), wrong
}

func said(o outcome) string {
	return strings.TrimSpace(o["exit"] + " " + cmp.Or(o["stdout"], ""))
}

func TestTabulate(t *testing.T) {
	all := results{}
	for _, l := range outcomeTable {
		o := outcome{"exit": l.exit, "stdout": l.stdout}
		all[l.redfish] = pair{o, o}
	}
	if _, wrong := tabulate(ourRedfish, all); len(wrong) > 0 {
		t.Errorf("complete, but: %q", wrong)
	}
	all["off"] = pair{outcome{"exit": "1"}, outcome{"exit": "0"}}
	delete(all, "on")
	if _, wrong := tabulate(ourRedfish, all); len(wrong) != 2 {
		t.Errorf("one line with another outcome and one without a row, but: %q", wrong)
	}
}
