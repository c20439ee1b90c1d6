package hypervisor

import (
	"encoding/xml"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/recovery"
)

// What oned began last, as history records have it: include/History.h until 5.8, then
// include/VMActions.h; the numbers are the same from 5.4 to 7.4.
var operations = map[int]recovery.Operation{
	21: recovery.Add, 22: recovery.Remove, // disk-attach, disk-detach
	23: recovery.Add, 24: recovery.Remove, // nic-attach, nic-detach
	46: recovery.Add, 47: recovery.Remove, // alias-attach, alias-detach
}

// actions are those that belong to a state.
var actions = map[int][]int{17: {21, 22}, 25: {23, 24, 46, 47}}

// operation is what is under way on a device. oned notes it in the record that it closes
// when it begins, and goes on in a copy that still has the action before; ATTACH is
// set for a detach as well. A change of the configuration marks no device and closes no
// record.
func (c *Case) operation() recovery.Operation {
	switch {
	case c.whole.ID == c.VM.ID && !c.marked():
		return recovery.Update
	case c.prev.Host != c.last.Host, c.prev.End == 0, c.prev.End != c.last.Begin, !slices.Contains(actions[c.Facts.LCM], c.prev.Action):
		return recovery.OperationUnknown
	}
	return operations[c.prev.Action]
}

// marked reports whether a device is marked as coming or going.
func (c *Case) marked() bool {
	nic := func(n one.NIC) bool { return n.Attach == "YES" }
	return slices.ContainsFunc(c.whole.Disks, func(d one.Disk) bool { return d.Attach == "YES" }) ||
		slices.ContainsFunc(c.whole.NICs, nic) || slices.ContainsFunc(c.whole.Aliases, nic) || slices.ContainsFunc(c.whole.PCIs, nic)
}

// device is what is under way on a disk or a NIC, and whether the domain has it.
func (c *Case) device(r Report) (recovery.Operation, recovery.Presence) {
	text, known := r.XML[c.domain()]
	if !known || c.Facts.Domain != recovery.There {
		return c.operation(), recovery.Unasked
	}
	targets, macs, err := devices(text)
	if err != nil {
		return c.operation(), recovery.Unasked
	}
	var names, there []string
	if c.Facts.LCM == 17 {
		there = targets
		for _, d := range c.whole.Disks {
			if d.Attach == "YES" {
				names = append(names, d.Target)
			}
		}
	} else {
		there = macs
		for _, n := range c.whole.NICs {
			if n.Attach == "YES" {
				names = append(names, strings.ToLower(n.MAC))
			}
		}
	}
	if len(names) != 1 || names[0] == "" { // none, an alias, or more than one can be told
		return c.operation(), recovery.Unasked
	}
	if slices.Contains(there, names[0]) {
		return c.operation(), recovery.There
	}
	return c.operation(), recovery.Absent
}

// devices reads the targets of disks and the addresses of NICs in a domain.
func devices(text string) (targets, macs []string, err error) {
	var d struct {
		XMLName xml.Name `xml:"domain"`
		Disks   []struct {
			Target struct {
				Dev string `xml:"dev,attr"`
			} `xml:"target"`
		} `xml:"devices>disk"`
		NICs []struct {
			MAC struct {
				Address string `xml:"address,attr"`
			} `xml:"mac"`
		} `xml:"devices>interface"`
	}
	if err := xml.Unmarshal([]byte(text), &d); err != nil {
		return nil, nil, err
	}
	for _, disk := range d.Disks {
		targets = append(targets, disk.Target.Dev)
	}
	for _, nic := range d.NICs {
		macs = append(macs, strings.ToLower(nic.MAC.Address))
	}
	return targets, macs, nil
}

// snapshots is what is under way on one, by its ACTION; no history record tells.
var snapshots = map[string]recovery.Operation{"CREATE": recovery.Add, "DELETE": recovery.Remove, "REVERT": recovery.Revert}

// snapshot is what is under way on a snapshot, and whether the domain has it. Of one
// that was being made only that it is not there is told: when it is, oned has still not
// learnt its name, and keeping it in the record is for a person to decide.
func (c *Case) snapshot(r Report) (recovery.Operation, recovery.Presence) {
	list, known := r.Snapshots[c.domain()]
	at := slices.IndexFunc(c.whole.Snapshots, func(s one.Snapshot) bool { return s.Active == "YES" })
	if at < 0 {
		return recovery.OperationUnknown, recovery.Unasked
	}
	op, name := snapshots[c.whole.Snapshots[at].Action], c.whole.Snapshots[at].Hypervisor
	if !known {
		return op, recovery.Unasked
	}
	switch {
	case op == recovery.Add && len(list) == 0:
		return op, recovery.Absent
	case op == recovery.Remove && name != "" && slices.Contains(list, name):
		return op, recovery.There
	case op == recovery.Remove && name != "":
		return op, recovery.Absent
	}
	return op, recovery.Unasked
}
