package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/one"
)

// webServers are services that are not OpenNebula's but may carry its web
// interface: Apache under the names that distributions give its unit. There is no
// agent of ours for them.
var webServers = []string{"httpd", "apache2"}

// Unit returns the systemd unit of a service as Pacemaker names it, without
// ".service", and whether there is an agent of ours for the service. It is "" for a
// service that the file cannot name.
func Unit(service string) (unit string, ours bool) {
	if s, ok := one.ServiceNamed(service); ok {
		return strings.TrimSuffix(s.Unit, ".service"), true
	}
	if slices.Contains(webServers, service) {
		return service, false
	}
	return "", false
}

func serviceNames() (names []string) {
	for _, s := range one.Services {
		names = append(names, s.Name)
	}
	return append(names, webServers...)
}

// services reads the main list and puts oned first, which the others need. It is
// sure of what it lacks when all of it could be read.
func (r *reader) services(v value) (names []string, sure bool) {
	if v.kind == absent {
		r.running[defaultService] = v.at
		return []string{defaultService}, false
	}
	names, dubious := r.serviceList(v, "services")
	if i := slices.Index(names, defaultService); i > 0 {
		names = append([]string{defaultService}, slices.Delete(names, i, i+1)...)
	}
	return names, !dubious
}

// checkOned wants oned among the services of the cluster; in a domain it was
// reported already.
func (r *reader) checkOned(at place) {
	if _, listed := r.running[defaultService]; !listed {
		r.error(at, "services lacks oned", "add oned; every other service needs it")
	}
}

// serviceList reads a list of services, none of which may run twice in the
// cluster. It is dubious when one that could not be read may be oned.
func (r *reader) serviceList(v value, label string) (names []string, dubious bool) {
	items, ok := r.texts(v, label, false)
	if !ok {
		return nil, true
	}
	if len(items) > 2*len(serviceNames()) {
		r.error(v.at, fmt.Sprintf("%s lists %d services", label, len(items)), "list each once: "+strings.Join(serviceNames(), ", "))
		return nil, true
	}
	names = []string{}
	for _, item := range items {
		name, ok := r.text(item, "a service")
		_, twice := r.running[name]
		switch unit, _ := Unit(name); {
		case !ok:
			dubious = true
		case unit == "":
			dubious = dubious || diag.Nearest(name, serviceNames()) == defaultService
			r.error(item.at, fmt.Sprintf("unknown service %q", clip(name)), suggest(name, serviceNames()))
		case twice:
			r.error(item.at, fmt.Sprintf("service %q is listed twice", name), "keep one of them")
		case slices.Contains(webServers, name) && slices.ContainsFunc(webServers, func(s string) bool { _, has := r.running[s]; return has }):
			r.error(item.at, strings.Join(webServers, " and ")+" are one program", "keep the name that the distribution's unit has")
		default:
			r.running[name] = item.at
			names = append(names, name)
		}
	}
	return names, dubious
}
