package unit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	systemd "github.com/coreos/go-systemd/v22/dbus"
)

// States asks for the states of several units in one round trip, in the order in
// which they are named; see State.
func (m *Manager) States(ctx context.Context, units ...string) ([]State, error) {
	var rows []systemd.UnitStatus
	err := m.do(ctx, func(ctx context.Context, c *connection) error {
		return c.manager(ctx, "ListUnitsByNames", units).Store(&rows)
	})
	if err != nil {
		return nil, fmt.Errorf("ask states of units: %w", err)
	}
	if len(rows) != len(units) {
		return nil, fmt.Errorf("ask states of %d units: systemd described %d", len(units), len(rows))
	}
	states := make([]State, len(rows))
	for i, r := range rows {
		states[i] = State{Unit: units[i], Load: r.LoadState, Active: r.ActiveState, Sub: r.SubState, Job: r.JobId, Verb: r.JobType}
	}
	return states, nil
}

// Queue asks for a job that starts the unit, or stops it, in place of a job that is
// under way, and does not wait for its end: that shows in the unit's State, where
// Job is 0 again. So several units change at the same time. A unit that is there
// already is success, one that is unknown and shall be down too.
func (m *Manager) Queue(ctx context.Context, unit string, up bool) error {
	verb, method := "start", "StartUnit"
	if !up {
		verb, method = "stop", "StopUnit"
	}
	err := m.do(ctx, func(ctx context.Context, c *connection) error {
		return c.manager(ctx, method, unit, "replace").Err
	})
	if !up && isDBus(err, noSuchUnit) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", verb, unit, err)
	}
	return nil
}

// Enabled reports whether something starts the unit without being asked, as far as
// its unit file says: where `systemctl is-enabled` ends with 0. One without a unit
// file is not enabled.
func (m *Manager) Enabled(ctx context.Context, unit string) (bool, error) {
	var word string
	err := m.do(ctx, func(ctx context.Context, c *connection) error {
		return c.manager(ctx, "GetUnitFileState", unit).Store(&word)
	})
	if isDBus(err, noSuchUnit, "org.freedesktop.DBus.Error.FileNotFound", "org.freedesktop.systemd1.NoSuchUnitFile") {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask whether %s is enabled: %w", unit, err)
	}
	switch word {
	case "enabled", "enabled-runtime", "static", "alias", "indirect", "generated", "transient":
		return true, nil
	}
	return false, nil
}

// Unmet returns the line of the unit file that keeps the unit from being started
// because a file is missing or empty, such as AssertFileNotEmpty=/etc/x; "" for none.
// systemd itself forgets why it did not start a unit as soon as it did not.
func (m *Manager) Unmet(ctx context.Context, unit string) (string, error) {
	var asserts []struct {
		Kind            string
		Trigger, Negate bool
		Parameter       string
		State           int32
	}
	if err := m.property(ctx, unit, "Unit", "Asserts", &asserts); err != nil {
		return "", err
	}
	for _, a := range asserts {
		if a.Kind != "AssertFileNotEmpty" || a.Trigger || a.Negate {
			continue
		}
		if file, err := os.Stat(filepath.Join(m.root, a.Parameter)); err != nil || file.Size() == 0 {
			return a.Kind + "=" + a.Parameter, nil
		}
	}
	return "", nil
}
