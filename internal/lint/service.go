package lint

import (
	"strings"

	"github.com/oneha/oneha/internal/one"
)

// frontend returns the OpenNebula service that a resource runs, by whichever
// agent.
func (r *resource) frontend() (one.Service, bool) {
	if r.class == "ocf" && r.provider == "opennebula" {
		return one.ServiceNamed(r.typ)
	}
	unit, ok := r.unit()
	if !ok {
		return one.Service{}, false
	}
	for _, s := range one.Services {
		if s.Unit == unit {
			return s, true
		}
	}
	return one.Service{}, false
}

// unit returns the systemd unit that a resource starts and stops.
func (r *resource) unit() (string, bool) {
	switch {
	case r.class == "systemd", r.class == "service", r.class == "lsb":
		if strings.Contains(r.typ, ".") && r.class == "systemd" {
			return r.typ, true
		}
		return strings.TrimPrefix(r.typ, ":") + ".service", true
	case r.class == "ocf" && r.provider == "opennebula":
		if unit := r.param("unit"); unit != "" {
			if !strings.HasSuffix(unit, ".timer") && !strings.HasSuffix(unit, ".service") {
				unit += ".service"
			}
			return unit, true
		}
		if s, ok := one.ServiceNamed(r.typ); ok {
			return s.Unit, true
		}
	}
	return "", false
}

// ours reports whether one of this project's agents runs the resource.
func (r *resource) ours() bool { return r.class == "ocf" && r.provider == "opennebula" }

// runsOned reports whether a side's cluster runs oned.
func (s *side) runsOned() bool {
	if s.cib == nil {
		return false
	}
	for _, r := range s.cib.resources {
		if service, ok := r.frontend(); ok && service.Name == "oned" {
			return true
		}
	}
	return false
}

// companionsOf are the units that start with the services of a cluster, and are not
// resources themselves, with the unit that each belongs to.
func companionsOf(clustered map[string]*resource) map[string]string {
	units := map[string]string{}
	for _, s := range one.Services {
		if _, ok := clustered[s.Unit]; !ok {
			continue
		}
		for _, u := range s.Companions() {
			if _, ok := clustered[u]; !ok {
				units[u] = s.Unit
			}
		}
	}
	return units
}

// clustered returns the resources of all sides that run a unit, by the unit's name.
func (w *world) clustered() map[string]*resource {
	units := map[string]*resource{}
	for _, s := range w.sides {
		if s.cib == nil {
			continue
		}
		for _, r := range s.cib.resources {
			if unit, ok := r.unit(); ok && r.kind == "primitive" {
				units[unit] = r
			}
		}
	}
	return units
}
