package lab

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// bootTarget is what a machine boots into: what the lab names, whatever units
// the packages enabled at installation.
const bootTarget = `[Unit]
Description=Lab machine
Requires=basic.target
After=basic.target
AllowIsolate=yes
Wants=%s
`

// masked units have no work in a container, or would do the host's.
var masked = []string{
	"dev-hugepages.mount", "sys-fs-fuse-connections.mount", "sys-kernel-config.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount",
	"systemd-binfmt.service", "systemd-firstboot.service", "systemd-logind.service", "systemd-modules-load.service",
	"systemd-network-generator.service", "systemd-networkd.service", "systemd-networkd.socket", "systemd-pstore.service",
	"systemd-repart.service", "systemd-resolved.service", "systemd-timesyncd.service", "systemd-udevd.service", "systemd-update-utmp.service",
	"getty.target", "remote-fs.target", "timers.target",
}

// seedDisk writes to dir, a disk's writable layer, what makes a root file system
// one particular machine that starts units.
func seedDisk(dir, hostname string, units []string) error {
	id := sha256.Sum256([]byte("oneha lab " + hostname))
	files := map[string]string{
		"etc/hostname": hostname + "\n",
		// Without an ID systemd takes this for a first boot and enables units by preset.
		"etc/machine-id": fmt.Sprintf("%x\n", id[:16]),
		"etc/hosts":      "127.0.0.1 localhost\n",

		"etc/systemd/system/lab.target": fmt.Sprintf(bootTarget, strings.Join(units, " ")),
	}
	for name, text := range files {
		if err := writeFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return fmt.Errorf("seed disk: %w", err)
		}
	}
	system := filepath.Join(dir, "etc/systemd/system")
	if err := os.Symlink("lab.target", filepath.Join(system, "default.target")); err != nil {
		return fmt.Errorf("seed disk: %w", err)
	}
	for _, unit := range masked {
		if err := os.Symlink("/dev/null", filepath.Join(system, unit)); err != nil {
			return fmt.Errorf("seed disk: %w", err)
		}
	}
	return nil
}

// writeFile writes text to path with exactly mode, making its directories.
func writeFile(path, text string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		return err
	}
	return os.Chmod(path, mode) // the umask may have taken bits away
}
