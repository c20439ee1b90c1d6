package fence

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plain returns all values that were given, secret or not.
func plain(in input) map[string]string {
	values := maps.Clone(in.values)
	for name, s := range in.secrets {
		values[name] = s.Reveal()
	}
	return values
}

func TestStdin(t *testing.T) {
	tests := []struct {
		name, text string
		want       map[string]string
		warns      int
		err        string
	}{
		{"plain", "ip=1.2.3.4\naction=off\n", map[string]string{"ip": "1.2.3.4", "action": "off"}, 0, ""},
		{"old names", "ipaddr=h\nlogin=u\npasswd=p\nport=x\naction=on", map[string]string{"ip": "h", "username": "u", "password": "p", "plug": "x", "action": "on"}, 0, ""},
		{"trimmed, comments, empty lines", "\n  # c\n\t action=off \r\n#\n", map[string]string{"action": "off"}, 0, ""},
		{"quotes", `password="a"b"` + "\naction=\"off\"", map[string]string{"password": `a"b`, "action": "off"}, 0, ""},
		{"one quote", `password="`, map[string]string{"password": `"`}, 0, ""},
		{"further =", "password=a=b=", map[string]string{"password": "a=b="}, 0, ""},
		{"raw", `password=p w"x`, map[string]string{"password": `p w"x`}, 0, ""},
		{"dashes", "login-timeout=9\nport-as-ip=yes", map[string]string{"login_timeout": "9", "port_as_ip": "1"}, 0, ""},
		{"last wins", "ip=a\nip=b\nlogin=c\nusername=d", map[string]string{"ip": "b", "username": "d"}, 0, ""},
		{"booleans", "quiet=No\nlanplus=FALSE\nversion=off\nhelp=0", map[string]string{"quiet": "0", "lanplus": "0", "version": "0", "help": "0"}, 0, ""},
		{"select", "level=USER", map[string]string{"level": "user"}, 0, ""},
		{"seconds", "delay=1.5", map[string]string{"delay": "1.5"}, 0, ""},
		{"meta-data", "action=meta-data", map[string]string{"action": "metadata"}, 0, ""},
		{"unknown option", "action=off\nbogus=1\nother=2", map[string]string{"action": "off"}, 2, ""},

		{"bad boolean", "lanplus=maybe", nil, 0, "set it to 1 or 0"},
		{"empty boolean", "lanplus=", nil, 0, "set it to 1 or 0"},
		{"bad integer", "ipport=ipmi", nil, 0, "ipport is"},
		{"negative", "ipport=-1", nil, 0, "ipport is"},
		{"bad second", "delay=5s", nil, 0, "number of seconds"},
		{"not a number", "delay=nan", nil, 0, "number of seconds"},
		{"for ever", "delay=inf", nil, 0, "number of seconds"},
		{"bad choice", "level=root", nil, 0, "user, administrator"},
		{"unknown action", "action=reset", nil, 0, "unknown action"},
		{"empty action", "action=", nil, 0, "unknown action"},
		{"action with blanks", "action= off", nil, 0, "unknown action"},
		{"wrong action before a right one", "action=resett\naction=status", nil, 0, "unknown action"},
		{"very old action", "option=reboot", nil, 0, `write "action="`},
		{"very old action beside the action", "option=status\naction=off", nil, 0, `write "action="`},
		{"capital", "Action=off", nil, 0, `write "action="`},
		{"flag", "--action=off", nil, 0, `write "action="`},
		{"short flag", "-o=off", nil, 0, `write "action="`},
		{"spaces", "action = off", nil, 0, "line 1"},
		{"no =", "ip=h\naction", nil, 0, "line 2"},
		{"colon", "action:off", nil, 0, "line 1"},
		{"no name", "=off", nil, 0, "line 1"},
		{"byte order mark", "\ufeffaction=off", nil, 0, "line 1"},
		{"unknown option and no action", "ip=h\naktion=status", nil, 0, "reboot, is not assumed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := testAgent(nil)
			in, err := parseStdin(newTable(&a), tt.text)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, plain(in)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(in.warnings) != tt.warns {
				t.Errorf("warnings %q, want %d", in.warnings, tt.warns)
			}
		})
	}
}

