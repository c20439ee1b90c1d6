package fencing

import (
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/fakeredfish"
)

// redfishRow is one call of both agents and the BMC that it meets.
type redfishRow struct {
	name   string
	args   []string // none: options come by standard input
	stdin  string
	bmc    fakeredfish.Options
	faults func() []fakeredfish.Rule
	port   string // that the BMC listens on, "" is 443

	fenced  bool // run by pacemaker-fenced
	prose   bool // standard output is prose: only whether there is some is compared
	atLeast time.Duration
}

// redfishUsual is what every row has unless it says otherwise.
var redfishUsual = []string{"ip=ADDR", "username=" + fakeredfish.Username, "password=" + fakeredfish.Password}

var redfishFlags = []string{"--ip=ADDR", "--username=" + fakeredfish.Username, "--password=" + fakeredfish.Password}

// redfishLines is standard input of the usual options and more; "name=" without a
// value leaves one out.
func redfishLines(more ...string) string {
	lines := slices.DeleteFunc(slices.Clone(redfishUsual), func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return slices.Contains(more, name+"=")
	})
	more = slices.DeleteFunc(slices.Clone(more), func(line string) bool { return strings.HasSuffix(line, "=") })
	return strings.Join(append(lines, more...), "\n") + "\n"
}

const secondSystem = "/redfish/v1/Systems/2"

var twoSystems = fakeredfish.Options{Systems: []fakeredfish.System{{ID: "1"}, {ID: "2"}}}
var otherName = fakeredfish.Options{CertNames: []string{"other.example"}}

// redfishOptionRows are the options in their forms; the forms of those that all
// agents share are one program in all of ours, and are tried beside fence_ipmilan.
var redfishOptionRows = []struct {
	name  string
	forms []string // lines for standard input, or flags
	rest  []string // beside them, as lines
	row   redfishRow
}{
	{"redfish_uri", []string{"redfish_uri=/redfish/v1", "redfish-uri=/redfish/v1", "--redfish-uri=/redfish/v1"}, nil, redfishRow{}},
	{"redfish_uri of nothing", []string{"redfish_uri=/rest/v1"}, nil, redfishRow{}},
	{"systems_uri", []string{"systems_uri=" + secondSystem, "systems-uri=" + secondSystem, "--systems-uri=" + secondSystem}, nil, redfishRow{bmc: twoSystems}},
	{"systems_uri of nothing", []string{"systems_uri=/redfish/v1/Systems/9"}, nil, redfishRow{}},
	{"ssl", []string{"ssl=1", "ssl=yes", "-z", "--ssl"}, nil, redfishRow{}},
	{"ssl off", []string{"ssl=0"}, nil, redfishRow{}},
	{"ssl_secure", []string{"ssl_secure=1", "ssl-secure=1", "--ssl-secure"}, nil, redfishRow{}},
	{"ssl_secure, wrong certificate", []string{"ssl_secure=1", "--ssl-secure"}, nil, redfishRow{bmc: otherName}},
	{"ssl_insecure, wrong certificate", []string{"ssl_insecure=1", "ssl-insecure=true", "--ssl-insecure"}, nil, redfishRow{bmc: otherName}},
	{"ssl_insecure off, wrong certificate", []string{"ssl_insecure=0"}, nil, redfishRow{bmc: otherName}},
	{"gnutlscli_path", []string{"gnutlscli_path=/nonexistent", "--gnutlscli-path=/nonexistent"}, nil, redfishRow{}},
	{"ipport", []string{"ipport=8443", "-u 8443", "--ipport=8443"}, nil, redfishRow{port: "8443"}},
	{"ipport that is none", []string{"ipport=x"}, nil, redfishRow{}},
	{"port behind the address", []string{"ip=ADDR:8443", "ipaddr=ADDR:8443", "-a ADDR:8443"}, []string{"ip="}, redfishRow{port: "8443"}},
	{"username by its old name", []string{"login=" + fakeredfish.Username}, []string{"username="}, redfishRow{}},
	{"password by its old name", []string{"passwd=" + fakeredfish.Password}, []string{"password="}, redfishRow{}},
	{"password_script", []string{"password_script=echo '" + fakeredfish.Password + "'", "passwd_script=echo '" + fakeredfish.Password + "'"}, []string{"password="}, redfishRow{}},
	{"plug, which is the node", []string{"plug=n1", "port=n1"}, []string{"nodename=n1"}, redfishRow{}},
	{"plug, which is no node", []string{"plug=n1", "port=n1", "--plug=n1"}, nil, redfishRow{}},
	{"plug, which is the first of two systems", []string{"plug=1", "port=1"}, []string{"nodename=n1"}, redfishRow{bmc: twoSystems}},
	{"plug_separator", []string{"plug_separator=;"}, nil, redfishRow{}},
	{"port_as_ip", []string{"port_as_ip=1"}, []string{"ip=", "plug=ADDR"}, redfishRow{}},
	{"login_timeout", []string{"login_timeout=9", "--login-timeout=9"}, nil, redfishRow{}},
	{"shell_timeout", []string{"shell_timeout=9", "--shell-timeout=9"}, nil, redfishRow{}},
	{"shell_timeout that is none", []string{"shell_timeout=x"}, nil, redfishRow{}},
	{"stonith_status_sleep", []string{"stonith_status_sleep=2"}, nil, redfishRow{}},
	{"disable_timeout", []string{"disable_timeout=0"}, nil, redfishRow{}},
	{"verbose_level", []string{"verbose_level=0"}, nil, redfishRow{}},
	{"debug", []string{"debug=DIR/debug", "debug_file=DIR/debug"}, nil, redfishRow{}},
}

