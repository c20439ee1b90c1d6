package adopt

import (
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/spec"
)

// agents are ours where there is one of them.
func (g *given) agents() spec.Agents {
	agents := spec.Stock
	walk(g.config, func(e *etree.Element) {
		if e.Tag == "primitive" && (e.SelectAttrValue("provider", "") == "opennebula" || hasPrefix(e.SelectAttrValue("type", ""), "fence_bmc_")) {
			agents = spec.Ours
		}
	})
	return agents
}

func (g *given) property(name string) string {
	for _, o := range g.properties() {
		if o.Name == name {
			return o.Value
		}
	}
	return ""
}

// serviceOf is the service that a resource runs, "" for none of a front-end's.
func serviceOf(r resource) string {
	if r.class == "ocf" && r.provider == "opennebula" {
		if _, ok := one.ServiceNamed(r.kind); ok {
			return r.kind
		}
	}
	if r.class != "systemd" && r.class != "lsb" && r.class != "service" {
		return ""
	}
	unit := strings.TrimSuffix(r.kind, ".service")
	for _, s := range one.Services {
		if strings.TrimSuffix(s.Unit, ".service") == unit {
			return s.Name
		}
	}
	if u, _ := spec.Unit(unit); u == unit && r.class == "systemd" {
		return unit // a web server
	}
	return ""
}

func isVIP(r resource) bool {
	agent := r.agent()
	return agent == "ocf:opennebula:vip" || agent == "ocf:heartbeat:IPaddr2" || agent == "ocf:heartbeat:IPaddr"
}
