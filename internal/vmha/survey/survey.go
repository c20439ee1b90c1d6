// Package survey looks at a cloud for what a failover has left between two states:
// virtual machines, images and hosts; and says of each what is right.
package survey

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/hypervisor"
	"github.com/oneha/oneha/internal/vmha/recovery"
)

// Source is where the facts come from.
type Source struct {
	Endpoint    one.Endpoint
	Credentials one.Credentials
	// Started is when oned was started: what entered its state later is being driven by
	// it and left alone. Zero: everything in such a state is listed.
	Started time.Time
	// Only names the virtual machines to look at; empty: all.
	Only []int
	// Look adds what the hypervisors know to the facts; nil: nobody asks them. What it
	// could not find out is in the notes, a line each.
	Look func(ctx context.Context, hosts []one.Host, cases []hypervisor.Case) (notes []string)
}

// Machine is a virtual machine that waits, or has failed.
type Machine struct {
	one.PoolVM
	State    recovery.State
	Facts    recovery.Facts
	Proposal recovery.Proposal
	inside   one.WholeVM
}

// Object is something else that is stuck.
type Object struct {
	Kind  string // "image", "host"
	ID    int
	Name  string
	State string
	Why   string // what probably happened
	Look  string // what to do
}

// Report is what was found.
type Report struct {
	At       time.Time
	Total    int // virtual machines that are not DONE
	Driven   int // of them, that oned is driving: they entered their state after it was started
	Machines []Machine
	Objects  []Object
	Asked    bool     // the hypervisors were asked
	Notes    []string // what they could not be asked
	Missing  []int    // of Only, those that there are none of
}

// settled is how long a state lasts before an answer to it counts as safe: between two
// of its own steps oned has nothing running that anybody could see.
const settled = time.Minute

// Find asks oned, in three calls however large the cloud is, and proposes. With an
// error the report is what was found until then.
func Find(ctx context.Context, s Source) (Report, error) {
	r := Report{At: time.Now()}
	hosts, err := one.Hosts(ctx, s.Endpoint, s.Credentials)
	if err != nil {
		return r, err
	}
	power := map[string]recovery.Power{}
	for _, h := range hosts {
		power[h.Name] = hypervisor.Power(h.State)
	}
	missing := slices.Clone(s.Only)
	err = one.EachWholeVM(ctx, s.Endpoint, s.Credentials, func(vm one.PoolVM, inside one.WholeVM) {
		r.Total++
		if len(s.Only) > 0 && !slices.Contains(s.Only, vm.ID) {
			return
		}
		missing = slices.DeleteFunc(missing, func(id int) bool { return id == vm.ID })
		state := recovery.Find(vm.State, vm.LCM)
		switch {
		case state.Kind == recovery.Rest:
			return
		case state.Kind == recovery.Waits && !s.Started.IsZero() && vm.Since.After(s.Started):
			r.Driven++
			return
		}
		r.Machines = append(r.Machines, Machine{PoolVM: vm, State: state, inside: inside,
			Facts: recovery.Facts{State: vm.State, LCM: vm.LCM, Host: power[vm.Host]}})
	})
	if err != nil {
		return r, err
	}
	r.Missing = missing
	if s.Look != nil {
		r.Asked = true
		cases := make([]hypervisor.Case, len(r.Machines))
		for i := range r.Machines {
			cases[i] = hypervisor.Case{VM: r.Machines[i].PoolVM, Inside: r.Machines[i].inside, Facts: &r.Machines[i].Facts}
		}
		r.Notes = s.Look(ctx, hosts, cases)
		if ctx.Err() != nil {
			return r, fmt.Errorf("ask the hypervisors: %w", context.Cause(ctx))
		}
	}
	for i := range r.Machines {
		m := &r.Machines[i]
		m.Proposal = recovery.Propose(m.Facts)
		if p := &m.Proposal; p.Verdict == recovery.Safe && m.State.Kind == recovery.Waits && r.At.Sub(m.Since) < settled {
			*p = recovery.Proposal{Verdict: recovery.Wait, Why: "it has come into this state only now, and oned may be at it", Look: "look again in a minute", Refused: p.Refused}
		}
	}
	slices.SortFunc(r.Machines, func(a, b Machine) int {
		return cmp.Or(cmp.Compare(rank(b.Proposal.Verdict), rank(a.Proposal.Verdict)), cmp.Compare(a.ID, b.ID))
	})
	if len(s.Only) > 0 {
		return r, nil
	}
	r.Objects = stuckHosts(hosts)
	images, err := one.Images(ctx, s.Endpoint, s.Credentials)
	if err != nil {
		return r, err
	}
	r.Objects = append(r.Objects, stuckImages(images, s.Started)...)
	return r, nil
}

// rank puts what can be done first, and what needs nothing last.
func rank(v recovery.Verdict) int {
	return slices.Index([]recovery.Verdict{recovery.Leave, recovery.Wait, recovery.Ask, recovery.Handle, recovery.Safe}, v)
}

func stuckHosts(hosts []one.Host) (list []Object) {
	for _, h := range hosts {
		o := Object{Kind: "host", ID: h.ID, Name: h.Name, State: h.State.String()}
		switch h.State {
		case one.HostError, 5:
			o.Why = "the monitoring does not reach it; its event may have been lost with the oned that saw it"
			o.Look = "sudo -u oneadmin oneha hook missed says whether the host error hook has handled it; or mend the host: onehost show " + fmt.Sprint(h.ID)
		case one.HostInit:
			o.Why = "it was never monitored, or its first monitoring ended with the oned that began it"
			o.Look = fmt.Sprintf("it should be MONITORED within minutes, else: onehost forceupdate %d", h.ID)
		default:
			continue
		}
		list = append(list, o)
	}
	return list
}

func stuckImages(images []one.Image, started time.Time) (list []Object) {
	for _, i := range images {
		if !i.State.Waits() || !started.IsZero() && time.Unix(i.Since, 0).After(started) {
			continue
		}
		list = append(list, Object{Kind: "image", ID: i.ID, Name: i.Name, State: i.State.String(),
			Why:  "a copy or a deletion was under way, and nobody waits for it any more",
			Look: fmt.Sprintf("see that nothing copies it any more and how much of it is there: oneimage show %d; then delete it or make it anew", i.ID)})
	}
	slices.SortFunc(list, func(a, b Object) int { return a.ID - b.ID })
	return list
}
