package conformance

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/oneha/oneha/test/fakeoned"
	"github.com/oneha/oneha/test/lab"
)

// installFakeOpenNebula puts the stand-in's units and credentials into a
// machine; its program and configuration files are in every machine of a lab
// that was opened with a source.
func installFakeOpenNebula(t *testing.T, m *lab.Machine) {
	t.Helper()
	dir := t.TempDir()
	put := func(text, path string, mode os.FileMode) {
		file := filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := m.Copy(file, path); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range fakeoned.UnitFiles() {
		put(text, "/etc/systemd/system/"+name, 0o644)
	}
	put("oneadmin:conformance-only\n", fakeoned.AuthFile, 0o600)
	in(t, m, "mkdir -p "+fakeoned.SharedDir+" && systemctl daemon-reload")
}

// Packages whose tests need a machine of their own, with a real systemd as PID 1:
// they are compiled here and run there.
func TestInsideAMachine(t *testing.T) {
	for _, pkg := range []string{"internal/unit", "internal/raft/following", "agents"} {
		t.Run(pkg, func(t *testing.T) {
			binary := filepath.Join(t.TempDir(), "machine.test")
			build := exec.Command("go", "test", "-c", "-o", binary, "./"+pkg)
			build.Dir = "../.."
			build.Env = append(os.Environ(), "CGO_ENABLED=0")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("build: %v\n%s", err, out)
			}
			m := bootMachine(t)
			installFakeOpenNebula(t, m)
			if err := m.Copy(binary, "/root/machine.test"); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
			defer cancel()
			r, err := m.Command(ctx, lab.Command{
				Args: []string{"/root/machine.test", "-test.run", "Machine", "-test.v", "-test.timeout", "7m"},
				Env:  []string{"ONEHA_IN_MACHINE=1"},
			})
			t.Log(r.Stdout)
			if err != nil {
				t.Fatalf("%v\n%s", err, r.Stderr)
			}
		})
	}
}
