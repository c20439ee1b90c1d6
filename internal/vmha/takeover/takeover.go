// Package takeover is the look after a takeover: which virtual machines, images and
// hosts the oned that died, or that leads no more, has left between two states, and
// which hosts in ERROR no hook has handled because their event was lost with it. It only
// reads, in four calls however large the cloud is. `oneha recover` and `oneha hook
// missed` show the same at length, and do something about it.
package takeover

import (
	"context"
	"errors"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/incident"
	"github.com/oneha/oneha/internal/vmha/survey"
)

// Found is what was found.
type Found struct {
	survey.Report                   // without hosts in ERROR
	Missed        []incident.Missed // hosts that no hook has come to an end with
}

// Look asks oned. ctx bounds it; with an error the result is what was found until then.
func Look(ctx context.Context, s survey.Source, w incident.Work) (Found, error) {
	var f Found
	var err error
	f.Report, err = survey.Find(ctx, s)
	if ctx.Err() != nil || errors.Is(err, one.ErrNotListening) || errors.Is(err, one.ErrHung) {
		return f, err // another question would not be answered either
	}
	// Of a host in ERROR the records know more than its state.
	inError := func(state string) bool { return state == one.HostError.String() || state == one.HostState(5).String() }
	var others []survey.Object
	for _, o := range f.Objects {
		if o.Kind != "host" || !inError(o.State) {
			others = append(others, o)
		}
	}
	f.Objects = others
	var missing error
	f.Missed, missing = incident.FindMissed(ctx, w)
	return f, errors.Join(err, missing)
}

// Left reports whether something is left that waits for somebody.
func (f Found) Left() bool {
	return len(f.Machines) > 0 || len(f.Objects) > 0 || len(f.Missed) > 0
}