func TestArgs(t *testing.T) {
	tests := []struct {
		name string
		args string
		want map[string]string
		err  string
	}{
		{"short", "-a h -o off -l u", map[string]string{"ip": "h", "action": "off", "username": "u"}, ""},
		{"long", "--ip=h --action off --login-timeout=3", map[string]string{"ip": "h", "action": "off", "login_timeout": "3"}, ""},
		{"old long", "--ipaddr h", map[string]string{"ip": "h"}, ""},
		{"cut short", "--act off --user=u --pass p", nil, "may be --password or --password-file"},
		{"cut short as far as it goes", "--act off --user=u --login-t 9 --port_a", map[string]string{"action": "off", "username": "u", "login_timeout": "9", "port_as_ip": "1"}, ""},
		{"whole, though another goes on", "--password p --verbose", map[string]string{"password": "p", "verbose": "1"}, ""},
		{"nothing of it", "--=x", nil, "unknown option"},
		{"joined", "-ah -ooff", map[string]string{"ip": "h", "action": "off"}, ""},
		{"cluster with joined value", "-Pqooff", map[string]string{"lanplus": "1", "quiet": "1", "action": "off"}, ""},
		{"o is the option in -Pqoff", "-Pqoff", nil, `unknown action "ff"`},
		{"cluster with value", "-Pqo off", map[string]string{"lanplus": "1", "quiet": "1", "action": "off"}, ""},
		{"flag off", "--lanplus=0", map[string]string{"lanplus": "0"}, ""},
		{"boolean with value", "--disable-timeout false", map[string]string{"disable_timeout": "0"}, ""},
		{"value with dash", "-p -x", map[string]string{"password": "-x"}, ""},
		{"value with =", "--password=a=b", map[string]string{"password": "a=b"}, ""},
		{"end", "-o on --", map[string]string{"action": "on"}, ""},
		{"upper case", "-o OFF", map[string]string{"action": "off"}, ""},

		{"unknown long", "--bogus=1 -o off", nil, `"--bogus"`},
		{"unknown short", "-o off -X", nil, `"-X"`},
		{"no value", "-o", nil, "needs a value"},
		{"no long value", "--action", nil, "needs a value"},
		{"unknown action", "-o reset", nil, "unknown action"},
		{"wrong action before a right one", "-o resett -o status", nil, "unknown action"},
		{"action as a word", "-a h off", nil, "--action"},
		{"action after the end", "-a h -- off", nil, "--action"},
		{"a dash", "-", nil, "--action"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := testAgent(nil)
			in, err := parseArgs(newTable(&a), strings.Fields(tt.args))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, plain(in)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// asks is an oracle that shares nothing with the parser but the list of names: it
// says whether an input asks for a power command, and whether it does so by an
// action of its own, the last one when all of them are right, or by the default,
// when it has none and every line is a known option.
func asks(text string) (power, given bool) {
	a := testAgent(nil)
	known := newTable(&a).byName
	last, defaults := "", true
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, _ := strings.Cut(line, "=")
		if name == "action" {
			if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
				value = value[1 : len(value)-1]
			}
			last = strings.ToLower(value)
			if !strings.Contains(" on off reboot diag status monitor list list-status metadata meta-data manpage validate-all ", " "+last+" ") {
				return false, false
			}
		}
		defaults = defaults && strings.Contains(line, "=") && known[strings.ReplaceAll(name, "-", "_")] != nil
	}
	return last == "on" || last == "off" || last == "reboot" || last == "diag" || last == "" && defaults, last != ""
}

func FuzzStdin(f *testing.F) {
	for _, s := range []string{
		"action=off", "action=reboot", "action = off", "option=reboot", "action", "Action=off", "", "#action=off",
		"action=off\naction=status", "action=status\naction=resett", "aktion=off", "action=\"off\"", "action=off\x00", "action=on\noff",
		"action==off", "\"action=off\"", "action=off=on", "-o=off", "port=1\nnodename=n\naction=monitor", "delay=99999999999999999999",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		// What the fuzzer may not reach: the file system, and a shell.
		text = device + text + "\nip=192.0.2.1\npassword_file=\npassword_script=\ndebug_file=\n"
		for _, env := range []map[string]string{nil, fenced} {
			dev := &fakeDevice{state: On}
			got := invoke(dev, call{stdin: text, env: env})
			if got.code < 0 || got.code > 2 || strings.Contains(got.stderr, "internal error") {
				t.Fatalf("%+v", got)
			}
			if power, given := asks(text); len(dev.switched()) > 0 && (!power || env != nil && !given) {
				t.Fatalf("%q under %v made the agent send %v", text, env, dev.switched())
			}
		}
	})
}

func FuzzArgs(f *testing.F) {
	for _, s := range []string{
		"--ac off", "--a=off",
		"-o off", "-ooff", "--action=off", "--action off", "--act off", "off", "-- off", "-o", "--action", "-vvo status", "-o reset -o off", "-qPo reboot", "--Action=off", "x -o off",
	} {
		f.Add(s)
	}
	// The oracle is loose: an argument that may name the action needs one that
	// ends in a word for a change of power.
	namesAction := regexp.MustCompile(`^(-[PqvVh]*o|--ac?$|--ac?=|--act)`).MatchString
	wordOfPower := func(arg string) bool {
		lower := strings.ToLower(arg)
		return strings.HasSuffix(lower, "on") || strings.HasSuffix(lower, "off") || strings.HasSuffix(lower, "reboot") || strings.HasSuffix(lower, "diag")
	}
	f.Fuzz(func(t *testing.T, line string) {
		fields := strings.Fields(line)
		for i, a := range fields {
			if namesAction(a) && i > 0 && strings.HasPrefix(fields[i-1], "-") {
				return // it may be the value of the flag before it
			}
		}
		args := append([]string{"-a", "192.0.2.1"}, fields...)
		args = append(args, "--password-file=", "--password-script=", "--debug-file=")
		dev := &fakeDevice{state: On}
		invoke(dev, call{args: args})
		if len(dev.switched()) > 0 && slices.ContainsFunc(fields, namesAction) && !slices.ContainsFunc(fields, wordOfPower) {
			t.Fatalf("%q made the agent send %v", line, dev.switched())
		}
	})
}
