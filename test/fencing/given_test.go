package fencing

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// optionForms is an option in each of its forms and the row that each makes.
type optionForms[R any] struct {
	name  string
	forms []string // lines for standard input, or flags
	rest  []string // lines beside them, which become flags beside flags
	row   R
}

// valued are the forms of an option with a value: by names on standard input and
// by flags, in the order given.
func valued(value string, names ...string) (forms []string) {
	for _, name := range names {
		switch {
		case strings.HasPrefix(name, "--"), !strings.HasPrefix(name, "-"):
			forms = append(forms, name+"="+value)
		default:
			forms = append(forms, name+" "+value)
		}
	}
	return forms
}

// switched are the forms of an option that is on, as valued are of one with a value.
func switched(names ...string) (forms []string) {
	for _, name := range names {
		if strings.HasPrefix(name, "-") {
			forms = append(forms, name)
		} else {
			forms = append(forms, name+"=1")
		}
	}
	return forms
}

// sharedForms are the options that all stock agents have, with the credentials
// that the BMC knows.
func sharedForms[R any](username, password string) []optionForms[R] {
	var row R
	return []optionForms[R]{
		{"action", append(valued("monitor", "action", "--action", "-o"), "--action monitor", "-omonitor"), []string{"action="}, row},
		{"action that is none", valued("resett", "action", "--action", "-o"), []string{"action="}, row},
		{"ip", valued("ADDR", "ip", "ipaddr", "--ip", "-a"), []string{"ip="}, row},
		{"username", valued(username, "username", "login", "--username", "-l"), []string{"username="}, row},
		{"password", valued(password, "password", "passwd", "--password", "-p"), []string{"password="}, row},
		{"password_script", valued("DIR/ask", "password_script", "passwd_script", "--password-script", "-S"), []string{"password="}, row},
		{"plug_separator", valued(";", "plug_separator", "--plug-separator"), nil, row},
		{"port_as_ip", switched("port_as_ip", "--port-as-ip"), []string{"ip=", "plug=ADDR"}, row},
		{"port_as_ip without a plug", switched("port_as_ip"), []string{"ip="}, row},
		{"delay", valued("1", "delay", "--delay"), nil, row},
		{"delay that is none", valued("x", "delay", "--delay"), nil, row},
		{"power_timeout", valued("9", "power_timeout", "--power-timeout"), nil, row},
		{"power_timeout that is none", valued("x", "power_timeout", "--power-timeout"), nil, row},
		{"power_wait", valued("1", "power_wait", "--power-wait"), []string{"power_wait="}, row},
		{"shell_timeout", valued("9", "shell_timeout", "--shell-timeout"), nil, row},
		{"shell_timeout that is none", valued("x", "shell_timeout"), nil, row},
		{"login_timeout", valued("9", "login_timeout", "--login-timeout"), nil, row},
		{"login_timeout that is none", valued("x", "login_timeout"), nil, row},
		{"stonith_status_sleep", valued("2", "stonith_status_sleep", "--stonith-status-sleep"), nil, row},
		{"retry_on", valued("0", "retry_on", "--retry-on"), nil, row},
		{"disable_timeout", valued("0", "disable_timeout", "--disable-timeout"), nil, row},
		{"ipport that is none", valued("x", "ipport"), nil, row},
		{"quiet, no user name", switched("quiet", "--quiet", "-q"), []string{"username="}, row},
		{"verbose", switched("verbose", "--verbose", "-v"), nil, row},
		{"verbose_level", valued("1", "verbose_level", "--verbose-level"), nil, row},
		{"verbose_level of none", valued("0", "verbose_level"), nil, row},
		{"debug_file", valued("DIR/debug", "debug_file", "debug", "--debug-file", "-D"), nil, row},
		{"unknown option", switched("bogus", "--bogus", "-Y"), nil, row},
	}
}

// proseForms are the calls that need no BMC and answer in prose.
func proseForms() (calls []call) {
	for _, line := range []string{"action=metadata", "action=meta-data", "action=manpage", "help=1", "version=1"} {
		calls = append(calls, call{name: line, stdin: line + "\n", prose: true})
	}
	for _, flag := range []string{"--action=metadata", "-ometadata", "--help", "-h", "--version", "-V"} {
		calls = append(calls, call{name: flag, args: []string{flag}, prose: true})
	}
	return calls
}

// given are the lines that a row has: the usual ones and more, of which "name="
// leaves a usual one out.
func given(usual, more []string) []string {
	empty := func(line string) bool { return strings.HasSuffix(line, "=") }
	lines := slices.DeleteFunc(slices.Clone(usual), func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return slices.Contains(more, name+"=")
	})
	return append(lines, slices.DeleteFunc(slices.Clone(more), empty)...)
}

// onStdin is standard input of the usual lines and more.
func onStdin(usual []string, more ...string) string {
	return strings.Join(given(usual, more), "\n") + "\n"
}

// asFlags turns lines into long flags. The node's name has none: only the cluster
// gives it.
func asFlags(lines []string) (flags []string) {
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		flag := "--" + strings.ReplaceAll(name, "_", "-")
		switch name {
		case "nodename":
		case "ssh", "port_as_ip", "quiet", "verbose": // value is 1
			flags = append(flags, flag)
		default:
			flags = append(flags, flag+"="+value)
		}
	}
	return flags
}

// inForm is the call that gives an option in one form, and asks for the status
// unless the rest says otherwise.
func (o optionForms[R]) inForm(usual []string, form string) call {
	c := call{name: o.name + " by " + strings.NewReplacer("DIR/", "", "ADDR", "").Replace(form)}
	lines := given(append(slices.Clone(usual), "action=status"), o.rest)
	if strings.HasPrefix(form, "-") {
		c.args = append(asFlags(lines), strings.Fields(form)...)
	} else {
		c.stdin = strings.Join(append(lines, form), "\n") + "\n"
	}
	return c
}

// writeAsk writes the password_script of a row.
func writeAsk(t *testing.T, dir, password string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "ask"), []byte("#!/bin/sh\necho '"+password+"'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}
