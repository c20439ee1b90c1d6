package incident

import (
	"context"

	"github.com/oneha/oneha/internal/one"
)

// disable makes the monitoring say UNKNOWN of what is RUNNING on the host. Since 5.12
// oned says it once, when the host comes into ERROR, and never of a machine that an
// answer makes RUNNING after that. While a host is DISABLED it says so after every look
// that fails, and sends no further event (src/im/InformationManager.cc, HOST_STATE;
// src/host/Host.cc, error). With -u it stays DISABLED, else it is OFFLINE in the end; who
// does not want that (offline: no) has to wait for those machines, and to disable it.
func (r *round) disable(ctx context.Context) error {
	if _, done := r.record.last(stepDisabled); done || !r.Settings.Offline || !r.once {
		return nil
	}
	err := r.retry(ctx, func(ctx context.Context) error {
		r.Point("before call")
		defer r.Point("after call")
		return one.DisableHost(ctx, r.Endpoint, r.Credentials, r.host.ID)
	})
	if err != nil {
		return err
	}
	r.Log.Info("Host %s is DISABLED now: the monitoring says UNKNOWN of what oned calls RUNNING there. When it is mended: onehost enable %d", r.host.Name, r.host.ID)
	return r.record.add(step{Step: stepDisabled})
}
