package one

import (
	"context"
	"io"
)

// EachWholeVM is EachVM with what is inside each virtual machine. Of its history the
// pool has the last record only (src/vm/VirtualMachine.cc, insert_replace): EachStay tells
// the others.
func EachWholeVM(ctx context.Context, e Endpoint, c Credentials, do func(PoolVM, WholeVM)) error {
	reader := func(r io.Reader) *vmReader {
		v := newVMReader(r)
		v.inside = true
		return v
	}
	return e.eachVM(ctx, c, reader, func(r vmRecord) {
		r.inside.whole.ID = r.id
		do(r.pool(), r.inside.whole)
	})
}

// inside is a WholeVM while its document is read.
type inside struct {
	whole    WholeVM
	disk     Disk
	nic      NIC
	snapshot Snapshot
}

// set takes in TEMPLATE/kind/name.
func (i *inside) set(kind, name, value string) {
	switch kind + "/" + name {
	case "DISK/DISK_ID":
		i.disk.ID = number(value)
	case "DISK/TARGET":
		i.disk.Target = value
	case "DISK/ATTACH":
		i.disk.Attach = value
	case "NIC/NIC_ID", "NIC_ALIAS/NIC_ID", "PCI/NIC_ID":
		i.nic.ID = number(value)
	case "NIC/MAC", "NIC_ALIAS/MAC", "PCI/MAC":
		i.nic.MAC = value
	case "NIC/ATTACH", "NIC_ALIAS/ATTACH", "PCI/ATTACH":
		i.nic.Attach = value
	case "SNAPSHOT/SNAPSHOT_ID":
		i.snapshot.ID = number(value)
	case "SNAPSHOT/HYPERVISOR_ID":
		i.snapshot.Hypervisor = value
	case "SNAPSHOT/ACTIVE":
		i.snapshot.Active = value
	case "SNAPSHOT/ACTION":
		i.snapshot.Action = value
	}
}

// end keeps what was read of a TEMPLATE/kind.
func (i *inside) end(kind string) {
	switch kind {
	case "DISK":
		i.whole.Disks, i.disk = append(i.whole.Disks, i.disk), Disk{}
	case "NIC":
		i.whole.NICs, i.nic = append(i.whole.NICs, i.nic), NIC{}
	case "NIC_ALIAS":
		i.whole.Aliases, i.nic = append(i.whole.Aliases, i.nic), NIC{}
	case "PCI":
		i.whole.PCIs, i.nic = append(i.whole.PCIs, i.nic), NIC{}
	case "SNAPSHOT":
		i.whole.Snapshots, i.snapshot = append(i.whole.Snapshots, i.snapshot), Snapshot{}
	}
}
