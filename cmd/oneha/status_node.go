package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/oneha/oneha/internal/apply"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/lint"
	"github.com/oneha/oneha/internal/nodefacts"
	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/pacemaker"
	"github.com/oneha/oneha/internal/status"
	"github.com/oneha/oneha/internal/unit"
	"github.com/oneha/oneha/internal/vip"
)

// statusRules are the rules of oneha check about what differs from how the cluster was
// set up: leftovers of work by hand, units that were started past the cluster, and a full
// disk, with which the next takeover fails.
var statusRules = []string{"R02", "R05", "R09", "Q09"}

// statusSources are those of this machine.
func (t tool) statusSources() (status.Sources, error) {
	name, err := os.Hostname()
	if err != nil {
		return status.Sources{}, fmt.Errorf("read host name: %w", err)
	}
	return status.Sources{
		Node:    name,
		Network: func() (status.Network, error) { return vip.Open() },
		Peers:   t.peerAddresses,
		Links: func(ctx context.Context) (string, error) {
			out, err := pacemaker.Execute(ctx, nil, "corosync-cfgtool", "-s")
			return string(out), err
		},
		Unit: unitState,
		PIDs: func(ctx context.Context, name string) ([]int, error) {
			m := unit.New("")
			defer m.Close()
			return m.PIDs(ctx, name)
		},
		Probe: func(ctx context.Context, s one.Service, depth int, p one.Probe) error { return s.Probe(ctx, depth, p) },
		Lint:  func(cib []byte) diag.Findings { return leftovers(name, cib) },
		Root:  os.Geteuid() == 0,
		Changed: func(cib []byte) *status.Change {
			return lastChange(apply.Store{Dir: rollbackDir}, cib)
		},
	}, nil
}

// unitState asks systemd for a unit.
func unitState(ctx context.Context, name string) (status.Unit, error) {
	m := unit.New("") // a Manager is not for concurrent use
	defer m.Close()
	state, err := m.State(ctx, name)
	if err != nil {
		return status.Unit{}, err
	}
	phase := state.Phase()
	return status.Unit{Name: name, State: string(phase), Up: phase.Up()}, nil
}

// resolveWithin bounds asking for a node's name: the resolver may be what is broken.
const resolveWithin = time.Second

// peerAddresses are the addresses of a node that corosync.conf names; only where it
// names none is the resolver asked.
func (t tool) peerAddresses(ctx context.Context, node string) (all []netip.Addr) {
	hosts := []string{node}
	if _, data, err := t.readLocal(corosyncConf); err == nil {
		hosts = append(hosts, status.ReadPeers(string(data))[node]...)
	}
	for _, host := range hosts {
		if ip, err := netip.ParseAddr(host); err == nil {
			all = append(all, ip.Unmap())
		}
	}
	if len(all) > 0 {
		return all
	}
	ctx, cancel := context.WithTimeout(ctx, resolveWithin)
	defer cancel()
	for _, host := range hosts {
		found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			continue // the others may do
		}
		for _, ip := range found {
			all = append(all, ip.Unmap())
		}
	}
	return all
}

// leftovers applies the rules about what differs from how the cluster was set up.
func leftovers(name string, cib []byte) diag.Findings {
	read, bad := lint.ReadCIB("live CIB", cib)
	if read == nil {
		return bad
	}
	facts := lint.Facts{CIB: read}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	m := nodefacts.Here(name)
	facts.Node = nodefacts.Collect(ctx, m, lint.Wanted{Units: facts.Wanted().Units})
	found := lint.Check(facts, func(id string) bool { return slices.Contains(statusRules, id) })
	for i := range found {
		found[i].File, found[i].Line, found[i].Column = "", 0, 0 // the CIB is nowhere to be opened
	}
	return found
}

// lastChange is the newest change that is kept, nil when there is none, or it never came
// to that. Only root can read what is kept.
func lastChange(kept apply.Store, cib []byte) *status.Change {
	all, err := kept.List()
	if err != nil || len(all) == 0 {
		return nil
	}
	digest, err := apply.Digest(cib)
	if err != nil || digest == all[0].Before { // it was interrupted, or undone
		return nil
	}
	return &status.Change{Command: all[0].Command, Description: all[0].Description, Time: all[0].Made, Since: digest != all[0].After}
}
