package fakeone

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/test/fakeoned"
)

// States that the fake knows by meaning.
const (
	active     = 3 // STATE
	stopped    = 4
	suspended  = 5
	done       = 6
	poweroff   = 8
	undeployed = 9
	boot       = 2 // LCM_STATE
	running    = 3
	resubmit   = 15
	unknown    = 16
	deleting   = 23
)

// stateNames are STATE by number.
var stateNames = [...]string{"INIT", "PENDING", "HOLD", "ACTIVE", "STOPPED", "SUSPENDED", "DONE", "FAILED", "POWEROFF", "UNDEPLOYED", "CLONING", "CLONING_FAILURE"}

// transitions is what success, failure and retry do in each LCM_STATE, as it was read
// in OpenNebula's source.
//
//go:embed testdata/recover.txt
var transitions string

// transition is a row of it.
type transition struct {
	name   string
	follow [3]string // by the operation's number: failure, success, retry; "-" nothing, "=" once more
}

// table has the rows by LCM_STATE.
var table = func() map[int]transition {
	rows := map[int]transition{}
	for line := range strings.Lines(transitions) {
		w := strings.Fields(line)
		if len(w) == 0 || w[0] == "#" {
			continue
		}
		n, err := strconv.Atoi(w[0])
		if err != nil || len(w) != 5 {
			panic("fakeone: bad row " + line)
		}
		rows[n] = transition{w[1], [3]string{w[3], w[2], w[4]}}
	}
	return rows
}()

// Name is the name of a state.
func Name(state, lcm int) string {
	if state == active {
		return table[lcm].name
	}
	return stateNames[state]
}

// numbers finds a state by its name.
func numbers(name string) (state, lcm int) {
	for n, row := range table {
		if row.name == name {
			return active, n
		}
	}
	for n, s := range stateNames {
		if s == name {
			return n, 0
		}
	}
	panic("fakeone: no state " + name)
}

func (v *VM) note(format string, args ...any) {
	v.Changed = append(v.Changed, Change{time.Now(), fmt.Sprintf(format, args...)})
}

func (v *VM) become(state, lcm int) {
	v.note("%s -> %s", Name(v.State, v.LCM), Name(state, lcm))
	v.State, v.LCM = state, lcm
}

// recoverVM is one.vm.recover.
func recoverVM(c *Cloud, call fakeoned.Call) string {
	v, refusal := c.vmOf(call, 0)
	if v == nil {
		return refusal
	}
	op, ok := call.Int(1)
	if !ok {
		return call.BadParameter(1)
	}
	wrong := func(what string) string {
		return call.Refuse(action, -1, fmt.Sprintf("Could not perform a %s on VM %d, wrong state %s.", what, v.ID, Name(v.State, v.LCM)))
	}
	switch op {
	case 0, 1:
		if v.State != active {
			return wrong("recover operation")
		}
		c.follow(v, op)
	case 2:
		if v.State != active {
			return wrong("retry")
		}
		c.follow(v, op)
	case 3:
		c.remove(v)
	case 4:
		if (v.State == poweroff || v.State == suspended) && !c.since("6.10") {
			return call.Refuse(action, -1, "Cannot delete-recreate a powered off VM. Use resume first")
		}
		if v.State == done {
			return wrong("delete-recreate")
		}
		c.recreate(v)
	case 5:
		c.later(func() { v.become(done, 0) })
	default:
		return call.Refuse(action, -1, "Wrong recovery operation code")
	}
	return call.YieldNumber(v.ID)
}

// follow carries out success, failure or retry by the table.
func (c *Cloud) follow(v *VM, op int) {
	from, next := v.LCM, table[v.LCM].follow[op]
	if next == "-" {
		return
	}
	c.later(func() {
		if v.State != active || v.LCM != from {
			return
		}
		if next == "=" {
			v.note("driver: %s", v.again())
			return
		}
		if from == 17 || from == 25 || from == 65 {
			kept := op == 1 // whatever was asked for: oned takes it for an attach
			v.note("device kept: %t, was to be detached: %t", kept, v.Detach)
		}
		state, lcm := numbers(next)
		v.become(state, lcm)
		c.watch(v)
	})
}

// again is what the driver is asked to do by a retry that leaves the state.
func (v *VM) again() string {
	switch v.LCM {
	case 12:
		if v.Terminate {
			return "shutdown"
		}
		return "cancel"
	case 18, 29:
		return "cancel"
	case 32:
		return "restore"
	}
	return "once more"
}

// remove is delete.
func (c *Cloud) remove(v *VM) {
	c.later(func() {
		switch v.State {
		case done:
			return
		case active:
			v.become(active, deleting)
		}
		v.become(done, 0)
	})
}

// recreate is delete-recreate. The host has to be cleaned up first, which never ends
// on one that is dead.
func (c *Cloud) recreate(v *VM) {
	alive := c.hosts[v.Host] != nil && c.hosts[v.Host].State == 2
	c.later(func() {
		switch {
		case v.State == active && v.LCM == deleting, v.State < active && v.State != 2:
			return
		case v.State == stopped, v.State == undeployed, v.State == 2:
			v.become(1, 0)
			return
		}
		v.become(active, resubmit)
		if alive {
			v.become(1, 0)
			v.Host = -1
		}
	})
}
