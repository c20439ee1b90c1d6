// Package fakeone is a fake of the cloud behind an oned: hosts, virtual machines,
// datastores, images and hooks with the states that they go through, and
// OpenNebula's XML-RPC in front of it. It is not OpenNebula: nothing runs, no driver
// is asked, and it shares no code with it.
//
// Behaved like a real release 6.10.5, where one was watched, and like the source of
// 5.4 to 7.4 where not: an answer comes before the state changes; recover says yes
// to what it does not do; a retry of a graceful end is a hard one; a detach that is
// answered is answered as an attach; resched is refused in every state but three, and
// forgotten when a virtual machine goes from RUNNING to UNKNOWN; a delete-recreate on
// a dead host stays in CLEANUP_RESUBMIT.
//
// The monitoring says UNKNOWN when a host comes into ERROR; of what becomes RUNNING there
// later it says so before 5.12 only, and from then on only while the host is DISABLED.
//
// Not behaved like: the scheduler's work, disks of machines that are made by a call;
// nothing changes by itself but what a call has begun; a scheduler
// and a monitoring run only where they are asked to, and Monitors is quicker than any;
// quotas, permissions, templates of any size.
package fakeone

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/oneha/oneha/test/fakeoned"
)

// Session is whom the fake knows.
const Session = "oneadmin:a-fake-needs-no-secret"

// Cloud is everything that the fake has. Its methods may be called at any time.
type Cloud struct {
	// Release decides what is refused: "6.10" unless set before the first call.
	Release string
	// Delay is the time from an answer to the change that it announces.
	Delay time.Duration
	// Monitors: the monitoring looks at dead hosts all the time. The machines of a host
	// are UNKNOWN from the start where a test says so.
	Monitors bool
	// Actions is a directory whose files say what the drivers answer, as those of
	// one_vmm_dummy in /tmp/opennebula_dummy_actions do; "" for yes to everything.
	Actions string
	// Called hears of every call, in their order, before it is carried out. It must not
	// call the cloud. Set before the first call; may be nil.
	Called func(Call)

	mu         sync.Mutex
	vms        map[int]*VM
	hosts      map[int]*Host
	datastores map[int]*Datastore
	images     map[int]*Image
	hooks      map[int]*Hook
	calls      []Call
	faults     map[string]func(n int) Fault
	counts     map[string]int
	changes    sync.WaitGroup
}

// VM is a virtual machine.
type VM struct {
	ID         int
	Name       string
	State, LCM int
	Host       int // of the last history record, -1 before it was deployed
	Seq        int // of that record
	Datastore  int // system datastore of that record
	Action     int // of that record (History.h, VMAction)
	Resched    bool
	Detach     bool   // a device is being detached
	Terminate  bool   // SHUTDOWN came from terminate, not from terminate --hard
	DeployID   string // ""
	User       map[string]string
	Template   string // elements of TEMPLATE: disks, NICs
	Transfer   string // driver of its system datastore, "" for shared
	Begin      int64  // of the last history record, Unix seconds
	Past       []Stay // history records before the last
	Changed    []Change
}

// Stay is a history record.
type Stay struct {
	Host, Action int
	Begin, End   int64
}

// Change is a change of a virtual machine's state, or what a driver was asked to do.
type Change struct {
	At   time.Time
	What string // "PROLOG -> BOOT", "driver: cancel"
}

// Host is a hypervisor.
type Host struct {
	ID, State int // 2 MONITORED, 3 ERROR, 4 DISABLED, 8 OFFLINE
	Before    int // PREV_STATE
	Name      string
	Template  map[string]string
	Monitored int64 // when its monitoring last said something, Unix seconds
	Dead      bool  // its monitoring does not reach it, though it is DISABLED; one in ERROR is dead anyhow
}

// Datastore is a system datastore; Shared is its attribute, "" when it has none.
type Datastore struct {
	ID           int
	Name, Shared string
}

// Image is an image.
type Image struct {
	ID, State int // 1 READY, 4 LOCKED, 5 ERROR
	Name      string
}

// Hook is a hook.
type Hook struct {
	ID       int
	Template string
}

// Call is a call that was made.
type Call struct {
	At     time.Time
	Method string
	Args   []string
	Fault  string // what became of it instead of the right answer
}

// Fault is what becomes of a call instead of the right answer; the zero value is
// nothing.
type Fault struct {
	Code    int           // refuse with this code of OpenNebula's
	Hang    time.Duration // answer that much later
	Until   chan struct{} // or when this is closed
	Drop    bool          // carry it out, and close the connection without an answer
	Message string
}

