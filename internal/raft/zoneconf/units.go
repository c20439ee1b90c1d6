package zoneconf

import (
	"slices"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/spec"
)

// GuardUnit keeps the floating IP and the services with the leader.
const GuardUnit = "oneha-raft-guard.service"

// Unit is what systemd has to do with a unit on every server of a zone.
type Unit struct {
	Name   string
	Enable bool // at boot; otherwise it must not be
	Either bool // as its package left it, but not masked: another unit starts it
	Always bool // it runs on every server and is started with oned
	Needed bool // it has to be installed
	Why    string
}

// atBoot are the services that have to be enabled to be started: those that follow
// the leader where they are enabled (OpenNebula's own vip.sh looks at that too) and those
// that run on every server. hem and the showback timer come with oned's unit.
var atBoot = []struct{ service, why string }{
	{"flow", follows}, {"gate", follows}, {"form", follows}, {"ks", follows},
	{"fireedge", everywhere}, {"guacd", everywhere}, {"sunstone", everywhere}, {"novnc", everywhere}, {"scheduler", everywhere},
}

const (
	follows    = "runs beside the leader; elsewhere the guard stops it"
	everywhere = "runs on every server"
	comesAlong = "started by oned's unit; the guard stops it where the leader is not"
)

// Units are the units that a server needs, those that it may have, and those that it
// must not have. A unit that is not Needed and not installed is left alone.
func Units(z *spec.Zone) []Unit {
	all := []Unit{
		{Name: "opennebula.service", Enable: true, Needed: true, Why: "every server of the zone votes"},
		{Name: GuardUnit, Enable: true, Needed: true, Why: "keeps the floating IP and the services with the leader"},
	}
	add := func(name, why string) {
		s, ok := one.ServiceNamed(name)
		if !ok || !s.ShippedIn(z.Release) || slices.ContainsFunc(all, func(u Unit) bool { return u.Name == s.Unit }) {
			return
		}
		either := why == comesAlong
		all = append(all, Unit{Name: s.Unit, Enable: !either, Either: either, Always: why == everywhere, Why: why})
	}
	for _, name := range z.Services {
		if name == "hem" || name == "showback" {
			add(name, comesAlong)
		} else {
			add(name, follows)
		}
	}
	for _, s := range atBoot {
		if s.why == everywhere || len(z.Services) == 0 {
			add(s.service, s.why)
		}
	}
	if len(z.Services) == 0 {
		add("hem", comesAlong)
		add("showback", comesAlong)
	}
	for _, name := range []string{"pacemaker.service", "corosync.service"} {
		all = append(all, Unit{Name: name, Why: "two who decide where OpenNebula runs is one too many"})
	}
	return all
}
