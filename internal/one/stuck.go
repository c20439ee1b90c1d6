package one

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// StuckVM is a virtual machine in a state that waits for the answer of a driver,
// and that the death of an oned has made wait for ever.
type StuckVM struct {
	ID    int
	Name  string
	State string    // e.g. "PROLOG"
	Host  string    // "" before it was deployed
	Since time.Time // when it entered the state at the earliest; zero if oned does not tell
}

// Filters of one.vmpool.info.
const (
	everyUser = -2
	noRange   = -1
	notDone   = -1
)

// maxPool bounds the document of a pool, in bytes.
const maxPool = 512 << 20

// StuckVMs lists the virtual machines that wait for the answer of a driver in a
// state which they entered before that time, sorted by ID. With the time at which
// oned was started these are the ones that nothing moves any more: oned asks no
// driver twice.
//
// oned does not record when an action on a running virtual machine began, such as
// SHUTDOWN or HOTPLUG; those count as entered when it began to run, so that one too
// many may be listed. ctx bounds the whole; on an error the list is what was found.
// The document is read as it comes: memory does not grow with the cloud.
func StuckVMs(ctx context.Context, e Endpoint, c Credentials, before time.Time) ([]StuckVM, error) {
	waiting, err := waitingVMs(ctx, e, c)
	if err != nil {
		err = fmt.Errorf("ask oned at %s for its virtual machines: %w", e, err)
	}
	var stuck []StuckVM
	for _, r := range waiting {
		if err == nil && r.entered == 0 && r.host != "" {
			r, err = fullRecord(ctx, e, c, r)
		}
		name, waits := StateOf(r.state, r.lcm)
		if waits && r.since().Before(before) {
			stuck = append(stuck, StuckVM{ID: r.id, Name: r.name, State: name, Host: r.host, Since: r.since()})
		}
	}
	slices.SortFunc(stuck, func(a, b StuckVM) int { return cmp.Compare(a.ID, b.ID) })
	return stuck, err
}

// waitingVMs asks for the pool and keeps those that wait for a driver.
func waitingVMs(ctx context.Context, e Endpoint, c Credentials) ([]vmRecord, error) {
	var waiting []vmRecord
	body := call("one.vmpool.info", c.session, everyUser, noRange, noRange, notDone)
	err := e.post(ctx, body, func(body io.Reader) error {
		return eachVM(body, func(r vmRecord) {
			if _, waits := StateOf(r.state, r.lcm); waits {
				waiting = append(waiting, r)
			}
		})
	})
	return waiting, err
}

// fullRecord asks for the times of one virtual machine: since 5.8 the pool's
// documents are short ones without. One that is gone by now waits for nothing.
func fullRecord(ctx context.Context, e Endpoint, c Credentials, r vmRecord) (vmRecord, error) {
	full := r
	err := e.post(ctx, call("one.vm.info", c.session, r.id), func(body io.Reader) error {
		return eachVM(body, func(found vmRecord) { full = found })
	})
	var refusal *APIError
	if errors.As(err, &refusal) && refusal.Code == CodeNoExists {
		return vmRecord{state: stateDone}, nil
	}
	if err != nil {
		return r, fmt.Errorf("ask oned at %s for virtual machine %d: %w", e, r.id, err)
	}
	return full, nil
}

// eachVM reads an answer with VM documents to its end.
func eachVM(body io.Reader, do func(vmRecord)) error {
	return readVMs(body, newVMReader, do)
}

func readVMs(body io.Reader, reader func(io.Reader) *vmReader, do func(vmRecord)) error {
	limited := &io.LimitedReader{R: body, N: maxPool}
	result, err := resultOf(limited)
	if err != nil {
		return err
	}
	for vms := reader(result); ; {
		r, err := vms.next()
		switch {
		case err == io.EOF:
			return nil
		case limited.N <= 0:
			return fmt.Errorf("the answer has more than %d MB", maxPool>>20)
		case err != nil:
			return err
		}
		do(r)
	}
}
