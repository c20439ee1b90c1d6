package unit

import (
	"context"
	"errors"
	"fmt"

	systemd "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
)

const unitExists = "org.freedesktop.systemd1.UnitExists"

// ErrRuns says that the unit is there already, and at work.
var ErrRuns = errors.New("it runs already")

// Transient is a service without a file, as systemd-run(1) makes it.
type Transient struct {
	Name        string // NAME.service
	Description string
	User        string   // name or number
	Command     []string // an absolute path and its arguments
}

// RunOnce starts a transient service and returns when systemd has it: it goes on when the
// caller ends, in a control group of its own. There is one of a name at a time: ErrRuns.
// One that failed stays in sight (systemctl --failed) until the next is started.
func (m *Manager) RunOnce(ctx context.Context, t Transient) error {
	if err := m.ResetFailed(ctx, t.Name); err != nil {
		return err
	}
	properties := []systemd.Property{
		systemd.PropDescription(t.Description),
		systemd.PropExecStart(t.Command, false),
		{Name: "User", Value: dbus.MakeVariant(t.User)},
	}
	err := m.doJobs(ctx, func(ctx context.Context, c *systemd.Conn) error {
		_, err := c.StartTransientUnitContext(ctx, t.Name, "fail", properties, nil)
		return err
	})
	if isDBus(err, unitExists) {
		// Also of one that only has a file: systemd puts no transient one in its place.
		if st, unknown := m.State(ctx, t.Name); unknown == nil && !st.Phase().Up() && !st.Phase().Pending() {
			return fmt.Errorf("run %s: a unit of that name is there, and does not run; if it has a file (systemctl cat %s), that keeps this from being started", t.Name, t.Name)
		}
		return fmt.Errorf("run %s: %w", t.Name, ErrRuns)
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", t.Name, err)
	}
	return nil
}
