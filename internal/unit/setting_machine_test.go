package unit_test

import (
	"testing"
	"time"

	"github.com/oneha/oneha/internal/unit"
)

func TestMachineSettings(t *testing.T) {
	m := machine(t)
	ctx := deadline(t, 20*time.Second)
	for i, test := range []struct {
		service string
		want    unit.Settings
	}{
		{"ExecStart=/bin/sleep infinity\nRestart=on-failure\nTimeoutStopSec=42s", unit.Settings{Restart: "on-failure", StopTimeout: 42 * time.Second}},
		{"ExecStart=/bin/sleep infinity\nTimeoutStopSec=infinity", unit.Settings{Restart: "no", StopTimeout: -1}},
	} {
		name := "oneha-settings" + string(rune('0'+i)) + ".service"
		install(t, name, test.service)
		if got, err := m.Settings(ctx, name); err != nil || got != test.want {
			t.Errorf("%s: %+v, %v", test.service, got, err)
		}
	}
	if got, err := m.Settings(ctx, "oneha-none.timer"); err != nil || got != (unit.Settings{}) {
		t.Errorf("a timer: %+v, %v", got, err)
	}
}
