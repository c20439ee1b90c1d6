package fencing

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// option is an option of fence_ipmilan with all its names, and the values that
// are tried.
type option struct {
	name, old string // on standard input; old may be empty
	short     string // flag, may be empty
	flag      bool   // it takes no value on the command line
	stdinOnly bool
	values    []value
}

// value is one value of an option and the situation in which it shows.
type value struct {
	text    string
	with    string        // options beside the usual ones, "name=value" separated by spaces; "name=" removes one
	action  string        // "" is status
	off     bool          // the machine is off before
	mode    string        // of the chassis: stuck, late
	fenced  bool          // run by pacemaker-fenced
	prose   bool          // standard output is prose: only whether there is some is compared
	atLeast time.Duration // compared: whether it takes this long
	file    string        // compared: whether this file has something in it
	settle  time.Duration // how long the BMC goes on when the agent is done
}

// usual is what every row has unless its option or its situation says otherwise:
// ipmi_sim does not tell its cipher suites, and pauses are tried by rows of their
// own.
var usual = []string{"ip=ADDR", "username=" + username, "password=" + password, "lanplus=1", "cipher=3", "power_wait=0"}

var bad = value{text: "x"}

// options is every option of fence_ipmilan.
var options = []option{
	{name: "action", short: "o", values: []value{
		{text: "status"}, {text: "status", off: true}, {text: "STATUS"}, {text: "monitor"}, {text: "monitor", off: true},
		{text: "on"}, {text: "on", off: true}, {text: "off"}, {text: "off", off: true}, {text: "reboot"}, {text: "reboot", off: true}, {text: "Reboot"},
		{text: "list", prose: true}, {text: "list-status", prose: true}, {text: "metadata", prose: true}, {text: "meta-data", prose: true}, {text: "manpage", prose: true},
		{text: "validate-all"}, {text: "diag"}, {text: "enable"}, {text: "disable"}, {text: "reset"}, {text: "of"},
	}},
	{name: "ip", old: "ipaddr", short: "a", values: []value{{text: "ADDR"}, {text: "nosuchhost.invalid"}}},
	{name: "ipport", short: "u", values: []value{{text: otherPort}, bad, {text: keyedPort}}},
	{name: "username", old: "login", short: "l", values: []value{{text: username}, {text: "nobody"}}},
	{name: "password", old: "passwd", short: "p", values: []value{{text: password}, {text: "wrong"}, {text: password + "-that-is-too-long"}}},
	{name: "password_script", old: "passwd_script", short: "S", values: []value{
		{text: "echo " + password, with: "password="}, {text: "echo wrong", with: "password="}, {text: "echo " + password, with: "password=wrong"}, {text: "false"},
	}},
	{name: "plug", old: "port", short: "n", values: []value{
		{text: "n1"}, {text: "ADDR", with: "ip=127.0.0.9 port_as_ip=1"}, {text: "ADDR", with: "ip= port_as_ip=1"},
	}},
	{name: "port_as_ip", flag: true, values: []value{{text: "1", with: "plug=ADDR ip=127.0.0.9"}, {text: "1"}, {text: "0", with: "plug=127.0.0.9"}, {text: "maybe"}}},
	{name: "plug_separator", values: []value{{text: ";", with: "port_as_ip=1 plug=ADDR"}}},
	{name: "nodename", stdinOnly: true, values: []value{{text: "n1"}}},
	{name: "delay", values: []value{
		{text: "2", action: "off", atLeast: 2 * time.Second}, {text: "2", action: "reboot", atLeast: 2 * time.Second},
		{text: "3", action: "on", off: true, atLeast: 3 * time.Second}, {text: "3", atLeast: 3 * time.Second}, {text: "3", action: "monitor", atLeast: 3 * time.Second}, bad, {text: "0.5"},
	}},
	{name: "power_timeout", values: []value{{text: "1", action: "off", mode: "stuck"}, {text: "9", action: "off", mode: "late"}, bad}},
	{name: "power_wait", values: []value{{text: "2", action: "off", atLeast: 2 * time.Second}, bad}},
	{name: "shell_timeout", values: []value{{text: "5"}, bad}},
	{name: "login_timeout", values: []value{{text: "5"}, bad}},
	{name: "stonith_status_sleep", values: []value{{text: "2", action: "off", mode: "late"}, bad}},
	{name: "retry_on", values: []value{{text: "1", action: "on", off: true, mode: "stuck", with: "power_timeout=4"}, {text: "0", action: "on", off: true, mode: "stuck", with: "power_timeout=1"}, {text: "0", action: "reboot"}, bad}},
	{name: "disable_timeout", values: []value{
		{text: "1", action: "off", mode: "late", with: "power_timeout=1 retry_on=0"}, {text: "0", action: "off", mode: "late", with: "power_timeout=1 retry_on=0", fenced: true},
		{text: "false", action: "off", mode: "late", with: "power_timeout=1 retry_on=0"},
	}},
	{name: "quiet", short: "q", flag: true, values: []value{{text: "1", with: "password=wrong"}, {text: "0", with: "password=wrong"}, {text: "maybe"}}},
	{name: "verbose", short: "v", flag: true, values: []value{{text: "1"}, {text: "0"}, {text: "1", with: "quiet=1"}}},
	{name: "verbose_level", values: []value{{text: "1"}, {text: "0"}, bad}},
	{name: "debug_file", old: "debug", short: "D", values: []value{{text: "DIR/debug", with: "verbose=1", file: "debug"}, {text: "/nonexistent/debug"}}},
	{name: "version", short: "V", flag: true, values: []value{{text: "1", prose: true}, {text: "0", prose: true}}},
	{name: "help", short: "h", flag: true, values: []value{{text: "1", prose: true}, {text: "0", prose: true}}},

	{name: "lanplus", short: "P", flag: true, values: []value{{text: "1", with: "cipher="}, {text: "0", with: "cipher="}, {text: "maybe", with: "cipher="}, {text: "1"}}},
	{name: "auth", short: "A", values: []value{
		{text: "md5", with: "lanplus= cipher="}, {text: "MD5", with: "lanplus=0 cipher="}, {text: "password", with: "lanplus=0 cipher="}, {text: "none", with: "lanplus=0 cipher="}, bad, {text: "md5"},
	}},
	{name: "cipher", short: "C", values: []value{{text: "3"}, {text: "17"}, {text: "1"}, {text: "0"}, bad}},
	{name: "privlvl", short: "L", values: []value{{text: "operator"}, {text: "USER"}, {text: "operator", action: "off"}, {text: "user", action: "off"}, bad}},
	{name: "target", values: []value{
		{text: "0x24"}, {text: "0x24", action: "off"}, {text: "0x24", action: "reboot"}, {text: "0x20", action: "off"}, {text: "36", action: "off"},
		{text: "0x24", action: "off", with: "lanplus=0 cipher="}, {text: "0x24", action: "off", with: "privlvl=operator"}, {text: "0x24", action: "off", with: "password=wrong"},
		{text: "0x26", action: "off"}, {text: "0x100", action: "off"}, {text: "0", action: "off"}, bad,
		{text: "0x24", action: "off", with: "ipport=625 hexadecimal_kg=" + bmcKey},
	}},
	{name: "hexadecimal_kg", values: []value{
		{text: bmcKey, with: "ipport=625"}, {text: bmcKey, with: "ipport=625", action: "off"}, {text: bmcKey, with: "ipport=625", action: "reboot"},
		{text: strings.ToUpper(bmcKey) + "0000", with: "ipport=625", action: "off"}, {text: bmcKey, with: "ipport=625 password=wrong", action: "off"},
		{text: "c0ffee", with: "ipport=625", action: "off"}, {text: "0000", with: "ipport=625", action: "off"}, {text: "0000", action: "off"}, {text: "00ff", action: "off"},
		{text: "c0ffee", action: "off"}, {text: "c0ff00ee", action: "off"}, {text: bmcKey[1:], with: "ipport=625", action: "off"}, {text: bmcKey + bmcKey, with: "ipport=625", action: "off"},
		{text: bmcKey, with: "lanplus=0 cipher=", action: "off"}, bad,
	}},
	{name: "method", short: "m", values: []value{{text: "onoff", action: "reboot"}, {text: "cycle", action: "reboot", settle: 2 * time.Second}, {text: "ONOFF"}, bad}},
	{name: "ipmitool_path", values: []value{{text: "/usr/bin/ipmitool"}, {text: "/nonexistent/ipmitool"}, {text: "/usr/bin/ipmitool", with: "target=0x24"}, {text: "/nonexistent/ipmitool", with: "target=0x24"}}},
	{name: "ipmitool_timeout", values: []value{{text: "1"}, bad, {text: "2", with: "target=0x24"}}},
	{name: "use_sudo", old: "sudo", flag: true, values: []value{{text: "1"}, {text: "0"}}},
	{name: "sudo_path", values: []value{{text: "/nonexistent/sudo"}}},
}

