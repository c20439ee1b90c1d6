package apply

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/pacemaker"
)

// Errors of Push, beside those of the tools. Only ErrUnknown leaves open whether the
// configuration was changed.
var (
	ErrChanged  = errors.New("somebody else changed the configuration meanwhile: nothing was changed by this run; look at the plan again")
	ErrUnknown  = errors.New("it is not known whether the configuration was changed: run this again, it will find out")
	ErrNoQuorum = errors.New("this node's partition has no quorum: nothing was changed")
	ErrNoDC     = errors.New("the cluster has no DC here: nothing was changed")
)

// Transaction is one change of a running cluster's configuration.
type Transaction struct {
	Tools  pacemaker.Tools
	Read   []byte                            // the CIB that the change was decided on
	Target func(live []byte) ([]byte, error) // what a CIB with the configuration of Read is to become
	Exact  bool                              // done means byte for byte, not only in what it says
	Within time.Duration                     // how long to go on trying; 0 for a minute
	Pause  time.Duration                     // between tries; 0 for a quarter of a second
	Note   func(format string, args ...any)  // what a person should know on the way; nil for none
}

// Result is what Push did.
type Result struct {
	Pushed bool   // this run changed the configuration, or an answer was lost and somebody did
	After  []byte // the CIB afterwards
}

// patchLimit is longer than the 30 s that cibadmin waits for an answer.
const patchLimit = 40 * time.Second

// Push makes the change, whole or not at all. The patch is for one version of the
// CIB, so that Pacemaker refuses it when anything has changed since: when that was
// only the status, Push makes a new one; when it was the configuration, it gives up
// with ErrChanged. When no answer comes it looks what is, and tries again until it
// knows: of two patches for one version only one can take effect.
//
// The end of ctx ends it before the first patch is sent and not after: a change
// under way is seen through.
func (x Transaction) Push(ctx context.Context) (Result, error) {
	end := time.Now().Add(orDefault(x.Within, time.Minute))
	seen := context.WithoutCancel(ctx)
	var last error // of the last patch
	lost := false  // it is not known what became of a patch
	for try := 0; ; try++ {
		if try > 0 {
			time.Sleep(orDefault(x.Pause, 250*time.Millisecond))
		}
		late := time.Now().After(end)
		if ctx.Err() != nil && !lost {
			return Result{}, errors.New("interrupted: nothing was changed")
		}
		live, err := x.Tools.Query(seen)
		switch {
		case err != nil && !lost:
			return Result{}, fmt.Errorf("nothing was changed: %w", err)
		case err != nil && late:
			return Result{}, fmt.Errorf("%w (%w)", ErrUnknown, err)
		case err != nil:
			continue
		}
		target, err := x.Target(live)
		if err != nil {
			return Result{}, err
		}
		done, err := x.done(live, target)
		if err != nil {
			return Result{}, err
		}
		unchanged, err := Same(live, x.Read)
		switch {
		case err != nil:
			return Result{}, err
		case done:
			return Result{Pushed: lost, After: live}, nil
		case !unchanged && lost:
			return Result{}, fmt.Errorf("%w (the configuration is neither what it was nor what it was to be: look at the plan again)", ErrUnknown)
		case !unchanged:
			return Result{}, ErrChanged
		case lost && late:
			return Result{}, fmt.Errorf("%w (%w)", ErrUnknown, last)
		case refused(last), late:
			return Result{}, fmt.Errorf("nothing was changed: %w", last)
		}
		if err := x.ready(seen, live); err != nil {
			if !lost {
				return Result{}, err
			}
			last = err
			continue
		}
		patch, err := x.Tools.Diff(seen, live, target)
		if err != nil {
			return Result{}, fmt.Errorf("nothing was changed: make patch: %w", err)
		}
		if len(patch) == 0 { // what differs Pacemaker does not store
			return Result{Pushed: lost, After: live}, nil
		}
		if ctx.Err() != nil && !lost {
			continue
		}
		switch last = x.send(seen, patch); {
		case last == nil:
			return x.confirm(seen, target)
		case errors.Is(last, pacemaker.ErrOutdated):
			x.note("the cluster was at work meanwhile: trying again")
		default:
			lost = !refused(last)
			x.note("%v: looking whether it was done", last)
		}
	}
}

// done reports whether a CIB is what it is to be.
func (x Transaction) done(live, target []byte) (bool, error) {
	if !x.Exact {
		return Same(live, target)
	}
	now, err1 := Configuration(live)
	want, err2 := Configuration(target)
	return bytes.Equal(now, want), errors.Join(err1, err2)
}

// Same reports whether two CIBs configure the same.
func Same(a, b []byte) (bool, error) {
	left, err1 := cib.Canonical(a)
	right, err2 := cib.Canonical(b)
	return slices.Equal(left, right), errors.Join(err1, err2)
}

// send sends a patch and waits for the answer.
func (x Transaction) send(ctx context.Context, patch []byte) error {
	ctx, cancel := context.WithTimeout(ctx, patchLimit)
	defer cancel()
	return x.Tools.Patch(ctx, patch)
}

// ready refuses to change a CIB that is this node's alone: without quorum or DC
// Pacemaker takes the change, keeps it on this node, and lets the highest version
// win when the nodes meet again.
func (x Transaction) ready(ctx context.Context, live []byte) error {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(live); err != nil {
		return fmt.Errorf("read CIB: %w", err)
	}
	quorum, err := x.Tools.HasQuorum(ctx)
	switch root := doc.Root(); {
	case err != nil:
		return fmt.Errorf("nothing was changed: ask for quorum: %w", err)
	case !quorum || root.SelectAttrValue("have-quorum", "") != "1":
		return ErrNoQuorum
	case root.SelectAttrValue("dc-uuid", "") == "":
		return ErrNoDC
	}
	return nil
}

// confirm reads what an accepted patch made of the configuration.
func (x Transaction) confirm(ctx context.Context, target []byte) (Result, error) {
	live, err := x.Tools.Query(ctx)
	done := false
	if err == nil {
		done, err = x.done(live, target)
	}
	if err != nil {
		return Result{Pushed: true}, fmt.Errorf("the configuration was changed, but it cannot be read again: %w", err)
	}
	if !done {
		x.note("the configuration was changed as planned, and somebody changed it again since")
	}
	return Result{Pushed: true, After: live}, nil
}

// Exit codes of cibadmin (CRM_EX_*, since 2.0) with which the CIB manager says no.
const (
	exitPermission = 4
	exitData       = 65
	exitConfig     = 78
)

// refused reports whether a tool got an answer, and it was no.
func refused(err error) bool {
	failed, ok := errors.AsType[*pacemaker.Error](err)
	return ok && failed.Cause == nil && (failed.Code == exitConfig || failed.Code == exitPermission || failed.Code == exitData)
}

func (x Transaction) note(format string, args ...any) {
	if x.Note != nil {
		x.Note(format, args...)
	}
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
