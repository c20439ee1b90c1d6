package fencing

import (
	"slices"
	"time"

	"github.com/oneha/oneha/test/fakeilo"
)

// iloSSHRow is one call of both agents and the iLO that it meets.
type iloSSHRow struct {
	name  string
	args  []string // none: options come by standard input
	stdin string
	ilo   fakeilo.Options
	port  string // that it listens on, "" is 22

	unknownKey bool // root's known_hosts has no line for the iLO
	changedKey bool // it has another key
	withKey    bool // the iLO takes the key in the file "id"
	stuckOn    bool // the machine does not come on
	fenced     bool // run by pacemaker-fenced
	prose      bool // standard output is prose: only whether there is some is compared
	atLeast    time.Duration
}

func (r iloSSHRow) call() call {
	return call{name: r.name, args: r.args, stdin: r.stdin, fenced: r.fenced, prose: r.prose, atLeast: r.atLeast}
}

// iloSSHUsual is what every row has unless it says otherwise. A pause after each
// command, 5 s in the stock agent, is tried by a row of its own.
var iloSSHUsual = []string{"ip=ADDR", "username=" + fakeilo.Username, "password=" + fakeilo.Password, "ssh=1", "power_wait=0"}

// iloSSHLines is standard input of the usual lines and more.
func iloSSHLines(more ...string) string { return onStdin(iloSSHUsual, more...) }

// iloSSHOptions are the options that fence_ilo_ssh does not share with all agents, in
// each of their forms.
var iloSSHOptions = []optionForms[iloSSHRow]{
	{"ssh", append(switched("ssh", "secure", "-x", "--ssh"), "ssh=true", "secure=yes"), []string{"ssh="}, iloSSHRow{}},
	{"identity_file", append(valued("DIR/id", "identity_file", "--identity-file", "-k"), "identity-file=DIR/id"), []string{"password="}, iloSSHRow{withKey: true}},
	{"identity_file others may read", valued("DIR/open", "identity_file"), []string{"password="}, iloSSHRow{withKey: true}},
	{"ssh_options", []string{"ssh_options=-o ConnectTimeout=3", "--ssh-options=-oConnectTimeout=3"}, nil, iloSSHRow{}},
	{"ssh_path", valued("/usr/bin/ssh", "ssh_path", "--ssh-path"), nil, iloSSHRow{}},
	{"ssh_path to nothing", valued("/nonexistent/ssh", "ssh_path"), nil, iloSSHRow{}},
	{"telnet_path", valued("/nonexistent/telnet", "telnet_path", "--telnet-path"), nil, iloSSHRow{}},
	{"inet4_only", switched("inet4_only", "-4", "--inet4-only"), nil, iloSSHRow{}},
	{"inet6_only", switched("inet6_only", "-6", "--inet6-only"), nil, iloSSHRow{}},
	{"command_prompt", valued("hpiLO->", "command_prompt", "cmd_prompt", "-c", "--command-prompt"), nil, iloSSHRow{}},
	{"command_prompt of another device", valued("ilo#", "command_prompt", "-c"), nil, iloSSHRow{ilo: fakeilo.Options{Prompt: "ilo# "}}},
	{"command_prompt that never comes", valued("never", "command_prompt"), []string{"shell_timeout=2"}, iloSSHRow{ilo: fakeilo.Options{Exec: fakeilo.ExecRefused}}},
	{"method", valued("onoff", "method", "-m", "--method"), nil, iloSSHRow{}},
	{"method that is none", valued("x", "method", "-m"), nil, iloSSHRow{}},
	{"ipport", valued("2222", "ipport", "--ipport", "-u"), nil, iloSSHRow{port: "2222"}},
	{"plug", valued("n1", "plug", "port", "--plug", "-n"), nil, iloSSHRow{}},
}

