package fence

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Type is the type of an option, as metadata names it.
type Type string

const (
	Boolean Type = "boolean" // 1 yes on true, 0 no off false, in any case
	String  Type = "string"
	Second  Type = "second"  // seconds, a fraction allowed
	Integer Type = "integer" // not negative
	Select  Type = "select"  // one of Choices, in any case
)

// Option is one option of an agent. Its long flag is its name with dashes; a
// deprecated name works wherever the name does.
type Option struct {
	Name     string   // key on standard input and in metadata, e.g. "login_timeout"
	Old      []string // deprecated names
	Short    byte     // short flag, 0 when there is none
	Arg      string   // what its value is called in the help; empty for a flag without value
	Type     Type
	Default  string
	Choices  []string // Select only, lower case
	Required bool     // as metadata says it; Run itself checks what an action needs
	Secret   bool     // a String that is printed nowhere and read with Request.Secret
	Hidden   bool     // understood, but neither in metadata nor in the help
	Text     string   // one line

	group int // metadata and help are sorted by group, then name
}

const (
	groupDevice = iota
	groupOutput
	groupTiming
)

// common is what every agent understands (FenceAgentAPI, and the options that
// the stock fence-agents share).
var common = []Option{
	{Name: "action", Short: 'o', Arg: "action", Type: String, Default: ActionReboot, Required: true, Text: "Fencing action"},
	{Name: "ip", Old: []string{"ipaddr"}, Short: 'a', Arg: "ip", Type: String, Text: "IP address or host name of the fencing device"},
	{Name: "ipport", Short: 'u', Arg: "port", Type: Integer, Text: "TCP or UDP port of the fencing device"},
	{Name: "username", Old: []string{"login"}, Short: 'l', Arg: "name", Type: String, Text: "Login name"},
	{Name: "password", Old: []string{"passwd"}, Short: 'p', Arg: "password", Type: String, Secret: true, Text: "Login password. Better: password_file, which keeps it out of the cluster configuration and the process list"},
	{Name: "password_file", Arg: "file", Type: String, Text: "File whose first line is the login password; only its owner may have access (mode 0600). Comes before password and password_script"},
	{Name: "password_script", Old: []string{"passwd_script"}, Short: 'S', Arg: "script", Type: String, Secret: true, Text: "Command that prints the login password, run by sh; it must end within login_timeout. Comes before password"},
	{Name: "plug", Old: []string{"port"}, Short: 'n', Arg: "id", Type: String, Text: "Name of the machine, sent by the cluster; the address of the fencing device when port_as_ip is set"},
	{Name: "plug_separator", Arg: "char", Type: String, Default: ",", Text: "Has no effect, a device switches one machine"},
	{Name: "port_as_ip", Type: Boolean, Text: "Take plug as the address of the fencing device, and ip only when there is no plug"},
	{Name: "nodename", Arg: "name", Type: String, Hidden: true, Text: "The cluster's name for the machine, sent by the cluster"},

	{Name: "quiet", Short: 'q', Type: Boolean, group: groupOutput, Text: "Write nothing to standard error, unless verbose is set"},
	{Name: "verbose", Short: 'v', Type: Boolean, group: groupOutput, Text: "Write each step to standard error"},
	{Name: "verbose_level", Arg: "level", Type: Integer, group: groupOutput, Text: "0 is silent, 1 and more show each step; the number of --verbose flags when not set"},
	{Name: "debug_file", Old: []string{"debug"}, Short: 'D', Arg: "file", Type: String, group: groupOutput, Text: "Append each step to this file"},
	{Name: "version", Short: 'V', Type: Boolean, group: groupOutput, Text: "Show the version and exit"},
	{Name: "help", Short: 'h', Type: Boolean, group: groupOutput, Text: "Show this help and exit"},

	{Name: "delay", Arg: "seconds", Type: Second, Default: "0", group: groupTiming, Text: "Wait before off and reboot"},
	{Name: "login_timeout", Arg: "seconds", Type: Second, Default: "5", group: groupTiming, Text: "Time limit of one login, under Pacemaker too (0 is 30)"},
	{Name: "shell_timeout", Arg: "seconds", Type: Second, Default: "3", group: groupTiming, Text: "Time limit of one command, under Pacemaker too (0 is 30)"},
	{Name: "power_timeout", Arg: "seconds", Type: Second, Default: "20", group: groupTiming, Text: "Time limit for the power state to change, 0 for none. Under Pacemaker, which has a time limit of its own, it bounds only the power on of a reboot, and how long a device may answer nothing at all after a power command (0 is 20; no less than login_timeout and shell_timeout together)"},
	{Name: "power_wait", Arg: "seconds", Type: Second, Default: "0", group: groupTiming, Text: "Wait after each power command before the state is read"},
	{Name: "stonith_status_sleep", Arg: "seconds", Type: Second, Default: "1", group: groupTiming, Text: "Longest pause between two reads of the power state; the first pauses are shorter"},
	{Name: "retry_on", Arg: "times", Type: Integer, Default: "1", group: groupTiming, Text: "How often a power command is repeated within power_timeout"},
	{Name: "disable_timeout", Arg: "true/false", Type: Boolean, group: groupTiming, Text: "Do not apply power_timeout (default: true when run by Pacemaker)"},
}

