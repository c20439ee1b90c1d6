package spec

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// optionRule checks the value of a fence agent's option; it returns what the
// value must be, or "" when it is right.
type optionRule func(string) string

// optionRules are the options a BMC may have, in the file and in its URL.
var optionRules = map[string]optionRule{
	"username":        anything,
	"password_file":   absolutePath,
	"password_script": absolutePath,
	"cipher":          oneOf("3", "7", "8", "12", "16", "17"), // those that internal/bmc serves, without the weakest
	"privlvl":         oneOf("operator", "administrator"),
	"login_timeout":   number(1, 600),
	"power_timeout":   number(1, 600),
	"power_wait":      number(0, 600),
	"shell_timeout":   number(1, 600),
	"auth":            oneOf("basic", "session"),
	"ssl_ca_file":     absolutePath,
	"ssl_insecure":    oneOf("true", "false", "1", "0"),
	"systems_uri":     systemPath,
	"identity_file":   absolutePath,
	"host_key":        fingerprint,
	"known_hosts":     absolutePath,

	"pcmk_off_retries":     number(1, maxTries),
	"pcmk_reboot_retries":  number(1, maxTries),
	"pcmk_monitor_retries": number(1, maxTries),
}

// maxTries is how often Pacemaker may at most call an agent for one action: more would
// not fit into the time that it has for all of them.
const maxTries = 10

// logins are the options of which one proves who the agent is.
var logins = []string{"password_file", "password_script", "identity_file"}

// anything: the limit of user names is the driver's, see checkUserNames.
func anything(string) string { return "" }

// onlyOf names the agents of those options that not every agent has.
var onlyOf = map[string][]string{
	"cipher":       {agentIPMI},
	"privlvl":      {agentIPMI},
	"auth":         {agentRedfish, agentILO},
	"ssl_ca_file":  {agentRedfish, agentILO},
	"ssl_insecure": {agentRedfish, agentILO},
	"systems_uri":  {agentRedfish, agentILO},

	"identity_file": {agentILOSSH},
	"host_key":      {agentILOSSH},
	"known_hosts":   {agentILOSSH},
}

// has reports whether the driver's agent has an option.
func (d driver) has(option string) bool {
	agents, some := onlyOf[option]
	return !some || slices.Contains(agents, d.agent)
}

// checkFit reports a BMC's own options that its agent does not have, and takes
// shared ones that are for other BMCs away from it.
func (r *reader) checkFit(b *bmc, own map[string]value) {
	for _, name := range slices.Sorted(maps.Keys(b.options)) {
		if b.driver.has(name) {
			continue
		}
		if v, ok := own[name]; ok {
			r.unfit(v.at, fmt.Sprintf("option %s of %s is nothing for the scheme %s", name, b.label, b.driver.scheme), name)
		}
		delete(b.options, name)
	}
}

// checkUse reports shared options that no BMC's agent has.
func (r *reader) checkUse(all []bmc, shared map[string]value) {
	for _, name := range slices.Sorted(maps.Keys(shared)) {
		used := slices.ContainsFunc(all, func(b bmc) bool { return b.driver.has(name) })
		if at := shared[name].at; !used && at != (place{}) { // at no place is what only stands for a missing key
			r.unfit(at, "option "+name+" of bmc is nothing for the scheme of any node's bmc", name)
		}
	}
}

func (r *reader) unfit(at place, what, option string) {
	r.error(at, what, "remove it; it is for "+strings.Join(schemes(func(d driver) bool { return d.has(option) }), ", "))
}

// checkUserNames: IPMI 2.0, 22.28, gives the user name 16 bytes.
func (r *reader) checkUserNames(all []bmc, shared map[string]value) {
	reported := map[place]bool{}
	for _, b := range all {
		v := b.options["username"]
		if b.driver.agent == agentIPMI && v.kind == scalar && len(v.text) > 16 && !reported[v.at] {
			reported[v.at] = true
			whose := "bmc"
			if v.at != shared["username"].at {
				whose = b.label
			}
			r.error(v.at, fmt.Sprintf("username of %s is %q", whose, clip(v.text)), "give at most 16 bytes, all that IPMI has room for")
		}
	}
}

// fingerprint is a host key's, as OpenSSH prints it.
func fingerprint(s string) string {
	if sum, ok := strings.CutPrefix(s, "SHA256:"); !ok || len(sum) != 43 {
		return "a fingerprint as ssh-keygen -l prints it, SHA256: and 43 characters"
	}
	return ""
}

// systemPath is what localPath of internal/bmc takes.
func systemPath(s string) string {
	if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsAny(s, " \\?#") {
		return "the path of a system on the BMC, such as /redfish/v1/Systems/1"
	}
	return ""
}

