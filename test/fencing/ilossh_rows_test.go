package fencing

import (
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/fakeilo"
)

// iloRow is one call of both agents and the iLO that it meets.
type iloRow struct {
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

// iloUsual is what every row has unless it says otherwise. A pause after each
// command, 5 s in the stock agent, is tried by a row of its own.
var iloUsual = []string{"ip=ADDR", "username=" + fakeilo.Username, "password=" + fakeilo.Password, "ssh=1", "power_wait=0"}

// iloLines is standard input of the usual options and more; "name=" without a
// value leaves one out.
func iloLines(more ...string) string {
	lines := slices.DeleteFunc(slices.Clone(iloUsual), func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return slices.Contains(more, name+"=")
	})
	more = slices.DeleteFunc(slices.Clone(more), func(line string) bool { return strings.HasSuffix(line, "=") })
	return strings.Join(append(lines, more...), "\n") + "\n"
}

var iloFlags = []string{"--ip=ADDR", "--username=" + fakeilo.Username, "--password=" + fakeilo.Password, "--ssh", "--power-wait=0"}

// iloOptions are the options that fence_ilo_ssh does not share with all agents, in
// each of their forms; the forms of the shared ones are one program in all of
// ours, and are tried beside fence_ipmilan.
var iloOptions = []struct {
	name  string
	forms []string // lines for standard input, or flags
	rest  []string // beside them, as lines
	row   iloRow
}{
	{"ssh", []string{"ssh=1", "ssh=true", "secure=1", "secure=yes", "-x", "--ssh"}, []string{"ssh="}, iloRow{}},
	{"identity_file", []string{"identity_file=DIR/id", "identity-file=DIR/id", "--identity-file=DIR/id", "-k DIR/id"}, []string{"password="}, iloRow{withKey: true}},
	{"identity_file others may read", []string{"identity_file=DIR/open"}, []string{"password="}, iloRow{withKey: true}},
	{"ssh_options", []string{"ssh_options=-o ConnectTimeout=3", "--ssh-options=-oConnectTimeout=3"}, nil, iloRow{}},
	{"ssh_path", []string{"ssh_path=/usr/bin/ssh", "--ssh-path=/usr/bin/ssh"}, nil, iloRow{}},
	{"ssh_path to nothing", []string{"ssh_path=/nonexistent/ssh"}, nil, iloRow{}},
	{"telnet_path", []string{"telnet_path=/nonexistent/telnet", "--telnet-path=/nonexistent/telnet"}, nil, iloRow{}},
	{"inet4_only", []string{"inet4_only=1", "-4", "--inet4-only"}, nil, iloRow{}},
	{"inet6_only", []string{"inet6_only=1", "-6", "--inet6-only"}, nil, iloRow{}},
	{"command_prompt", []string{"command_prompt=hpiLO->", "cmd_prompt=hpiLO->", "-c hpiLO->", "--command-prompt=hpiLO->"}, nil, iloRow{}},
	{"command_prompt of another device", []string{"command_prompt=ilo#", "-c ilo#"}, nil, iloRow{ilo: fakeilo.Options{Prompt: "ilo# "}}},
	{"command_prompt that never comes", []string{"command_prompt=never"}, []string{"shell_timeout=2"}, iloRow{ilo: fakeilo.Options{Exec: fakeilo.ExecRefused}}},
	{"method", []string{"method=onoff", "-m onoff", "--method=onoff"}, nil, iloRow{}},
	{"method that is none", []string{"method=x"}, nil, iloRow{}},
	{"ipport", []string{"ipport=2222", "-u 2222"}, nil, iloRow{port: "2222"}},
	{"ipport that is none", []string{"ipport=x"}, nil, iloRow{}},
	{"ip by its old name", []string{"ipaddr=ADDR"}, []string{"ip="}, iloRow{}},
	{"username by its old name", []string{"login=" + fakeilo.Username}, []string{"username="}, iloRow{}},
	{"password by its old name", []string{"passwd=" + fakeilo.Password}, []string{"password="}, iloRow{}},
	{"password_script", []string{"password_script=echo '" + fakeilo.Password + "'", "passwd_script=echo '" + fakeilo.Password + "'"}, []string{"password="}, iloRow{}},
	{"plug", []string{"plug=n1", "port=n1"}, nil, iloRow{}},
	{"plug_separator", []string{"plug_separator=;"}, nil, iloRow{}},
	{"port_as_ip", []string{"port_as_ip=1"}, []string{"ip=", "plug=ADDR"}, iloRow{}},
	{"login_timeout", []string{"login_timeout=9", "--login-timeout=9"}, nil, iloRow{}},
	{"login_timeout that is none", []string{"login_timeout=x"}, nil, iloRow{}},
	{"shell_timeout", []string{"shell_timeout=9", "--shell-timeout=9"}, nil, iloRow{}},
	{"shell_timeout that is none", []string{"shell_timeout=x"}, nil, iloRow{}},
	{"power_timeout", []string{"power_timeout=9"}, nil, iloRow{}},
	{"stonith_status_sleep", []string{"stonith_status_sleep=2"}, nil, iloRow{}},
	{"retry_on", []string{"retry_on=0"}, nil, iloRow{}},
	{"disable_timeout", []string{"disable_timeout=0"}, nil, iloRow{}},
	{"verbose_level", []string{"verbose_level=0"}, nil, iloRow{}},
	{"debug", []string{"debug=DIR/debug", "debug_file=DIR/debug"}, nil, iloRow{}},
}

