package zonelab

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/oneha/oneha/test/lab"
)

// packages are those of a front-end, as far as a zone under Raft needs them. The
// cache of root file systems is keyed by this list.
var packages = []string{
	"systemd", "systemd-sysv", "dbus", "procps", "iproute2", "iputils-ping",
	"openssh-server", "openssh-client", "sudo", "sqlite3", "mariadb-server",
}

// imageOf is what the servers are made of: Debian's packages, and over them the
// programs of a checkout and the fake of OpenNebula.
func imageOf(source string) *lab.Image {
	return &lab.Image{Name: "zone", Packages: packages, Install: func(ctx context.Context, root, layer string) error {
		if err := install(ctx, source, root, layer); err != nil {
			return fmt.Errorf("make layer of servers: %w", err)
		}
		return nil
	}}
}

// install makes the layer that all servers' disks have over Debian's files.
func install(ctx context.Context, source, root, layer string) error {
	source, err := filepath.Abs(source)
	if err != nil {
		return err
	}
	if err := lab.MakeInstall(ctx, source, layer); err != nil {
		return err
	}
	if err := lab.GoBuild(ctx, source, filepath.Join(layer, onedProgram), "./test/zonelab/cmd/oned"); err != nil {
		return err
	}
	accounts, err := accounts(root)
	if err != nil {
		return err
	}
	return writeAll(layer, append(accounts, software()...))
}

// accounts are Debian's account files with oneadmin's lines, as the packages of
// OpenNebula add them.
func accounts(root string) ([]file, error) {
	var all []file
	for _, a := range []struct {
		path, line string
		mode       fs.FileMode
	}{
		{"etc/passwd", fmt.Sprintf("oneadmin:x:%d:%d::/var/lib/one:/bin/bash\n", oneadmin, oneadmin), 0o644},
		{"etc/group", fmt.Sprintf("oneadmin:x:%d:\n", oneadmin), 0o644},
		{"etc/shadow", "oneadmin:!:19000:0:99999:7:::\n", 0o600},
	} {
		text, err := os.ReadFile(filepath.Join(root, a.path))
		if err != nil {
			return nil, err
		}
		all = append(all, file{path: a.path, text: string(text) + a.line, mode: a.mode})
	}
	return all, nil
}
