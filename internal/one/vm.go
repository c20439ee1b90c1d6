package one

import (
	"context"
	"fmt"
	"io"
)

// VM is what is asked of a virtual machine before it is recovered.
type VM struct {
	ID         int
	Name       string
	State, LCM int    // STATE and LCM_STATE
	Seq        int    // of its last history record, -1 before it was deployed
	Host       string // of that record, ""
}

// AskVM asks oned for a virtual machine. One that does not exist is an *APIError of
// CodeNoExists.
func AskVM(ctx context.Context, e Endpoint, c Credentials, id int) (VM, error) {
	vm := VM{ID: -1}
	err := e.post(ctx, call("one.vm.info", c.session, id), func(body io.Reader) error {
		return eachVM(body, func(r vmRecord) {
			vm = VM{ID: r.id, Name: r.name, State: r.state, LCM: r.lcm, Seq: r.seq, Host: r.host}
		})
	})
	if err == nil && vm.ID != id {
		err = fmt.Errorf("the answer is about another one")
	}
	if err != nil {
		return VM{}, fmt.Errorf("ask oned at %s for virtual machine %d: %w", e, id, err)
	}
	return vm, nil
}

// RecoverVM answers in the place of the driver that a virtual machine waits for;
// operation is that of one.vm.recover. oned says yes before it acts, and to some
// operations without acting: ask for the state afterwards.
func RecoverVM(ctx context.Context, e Endpoint, c Credentials, id, operation int) error {
	if err := e.change(ctx, "one.vm.recover", c.session, id, operation); err != nil {
		return fmt.Errorf("recover virtual machine %d: %w", id, err)
	}
	return nil
}
