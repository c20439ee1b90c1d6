package status

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/pacemaker"
)

// Sources are what Gather asks. Functions that are nil are not asked.
type Sources struct {
	Pacemaker pacemaker.Tools
	Node      string                                                                 // uname -n of this machine
	Network   func() (Network, error)                                                // of this machine, for one goroutine
	Peers     func(ctx context.Context, node string) []netip.Addr                    // addresses of a node
	Links     func(ctx context.Context) (string, error)                              // what corosync-cfgtool -s prints
	Unit      func(ctx context.Context, name string) (Unit, error)                   // of this machine
	PIDs      func(ctx context.Context, unit string) ([]int, error)                  // of this machine's unit
	Probe     func(ctx context.Context, s one.Service, depth int, p one.Probe) error // s.Probe
	Lint      func(cib []byte) diag.Findings                                         // what is left of work by hand, and the like
	Changed   func(cib []byte) *Change                                               // the last change by oneha, nil for none
	Root      bool                                                                   // this user may look at everything
}

// Limits of the parts, so that one that hangs does not hide the others. All of them
// together stay below a quarter of a minute.
const (
	clusterWithin = 6 * time.Second
	historyWithin = 4 * time.Second
	linksWithin   = 2 * time.Second
	networkWithin = 2 * time.Second
	unitsWithin   = 3 * time.Second
	checkWithin   = 3 * time.Second
	vipWithin     = 1500 * time.Millisecond
	schedWithin   = 2 * time.Second
)

// gatherer collects a report; several goroutines add what does not answer.
type gatherer struct {
	Sources
	lock   sync.Mutex
	report Report
	cib    []byte // nil when it is not known
	config config
	status pacemaker.Status
}

// Gather asks everything, within a quarter of a minute, and judges it.
func Gather(ctx context.Context, from Sources) Report {
	g := &gatherer{Sources: from, report: Report{Format: Format, Time: time.Now(), Node: from.Node}}
	found := g.cluster(ctx)
	if isClosed(found) {
		g.units(ctx)
	} else {
		g.parts(ctx)
		g.takeover(ctx)
	}
	slices.Sort(g.report.Unknown)
	slices.Sort(g.report.NotSeen)
	judge(&g.report, g.status, found, g.Root)
	return g.report
}

// isClosed reports whether there is no cluster to ask, or none that answers this user.
func isClosed(err error) bool {
	return errors.Is(err, pacemaker.ErrNotConnected) || errors.Is(err, pacemaker.ErrNoTool) || errors.Is(err, pacemaker.ErrNotPermitted)
}

// notSeen notes what this user may not look at.
func (g *gatherer) notSeen(what string) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.report.NotSeen = append(g.report.NotSeen, what)
}

// unknown notes what did not answer.
func (g *gatherer) unknown(what string, err error) {
	g.lock.Lock()
	defer g.lock.Unlock()
	note := what + " cannot be told: " + err.Error()
	if errors.Is(err, context.DeadlineExceeded) {
		note = what + " cannot be told: no answer in time"
	}
	if !slices.Contains(g.report.Unknown, note) {
		g.report.Unknown = append(g.report.Unknown, note)
	}
}

// cluster asks Pacemaker and corosync; the error is that of the cluster's state.
func (g *gatherer) cluster(ctx context.Context) error {
	var state error
	var cib []byte
	var noCIB, noHistory error
	var history []pacemaker.FenceEvent
	var links string
	each(
		func() {
			ctx, cancel := context.WithTimeout(ctx, clusterWithin)
			defer cancel()
			g.status, state = g.Pacemaker.Snapshot(ctx)
		},
		func() {
			ctx, cancel := context.WithTimeout(ctx, clusterWithin)
			defer cancel()
			cib, noCIB = g.Pacemaker.Query(ctx)
		},
		func() {
			ctx, cancel := context.WithTimeout(ctx, historyWithin)
			defer cancel()
			history, noHistory = g.Pacemaker.FenceHistory(ctx)
		},
		func() {
			if g.Links != nil {
				ctx, cancel := context.WithTimeout(ctx, linksWithin)
				defer cancel()
				var err error
				links, err = g.Links(ctx) // it fails where a link is down, too, and is a help, no more
				if err != nil && links == "" && !g.Root {
					g.notSeen("corosync's links")
				}
			}
		},
	)
	r := &g.report
	if isClosed(state) {
		r.NotSeen = nil
		return state
	}
	if state != nil {
		g.unknown("the state of the cluster (crm_mon)", state)
	}
	if noCIB == nil {
		if g.config, noCIB = readConfig(cib); noCIB == nil && g.Lint != nil {
			r.Problems = g.Lint(cib)
		}
		if noCIB == nil && g.Changed != nil {
			r.Changed = g.Changed(cib)
		}
		g.cib = cib
	}
	if noCIB != nil {
		g.unknown("the configuration (cibadmin)", noCIB)
	}
	if noHistory != nil {
		g.unknown("the history of fencing (stonith_admin)", noHistory)
		history = g.status.Fencing
	}
	r.Fencing, r.Cluster, r.Version, r.DC, r.Quorum, r.Failures = history, g.config.cluster, g.status.Version, g.status.DC, g.status.Quorum, g.status.Failures
	here := nodeHere(g.status.Nodes, g.Node)
	for _, n := range g.status.Nodes {
		r.Nodes = append(r.Nodes, Node{n, n.Name == here})
	}
	r.Links = readLinks(links, func(id string) string {
		for _, n := range r.Nodes {
			if n.ID == id {
				return n.Name
			}
		}
		return "node " + id
	})
	return state
}