// table is the options of one agent, found by any of their names.
type table struct {
	diag    bool
	options []*Option // sorted for metadata and help
	byName  map[string]*Option
	byShort map[byte]*Option
}

func newTable(a *Agent) *table {
	t := &table{diag: a.Diag, byName: map[string]*Option{}, byShort: map[byte]*Option{}}
	for _, o := range slices.Concat(common, a.Options) {
		if d, ok := a.Defaults[o.Name]; ok {
			o.Default = d
		}
		if o.Name == "username" {
			o.Required = a.Login != nil
		}
		t.options = append(t.options, &o)
		for _, name := range append([]string{o.Name}, o.Old...) {
			if t.byName[name] != nil {
				panic("fence: option declared twice: " + name)
			}
			t.byName[name] = &o
		}
		if o.Short != 0 {
			if t.byShort[o.Short] != nil {
				panic("fence: option declared twice: -" + string(o.Short))
			}
			t.byShort[o.Short] = &o
		}
	}
	slices.SortStableFunc(t.options, func(x, y *Option) int {
		return cmp.Or(cmp.Compare(x.group, y.group), cmp.Compare(x.Name, y.Name))
	})
	return t
}

// find returns the option of a name in which dashes and underscores are alike.
func (t *table) find(name string) *Option {
	return t.byName[strings.ReplaceAll(name, "-", "_")]
}

// findFlag returns the option of a long flag, which may be cut short as long as
// it fits one option only.
func (t *table) findFlag(name string) (*Option, error) {
	if o := t.find(name); o != nil {
		return o, nil
	}
	var fits []*Option
	var flags []string
	for _, o := range t.options {
		if name != "" && !o.Hidden && strings.HasPrefix(o.flag(), strings.ReplaceAll(name, "_", "-")) {
			fits, flags = append(fits, o), append(flags, "--"+o.flag())
		}
	}
	switch len(fits) {
	case 0:
		return nil, fmt.Errorf("unknown option %q: see --help", "--"+name)
	case 1:
		return fits[0], nil
	}
	return nil, fmt.Errorf("option %q may be %s: write it out", "--"+name, strings.Join(flags, " or "))
}

// declared returns the option of exactly this name; that there is none is a
// programming error.
func (t *table) declared(name string) *Option {
	o := t.byName[name]
	if o == nil || o.Name != name {
		panic("fence: undeclared option " + name)
	}
	return o
}

// actions is every action of the agent in the order of the help text.
func (t *table) actions() []string {
	var names []string
	for _, a := range actions {
		names = append(names, a.name)
	}
	if t.diag {
		names = append(names, ActionDiag)
	}
	return names
}

// takesValue reports whether the option's flag is followed by a value.
func (o *Option) takesValue() bool { return o.Arg != "" }

// flag is the option's long flag, without the leading dashes.
func (o *Option) flag() string { return strings.ReplaceAll(o.Name, "_", "-") }

// mostSeconds keeps a Second within what a duration holds.
const mostSeconds = 1e6

// check returns the value in the one form that Request reads, or an error that
// says what the value should look like.
func (o *Option) check(value string) (string, error) {
	lower := strings.ToLower(value)
	switch o.Type {
	case Boolean:
		switch lower {
		case "1", "yes", "on", "true":
			return "1", nil
		case "0", "no", "off", "false":
			return "0", nil
		}
		return "", fmt.Errorf("%s is %q: set it to 1 or 0", o.Name, value)
	case Second:
		s, err := strconv.ParseFloat(value, 64)
		if err != nil || !(s >= 0 && s <= mostSeconds) {
			return "", fmt.Errorf("%s is %q: set it to a number of seconds", o.Name, value)
		}
	case Integer:
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			return "", fmt.Errorf("%s is %q: set it to a whole number, 0 or more", o.Name, value)
		}
	case Select:
		if !slices.Contains(o.Choices, lower) {
			return "", fmt.Errorf("%s is %q: set it to one of %s", o.Name, value, strings.Join(o.Choices, ", "))
		}
		return lower, nil
	}
	return value, nil
}
