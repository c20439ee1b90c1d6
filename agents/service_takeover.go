package agents

import (
	"context"
	"time"

	"github.com/oneha/oneha/internal/unit"
	"github.com/oneha/oneha/internal/vmha/takeover/child"
	"github.com/oneha/oneha/ocf"
)

// lookWithin bounds the look after a takeover. 5,000 virtual machines take less than a
// second, and oned's time to tell of them.
const lookWithin = 20 * time.Second

// lookAfterTakeover logs, once after a start, what the last oned has left between two
// states: oned does not ask its drivers again, and nothing in its records says so. The
// first deep monitor does this because it runs beside what the cluster starts next, so
// that no start waits for it; that it is the first shows from the age of the unit, so
// there is no state to keep. The result of the monitor does not depend on it.
func (a asker) lookAfterTakeover(ctx context.Context, req *ocf.Request, m *unit.Manager, name string) {
	age, err := m.ActiveFor(ctx, name)
	if err == nil && age >= req.Interval {
		return
	}
	since := time.Time{}
	if err == nil {
		since, err = m.ActiveSince(ctx, name)
	}
	if err != nil {
		req.Log.Warn("cannot tell how long the unit runs, so nobody looks what the last oned has left: oneha recover", "because", err)
		return
	}
	if since.IsZero() {
		return
	}
	limit := lookWithin
	if end, ok := ctx.Deadline(); ok { // the monitor must not time out over this
		limit = min(limit, time.Until(end)/2)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	look := child.Look{Program: child.Program, Endpoint: a.probe.Endpoint, AuthFile: req.String("auth_file"), Since: since}
	found, err := look.Run(ctx)
	for _, line := range found.Lines {
		if found.Left {
			req.Log.Warn(line)
		} else {
			req.Log.Info(line)
		}
	}
	if err != nil {
		req.Log.Warn("what the last oned has left is not known, or not all of it: oneha recover", "because", err)
	}
}
