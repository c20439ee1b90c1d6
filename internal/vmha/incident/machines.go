package incident

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/recovery"
)

// Results of a machine.
const (
	isDone    = "done"
	isSkipped = "skipped"
	isFailed  = "failed"
)

// machine is a virtual machine of the incident.
type machine struct {
	one.PlacedVM     // as it was looked at last
	firstLCM     int // in which the incident found it
	priority     int
	result       string    // "" while it is being handled
	asked        *step     // the last call about it whose effect is not seen yet
	askedAt      time.Time // when, of this process
	answered     bool      // oned said yes to it
	since        time.Time // since when it waits for the monitoring
	told         int       // calls of this process
}

// round is the work on all machines of the host.
type round struct {
	Work
	record   *Record
	options  Options
	host     one.HostDetail
	off      bool
	shared   map[int]string // by datastore
	old      bool           // before 6.10
	machines []*machine
}

// machines handles all machines of the host, in the order of their priority, and
// returns how many failed.
func (w Work) machines(ctx context.Context, record *Record, o Options, h one.HostDetail) (left int, err error) {
	_, off := record.last(stepFenced)
	r := &round{Work: w, record: record, options: o, host: h, off: off, shared: map[int]string{}}
	if err := r.facts(ctx); err != nil {
		return 0, err
	}
	now, err := r.look(ctx)
	if err != nil {
		//lint:ignore ST1005 a line of the original
		return 0, fmt.Errorf("Could not get vm pool\n%w", err)
	}
	r.choose(now)
	r.remember()
	for pause := w.Every; ; {
		before := len(record.steps)
		open, err := r.pass(ctx, now)
		if err != nil {
			return 0, err
		}
		if open == 0 {
			break
		}
		// A look at a large cloud is a large answer: when nothing moves, they become rarer.
		if pause = min(2*pause, 8*w.Every); len(record.steps) > before {
			pause = w.Every
		}
		if err := sleep(ctx, pause); err != nil {
			return 0, err
		}
		if now, err = r.look(ctx); err != nil {
			return 0, err
		}
	}
	return r.count(), nil
}

// facts asks for what is the same for all machines.
func (r *round) facts(ctx context.Context) error {
	if r.options.Mode == Migrate {
		var all []one.Datastore
		err := r.retry(ctx, func(ctx context.Context) (err error) {
			all, err = one.Datastores(ctx, r.Endpoint, r.Credentials)
			return err
		})
		if err != nil {
			//lint:ignore ST1005 a line of the original
			return fmt.Errorf("Could not get datastore pool\n%w", err)
		}
		for _, d := range all {
			r.shared[d.ID] = strings.ToUpper(strings.TrimSpace(d.Shared))
		}
	}
	return r.retry(ctx, func(ctx context.Context) error {
		release, err := one.Version(ctx, r.Endpoint, r.Credentials)
		major, rest, _ := strings.Cut(release, ".")
		minor, _, _ := strings.Cut(rest, ".")
		m, _ := strconv.Atoi(major)
		n, _ := strconv.Atoi(minor)
		r.old = m < 6 || m == 6 && n < 10
		return err
	})
}

// look asks where all machines are, in one call.
func (r *round) look(ctx context.Context) (map[int]one.PlacedVM, error) {
	var now map[int]one.PlacedVM
	err := r.retry(ctx, func(ctx context.Context) error {
		now = map[int]one.PlacedVM{}
		return one.EachPlaced(ctx, r.Endpoint, r.Credentials, r.Settings.Priority, func(vm one.PlacedVM) { now[vm.ID] = vm })
	})
	return now, err
}

// choose picks the machines of the host, those of a higher priority first.
func (r *round) choose(now map[int]one.PlacedVM) {
	var chosen, elsewhere []int
	known := map[int]bool{} // of an earlier process: they may be elsewhere by now
	for _, s := range r.record.steps {
		known[s.VM] = known[s.VM] || s.Step == stepTell
	}
	states := []int{recovery.Active, recovery.Suspended, recovery.Poweroff}
	for id, vm := range now {
		switch {
		case onHost(vm, r.host) && slices.Contains(states, vm.State), known[id]:
			r.machines = append(r.machines, r.machineOf(vm))
		case vm.State == recovery.Active && ways[vm.LCM] == moving:
			elsewhere = append(elsewhere, id)
		}
	}
	for id, asked := range known {
		if _, there := now[id]; asked && !there { // deleted
			r.machines = append(r.machines, r.machineOf(one.PlacedVM{VM: one.VM{ID: id, State: recovery.Done}}))
		}
	}
	slices.SortFunc(r.machines, func(a, b *machine) int {
		return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(a.ID, b.ID))
	})
	only3 := r.options.Mode == Recreate && !r.options.Force
	for _, m := range r.machines {
		if m.State == recovery.Active || !only3 && slices.Contains(states, m.State) {
			chosen = append(chosen, m.ID)
		}
	}
	if only3 {
		r.Log.Info("states: 3")
	} else {
		r.Log.Info("states: 3, 5, 8")
	}
	if len(chosen) == 0 {
		r.Log.Info("No VMs found.")
	} else {
		r.Log.Info("vms: %s", ids(chosen))
	}
	if len(elsewhere) > 0 {
		slices.Sort(elsewhere)
		r.Log.Info("Not of this host, but being moved at this moment, perhaps from it: %s; oneha recover says what is right", ids(elsewhere))
	}
}

