package fencing

import (
	"slices"
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
	port   string            // that the BMC listens on, "" is 443
	beside map[string]string // a line for standard input, or flags, that one of the agents gets too

	fenced  bool // run by pacemaker-fenced
	prose   bool // standard output is prose: only whether there is some is compared
	atLeast time.Duration
}

func (r redfishRow) call() call {
	return call{name: r.name, args: r.args, stdin: r.stdin, fenced: r.fenced, prose: r.prose, atLeast: r.atLeast}
}

// redfishUsual is what every row has unless it says otherwise.
var redfishUsual = []string{"ip=ADDR", "username=" + fakeredfish.Username, "password=" + fakeredfish.Password}

// redfishLines is standard input of the usual lines and more.
func redfishLines(more ...string) string { return onStdin(redfishUsual, more...) }

const secondSystem = "/redfish/v1/Systems/2"

var twoSystems = fakeredfish.Options{Systems: []fakeredfish.System{{ID: "1"}, {ID: "2"}}}
var otherName = fakeredfish.Options{CertNames: []string{"other.example"}}

// redfishOptions are the options that fence_redfish does not share with all agents,
// in each of their forms.
var redfishOptions = []optionForms[redfishRow]{
	{"redfish_uri", valued("/redfish/v1", "redfish_uri", "redfish-uri", "--redfish-uri"), nil, redfishRow{}},
	{"redfish_uri of nothing", valued("/rest/v1", "redfish_uri"), nil, redfishRow{}},
	{"systems_uri", valued(secondSystem, "systems_uri", "systems-uri", "--systems-uri"), nil, redfishRow{bmc: twoSystems}},
	{"systems_uri of nothing", valued("/redfish/v1/Systems/9", "systems_uri"), nil, redfishRow{}},
	{"ssl", append(switched("ssl", "-z", "--ssl"), "ssl=yes"), nil, redfishRow{}},
	{"ssl off", []string{"ssl=0"}, nil, redfishRow{}},
	{"ssl_secure", switched("ssl_secure", "ssl-secure", "--ssl-secure"), nil, redfishRow{}},
	{"ssl_secure, wrong certificate", switched("ssl_secure", "--ssl-secure"), nil, redfishRow{bmc: otherName}},
	{"ssl_insecure, wrong certificate", append(switched("ssl_insecure", "--ssl-insecure"), "ssl-insecure=true"), nil, redfishRow{bmc: otherName}},
	{"ssl_insecure off, wrong certificate", []string{"ssl_insecure=0"}, nil, redfishRow{bmc: otherName}},
	{"gnutlscli_path", valued("/nonexistent", "gnutlscli_path", "--gnutlscli-path"), nil, redfishRow{}},
	{"ipport", valued("8443", "ipport", "-u", "--ipport"), nil, redfishRow{port: "8443"}},
	{"port behind the address", valued("ADDR:8443", "ip", "ipaddr", "-a"), []string{"ip="}, redfishRow{port: "8443"}},
	{"plug, which is the node", valued("n1", "plug", "port"), []string{"nodename=n1"}, redfishRow{}},
	{"plug, which is no node", valued("n1", "plug", "port", "--plug", "-n"), nil, redfishRow{}},
	{"plug, which is the first of two systems", valued("1", "plug", "port"), []string{"nodename=n1"}, redfishRow{bmc: twoSystems}},
}

// redfishRows are all rows.
func redfishRows() []redfishRow {
	all := slices.Clone(redfishOutcomes)
	for _, c := range proseForms() {
		all = append(all, redfishRow{name: c.name, args: c.args, stdin: c.stdin, prose: true})
	}
	for _, o := range append(sharedForms[redfishRow](fakeredfish.Username, fakeredfish.Password), redfishOptions...) {
		for _, form := range o.forms {
			c, r := o.inForm(redfishUsual, form), o.row
			r.name, r.args, r.stdin = c.name, c.args, c.stdin
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
	// First those that take longest.
	{name: "silent", stdin: redfishLines("action=off", "login_timeout=2"), faults: strike("", "", fakeredfish.Silent)},
	{name: "silent, monitor by fenced", stdin: redfishLines("action=monitor", "login_timeout=2"), faults: strike("", "", fakeredfish.Silent), fenced: true},
	{name: "deaf", stdin: redfishLines("action=off", "login_timeout=2"), bmc: fakeredfish.Options{Deaf: true}},

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
	{name: "diag refused", stdin: redfishLines("action=diag"), faults: strike("POST", ".Reset", status(500))},
	{name: "validate-all", stdin: redfishLines("action=validate-all")},
	{name: "validate-all without a user name", stdin: redfishLines("username=", "action=validate-all")},
	{name: "list", stdin: redfishLines("action=list")},

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
	{name: "nobody at the address", stdin: redfishLines("ip=127.2.99.1", "action=off")},
	{name: "wrong certificate", stdin: redfishLines("action=off"), bmc: otherName},
	{name: "no TLS", stdin: redfishLines("action=off"), bmc: fakeredfish.Options{PlainHTTP: true}},

	{name: "quiet, wrong password", stdin: redfishLines("quiet=1", "password=wrong", "action=status", "systems_uri=/redfish/v1/Systems/1")},
	{name: "no action", stdin: redfishLines()},
	{name: "very old action", stdin: redfishLines("option=status")},
	{name: "spaces around =", stdin: redfishLines("action = status")},
	{name: "no address", stdin: redfishLines("ip=", "action=off")},
	{name: "no user name", stdin: redfishLines("username=", "action=off")},
	{name: "no password", stdin: redfishLines("password=", "action=off")},
	{name: "short flags", args: []string{"-a", "ADDR", "-l", fakeredfish.Username, "-p" + fakeredfish.Password, "-zo", "off"}},
	{name: "action as a word", args: append(asFlags(redfishUsual), "status")},
}
