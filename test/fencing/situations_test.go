package fencing

import "strings"

// lines is standard input of the usual options and more.
func lines(more ...string) string {
	return strings.Join(append(append([]string{}, usual...), more...), "\n") + "\n"
}

// situations are calls that are not about one option: how pacemaker-fenced calls,
// and what people get wrong.
var situations = []row{
	{name: "as fenced sends off", stdin: "nodename=n1\n" + lines("port=n1", "delay=0", "action=off"), value: value{fenced: true}},
	{name: "as fenced sends reboot", stdin: "nodename=n1\n" + lines("plug=n1", "action=reboot"), value: value{fenced: true}},
	{name: "as fenced sends monitor", stdin: lines("action=monitor"), value: value{fenced: true}},
	{name: "as fenced sends status for a host check", stdin: "nodename=n1\n" + lines("port=n1", "action=status"), value: value{fenced: true, off: true}},
	{name: "as fenced asks for metadata", stdin: "action=metadata\n", value: value{fenced: true, prose: true}},
	{name: "as fenced validates", stdin: "nodename=node1\n" + lines("port=node1", "action=validate-all"), value: value{fenced: true}},
	{name: "fenced sends no action", stdin: "nodename=n1\n" + lines("port=n1"), value: value{fenced: true}},
	{name: "off under fenced outlasts power_timeout", stdin: lines("action=off", "power_timeout=1", "retry_on=0"), value: value{fenced: true, mode: "late"}},

	{name: "no action", stdin: lines()},
	{name: "no action on the command line", args: arguments(usual)},
	{name: "very old action", stdin: lines("option=status")},
	{name: "spaces around =", stdin: lines("action = status")},
	{name: "capital Action", stdin: lines("Action=status")},
	{name: "a line without =", stdin: lines("action")},
	{name: "unknown option", stdin: lines("bogus=1", "action=status")},
	{name: "unknown option, no action", stdin: lines("bogus=1")},
	{name: "wrong action, then a right one", stdin: lines("action=resett", "action=status")},
	{name: "two actions", stdin: lines("action=off", "action=status")},
	{name: "quoted values", stdin: lines(`password="secret"`, `action="status"`)},
	{name: "comments, blanks and carriage returns", stdin: "# comment\n\n  " + strings.ReplaceAll(lines("action=status"), "\n", "\r\n")},
	{name: "separator", stdin: lines("separator=;", "action=status")},
	{name: "nothing at all", stdin: ""},
	{name: "no address", stdin: "username=admin\npassword=secret\naction=off\n"},
	{name: "no address, port_as_ip", stdin: "port_as_ip=1\nusername=admin\npassword=secret\naction=off\n"},
	{name: "validate-all without an address", stdin: "username=admin\npassword=secret\naction=validate-all\n"},
	{name: "no user name, no password", stdin: "ip=ADDR\nlanplus=1\ncipher=3\naction=status\n"},

	{name: "action as a word", args: append(arguments(usual), "status")},
	{name: "unknown long flag", args: append(arguments(usual), "--bogus", "-o", "status")},
	{name: "unknown short flag", args: append(arguments(usual), "-X", "-o", "status")},
	{name: "flag without its value", args: append(arguments(usual), "-o")},
	{name: "long flags cut short", args: []string{"--ip=ADDR", "--user=admin", "--password=secret", "--lanp", "--ciph=3", "--act=status"}},
	{name: "ambiguous flag", args: append(arguments(usual), "--pass=x", "-o", "status")},
	{name: "flags in one word", args: []string{"-a", "ADDR", "-ladmin", "-psecret", "-C3", "-Pqo", "status"}},
	{name: "options on both sides", args: append(arguments(usual), "-o", "status"), stdin: "action=off\n"},

	{name: "off never shows", stdin: lines("action=off", "power_timeout=4"), value: value{mode: "stuck"}},
	{name: "reboot, off never shows", stdin: lines("action=reboot", "power_timeout=4"), value: value{mode: "stuck"}},
	{name: "on never shows", stdin: lines("action=on", "power_timeout=1", "retry_on=0"), value: value{mode: "stuck", off: true}},
	{name: "reboot from off, on never shows", stdin: lines("action=reboot", "power_timeout=1"), value: value{mode: "stuck", off: true}},
	{name: "late reboot", stdin: lines("action=reboot"), value: value{mode: "late"}},
	{name: "reboot, on never shows", stdin: lines("action=reboot", "power_timeout=2"), value: value{mode: "offonly"}},
	{name: "power state unknown", stdin: lines("action=status"), value: value{mode: "broken"}},
	{name: "power state unknown, off", stdin: lines("action=off"), value: value{mode: "broken"}},
	{name: "silent", stdin: lines("ip="+silentBMC, "action=status", "power_timeout=3", "login_timeout=2")},
	{name: "nobody at the address", stdin: lines("ip=127.0.0.9", "action=off", "power_timeout=3", "login_timeout=2")},
	{name: "off with a wrong password", stdin: lines("password=wrong", "action=off")},
	{name: "IPMI 2.0 is not asked for", stdin: "ip=ADDR\nusername=admin\npassword=secret\ncipher=3\naction=status\n"},
	{name: "password with a quote and a space", stdin: lines(`password=p w"x`, "action=status")},
}
