package fakeone

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/oneha/oneha/test/fakeoned"
)

// What hosts, datastores and virtual machines are made with, driven and deleted. The
// driver of a host is a dummy one, as one_vmm_dummy is: it says yes to everything, or
// what a file in Cloud.Actions tells it to.
var life = map[string]method{
	"one.host.allocate":      {3, allocateHost},
	"one.host.delete":        {1, deleteHost},
	"one.datastore.allocate": {1, allocateDatastore},
	"one.datastore.delete":   {1, deleteDatastore},
	"one.vm.allocate":        {2, allocateVM},
	"one.vm.deploy":          {4, deployVM},
	"one.hook.info":          {1, one("hook", func(c *Cloud, id int) (string, bool) { h := c.hooks[id]; return doc(h, h != nil, (*Hook).document) })},
	"one.datastore.info": {1, one("datastore", func(c *Cloud, id int) (string, bool) {
		d := c.datastores[id]
		return doc(d, d != nil, (*Datastore).document)
	})},
}

// free is the lowest ID that no object of a kind has.
func free[T any](objects map[int]T) (id int) {
	for {
		if _, taken := objects[id]; !taken {
			return id
		}
		id++
	}
}

// attribute reads NAME = "value" of a template's text.
func attribute(template, name string) string {
	for line := range strings.Lines(template) {
		if key, value, ok := strings.Cut(line, "="); ok && strings.TrimSpace(key) == name {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

// allocateHost makes a host. Its monitoring finds it by its name: those in .invalid
// (RFC 6761) are never there.
func allocateHost(c *Cloud, call fakeoned.Call) string {
	name := call.Text(0)
	for _, h := range c.hosts {
		if h.Name == name {
			return call.Refuse(internal, -1, fmt.Sprintf("NAME is already taken by HOST %d.", h.ID))
		}
	}
	h := &Host{ID: free(c.hosts), Name: name}
	c.hosts[h.ID] = h
	c.monitor(h)
	return call.YieldNumber(h.ID)
}

// monitor is the monitoring's first look at a host that is INIT.
func (c *Cloud) monitor(h *Host) {
	c.later(func() {
		switch {
		case h.State != 0:
		case !strings.HasSuffix(h.Name, ".invalid"):
			h.State = 2
		default:
			h.State = 3
			for _, v := range c.vms {
				if v.Host == h.ID {
					c.lose(v)
				}
			}
		}
	})
}

func deleteHost(c *Cloud, call fakeoned.Call) string {
	id, ok := call.Int(0)
	if !ok || c.hosts[id] == nil {
		return call.Refuse(noExists, id, fmt.Sprintf("Error getting host [%d].", id))
	}
	for _, v := range c.vms {
		if v.Host == id && (v.State == active || v.State == suspended || v.State == poweroff) {
			return call.Refuse(action, -1, "Cannot delete host. Can not remove a host with running VMs")
		}
	}
	delete(c.hosts, id)
	return call.YieldNumber(id)
}

func allocateDatastore(c *Cloud, call fakeoned.Call) string {
	d := &Datastore{ID: free(c.datastores), Name: attribute(call.Text(0), "NAME"), Shared: attribute(call.Text(0), "SHARED")}
	c.datastores[d.ID] = d
	return call.YieldNumber(d.ID)
}

func deleteDatastore(c *Cloud, call fakeoned.Call) string {
	id, ok := call.Int(0)
	if !ok || c.datastores[id] == nil {
		return call.Refuse(noExists, id, fmt.Sprintf("Error getting datastore [%d].", id))
	}
	delete(c.datastores, id)
	return call.YieldNumber(id)
}

func allocateVM(c *Cloud, call fakeoned.Call) string {
	v := &VM{ID: free(c.vms), Name: attribute(call.Text(0), "NAME"), State: 1, Host: -1, Seq: -1}
	if hold := call.Text(1); hold == "1" || hold == "true" {
		v.State = 2
	}
	c.vms[v.ID] = v
	return call.YieldNumber(v.ID)
}

// deployVM is one.vm.deploy: to a host and a datastore, without asking the scheduler.
func deployVM(c *Cloud, call fakeoned.Call) string {
	v, refusal := c.vmOf(call, 0)
	if v == nil {
		return refusal
	}
	id, _ := call.Int(1)
	h := c.hosts[id]
	switch {
	case h == nil:
		return call.Refuse(noExists, id, fmt.Sprintf("Error getting host [%d].", id))
	case v.State != 1 && v.State != 2:
		return call.Refuse(action, -1, "Deploy action is not available for state "+Name(v.State, v.LCM))
	}
	datastore, _ := call.Int(3)
	c.later(func() {
		v.Host, v.Seq, v.Datastore = id, v.Seq+1, datastore
		v.become(active, 1)
		v.become(active, boot)
		c.drive(v, "deploy", running)
	})
	return call.YieldNumber(v.ID)
}

// drive asks the driver for something that takes the machine from its state to a state
// of ACTIVE, or by the table when the driver fails. Called with the lock held.
func (c *Cloud) drive(v *VM, what string, to int) {
	switch c.steered(what) {
	case "-":
		return
	case "failure", "0":
		if next := table[v.LCM].follow[0]; next != "-" {
			v.become(numbers(next))
		}
		return
	}
	if what == "deploy" {
		v.DeployID = fmt.Sprintf("%s:%s:dummy", c.hosts[v.Host].Name, v.Name)
	}
	if to == off {
		v.become(poweroff, 0)
		return
	}
	v.become(active, to)
	c.watch(v)
}

// off is where a driver brings a machine that it shuts down, in the place of a state of
// ACTIVE.
const off = -1

// steered is the first word of the file that tells a dummy driver what to answer:
// success, failure, or - for nothing. one_vmm_dummy reads the same files.
func (c *Cloud) steered(what string) string {
	if c.Actions == "" {
		return ""
	}
	text, err := os.ReadFile(filepath.Join(c.Actions, what))
	if err != nil {
		return ""
	}
	word, _, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	return word
}

// actLife is the part of one.vm.action that people use every day. known says whether it
// has the action.
func (c *Cloud) actLife(call fakeoned.Call, v *VM, name string) (answer string, known bool) {
	switch {
	case name == "hold" && v.State == 1:
		v.become(2, 0)
	case name == "release" && v.State == 2:
		v.become(1, 0)
	case name == "poweroff-hard" && v.State == active && (v.LCM == running || v.LCM == unknown):
		v.become(active, 18)
		c.later(func() { c.drive(v, "cancel", off) })
	case name == "resume" && v.State == poweroff:
		v.become(active, 20)
		c.later(func() { c.drive(v, "deploy", running) })
	case name == "hold", name == "release", name == "poweroff-hard", name == "resume":
		return unavailable(call, v, name), true
	default:
		return "", false
	}
	return call.YieldNumber(v.ID), true
}

// unavailable refuses an action in the words of release 6.10.
func unavailable(call fakeoned.Call, v *VM, name string) string {
	return call.Refuse(action, -1, fmt.Sprintf("Error performing action %q: This action is not available for state %s", name, Name(v.State, v.LCM)))
}
