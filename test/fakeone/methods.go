package fakeone

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/oneha/oneha/test/fakeoned"
)

// Codes of OpenNebula (include/Request.h).
const (
	noExists = 0x0400
	action   = 0x0800
	internal = 0x2000
)

// method answers a call with the cloud's lock held.
type method struct {
	params int
	answer func(c *Cloud, call fakeoned.Call) string
}

var methods map[string]method

func init() { // methods refer to each other
	methods = map[string]method{
		"one.vmpool.info":         {4, vmPool},
		"one.vmpool.infoextended": {4, vmPoolExtended},
		"one.vm.info": {1, one("virtual machine", func(c *Cloud, id int) (string, bool) {
			v := c.vms[id]
			return doc(v, v != nil, func(v *VM) string { return v.document(c, all) })
		})},
		"one.vmpool.accounting": {3, accounting},
		"one.vm.recover":        {2, recoverVM},
		"one.vm.action":         {2, actVM},
		"one.hostpool.info": {0, func(c *Cloud, call fakeoned.Call) string {
			return call.Yield(pool("HOST_POOL", c.hosts, func(h *Host) string { return h.document(c) }))
		}},
		"one.host.info": {1, one("host", func(c *Cloud, id int) (string, bool) {
			h := c.hosts[id]
			return doc(h, h != nil, func(h *Host) string { return h.document(c) })
		})},
		"one.host.status": {2, hostStatus},
		"one.datastorepool.info": {0, func(c *Cloud, call fakeoned.Call) string {
			return call.Yield(pool("DATASTORE_POOL", c.datastores, (*Datastore).document))
		}},
		"one.imagepool.info": {3, func(c *Cloud, call fakeoned.Call) string {
			return call.Yield(pool("IMAGE_POOL", c.images, (*Image).document))
		}},
		"one.hookpool.info": {3, func(c *Cloud, call fakeoned.Call) string {
			return call.Yield(pool("HOOK_POOL", c.hooks, (*Hook).document))
		}},
		"one.hook.allocate": {1, allocateHook},
		"one.hook.delete":   {1, deleteHook},
		"one.system.config": {0, func(_ *Cloud, call fakeoned.Call) string {
			return call.Yield("<OPENNEBULA_CONFIGURATION><FEDERATION>" + text("MODE", "STANDALONE") + text("ZONE_ID", "0") + "</FEDERATION></OPENNEBULA_CONFIGURATION>")
		}},
	}
	maps.Copy(methods, life)
}

func doc[T any](object T, there bool, document func(T) string) (string, bool) {
	if !there {
		return "", false
	}
	return document(object), true
}

// one answers with the document of one object.
func one(kind string, document func(c *Cloud, id int) (string, bool)) func(*Cloud, fakeoned.Call) string {
	return func(c *Cloud, call fakeoned.Call) string {
		id, ok := call.Int(0)
		if !ok {
			return call.BadParameter(0)
		}
		text, there := document(c, id)
		if !there {
			return call.Refuse(noExists, id, fmt.Sprintf("Error getting %s [%d].", kind, id))
		}
		return call.Yield(text)
	}
}

// vmPool answers with the virtual machines in a state: -2 any, -1 any but DONE.
func vmPool(c *Cloud, call fakeoned.Call) string { return c.vmPool(call, short) }

// vmPoolExtended is the pool with the template and the times (5.8 and later).
func vmPoolExtended(c *Cloud, call fakeoned.Call) string { return c.vmPool(call, extended) }

func (c *Cloud) vmPool(call fakeoned.Call, depth int) string {
	state, ok := call.Int(3)
	if !ok {
		return call.BadParameter(3)
	}
	wanted := map[int]*VM{}
	for id, v := range c.vms {
		if state == -2 || state == -1 && v.State != done || state == v.State {
			wanted[id] = v
		}
	}
	return call.Yield(pool("VM_POOL", wanted, func(v *VM) string { return v.document(c, depth) }))
}

// accounting answers with the history records of all that were not closed before a
// time; each ends with its machine's document in real life, and with an empty one here.
func accounting(c *Cloud, call fakeoned.Call) string {
	start, ok := call.Int(1)
	if !ok {
		return call.BadParameter(1)
	}
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(c.vms)) {
		v := c.vms[id]
		for seq, s := range v.stays() {
			if s.End == 0 || s.End > int64(start) {
				b.WriteString(strings.TrimSuffix(v.record(c, seq, s, all), "</HISTORY>") + "<VM></VM></HISTORY>")
			}
		}
	}
	return call.Yield("<HISTORY_RECORDS>" + b.String() + "</HISTORY_RECORDS>")
}

