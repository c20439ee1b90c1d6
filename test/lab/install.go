package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/oneha/oneha/test/fakeoned"
)

// install puts the project's programs below root, from the packages in a directory
// when one is given, and beside them the stand-in for OpenNebula with its
// configuration. Its units and oneadmin's credentials are the machines' own.
func install(ctx context.Context, source, packages, root string) error {
	source, err := filepath.Abs(source)
	if err != nil {
		return fmt.Errorf("install programs: %w", err)
	}
	if packages != "" {
		err = unpack(ctx, packages, root)
	} else {
		err = MakeInstall(ctx, source, root)
	}
	if err != nil {
		return err
	}
	stub := filepath.Join(root, fakeoned.Program)
	if err := GoBuild(ctx, source, stub, "./test/fakeoned/cmd/fakeoned"); err != nil {
		return fmt.Errorf("install fakeoned: %w", err)
	}
	// A second name for the same file: a process is called by the name that it was started with.
	if err := os.Link(stub, filepath.Join(root, fakeoned.Oned)); err != nil {
		return fmt.Errorf("install fakeoned: %w", err)
	}
	for path, f := range fakeoned.Files() {
		if err := writeFile(filepath.Join(root, path), f.Text, f.Mode); err != nil {
			return fmt.Errorf("install fakeoned: %w", err)
		}
	}
	// In a merged-usr system these are links; a directory here would hide the real one's content.
	for _, merged := range []string{"bin", "lib", "lib64", "sbin"} {
		if exists(filepath.Join(root, merged)) {
			return fmt.Errorf("install programs: make install wrote to /%s, which hides the machine's own: install below /usr", merged)
		}
	}
	return nil
}

// unpack puts the files of the Debian packages in dir below root. Their scripts have
// nothing to do before the machines' first boot.
func unpack(ctx context.Context, dir, root string) error {
	debs, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil || len(debs) == 0 {
		return fmt.Errorf("install packages: no deb in %s: make packages", dir)
	}
	for _, deb := range debs {
		if _, err := tool(ctx, ".", "dpkg-deb", "--extract", deb, root); err != nil {
			return fmt.Errorf("install packages: %w", err)
		}
	}
	return nil
}

// installLock keeps two labs from building into one checkout at a time: one would
// install what the other is still writing.
const installLock = "/run/oneha-make-install.lock"

// MakeInstall puts the programs of a checkout below root, as a package does.
func MakeInstall(ctx context.Context, source, root string) error {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return fmt.Errorf("install programs: %w", err)
	}
	lock, err := waitLock(ctx, installLock, func() {})
	if err != nil {
		return fmt.Errorf("install programs: %w", err)
	}
	defer unlock(lock)
	if _, err := tool(ctx, source, "make", "-s", "install", "DESTDIR="+root); err != nil {
		return fmt.Errorf("install programs: %w", err)
	}
	return nil
}

// GoBuild builds a command of a checkout, for any release's machines.
func GoBuild(ctx context.Context, source, to, command string) error {
	golang, err := tool(ctx, source, "test/setup.sh", "which")
	if err != nil {
		return fmt.Errorf("build %s: %w", command, err)
	}
	if _, err := tool(ctx, source, strings.TrimSpace(golang), "build", "-buildvcs=false", "-o", to, command); err != nil {
		return fmt.Errorf("build %s: %w", command, err)
	}
	return nil
}

// tool runs a program of the host in dir and returns what it printed.
func tool(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // one binary for every release's libc
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 2 * time.Second
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", filepath.Base(name), err, out.String(), errs.String())
	}
	return out.String(), nil
}