// redfishRows are all rows. Those of options ask for the status.
func redfishRows() []redfishRow {
	all := slices.Clone(redfishOutcomes)
	for _, o := range redfishOptionRows {
		for _, form := range o.forms {
			r := o.row
			r.name = o.name + " by " + strings.NewReplacer("DIR/", "", "ADDR", "").Replace(form)
			if !strings.HasPrefix(form, "-") {
				r.stdin = redfishLines(append(slices.Clone(o.rest), form, "action=status")...)
			} else {
				flags := slices.DeleteFunc(slices.Clone(redfishFlags), func(f string) bool {
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

// strike lets a fault strike requests whose path has an end.
func strike(method, path string, f func() fakeredfish.Fault) func() []fakeredfish.Rule {
	return func() []fakeredfish.Rule { return []fakeredfish.Rule{{Method: method, Path: path, Fault: f()}} }
}

func status(code int) func() fakeredfish.Fault {
	return func() fakeredfish.Fault { return fakeredfish.Status(code) }
}

func powerState(json string) func() []fakeredfish.Rule {
	return strike("GET", "/Systems/1", func() fakeredfish.Fault {
		return fakeredfish.Text(200, `{"PowerState":`+json+`}`)
	})
}

// redfishOutcomes are the outcomes of the stock agents, and what people and BMCs
// get wrong.
var redfishOutcomes = []redfishRow{
	{name: "status on", stdin: redfishLines("action=status")},
	{name: "status off", stdin: redfishLines("action=status"), bmc: fakeredfish.Options{Off: true}},
	{name: "monitor on", stdin: redfishLines("action=monitor")},
	{name: "monitor off", stdin: redfishLines("action=monitor"), bmc: fakeredfish.Options{Off: true}},
	{name: "off", stdin: redfishLines("action=off")},
	{name: "on", stdin: redfishLines("action=on"), bmc: fakeredfish.Options{Off: true}},
	{name: "already off", stdin: redfishLines("action=off"), bmc: fakeredfish.Options{Off: true}},
	{name: "already on", stdin: redfishLines("action=on")},
	{name: "reboot", stdin: redfishLines("action=reboot")},
	{name: "reboot from off", stdin: redfishLines("action=reboot"), bmc: fakeredfish.Options{Off: true}},
	{name: "reboot, on refused", stdin: redfishLines("action=reboot", "power_timeout=2"), bmc: fakeredfish.Options{ResetTypes: []string{"ForceOff"}}},
	{name: "reboot, off never shows", stdin: redfishLines("action=reboot", "power_timeout=2", "retry_on=0"), bmc: fakeredfish.Options{Ignore: true}},
	{name: "off never shows", stdin: redfishLines("action=off", "power_timeout=2", "retry_on=0"), bmc: fakeredfish.Options{Ignore: true}},
	{name: "on never shows", stdin: redfishLines("action=on", "power_timeout=2", "retry_on=0"), bmc: fakeredfish.Options{Ignore: true, Off: true}},
	{name: "off late", stdin: redfishLines("action=off"), bmc: fakeredfish.Options{Late: 2 * time.Second}},
	{name: "off late, over a state between", stdin: redfishLines("action=off"), bmc: fakeredfish.Options{Late: 2 * time.Second, Between: true}},
	{name: "on late", stdin: redfishLines("action=on"), bmc: fakeredfish.Options{Late: 2 * time.Second, Off: true}},
	{name: "reboot late", stdin: redfishLines("action=reboot"), bmc: fakeredfish.Options{Late: 2 * time.Second}},
	{name: "pause after the command", stdin: redfishLines("action=off", "power_wait=2"), atLeast: 2 * time.Second},
	{name: "delay", stdin: redfishLines("action=off", "delay=2"), atLeast: 2 * time.Second},
	{name: "diag", stdin: redfishLines("action=diag")},
	{name: "validate-all", stdin: redfishLines("action=validate-all")},
	{name: "metadata", stdin: "action=metadata\n", prose: true},
	{name: "manpage", stdin: "action=manpage\n", prose: true},
	{name: "list", stdin: redfishLines("action=list")},
	{name: "help", stdin: "help=1\n", prose: true},
	{name: "version", stdin: "version=1\n", prose: true},

	{name: "as fenced sends off", stdin: "nodename=n1\n" + redfishLines("port=n1", "delay=0", "action=off"), fenced: true},
	{name: "as fenced sends reboot", stdin: "nodename=n1\n" + redfishLines("plug=n1", "action=reboot"), fenced: true},
	{name: "as fenced sends monitor", stdin: redfishLines("action=monitor"), fenced: true},

	{name: "two systems, status", stdin: redfishLines("action=status"), bmc: twoSystems},
	{name: "two systems, off", stdin: redfishLines("action=off"), bmc: twoSystems},
	{name: "two systems, off of the first", stdin: redfishLines("action=off", "systems_uri=/redfish/v1/Systems/1"), bmc: twoSystems},
	{name: "two systems, off of the first by plug", stdin: redfishLines("action=off", "nodename=n1", "plug=1"), bmc: twoSystems},
	{name: "no systems", stdin: redfishLines("action=off"), bmc: fakeredfish.Options{Systems: []fakeredfish.System{}}},
	{name: "off refused", stdin: redfishLines("action=off", "power_timeout=2"), faults: strike("POST", ".Reset", status(500))},
	{name: "off refused once", stdin: redfishLines("action=off", "power_timeout=4"), faults: strike("POST", ".Reset", func() fakeredfish.Fault { return fakeredfish.Times(1, fakeredfish.Status(500)) })},
	{name: "off not among the reset types", stdin: redfishLines("action=off", "power_timeout=2"), bmc: fakeredfish.Options{ResetTypes: []string{"On", "ForceRestart"}}},
	{name: "a user who may only look", stdin: redfishLines("username="+fakeredfish.ViewerName, "password="+fakeredfish.ViewerPassword, "action=off", "power_timeout=2")},
	{name: "wrong password", stdin: redfishLines("password=wrong", "action=off")},
	{name: "wrong password, system known", stdin: redfishLines("password=wrong", "action=off", "systems_uri=/redfish/v1/Systems/1")},
	{name: "wrong password, monitor by fenced", stdin: redfishLines("password=wrong", "action=monitor"), fenced: true},
	{name: "unknown user", stdin: redfishLines("username=nobody", "action=status")},
	{name: "another state", stdin: redfishLines("action=status"), faults: powerState(`"Unknown"`)},
	{name: "another state, off", stdin: redfishLines("action=off", "power_timeout=2"), faults: powerState(`"Unknown"`)},
	{name: "no state", stdin: redfishLines("action=status"), faults: powerState(`null`)},
	{name: "500", stdin: redfishLines("action=off"), faults: strike("", "", status(500))},
	{name: "500 once", stdin: redfishLines("action=off"), faults: strike("", "/Systems/1", func() fakeredfish.Fault { return fakeredfish.Times(1, fakeredfish.Status(500)) })},
	{name: "garbage", stdin: redfishLines("action=off"), faults: strike("", "", fakeredfish.Garbage)},
	{name: "not HTTP", stdin: redfishLines("action=off"), faults: strike("", "", fakeredfish.NotHTTP)},
	{name: "breaks the connection", stdin: redfishLines("action=off"), faults: strike("", "", fakeredfish.Reset)},
	{name: "breaks the connection once", stdin: redfishLines("action=off"), faults: strike("", "/Systems/1", func() fakeredfish.Fault { return fakeredfish.Times(1, fakeredfish.Reset()) })},
	{name: "redirects elsewhere", stdin: redfishLines("action=status"), faults: strike("GET", "/Systems/1", func() fakeredfish.Fault { return fakeredfish.RedirectTo("https://127.2.99.1/", 307) })},
	{name: "silent", stdin: redfishLines("action=off", "login_timeout=2"), faults: strike("", "", fakeredfish.Silent)},
	{name: "silent, monitor by fenced", stdin: redfishLines("action=monitor", "login_timeout=2"), faults: strike("", "", fakeredfish.Silent), fenced: true},
	{name: "deaf", stdin: redfishLines("action=off", "login_timeout=2"), bmc: fakeredfish.Options{Deaf: true}},
	{name: "nobody at the address", stdin: redfishLines("ip=127.2.99.1", "action=off")},
	{name: "wrong certificate", stdin: redfishLines("action=off"), bmc: otherName},
	{name: "no TLS", stdin: redfishLines("action=off"), bmc: fakeredfish.Options{PlainHTTP: true}},

	{name: "quiet, wrong password", stdin: redfishLines("quiet=1", "password=wrong", "action=status", "systems_uri=/redfish/v1/Systems/1")},
	{name: "verbose", stdin: redfishLines("verbose=1", "action=status")},
	{name: "no action", stdin: redfishLines()},
	{name: "very old action", stdin: redfishLines("option=status")},
	{name: "spaces around =", stdin: redfishLines("action = status")},
	{name: "unknown action", stdin: redfishLines("action=resett")},
	{name: "unknown option", stdin: redfishLines("bogus=1", "action=status")},
	{name: "no address", stdin: redfishLines("ip=", "action=off")},
	{name: "no user name", stdin: redfishLines("username=", "action=off")},
	{name: "no password", stdin: redfishLines("password=", "action=off")},
	{name: "power_timeout that is none", stdin: redfishLines("power_timeout=x", "action=off")},
	{name: "short flags", args: []string{"-a", "ADDR", "-l", fakeredfish.Username, "-p" + fakeredfish.Password, "-zo", "off"}},
	{name: "action as a word", args: append(slices.Clone(redfishFlags), "status")},
}

// What several rows have in common.
const (
	redfishReboots = "fence_redfish passes over the line and reboots, its default; ours refuses what may have been meant as the action"
	neverGuessed   = "the last of several systems is a guess: ours fails and says how to name one"
	namesSystem    = "a plug that is not the node's name names the system, and there must be one of that name"
	askedAgain     = "one failed request is tried once more"
	boundedSteps   = "every step has a time limit"
)

// redfishDeliberates are all differences, each with its reason.
var redfishDeliberates = []deliberate{
	{"two systems, status", "exit stdout stderr", neverGuessed},
	{"two systems, off", "exit stdout stderr power", neverGuessed},
	{"two systems, off of the first by plug", "power", namesSystem},
	{"plug, which is no node by p*=n1", "exit stdout stderr", namesSystem},
	{"plug, which is no node by --plug=n1", "login", namesSystem},

	{"another state", "exit stdout stderr", "a state that is neither on nor off is not on"},
	{"reboot, on refused", "power", "a reset type that the BMC does not list is not sent"},
	{"off not among the reset types", "power", "a reset type that the BMC does not list is not sent"},
	{"diag", "stdout", "a diagnostic interrupt is no reboot"},
	{"list", "stdout stderr login", "fenced takes words on standard output for names of machines, and the BMC knows none"},

	{"off refused once", "exit stdout stderr power", askedAgain},
	{"500 once", "exit stdout stderr power", askedAgain},
	{"breaks the connection once", "exit stdout stderr power", askedAgain},
	{"500", "stderr", "a failure says why"},
	{"silent", "exit stderr", boundedSteps},
	{"silent, monitor by fenced", "exit stderr", boundedSteps},
	{"deaf", "exit stderr", boundedSteps},

	{"very old action", "exit stdout power login", redfishReboots},
	{"spaces around =", "exit stdout power login", redfishReboots},
	{"action as a word", "exit stdout power login", redfishReboots},
	{"ssl off by ssl=0", "exit stdout stderr login", "a truth value is really read, and without TLS the password would be readable"},
	{"ssl_insecure off, wrong certificate by ssl_insecure=0", "exit stdout stderr login", readBoolean},
	{"redfish_uri of nothing by *", "stderr login", notServed},
}
