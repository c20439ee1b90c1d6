package unit

import (
	"context"
	"math"
	"strings"
	"time"
)

// Settings are what is in force of a service's unit file and its drop-ins.
type Settings struct {
	Restart     string        // Restart=: no, on-failure, ...
	StopTimeout time.Duration // TimeoutStopSec=; negative for none
}

// Settings reads what is in force of the unit; of a timer, which has none, it is
// the zero Settings.
func (m *Manager) Settings(ctx context.Context, unit string) (s Settings, err error) {
	if !strings.HasSuffix(unit, service) {
		return s, nil
	}
	if err := m.property(ctx, unit, "Service", "Restart", &s.Restart); err != nil {
		return s, err
	}
	var µs uint64
	if err := m.property(ctx, unit, "Service", "TimeoutStopUSec", &µs); err != nil {
		return s, err
	}
	if s.StopTimeout = -1; µs <= math.MaxInt64/1000 {
		s.StopTimeout = time.Duration(µs) * time.Microsecond
	}
	return s, nil
}
