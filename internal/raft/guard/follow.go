package guard

import (
	"context"

	"github.com/oneha/oneha/internal/raft/following"
	"github.com/oneha/oneha/internal/unit"
)

// Units are the Services of this machine, kept by systemd.
type Units struct {
	manager *unit.Manager
	list    []string
}

// NewUnits returns the services that the description names, nil for those that
// follow by what is installed.
func NewUnits(list []string) *Units { return &Units{manager: unit.New(""), list: list} }

// Reconcile starts or stops them.
func (u *Units) Reconcile(ctx context.Context, leader bool) (changed string, err error) {
	report, err := following.Reconcile(ctx, u.manager, leader, u.list)
	return report.String(), err
}

// Close releases the connection to systemd.
func (u *Units) Close() { u.manager.Close() }