// iloSSHRows are all rows.
func iloSSHRows() []iloSSHRow {
	all := slices.Clone(iloSSHOutcomes)
	for _, c := range proseForms() {
		all = append(all, iloSSHRow{name: c.name, args: c.args, stdin: c.stdin, prose: true})
	}
	for _, o := range append(sharedForms[iloSSHRow](fakeilo.Username, fakeilo.Password), iloSSHOptions...) {
		for _, form := range o.forms {
			c, r := o.inForm(iloSSHUsual, form), o.row
			r.name, r.args, r.stdin = c.name, c.args, c.stdin
			all = append(all, r)
		}
	}
	return all
}

// iloSSHOutcomes are the outcomes of the stock agents, and what people and BMCs get
// wrong.
var iloSSHOutcomes = []iloSSHRow{
	// First those that take longest.
	{name: "silent, monitor by fenced", stdin: iloSSHLines("action=monitor", "login_timeout=2"), ilo: fakeilo.Options{Silent: true}, fenced: true},
	{name: "wrong password, monitor by fenced", stdin: iloSSHLines("password=wrong", "action=monitor"), fenced: true},
	{name: "silent", stdin: iloSSHLines("action=off", "login_timeout=2"), ilo: fakeilo.Options{Silent: true}},
	{name: "silent after the login", stdin: iloSSHLines("action=off", "login_timeout=2", "shell_timeout=2"), ilo: fakeilo.Options{Mute: true}},

	{name: "status on", stdin: iloSSHLines("action=status")},
	{name: "status off", stdin: iloSSHLines("action=status"), ilo: fakeilo.Options{Off: true}},
	{name: "monitor on", stdin: iloSSHLines("action=monitor")},
	{name: "monitor off", stdin: iloSSHLines("action=monitor"), ilo: fakeilo.Options{Off: true}},
	{name: "off", stdin: iloSSHLines("action=off")},
	{name: "on", stdin: iloSSHLines("action=on"), ilo: fakeilo.Options{Off: true}},
	{name: "already off", stdin: iloSSHLines("action=off"), ilo: fakeilo.Options{Off: true}},
	{name: "already on", stdin: iloSSHLines("action=on")},
	{name: "reboot", stdin: iloSSHLines("action=reboot")},
	{name: "reboot from off", stdin: iloSSHLines("action=reboot"), ilo: fakeilo.Options{Off: true}},
	{name: "reboot, on never shows", stdin: iloSSHLines("action=reboot", "power_timeout=2", "retry_on=1"), stuckOn: true},
	{name: "reboot, off never shows", stdin: iloSSHLines("action=reboot", "power_timeout=2", "retry_on=0"), ilo: fakeilo.Options{Late: time.Hour}},
	{name: "off never shows", stdin: iloSSHLines("action=off", "power_timeout=2", "retry_on=0"), ilo: fakeilo.Options{Late: time.Hour}},
	{name: "on never shows", stdin: iloSSHLines("action=on", "power_timeout=2", "retry_on=0"), ilo: fakeilo.Options{Late: time.Hour, Off: true}},
	{name: "off refused", stdin: iloSSHLines("action=off", "power_timeout=2"), ilo: fakeilo.Options{RefuseOff: true}},
	{name: "off late", stdin: iloSSHLines("action=off"), ilo: fakeilo.Options{Late: 2 * time.Second}},
	{name: "on late", stdin: iloSSHLines("action=on"), ilo: fakeilo.Options{Late: 2 * time.Second, Off: true}},
	{name: "reboot late", stdin: iloSSHLines("action=reboot"), ilo: fakeilo.Options{Late: 2 * time.Second}},
	{name: "reboot by cycle", stdin: iloSSHLines("action=reboot", "method=cycle")},
	{name: "reboot from off by cycle", stdin: iloSSHLines("action=reboot", "method=cycle"), ilo: fakeilo.Options{Off: true}},
	{name: "pause after the command", stdin: iloSSHLines("action=off", "power_wait=2"), atLeast: 2 * time.Second},
	{name: "delay", stdin: iloSSHLines("action=off", "delay=2"), atLeast: 2 * time.Second},
	{name: "validate-all", stdin: iloSSHLines("action=validate-all")},
	{name: "list", stdin: iloSSHLines("action=list")},

	{name: "as fenced sends off", stdin: "nodename=n1\n" + iloSSHLines("port=n1", "delay=0", "action=off"), fenced: true},
	{name: "as fenced sends reboot", stdin: "nodename=n1\n" + iloSSHLines("plug=n1", "action=reboot"), fenced: true},
	{name: "as fenced sends monitor", stdin: iloSSHLines("action=monitor"), fenced: true},

	{name: "management processor", stdin: iloSSHLines("action=reboot"), ilo: fakeilo.Options{Exec: fakeilo.ExecRefused, ManagementProcessor: true}},
	{name: "no exec requests", stdin: iloSSHLines("action=reboot"), ilo: fakeilo.Options{Exec: fakeilo.ExecRefused}},
	{name: "a state that begins with enabled", stdin: iloSSHLines("action=off", "power_timeout=2"), ilo: fakeilo.Options{EnabledState: "enabledbutoffline"}},
	{name: "another state", stdin: iloSSHLines("action=off"), ilo: fakeilo.Options{EnabledState: "quiesce"}},
	{name: "garbage", stdin: iloSSHLines("action=off"), ilo: fakeilo.Options{Garbage: []byte("\x00\xff<html>\r\n")}},
	{name: "wrong password", stdin: iloSSHLines("password=wrong", "action=off", "login_timeout=4")},
	{name: "unknown user", stdin: iloSSHLines("username=nobody", "action=off", "login_timeout=4")},
	{name: "identity file of somebody else", stdin: iloSSHLines("password=", "identity_file=DIR/id", "action=off", "login_timeout=4")},
	{name: "nobody at the address", stdin: iloSSHLines("ip=127.1.99.1", "action=off", "login_timeout=2")},
	{name: "ends a connection before the login", stdin: iloSSHLines("action=off"), ilo: fakeilo.Options{DropBeforeLogin: 1}},
	{name: "ends a connection at the login", stdin: iloSSHLines("action=off"), ilo: fakeilo.Options{DropAtLogin: 1}},
	{name: "ends all connections at the login", stdin: iloSSHLines("action=off"), ilo: fakeilo.Options{DropAtLogin: 99}},
	{name: "ends a connection at a command", stdin: iloSSHLines("action=off"), ilo: fakeilo.Options{DropAtCommand: 1}},
	{name: "unknown host key", stdin: iloSSHLines("action=status"), unknownKey: true},
	{name: "changed host key", stdin: iloSSHLines("action=status", "login_timeout=3"), changedKey: true},
	{name: "old algorithms", stdin: iloSSHLines("action=status", "login_timeout=3"), ilo: fakeilo.Options{Old: true, HostKeys: []string{"rsa"}}},

	{name: "ssh is not asked for", stdin: iloSSHLines("ssh=", "action=status")},
	{name: "ssh=0", stdin: iloSSHLines("ssh=", "ssh=0", "action=status")},
	{name: "quiet=0, wrong password", stdin: iloSSHLines("quiet=0", "password=wrong", "action=status", "login_timeout=3")},
	{name: "quiet=1, wrong password", stdin: iloSSHLines("quiet=1", "password=wrong", "action=status", "login_timeout=3")},
	{name: "no action", stdin: iloSSHLines()},
	{name: "very old action", stdin: iloSSHLines("option=status")},
	{name: "spaces around =", stdin: iloSSHLines("action = status")},
	{name: "diag", stdin: iloSSHLines("action=diag")},
	{name: "no address", stdin: iloSSHLines("ip=", "action=off")},
	{name: "no user name", stdin: iloSSHLines("username=", "action=off")},
	{name: "no password", stdin: iloSSHLines("password=", "action=off")},
	{name: "validate-all without a user name", stdin: iloSSHLines("username=", "action=validate-all")},
	{name: "action as a word", args: append(asFlags(iloSSHUsual), "status")},
	{name: "short flags", args: []string{"-a", "ADDR", "-l", fakeilo.Username, "-p" + fakeilo.Password, "-xo", "off", "--power-wait=0"}},
}
