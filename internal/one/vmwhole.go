package one

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
)

// WholeVM is what is inside a virtual machine, and where it was.
type WholeVM struct {
	ID        int        `xml:"ID"`
	Disks     []Disk     `xml:"TEMPLATE>DISK"`
	NICs      []NIC      `xml:"TEMPLATE>NIC"`
	Aliases   []NIC      `xml:"TEMPLATE>NIC_ALIAS"`
	PCIs      []NIC      `xml:"TEMPLATE>PCI"` // devices of the host; with TYPE=NIC a NIC
	Snapshots []Snapshot `xml:"TEMPLATE>SNAPSHOT"`
	History   []Stay     `xml:"HISTORY_RECORDS>HISTORY"` // in the order of SEQ
}

// Disk is a disk of a virtual machine.
type Disk struct {
	ID     int    `xml:"DISK_ID"`
	Target string `xml:"TARGET"`
	Attach string `xml:"ATTACH"` // YES while it is attached or detached
}

// NIC is a network interface of one.
type NIC struct {
	ID     int    `xml:"NIC_ID"`
	MAC    string `xml:"MAC"`
	Attach string `xml:"ATTACH"`
}

// Snapshot is a snapshot of one, of memory and disks.
type Snapshot struct {
	ID         int    `xml:"SNAPSHOT_ID"`
	Hypervisor string `xml:"HYPERVISOR_ID"` // its name there; "" until it was made
	Active     string `xml:"ACTIVE"`        // YES while it is made, reverted to or deleted
	Action     string `xml:"ACTION"`        // CREATE, REVERT or DELETE while it is ACTIVE (5.4 and later)
}

// Stay is a history record: a virtual machine on a host. An action on a device closes
// the record, notes itself there and goes on in a copy on the same host, whose ACTION is
// an earlier one; a migration notes itself in both records; a snapshot of the machine and
// a change of its configuration in none (src/dm/DispatchManagerActions.cc,
// close_cp_history; src/lcm/LifeCycleActions.cc, trigger_migrate; 5.4 to 7.4).
type Stay struct {
	Seq       int    `xml:"SEQ"`
	Host      string `xml:"HOSTNAME"`
	Driver    string `xml:"VM_MAD"`
	Transfer  string `xml:"TM_MAD"` // of its system datastore
	Datastore int    `xml:"DS_ID"`
	Begin     int64  `xml:"STIME"`
	End       int64  `xml:"ETIME"`
	RunBegin  int64  `xml:"RSTIME"`
	Action    int    `xml:"ACTION"` // include/VMActions.h
}

// AskWholeVM asks oned for all that it knows of a virtual machine.
func AskWholeVM(ctx context.Context, e Endpoint, c Credentials, id int) (WholeVM, error) {
	var vm WholeVM
	err := e.post(ctx, call("one.vm.info", c.session, id), func(body io.Reader) error {
		document, err := resultOf(&io.LimitedReader{R: body, N: 16 * maxAnswer})
		if err != nil {
			return err
		}
		if err := xml.NewDecoder(document).Decode(&vm); err != nil {
			return fmt.Errorf("read the document: %w", ended(err))
		}
		return nil
	})
	if err == nil && vm.ID != id {
		err = fmt.Errorf("the answer is about another one")
	}
	if err != nil {
		return WholeVM{}, fmt.Errorf("ask oned at %s for virtual machine %d: %w", e, id, err)
	}
	return vm, nil
}
