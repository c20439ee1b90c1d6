package spec

import (
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// asked is a fence device as a URL says it, with the options of our agents.
type asked struct {
	url     string
	options map[string]string
}

// askedBy finds the URL of a device: one of ours, or with stock agents one that
// stands for ours. It is sure: the URL and the options give that device and no
// other, and Parse takes them.
func askedBy(d FenceDevice, by Agents) (a asked, ok bool) {
	for _, drv := range drivers {
		if by == Stock && (drv.stock != d.Agent || drv.agent == agentILO) || by != Stock && drv.agent != d.Agent {
			continue // what stock agents do for ilo6 redfish says as well
		}
		if a, ok := askedWith(d, drv, by); ok {
			return a, true
		}
	}
	return asked{}, false
}

// urlPath is a system's path that needs no escaping in a URL and is not changed by
// reading it.
var urlPath = regexp.MustCompile(`^(/[A-Za-z0-9][A-Za-z0-9._~-]*)+$`)

func askedWith(d FenceDevice, drv driver, by Agents) (a asked, ok bool) {
	a.options = map[string]string{}
	options := d.Options
	if by == Stock {
		if options, ok = unstocked(drv, options); !ok {
			return a, false
		}
	}
	var host, port string
	for _, o := range options {
		switch o.Name {
		case "ip":
			host = o.Value
		case "ipport":
			port = ":" + o.Value
		default:
			a.options[o.Name] = o.Value
		}
	}
	ways := 0
	for name, v := range a.options {
		rule, known := optionRules[name]
		if !known || !drv.has(name) || rule(v) != "" || v == "" || strings.ContainsFunc(v, isControl) {
			return a, false
		}
		if slices.Contains(logins, name) {
			ways++
		}
	}
	if ways != 1 || a.options["username"] == "" {
		return a, false
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is6() {
		a.url = drv.scheme + "://[" + host + "]" + port
	} else {
		a.url = drv.scheme + "://" + host + port
	}
	if p := a.options["systems_uri"]; urlPath.MatchString(p) {
		a.url += p
		delete(a.options, "systems_uri")
	}
	return a, a.gives(d, by)
}

// gives reports whether Parse makes that device of it.
func (a asked) gives(d FenceDevice, by Agents) bool {
	r := &reader{mode: Pacemaker}
	own := map[string]value{}
	for name, v := range a.options {
		own[name] = value{kind: scalar, text: v}
	}
	b, ok := r.bmc(value{kind: scalar, text: a.url}, "", map[string]value{}, own)
	if !ok || len(r.findings) > 0 {
		return false
	}
	if by == Stock {
		if r.checkStock(b); len(r.findings) > 0 {
			return false
		}
	}
	again := b.device(d.ID, by)
	return again.Agent == d.Agent && slices.Equal(again.Options, d.Options)
}

// unstocked says with our options what those of a stock agent say, where one of
// ours stands for it: stockOptions the other way round.
func unstocked(drv driver, options []Option) (ours []Option, ok bool) {
	for _, o := range options {
		switch {
		case o.Name == "lanplus" && drv.agent == agentIPMI, o.Name == "ssh" && drv.agent == agentILOSSH:
			if !isTrue(o.Value) {
				return nil, false
			}
		case o.Name == "password_script":
			if file, isCat := strings.CutPrefix(o.Value, "cat "); isCat {
				o = Option{"password_file", oneWord(file)}
			}
			ours = append(ours, o)
		case o.Name == "ssl_insecure":
			ours = append(ours, Option{o.Name, "true"})
		case o.Name == "ssh_options":
			rest, known := strings.CutPrefix(o.Value, "-o UserKnownHostsFile=")
			file, _, strict := strings.Cut(rest, " ")
			if !known || !strict {
				return nil, false
			}
			ours = append(ours, Option{"known_hosts", file})
		default:
			ours = append(ours, o)
		}
	}
	return ours, true
}

// oneWord reads what shellWord wrote.
func oneWord(s string) string {
	if inner, quoted := strings.CutPrefix(s, "'"); quoted {
		return strings.ReplaceAll(strings.TrimSuffix(inner, "'"), `'\''`, "'")
	}
	return s
}

// shareable returns the options that go to the top level's bmc: those that all
// devices have which can, with the value that most of them have (of several the
// first), unless it is one device's alone. An account is written there even then.
func shareable(all []asked, drv []driver) map[string]string {
	shared := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(optionRules)) {
		if slices.Contains(logins, name) || name == "systems_uri" || name == "host_key" {
			continue
		}
		var values []string
		can := 0
		for i, a := range all {
			if !drv[i].has(name) {
				continue
			}
			can++
			if v, has := a.options[name]; has {
				values = append(values, v)
			}
		}
		v, n := most(values)
		if len(values) == can && can > 0 && (n > 1 || name == "username") {
			shared[name] = v
		}
	}
	// A way to log in of a device's own takes the place of the shared one, whichever.
	var ways []string
	for _, a := range all {
		ways = append(ways, a.login()+"="+a.options[a.login()])
	}
	if way, n := most(ways); n > 1 || len(all) == 1 || n == 1 && !strings.HasPrefix(way, "identity_file") {
		name, v, _ := strings.Cut(way, "=")
		shared[name] = v
	}
	return shared
}

// login is the name of its way to log in.
func (a asked) login() string {
	for _, name := range logins {
		if _, has := a.options[name]; has {
			return name
		}
	}
	return ""
}

// most is the value that comes most often, of several the first, and how often.
func most(values []string) (best string, n int) {
	count := map[string]int{}
	for _, v := range values {
		count[v]++
	}
	for _, v := range values {
		if count[v] > n {
			best, n = v, count[v]
		}
	}
	return best, n
}

// driverOf is the driver of a URL of ours.
func driverOf(u string) driver {
	scheme, _, _ := strings.Cut(u, "://")
	i := slices.IndexFunc(drivers, func(d driver) bool { return d.scheme == scheme })
	return drivers[i]
}

// alone writes what of a device's options is not shared, after its URL.
func (a asked) alone(shared map[string]string) outMap {
	m := outMap{{"url", outText(a.url)}}
	for _, k := range Keys {
		v, has := a.options[k.name()]
		if k.parent() != "bmc" || !has || shared[k.name()] == v {
			continue
		}
		m.text(k.name(), v)
	}
	return m
}

// BMCDevice is what comes nearest to a device that an agent and its options make, of
// all devices that the URL of a node's BMC can give, and whether there is one: the
// agent is one that a URL leads to, and the device has an address and a user name.
// An option that no description has is left out; a password is taken from
// DefaultPasswordFile unless a file or a script is named.
func BMCDevice(d FenceDevice, by Agents) (FenceDevice, bool) {
	for _, drv := range drivers {
		if by == Stock && (drv.stock != d.Agent || drv.agent == agentILO) || by != Stock && drv.agent != d.Agent {
			continue
		}
		near := d
		near.Options = nil
		var ours []Option
		for _, o := range d.Options {
			if by == Stock {
				one, ok := unstocked(drv, []Option{o})
				if !ok || len(one) == 0 {
					continue
				}
				o = one[0]
			}
			rule, known := optionRules[o.Name]
			if o.Name == "ip" || o.Name == "ipport" || known && drv.has(o.Name) && rule(o.Value) == "" {
				ours = append(ours, o)
			}
		}
		if !slices.ContainsFunc(ours, func(o Option) bool { return slices.Contains(logins, o.Name) }) {
			ours = append(ours, Option{"password_file", DefaultPasswordFile})
		}
		near.Options = ours
		if by == Stock {
			near.Options = stockOptions(drv, ours)
		}
		sortOptions(near.Options)
		if _, ok := askedBy(near, by); ok {
			return near, true
		}
	}
	return FenceDevice{}, false
}

// DefaultPasswordFile is where the BMCs' password is looked for unless a description
// says otherwise.
const DefaultPasswordFile = home + "/bmc"