// iloTries reports whether an option of the stock agent is tried in some row.
func iloTries(name string) bool {
	return slices.ContainsFunc(iloRows(), func(r iloRow) bool {
		return strings.Contains("\n"+r.stdin, "\n"+name+"=") || slices.Contains(r.args, "--"+name)
	})
}

// iloRows are all rows.
func iloRows() []iloRow {
	all := slices.Clone(iloOutcomes)
	for _, o := range iloOptions {
		for _, form := range o.forms {
			r := o.row
			r.name = o.name + " by " + strings.NewReplacer("DIR/", "", "ADDR", "").Replace(form)
			if !strings.HasPrefix(form, "-") {
				r.stdin = iloLines(append(slices.Clone(o.rest), form, "action=status")...)
			} else {
				flags := slices.DeleteFunc(slices.Clone(iloFlags), func(f string) bool {
					name, _, _ := strings.Cut(strings.TrimPrefix(f, "--"), "=")
					return slices.Contains(o.rest, name+"=")
				})
				r.args = append(append(flags, "--action=status"), strings.Fields(form)...)
			}
			all = append(all, r)
		}
	}
	return all
}

// iloOutcomes are the outcomes of the stock agents, and what people and BMCs get
// wrong.
var iloOutcomes = []iloRow{
	{name: "status on", stdin: iloLines("action=status")},
	{name: "status off", stdin: iloLines("action=status"), ilo: fakeilo.Options{Off: true}},
	{name: "monitor on", stdin: iloLines("action=monitor")},
	{name: "monitor off", stdin: iloLines("action=monitor"), ilo: fakeilo.Options{Off: true}},
	{name: "off", stdin: iloLines("action=off")},
	{name: "on", stdin: iloLines("action=on"), ilo: fakeilo.Options{Off: true}},
	{name: "already off", stdin: iloLines("action=off"), ilo: fakeilo.Options{Off: true}},
	{name: "already on", stdin: iloLines("action=on")},
	{name: "reboot", stdin: iloLines("action=reboot")},
	{name: "reboot from off", stdin: iloLines("action=reboot"), ilo: fakeilo.Options{Off: true}},
	{name: "reboot, on never shows", stdin: iloLines("action=reboot", "power_timeout=2", "retry_on=1"), stuckOn: true},
	{name: "reboot, off never shows", stdin: iloLines("action=reboot", "power_timeout=2", "retry_on=0"), ilo: fakeilo.Options{Late: time.Hour}},
	{name: "off never shows", stdin: iloLines("action=off", "power_timeout=2", "retry_on=0"), ilo: fakeilo.Options{Late: time.Hour}},
	{name: "on never shows", stdin: iloLines("action=on", "power_timeout=2", "retry_on=0"), ilo: fakeilo.Options{Late: time.Hour, Off: true}},
	{name: "off refused", stdin: iloLines("action=off", "power_timeout=2"), ilo: fakeilo.Options{RefuseOff: true}},
	{name: "off late", stdin: iloLines("action=off"), ilo: fakeilo.Options{Late: 2 * time.Second}},
	{name: "on late", stdin: iloLines("action=on"), ilo: fakeilo.Options{Late: 2 * time.Second, Off: true}},
	{name: "reboot late", stdin: iloLines("action=reboot"), ilo: fakeilo.Options{Late: 2 * time.Second}},
	{name: "reboot by cycle", stdin: iloLines("action=reboot", "method=cycle")},
	{name: "reboot from off by cycle", stdin: iloLines("action=reboot", "method=cycle"), ilo: fakeilo.Options{Off: true}},
	{name: "pause after the command", stdin: iloLines("action=off", "power_wait=2"), atLeast: 2 * time.Second},
	{name: "delay", stdin: iloLines("action=off", "delay=2"), atLeast: 2 * time.Second},
	{name: "validate-all", stdin: iloLines("action=validate-all")},
	{name: "metadata", stdin: "action=metadata\n", prose: true},
	{name: "manpage", stdin: "action=manpage\n", prose: true},
	{name: "list", stdin: iloLines("action=list")},
	{name: "help", args: []string{"--help"}, prose: true},
	{name: "version", args: []string{"--version"}, prose: true},
	{name: "help on standard input", stdin: "help=1\n", prose: true},
	{name: "version on standard input", stdin: "version=1\n", prose: true},

	{name: "as fenced sends off", stdin: "nodename=n1\n" + iloLines("port=n1", "delay=0", "action=off"), fenced: true},
	{name: "as fenced sends reboot", stdin: "nodename=n1\n" + iloLines("plug=n1", "action=reboot"), fenced: true},
	{name: "as fenced sends monitor", stdin: iloLines("action=monitor"), fenced: true},

	{name: "management processor", stdin: iloLines("action=reboot"), ilo: fakeilo.Options{Exec: fakeilo.ExecRefused, ManagementProcessor: true}},
	{name: "no exec requests", stdin: iloLines("action=reboot"), ilo: fakeilo.Options{Exec: fakeilo.ExecRefused}},
	{name: "a state that begins with enabled", stdin: iloLines("action=off", "power_timeout=2"), ilo: fakeilo.Options{EnabledState: "enabledbutoffline"}},
	{name: "another state", stdin: iloLines("action=off"), ilo: fakeilo.Options{EnabledState: "quiesce"}},
	{name: "garbage", stdin: iloLines("action=off"), ilo: fakeilo.Options{Garbage: []byte("\x00\xff<html>\r\n")}},
	{name: "wrong password", stdin: iloLines("password=wrong", "action=off", "login_timeout=4")},
	{name: "wrong password, monitor by fenced", stdin: iloLines("password=wrong", "action=monitor"), fenced: true},
	{name: "unknown user", stdin: iloLines("username=nobody", "action=off", "login_timeout=4")},
	{name: "identity file of somebody else", stdin: iloLines("password=", "identity_file=DIR/id", "action=off", "login_timeout=4")},
	{name: "silent", stdin: iloLines("action=off", "login_timeout=2"), ilo: fakeilo.Options{Silent: true}},
	{name: "silent, monitor by fenced", stdin: iloLines("action=monitor", "login_timeout=2"), ilo: fakeilo.Options{Silent: true}, fenced: true},
	{name: "silent after the login", stdin: iloLines("action=off", "login_timeout=2", "shell_timeout=2"), ilo: fakeilo.Options{Mute: true}},
	{name: "nobody at the address", stdin: iloLines("ip=127.1.99.1", "action=off", "login_timeout=2")},
	{name: "ends a connection before the login", stdin: iloLines("action=off"), ilo: fakeilo.Options{DropBeforeLogin: 1}},
	{name: "ends a connection at the login", stdin: iloLines("action=off"), ilo: fakeilo.Options{DropAtLogin: 1}},
	{name: "ends all connections at the login", stdin: iloLines("action=off"), ilo: fakeilo.Options{DropAtLogin: 99}},
	{name: "ends a connection at a command", stdin: iloLines("action=off"), ilo: fakeilo.Options{DropAtCommand: 1}},
	{name: "unknown host key", stdin: iloLines("action=status"), unknownKey: true},
	{name: "changed host key", stdin: iloLines("action=status", "login_timeout=3"), changedKey: true},
	{name: "old algorithms", stdin: iloLines("action=status", "login_timeout=3"), ilo: fakeilo.Options{Old: true, HostKeys: []string{"rsa"}}},

	{name: "ssh is not asked for", stdin: iloLines("ssh=", "action=status")},
	{name: "ssh=0", stdin: iloLines("ssh=", "ssh=0", "action=status")},
	{name: "quiet=0, wrong password", stdin: iloLines("quiet=0", "password=wrong", "action=status", "login_timeout=3")},
	{name: "quiet=1, wrong password", stdin: iloLines("quiet=1", "password=wrong", "action=status", "login_timeout=3")},
	{name: "verbose", stdin: iloLines("verbose=1", "action=status")},
	{name: "no action", stdin: iloLines()},
	{name: "very old action", stdin: iloLines("option=status")},
	{name: "spaces around =", stdin: iloLines("action = status")},
	{name: "unknown action", stdin: iloLines("action=resett")},
	{name: "diag", stdin: iloLines("action=diag")},
	{name: "unknown option", stdin: iloLines("bogus=1", "action=status")},
	{name: "no address", stdin: iloLines("ip=", "action=off")},
	{name: "no user name", stdin: iloLines("username=", "action=off")},
	{name: "no password", stdin: iloLines("password=", "action=off")},
	{name: "power_timeout that is none", stdin: iloLines("power_timeout=x", "action=off")},
	{name: "validate-all without a user name", stdin: iloLines("username=", "action=validate-all")},
	{name: "unknown long flag", args: append(slices.Clone(iloFlags), "--bogus", "-o", "status")},
	{name: "action as a word", args: append(slices.Clone(iloFlags), "status")},
	{name: "short flags", args: []string{"-a", "ADDR", "-l", fakeilo.Username, "-p" + fakeilo.Password, "-xo", "off", "--power-wait=0"}},
}
