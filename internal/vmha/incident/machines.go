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
	refusal      string    // or no, and why
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
	once     bool           // from 5.12 on: UNKNOWN is said when a host comes into ERROR, and not again
	machines []*machine
	now      map[int]one.PlacedVM // all of the cloud, as they were lookedAt
	lookedAt time.Time
}

// machines handles all machines of the host, in the order of their priority, and
// returns how many failed.
func (w Work) machines(ctx context.Context, record *Record, o Options, h one.HostDetail) (left int, err error) {
	_, off := record.last(stepFenced)
	r := &round{Work: w, record: record, options: o, host: h, off: off, shared: map[int]string{}}
	if err := r.facts(ctx); err != nil {
		return 0, err
	}
	if err := r.look(ctx); err != nil {
		//lint:ignore ST1005 a line of the original
		return 0, fmt.Errorf("Could not get vm pool\n%w", err)
	}
	r.choose()
	r.remember()
	for pace := w.pace(); ; {
		open, err := r.pass(ctx)
		if err != nil {
			return 0, err
		}
		if open == 0 {
			break
		}
		if err := pace.pause(ctx); err != nil {
			return 0, err
		}
		if err := r.look(ctx); err != nil {
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
		r.once = m > 5 || m == 5 && n >= 12
		return err
	})
}

// look asks where all machines are, in one call.
func (r *round) look(ctx context.Context) error {
	return r.retry(ctx, func(ctx context.Context) error {
		r.now, r.lookedAt = map[int]one.PlacedVM{}, time.Now()
		return one.EachPlaced(ctx, r.Endpoint, r.Credentials, r.Settings.Priority, func(vm one.PlacedVM) { r.now[vm.ID] = vm })
	})
}

// choose picks the machines of the host, those of a higher priority first.
func (r *round) choose() {
	var chosen, elsewhere []int
	known := map[int]bool{} // of an earlier process: they may be elsewhere by now
	for _, s := range r.record.steps {
		known[s.VM] = known[s.VM] || s.Step == stepTell
	}
	states := []int{recovery.Active, recovery.Suspended, recovery.Poweroff}
	for id, vm := range r.now {
		switch {
		case onHost(vm, r.host) && slices.Contains(states, vm.State), known[id]:
			r.machines = append(r.machines, r.machineOf(vm))
		case vm.State == recovery.Active && ways[vm.LCM] == moving:
			elsewhere = append(elsewhere, id)
		}
	}
	for id, asked := range known {
		if _, there := r.now[id]; asked && !there { // deleted
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
			r.Log.Error("VM %d: %s = %.40q is no whole number: it counts as 0", vm.ID, r.Settings.Priority, text)
		}
		m.priority = n
	}
	return m
}

// remember takes over what an earlier process did.
func (r *round) remember() {
	byID, began := map[int]*machine{}, map[int]bool{}
	for _, m := range r.machines {
		byID[m.ID] = m
	}
	for i, s := range r.record.steps {
		m := byID[s.VM]
		switch {
		case m == nil:
		case s.Step == stepTell:
			if !began[s.VM] {
				m.firstLCM, began[s.VM] = s.LCM, true
			}
			m.asked, m.askedAt, m.answered = &r.record.steps[i], time.Now(), false
		case s.Step == stepTold && s.Why != "": // refused: nothing is on its way
			m.asked = nil
		case s.Step == stepMachine && s.What != isFailed:
			m.result = s.What
		}
	}
}

// oldest is how old a look may be by which a machine is changed: while thousands are
// told, somebody may have brought one elsewhere, and a recreate would be its end there.
const oldest = 30 * time.Second

// pass does the next thing with every machine that has one, and returns how many are
// not at their end.
func (r *round) pass(ctx context.Context) (open int, err error) {
	for _, m := range r.machines {
		if m.result != "" {
			continue
		}
		if time.Since(r.lookedAt) > cmp.Or(r.Fresh, oldest) {
			if err := r.look(ctx); err != nil {
				return 0, err
			}
		}
		vm, there := r.now[m.ID]
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
		case m.refusal != "":
			return r.end(m, isFailed, m.refusal)
		case time.Since(m.askedAt) < limit:
			return nil // what oned said it does comes after its answer
		case m.answered:
			return r.end(m, isFailed, fmt.Sprintf("oned took %s, and %s later it is still %s", m.asked.What, r.Settings.Settle, recovery.Find(m.State, m.LCM).Name))
		case m.told >= maxTold:
			return r.end(m, isFailed, fmt.Sprintf("%s was given %d times without an answer", m.asked.What, m.told))
		}
	} else if m.asked != nil { // its effect shows, or something else came before it
		m.asked, m.refusal, m.since = nil, "", time.Now()
	}
	switch a.Verb {
	case Finish:
		return r.end(m, isDone, a.Why)
	case Leave:
		return r.end(m, isSkipped, a.Why)
	case Await:
		if time.Since(m.since) > r.Settings.Unknown {
			return r.end(m, isFailed, fmt.Sprintf("after %s it is still RUNNING for oned; a resched would be forgotten when it becomes UNKNOWN. onehost disable %d makes the monitoring say it while the host does not answer; then run the hook again", r.Settings.Unknown, r.host.ID))
		}
		return r.disable(ctx)
	}
	if m.told >= maxTold {
		return r.end(m, isFailed, fmt.Sprintf("oned was told %d times what to do with it, and it is %s again", m.told, recovery.Find(m.State, m.LCM).Name))
	}
	return r.tell(ctx, m, a)
}

// maxTold bounds the calls of a process about one machine.
const maxTold = 20

func (r *round) count() (failed int) {
	number := map[string]int{}
	for _, m := range r.machines {
		number[m.result]++
	}
	r.Log.Info("%d machines: %d done, %d skipped, %d failed", len(r.machines), number[isDone], number[isSkipped], number[isFailed])
	return number[isFailed]
}