// row is one call of both agents.
type row struct {
	name  string
	args  []string // none: options come by standard input
	stdin string
	value
}

// rows are all rows: each value in each form, and the situations.
func rows() []row {
	var all []row
	for _, o := range options {
		for i, v := range o.values {
			all = append(all, o.rows(v, i == 0)...)
		}
	}
	return append(all, situations...)
}

// rows returns the forms of one value. The rarer forms are tried with one value
// only: they differ in how the name is found.
func (o option) rows(v value, first bool) []row {
	rest := o.rest(v)
	dashes := strings.ReplaceAll(o.name, "_", "-")
	describe := func(form string) string {
		var beside []string
		if v.off {
			beside = append(beside, "machine off")
		}
		if v.mode != "" {
			beside = append(beside, "power "+v.mode)
		}
		if v.fenced {
			beside = append(beside, "under fenced")
		}
		if o.name != "action" && v.action != "" {
			beside = append(beside, v.action)
		}
		if v.with != "" {
			beside = append(beside, v.with)
		}
		name := fmt.Sprintf("%s=%s", o.name, v.text)
		if len(beside) > 0 {
			name += " (" + strings.Join(beside, ", ") + ")"
		}
		return name + " by " + form
	}
	stdin := func(name string) row {
		return row{name: describe(name + "="), stdin: strings.Join(append(slices.Clone(rest), name+"="+v.text), "\n") + "\n", value: v}
	}
	flags := func(form string, args ...string) row {
		return row{name: describe(form), args: append(arguments(rest), args...), value: v}
	}
	forms := []row{stdin(o.name)}
	if o.old != "" {
		forms = append(forms, stdin(o.old))
	}
	if first && dashes != o.name {
		forms = append(forms, stdin(dashes))
	}
	switch {
	case o.stdinOnly:
	case !o.flag:
		forms = append(forms, flags("--"+dashes+"=", "--"+dashes+"="+v.text))
		if o.short != "" {
			forms = append(forms, flags("-"+o.short, "-"+o.short, v.text))
		}
		if first {
			forms = append(forms, flags("--"+dashes+" ", "--"+dashes, v.text))
			if o.short != "" {
				forms = append(forms, flags("-"+o.short+"VALUE", "-"+o.short+v.text))
			}
			if o.old != "" {
				forms = append(forms, flags("--"+strings.ReplaceAll(o.old, "_", "-")+"=", "--"+strings.ReplaceAll(o.old, "_", "-")+"="+v.text))
			}
		}
	case v.text == "1":
		forms = append(forms, flags("--"+dashes, "--"+dashes))
		if o.short != "" {
			forms = append(forms, flags("-"+o.short, "-"+o.short))
		}
	case v.text == "0" && first:
		forms = append(forms, flags("--"+dashes+"=", "--"+dashes+"=0"))
	}
	return forms
}

// rest is every option of a row but the one under test.
func (o option) rest(v value) []string {
	given := slices.Clone(usual)
	if o.name != "action" {
		action := v.action
		if action == "" {
			action = "status"
		}
		given = append(given, "action="+action)
	}
	given = append(given, strings.Fields(v.with)...)
	var names []string
	last := map[string]string{}
	for _, g := range given {
		name, text, _ := strings.Cut(g, "=")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		last[name] = text
	}
	var rest []string
	for _, name := range names {
		if name != o.name && last[name] != "" {
			rest = append(rest, name+"="+last[name])
		}
	}
	return rest
}

// arguments turns lines for standard input into long flags.
func arguments(lines []string) []string {
	var args []string
	for _, line := range lines {
		name, text, _ := strings.Cut(line, "=")
		i := slices.IndexFunc(options, func(o option) bool { return o.name == name })
		switch name = "--" + strings.ReplaceAll(name, "_", "-"); {
		case i >= 0 && options[i].flag && text == "0": // there is no such flag
		case i >= 0 && options[i].flag:
			args = append(args, name)
		default:
			args = append(args, name+"="+text)
		}
	}
	return args
}
