package one

import (
	"context"
	"fmt"
	"io"
)

// Placed is where a virtual machine is placed, and what its scheduler is told.
type Placed struct {
	Host, Datastore int  // IDs in its last history record, -1 if it has none
	Resched         bool // the scheduler is to bring it to another host
	Attribute       string
}

// PlacedVM is a virtual machine and its place.
type PlacedVM struct {
	VM
	Placed
}

// EachPlaced is EachVM with the place of each and one attribute of its user
// template, "" for none.
func EachPlaced(ctx context.Context, e Endpoint, c Credentials, attribute string, do func(PlacedVM)) error {
	reader := func(r io.Reader) *vmReader {
		v := newVMReader(r)
		v.placed, v.attribute = true, attribute
		return v
	}
	return e.eachVM(ctx, c, reader, func(r vmRecord) {
		do(PlacedVM{VM{ID: r.id, Name: r.name, State: r.state, LCM: r.lcm, Seq: r.seq, Host: r.host}, *r.placed})
	})
}

// Resched tells the scheduler to bring a virtual machine to another host. oned takes
// it for one that is RUNNING, UNKNOWN or, since 5.10, POWEROFF.
func Resched(ctx context.Context, e Endpoint, c Credentials, id int) error {
	if err := e.change(ctx, "one.vm.action", c.session, "resched", id); err != nil {
		return fmt.Errorf("resched virtual machine %d: %w", id, err)
	}
	return nil
}