// vmOf is the virtual machine that a call is about, with the ID at parameter n.
func (c *Cloud) vmOf(call fakeoned.Call, n int) (v *VM, refusal string) {
	id, ok := call.Int(n)
	if !ok {
		return nil, call.BadParameter(n)
	}
	if v = c.vms[id]; v == nil {
		return nil, call.Refuse(noExists, id, fmt.Sprintf("Error getting virtual machine [%d].", id))
	}
	return v, ""
}

// actVM is one.vm.action; of its actions only those that follow the death of a host.
func actVM(c *Cloud, call fakeoned.Call) string {
	v, refusal := c.vmOf(call, 1)
	if v == nil {
		return refusal
	}
	name := call.Text(0)
	if answer, known := c.actLife(call, v, name); known {
		return answer
	}
	switch name {
	case "resched", "unresched":
		ok := v.State == active && (v.LCM == running || v.LCM == unknown) || v.State == poweroff && c.since("5.10")
		if !ok {
			return unavailable(call, v, name)
		}
		v.Resched = name == "resched"
		v.note("%s", name)
	default:
		return call.Refuse(action, -1, fmt.Sprintf("Action %q is not supported", name))
	}
	return call.YieldNumber(v.ID)
}

// hostStatus is one.host.status: 0 enabled, 1 disabled, 2 offline (5.0 and later).
func hostStatus(c *Cloud, call fakeoned.Call) string {
	id, _ := call.Int(0)
	status, ok := call.Int(1)
	h := c.hosts[id]
	switch {
	case h == nil:
		return call.Refuse(noExists, id, fmt.Sprintf("Error getting host [%d].", id))
	case !ok || status < 0 || status > 2:
		return call.Refuse(internal, -1, "Wrong status code")
	}
	if status == 0 && h.State == 4 && h.Monitored > 0 { // its capacity is known: it was monitored before
		h.State = 2
		return call.YieldNumber(id)
	}
	h.Dead = status == 1 && (h.Dead || h.State == 3)
	h.State = []int{0, 4, 8}[status]
	c.monitor(h)
	c.later(func() {
		for _, v := range c.vms {
			if v.Host == h.ID {
				c.watch(v)
			}
		}
	})
	return call.YieldNumber(id)
}

func allocateHook(c *Cloud, call fakeoned.Call) string {
	id := len(c.hooks)
	for c.hooks[id] != nil {
		id++
	}
	c.hooks[id] = &Hook{id, call.Text(0)}
	return call.YieldNumber(id)
}

func deleteHook(c *Cloud, call fakeoned.Call) string {
	id, ok := call.Int(0)
	if !ok || c.hooks[id] == nil {
		return call.Refuse(noExists, id, fmt.Sprintf("Error getting hook [%d].", id))
	}
	delete(c.hooks, id)
	return call.YieldNumber(id)
}

// since reports whether the cloud's release is that one or a later one.
func (c *Cloud) since(release string) bool {
	number := func(s string) []int {
		var major, minor int
		_, _ = fmt.Sscanf(strings.TrimSpace(s), "%d.%d", &major, &minor)
		return []int{major, minor}
	}
	return slices.Compare(number(c.Release), number(release)) >= 0
}

// Fail makes a host fail as the monitoring sees it: ERROR, and what ran there is
// UNKNOWN, which forgets a resched.
func (c *Cloud) Fail(host int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hosts[host].State = 3
	for _, v := range c.vms {
		if v.Host == host {
			c.lose(v)
		}
	}
}

// Schedule does once what the scheduler does with a resched: a virtual machine is
// brought to another host that is monitored.
func (c *Cloud) Schedule(_ context.Context, target int) (moved []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, v := range c.vms {
		if !v.Resched || v.State != active || v.LCM != unknown {
			continue
		}
		v.Resched = false
		v.become(active, 60)
		v.Host, v.Seq = target, v.Seq+1
		v.become(active, 2)
		v.become(active, running)
		moved = append(moved, id)
	}
	slices.Sort(moved)
	return moved
}