// absolutePath: the agent runs in a directory of Pacemaker's choosing.
func absolutePath(s string) string {
	if !path.IsAbs(s) {
		return "an absolute path, such as /etc/oneha/bmc"
	}
	return ""
}

func number(low, high int) optionRule {
	return func(s string) string {
		if n, err := strconv.Atoi(s); err != nil || n < low || n > high {
			return fmt.Sprintf("a number from %d to %d", low, high)
		}
		return ""
	}
}

func oneOf(words ...string) optionRule {
	return func(s string) string {
		if !slices.Contains(words, s) {
			return strings.Join(words, " or ")
		}
		return ""
	}
}

// options reads the fence agent's options of a section. One with a mistake is
// kept as broken, so that it does not count as missing.
func (s section) options() map[string]value {
	options := map[string]value{}
	for _, name := range slices.Sorted(maps.Keys(s.values)) {
		rule, ok := optionRules[name]
		if !ok {
			continue // url
		}
		v := s.get(name)
		text, ok := s.r.text(v, s.name(name))
		if !ok {
			v.kind = broken
		} else if want := rule(text); want != "" {
			what := fmt.Sprintf("%s is %q", s.name(name), clip(text))
			if strings.HasPrefix(name, "password") { // may be the password itself
				what = s.name(name) + " is not a path"
			}
			s.r.error(v.at, what, "give "+want)
			v.kind = broken
		}
		options[name] = v
	}
	if s.dubious {
		for _, name := range []string{"username", "password_file"} {
			if _, given := options[name]; !given {
				options[name] = value{kind: broken}
			}
		}
	}
	return options
}

// checkCredentials reports, in one finding, what BMCs lack to log in.
func (r *reader) checkCredentials(all []bmc, at place, shared bool) {
	var names, labels []string // of the nodes, and of all
	noUser, noPassword := false, false
	for _, b := range all {
		_, user := b.options["username"]
		var ways []value
		for _, name := range logins {
			if v, given := b.options[name]; given {
				ways = append(ways, v)
			}
		}
		if len(ways) > 1 {
			r.error(ways[1].at, "both "+and(b.given(logins))+" are given", "keep one of them")
			return
		}
		user = user || r.excused["bmc.username"]
		password := len(ways) == 1 || r.secret || r.excused["bmc.password_file"]
		if user && password {
			continue
		}
		if len(labels) == 0 && !shared {
			at = b.at
		}
		labels = append(labels, b.label)
		if b.node != "" {
			names = append(names, clip(b.node))
		}
		noUser, noPassword = noUser || !user, noPassword || !password
	}
	if len(labels) == 0 {
		return
	}
	what, fix := "no password_file", "password_file: /etc/oneha/bmc"
	switch {
	case noUser && noPassword:
		what, fix = "no username and no password_file", "username: NAME, password_file: /etc/oneha/bmc"
	case noUser:
		what, fix = "no username", "username: NAME"
	}
	if !shared {
		fix = "bmc: {" + fix + "} at the top level"
	}
	whose := and(labels)
	switch {
	case len(names) < len(labels):
	case len(names) == 1:
		whose = "the BMC of node " + names[0]
	default:
		whose = "the BMCs of nodes " + and(names)
	}
	r.error(at, what+" for "+whose, "add "+fix)
}

// given lists those of some options that the BMC has.
func (b bmc) given(names []string) (given []string) {
	for _, name := range names {
		if _, ok := b.options[name]; ok {
			given = append(given, name)
		}
	}
	return given
}

// device is the fence device that the BMC is.
func (b bmc) device(id string, by Agents) FenceDevice {
	d := FenceDevice{ID: id, Agent: b.driver.agent}
	d.Options = append(d.Options, Option{"ip", b.host})
	if b.port != "" {
		d.Options = append(d.Options, Option{"ipport", b.port})
	}
	for name, v := range b.options {
		if v.kind == scalar {
			d.Options = append(d.Options, Option{name, v.text})
		}
	}
	if by == Stock {
		d.Agent, d.Options = b.driver.stock, stockOptions(b.driver, d.Options)
	}
	sortOptions(d.Options)
	return d
}

func sortOptions(options []Option) {
	slices.SortFunc(options, func(a, b Option) int { return strings.Compare(a.Name, b.Name) })
}

// addFile adds the BMC's password file to those that CheckFiles looks at.
func (b bmc) addFile(files []FileRef, name string) []FileRef {
	v, ok := b.options["password_file"]
	if !ok || v.kind != scalar || slices.ContainsFunc(files, func(f FileRef) bool { return f.Path == v.text }) {
		return files
	}
	return append(files, FileRef{Path: v.text, File: name, Line: v.at.line, Column: v.at.column})
}
