package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/oneha/oneha/test/lab"
)

// Where the programs are in a machine.
const (
	benchPath  = "/root/bench"
	floorDir   = "/root/floor"
	installDir = "/usr/lib/oneha"
)

// visit runs this program in a machine of its own for each of the parts that are measured
// inside of one, so that none finds what another has left. It calls begin before each part
// and found with what the program printed. The errors of parts that failed are told at the end.
func visit(ctx context.Context, bin string, all []part, begin func(part), found func(p part, printed string) error) (err error) {
	all = slices.DeleteFunc(all, func(p part) bool { return p.place == clusterPlace })
	if len(all) == 0 {
		return nil
	}
	programs, remove, err := onDisk(bin)
	if err != nil {
		return err
	}
	defer remove()
	l, err := lab.Open(ctx, lab.Options{
		Prefix: "bench", CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: ".",
		Log: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) },
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()

	for _, p := range all {
		if ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		begin(p)
		measureIn := inMachine
		if p.place == systemdPlace {
			measureIn = inBooted
		}
		r, failed := measureIn(ctx, l, p, programs)
		if failed == nil {
			failed = found(p, r.Stdout)
		}
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", p.name, failed))
		}
	}
	return err
}

// inMachine measures a part in a machine without systemd.
func inMachine(ctx context.Context, l *lab.Lab, p part, programs []lab.Bind) (lab.Result, error) {
	return l.Run(ctx, command(p, programs))
}

// inBooted measures a part in a machine with systemd.
func inBooted(ctx context.Context, l *lab.Lab, p part, programs []lab.Bind) (r lab.Result, err error) {
	m, err := l.Boot(ctx, "bench-"+p.name)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	for _, p := range programs {
		if err := m.Copy(p.Host, p.Inside); err != nil {
			return r, err
		}
	}
	return m.Command(ctx, command(p, nil))
}

// command is this program for a part; what it says of its progress is shown.
func command(p part, binds []lab.Bind) lab.Command {
	return lab.Command{Args: []string{benchPath, "-inside", p.name}, Binds: binds, Streams: lab.Streams{Stderr: os.Stderr}}
}

// onDisk copies the programs to the disk and says where each belongs in a machine.
//
// A program starts from the page cache, and there it matters how it came: from the
// memory file system that a machine of the lab has, our monitor takes 1.06 to 1.14
// times the CPU time, and as the linker left it 1.2 times. The stock agent's programs
// lie on the disk, as ours do where they are installed; so they are compared there.
func onDisk(bin string) (programs []lab.Bind, remove func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp(bin, "bench") // not the usual place, which may be memory
	if err != nil {
		return nil, nil, fmt.Errorf("%w: make bench makes it", err)
	}
	remove = func() { _ = os.RemoveAll(dir) }
	for inside, from := range map[string]string{
		benchPath: self,
		onehaPath: filepath.Join(bin, "oneha"),
		filepath.Join(installDir, "ocf-opennebula"): filepath.Join(bin, "ocf-opennebula"),
		filepath.Join(installDir, "fence-bmc"):      filepath.Join(bin, "fence-bmc"),
		filepath.Join(floorDir, "netlink"):          filepath.Join(bin, "floor", "netlink"),
		filepath.Join(floorDir, "dbus"):             filepath.Join(bin, "floor", "dbus"),
		filepath.Join(floorDir, "ipmi"):             filepath.Join(bin, "floor", "ipmi"),
		filepath.Join(standInDir, "fakeilo"):        filepath.Join(bin, "standin", "fakeilo"),
		filepath.Join(standInDir, "fakeredfish"):    filepath.Join(bin, "standin", "fakeredfish"),
	} {
		host, err := filepath.Abs(filepath.Join(dir, filepath.Base(inside)))
		if err == nil {
			err = copyProgram(from, host)
		}
		if err != nil {
			remove()
			return nil, nil, fmt.Errorf("%w: make bench makes it", err)
		}
		programs = append(programs, lab.Bind{Host: host, Inside: inside, ReadOnly: true})
	}
	return programs, remove, nil
}

func copyProgram(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