// each runs functions at once and waits for all.
func each(functions ...func()) {
	var wait sync.WaitGroup
	for _, f := range functions {
		wait.Go(f)
	}
	wait.Wait()
}

// nodeHere is the name of the node that is the machine called host, "" when none is:
// the names may differ by the domain.
func nodeHere(nodes []pacemaker.NodeStatus, host string) string {
	short := func(s string) string { label, _, _ := strings.Cut(s, "."); return label }
	for _, same := range []func(string) bool{
		func(name string) bool { return name == host },
		func(name string) bool { return strings.EqualFold(short(name), short(host)) },
	} {
		for _, n := range nodes {
			if same(n.Name) {
				return n.Name
			}
		}
	}
	return ""
}

// here is this machine's node, by name.
func (g *gatherer) here() string { return nodeHere(g.status.Nodes, g.Node) }

// parts looks at every resource: the addresses on the network, the services by asking
// them.
func (g *gatherer) parts(ctx context.Context) {
	resources := g.status.Resources
	if resources == nil { // Pacemaker does not answer: what is configured can be looked for all the same
		for _, p := range g.config.primitives {
			resources = append(resources, pacemaker.ResourceStatus{ID: p.id, Agent: p.class + ":" + p.kind, Role: "Unknown", Managed: true})
		}
	}
	r := &g.report
	looks := []func(){func() {
		if g.status.DC != "" {
			g.status.DCState = g.Pacemaker.ControllerState(ctx, g.status.DC)
			r.DCState = g.status.DCState
			_, r.Busy = g.status.Settled()
		}
	}}
	for _, s := range resources {
		p, known := g.config.named(s.ID)
		if known && p.floating() {
			r.Addresses = append(r.Addresses, Address{ID: s.ID, IP: p.address(), Role: s.Role, Nodes: s.Nodes, Pending: s.Pending, Holders: []Holder{}})
		}
	}
	for i, s := range resources {
		p, known := g.config.named(s.ID)
		switch {
		case s.IsFencing():
			d := Device{ResourceStatus: s, Fences: p.fences()}
			if len(s.Nodes) > 0 {
				op, _ := g.config.monitored(s.ID, s.Nodes[0])
				d.Since = op.since
			}
			r.Devices = append(r.Devices, d)
		case known && p.floating():
		case s.Orphaned && !s.Active:
		case !s.Active && runsElsewhere(resources, i):
		default:
			r.Services = append(r.Services, Service{ResourceStatus: s})
		}
	}
	for i := range r.Addresses {
		a := &r.Addresses[i]
		p, _ := g.config.named(a.ID)
		looks = append(looks, func() { g.locate(ctx, a, p) })
	}
	slices.SortStableFunc(r.Services, func(a, b Service) int { // what the others need comes first
		return order(a) - order(b)
	})
	addresses := slices.Clone(r.Addresses) // as Pacemaker has them; locate writes to the report's
	for i := range r.Services {
		s := &r.Services[i]
		p, known := g.config.named(s.ID)
		if known {
			looks = append(looks, func() { g.check(ctx, s, p, addresses) })
		}
	}
	each(looks...)
}

// runsElsewhere reports whether the resource is an instance of a clone that needs no
// line of its own: another one is active, or stands for all that are not. Instances of
// most clones share a name.
func runsElsewhere(resources []pacemaker.ResourceStatus, at int) bool {
	name, _, _ := strings.Cut(resources[at].ID, ":")
	for i, other := range resources {
		if same, _, _ := strings.Cut(other.ID, ":"); same == name && (other.Active || i < at) {
			return true
		}
	}
	return false
}

func order(s Service) int {
	if s.essential() {
		return 0
	}
	return 1
}

// units looks what runs where no cluster does.
func (g *gatherer) units(ctx context.Context) {
	if g.Unit == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, unitsWithin)
	defer cancel()
	for _, name := range clusterUnits {
		u, err := g.Unit(ctx, name)
		if err != nil {
			g.unknown("the state of units (systemd)", err)
			return
		}
		g.report.Units = append(g.report.Units, u)
	}
}

// clusterUnits are what a node of a cluster needs, and oned, which may run without.
var clusterUnits = []string{"corosync.service", "pacemaker.service", "opennebula.service"}

// within says how long ago something was, in words that stay short.
func within(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}
