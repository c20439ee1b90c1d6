package agents

import (
	"context"
	"fmt"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/unit"
	"github.com/oneha/oneha/ocf"
)

// stuckShown is how many virtual machines are named one by one.
const stuckShown = 10

// reportStuck logs, once after a start, which virtual machines wait for an answer
// that the last oned took with it: oned does not ask its drivers again, and
// nothing in their records says so. The first deep monitor does this because it
// runs beside what the cluster starts next, so that no start waits for it; that it
// is the first shows from the age of the unit, so there is no state to keep. The
// result of the monitor does not depend on it.
func (a asker) reportStuck(ctx context.Context, req *ocf.Request, m *unit.Manager, name string) {
	since, err := m.ActiveSince(ctx, name)
	if err != nil || since.IsZero() || time.Since(since) >= req.Interval {
		if err != nil {
			req.Log.Warn("cannot tell how long the unit runs, so stuck virtual machines are not looked for", "because", err)
		}
		return
	}
	limit := a.timeout
	if end, ok := ctx.Deadline(); ok { // the monitor must not time out over this
		limit = min(limit, time.Until(end)/2)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	stuck, err := one.StuckVMs(ctx, a.probe.Endpoint, a.probe.Credentials, since)
	if err != nil { // then these are not all
		req.Log.Warn("cannot tell which virtual machines are stuck", "because", err)
	}
	for _, vm := range stuck[:min(len(stuck), stuckShown)] {
		req.Log.Warn("virtual machine may wait for an answer that the last oned took with it",
			"vm", vm.ID, "name", vm.Name, "state", vm.State, "host", vm.Host, "since", vm.Since.Format(time.RFC3339),
			"look", fmt.Sprintf("onevm show %d", vm.ID), "mend", fmt.Sprintf("oneha recover --vm %d", vm.ID))
	}
	if more := len(stuck) - stuckShown; more > 0 {
		req.Log.Warn("more virtual machines are stuck", "count", more, "look", "oneha recover")
	}
}
