package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/oneha/oneha/test/fakeoned"
)

const onedAgent, onedUnit = "opennebula/oned", "opennebula.service"

// serviceLines measures the monitor of a unit beside a bare read of one property of
// that unit. It leaves the stand-in for oned installed and stopped.
func serviceLines(ctx context.Context, t *table) error {
	if err := installFakeOned(ctx); err != nil {
		return err
	}
	if err := once(ctx, agent(onedAgent, "start", 0)); err != nil {
		return err
	}
	const what, bare = "service monitor, depth 0", "bare D-Bus read"
	costs, err := contest(ctx, what, rounds,
		agent(onedAgent, "monitor", 0),
		program{name: bare, args: []string{filepath.Join(floorDir, "dbus"), onedUnit}})
	if err != nil {
		return err
	}
	t.beside(what+", CPU", cpu, costs[0], bare, costs[1], atMost(2))
	t.beside(what+", wall", wall, costs[0], bare, costs[1], atMost(2))
	return once(ctx, agent(onedAgent, "stop", 0))
}

// installFakeOned puts the units and the credentials of the stand-in in place; its
// program is in every machine of the lab.
func installFakeOned(ctx context.Context) error {
	for name, text := range fakeoned.UnitFiles() {
		if err := os.WriteFile(filepath.Join("/etc/systemd/system", name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, dir := range []string{filepath.Dir(fakeoned.AuthFile), fakeoned.SharedDir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(fakeoned.AuthFile, []byte("oneadmin:bench-only\n"), 0o600); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, "systemctl", "daemon-reload").CombinedOutput(); err != nil {
		return fmt.Errorf("systemctl daemon-reload: %w: %s", err, out)
	}
	return nil
}