func (r *round) machineOf(vm one.PlacedVM) *machine {
	m := &machine{PlacedVM: vm, since: time.Now()}
	if vm.State == recovery.Active {
		m.firstLCM = vm.LCM
	}
	if text := strings.TrimSpace(vm.Attribute); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			r.Log.Error("VM %d: %s = %q is no whole number: it counts as 0", vm.ID, r.Settings.Priority, text)
		}
		m.priority = n
	}
	return m
}

// remember takes over what an earlier process did.
func (r *round) remember() {
	for _, m := range r.machines {
		began := false
		for i, s := range r.record.steps {
			switch {
			case s.Step == stepBegin:
			case s.VM != m.ID:
			case s.Step == stepTell:
				if !began {
					m.firstLCM, began = s.LCM, true
				}
				m.asked, m.askedAt, m.answered = &r.record.steps[i], time.Now(), false
			case s.Step == stepTold && s.Why != "": // refused: nothing is on its way
				m.asked = nil
			case s.Step == stepMachine && s.What != isFailed:
				m.result = s.What
			}
		}
	}
}

// pass does the next thing with every machine that has one, and returns how many are
// not at their end.
func (r *round) pass(ctx context.Context, now map[int]one.PlacedVM) (open int, err error) {
	for _, m := range r.machines {
		if m.result != "" {
			continue
		}
		vm, there := now[m.ID]
		if !there {
			vm = m.PlacedVM
			vm.State, vm.LCM = recovery.Done, 0
		}
		m.PlacedVM = vm
		if err := r.one(ctx, m); err != nil {
			return 0, err
		}
		if m.result == "" {
			open++
		}
	}
	return open, nil
}

// one does the next thing with a machine.
func (r *round) one(ctx context.Context, m *machine) error {
	if m.State != recovery.Done && !onHost(m.PlacedVM, r.host) {
		return r.end(m, isDone, "it is on "+cmp.Or(m.VM.Host, "no host"))
	}
	a := Next(Case{State: m.State, LCM: m.LCM, FirstLCM: m.firstLCM, Resched: m.Resched, Shared: r.shared[m.Datastore],
		Mode: r.options.Mode, Force: r.options.Force, Off: r.off, NoRecreated: r.old, Settings: r.Settings})
	if m.asked != nil && a.Verb != Finish && m.State == m.asked.State && m.LCM == m.asked.LCM && m.Seq == m.asked.Seq {
		limit := r.Settings.Settle
		if !m.answered && r.Lost > 0 {
			limit = r.Lost
		}
		switch {
		case time.Since(m.askedAt) < limit:
			return nil // what oned said it does comes after its answer
		case m.answered:
			return r.end(m, isFailed, fmt.Sprintf("oned took %s, and %s later it is still %s", m.asked.What, r.Settings.Settle, recovery.Find(m.State, m.LCM).Name))
		case m.told >= maxTold:
			return r.end(m, isFailed, fmt.Sprintf("%s was given %d times without an answer", m.asked.What, m.told))
		}
	} else if m.asked != nil {
		m.asked, m.since = nil, time.Now()
	}
	switch a.Verb {
	case Finish:
		return r.end(m, isDone, a.Why)
	case Leave:
		return r.end(m, isSkipped, a.Why)
	case Await:
		if time.Since(m.since) > r.Settings.Unknown {
			return r.end(m, isFailed, fmt.Sprintf("after %s it is still RUNNING for oned; a resched would be forgotten when it becomes UNKNOWN: look at onehost show %d", r.Settings.Unknown, r.host.ID))
		}
		return nil
	}
	return r.tell(ctx, m, a)
}

// maxTold bounds the calls about one machine of which no answer came.
const maxTold = 20

func (r *round) count() (failed int) {
	number := map[string]int{}
	for _, m := range r.machines {
		number[m.result]++
	}
	r.Log.Info("%d machines: %d done, %d skipped, %d failed", len(r.machines), number[isDone], number[isSkipped], number[isFailed])
	return number[isFailed]
}