// New is a cloud without anything in it.
func New() *Cloud {
	return &Cloud{Release: "6.10", vms: map[int]*VM{}, hosts: map[int]*Host{}, datastores: map[int]*Datastore{},
		images: map[int]*Image{}, hooks: map[int]*Hook{}, faults: map[string]func(int) Fault{}, counts: map[string]int{}}
}

// Add puts objects into the cloud; the ID of each is its own.
func (c *Cloud) Add(objects ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range objects {
		switch o := o.(type) {
		case Host:
			c.hosts[o.ID] = &o
		case Datastore:
			c.datastores[o.ID] = &o
		case Image:
			c.images[o.ID] = &o
		case VM:
			c.vms[o.ID] = &o
		case Hook:
			c.hooks[o.ID] = &o
		default:
			panic("fakeone: no such kind of object")
		}
	}
}

// VM returns a virtual machine as it is now.
func (c *Cloud) VM(id int) (VM, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	vm, ok := c.vms[id]
	if !ok {
		return VM{}, false
	}
	now := *vm
	now.Changed = slices.Clone(vm.Changed)
	return now, true
}

// Host returns a host as it is now.
func (c *Cloud) Host(id int) (Host, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.hosts[id]
	if !ok {
		return Host{}, false
	}
	return *h, true
}

// Calls are the calls of methods with these names, of all when there is none, in the
// order in which they came.
func (c *Cloud) Calls(methods ...string) (list []Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, call := range c.calls {
		if len(methods) == 0 || slices.Contains(methods, call.Method) {
			list = append(list, call)
		}
	}
	return list
}

// Break makes f decide what becomes of the calls of a method; n counts them from 1.
func (c *Cloud) Break(method string, f func(n int) Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults[method] = f
}

// Monitor does what the monitoring does when a host comes into ERROR: what is RUNNING
// there becomes UNKNOWN, and a resched of it is forgotten.
func (c *Cloud) Monitor(host int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range c.vms {
		if v.Host == host {
			c.lose(v)
		}
	}
}

// lose is the monitoring's word on one machine.
func (c *Cloud) lose(v *VM) {
	if v.State == active && v.LCM == running {
		v.become(active, unknown)
		v.Resched = false
	}
}

// watch is what a look at a machine's host leads to that does not reach it. Called with
// the lock held.
func (c *Cloud) watch(v *VM) {
	h := c.hosts[v.Host]
	if c.Monitors && h != nil && (h.State == 3 && !c.since("5.12") || h.State == 4 && h.Dead) {
		c.lose(v)
	}
}

// Settle waits until every change that an answer has announced has happened.
func (c *Cloud) Settle() { c.changes.Wait() }

// Handler answers XML-RPC.
func (c *Cloud) Handler() http.Handler {
	own := map[string]fakeoned.Method{}
	for name, m := range methods {
		own[name] = fakeoned.Method{Params: m.params, Answer: func(ctx context.Context, call fakeoned.Call) string {
			return c.answer(ctx, name, m, call)
		}}
	}
	return fakeoned.Handler(Session, own)
}

func (c *Cloud) answer(ctx context.Context, name string, m method, call fakeoned.Call) string {
	var args []string
	for n := range m.params {
		args = append(args, call.Text(n))
	}
	c.mu.Lock()
	c.counts[name]++
	var fault Fault
	if f := c.faults[name]; f != nil {
		fault = f(c.counts[name])
	}
	said := ""
	switch {
	case fault.Drop:
		said = "dropped"
	case fault.Code != 0:
		said = "refused"
	case fault.Hang != 0:
		said = "late"
	}
	made := Call{time.Now(), name, args, said}
	c.calls = append(c.calls, made)
	if c.Called != nil {
		c.Called(made)
	}
	c.mu.Unlock()
	if fault.Hang > 0 {
		select {
		case <-ctx.Done():
		case <-fault.Until:
		case <-time.After(fault.Hang):
		}
	}
	if fault.Code != 0 {
		return call.Refuse(fault.Code, -1, fault.Message)
	}
	c.mu.Lock()
	body := m.answer(c, call)
	c.mu.Unlock()
	if fault.Drop {
		panic(http.ErrAbortHandler)
	}
	return body
}

// later makes a change when the answer is out. Called with the lock held.
func (c *Cloud) later(change func()) {
	c.changes.Add(1)
	time.AfterFunc(c.Delay, func() {
		defer c.changes.Done()
		c.mu.Lock()
		defer c.mu.Unlock()
		change()
	})
}
