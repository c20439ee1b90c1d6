package lint

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/spec"
)

// Wanted is what the facts make worth knowing of a node.
type Wanted struct {
	Units     []string // systemd units
	Services  []one.Service
	Addresses []Floating
	Devices   []Device
	Files     []string // that must be the same on every node
	Zone      *spec.Zone
}

// Floating is a floating IP.
type Floating struct {
	IP  netip.Addr
	NIC string // "" when the agent finds it
}

// Device is a fence device to ask. Options may hold a secret.
type Device struct {
	ID, Agent string
	Options   [][2]string
}

// Wanted lists what to look for on a node.
func (f Facts) Wanted() (want Wanted) {
	w := newWorld(f)
	want.Units = []string{"pacemaker.service", "corosync.service", sbdUnit, zoneconf.GuardUnit}
	if f.Description != nil {
		want.Zone = f.Description.zone
	}
	for _, s := range one.Services {
		for _, u := range append([]string{s.Unit}, s.Companions()...) {
			if !slices.Contains(want.Units, u) {
				want.Units = append(want.Units, u)
			}
		}
		if s.Config != "" && !slices.Contains(want.Files, s.Config) {
			want.Files = append(want.Files, s.Config)
		}
	}
	for _, s := range w.sides {
		for _, v := range s.addresses() {
			if a := (Floating{v.ip, v.nic}); !slices.Contains(want.Addresses, a) {
				want.Addresses = append(want.Addresses, a)
			}
		}
		for _, r := range s.cibResources() {
			if unit, ok := r.unit(); ok && !slices.Contains(want.Units, unit) {
				want.Units = append(want.Units, unit)
			}
			if service, ok := r.frontend(); ok && service.Port != 0 && !slices.ContainsFunc(want.Services, func(o one.Service) bool { return o.Name == service.Name }) {
				want.Services = append(want.Services, service)
			}
		}
		for _, d := range s.devices {
			if !slices.ContainsFunc(want.Devices, func(o Device) bool { return o.ID == d.id }) {
				want.Devices = append(want.Devices, d.call())
			}
			for _, name := range []string{"password_file", "identity_file", "ssl_ca_file"} {
				if file := d.param(name); strings.HasPrefix(file, "/") && !slices.Contains(want.Files, file) {
					want.Files = append(want.Files, file)
				}
			}
		}
	}
	slices.Sort(want.Units)
	slices.Sort(want.Files)
	return want
}

// call is the device as its agent is called: without what is the fencer's.
func (d *device) call() Device {
	out := Device{ID: d.id, Agent: d.typ}
	seen := map[string]bool{}
	for _, p := range d.params {
		if !p.conditional && !seen[p.name] && !fencerParameters.MatchString(p.name) && p.name != "action" && p.name != "delay" {
			seen[p.name] = true
			out.Options = append(out.Options, [2]string{p.name, p.value})
		}
	}
	return out
}
