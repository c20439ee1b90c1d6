package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/oneha/oneha/test/lab"
)

// Where the programs are in a machine.
const (
	benchPath  = "/root/bench"
	floorDir   = "/root/floor"
	installDir = "/usr/lib/oneha"
)

// visit runs this program in each place where there is something to measure, and
// calls found with what it printed.
func visit(ctx context.Context, bin, only string, found func(place, printed string) error) (err error) {
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

	if len(partsOf(plainPlace, only)) > 0 {
		r, err := l.Run(ctx, command(plainPlace, only, programs))
		if err != nil {
			return err
		}
		if err := found(plainPlace, r.Stdout); err != nil {
			return err
		}
	}
	if len(partsOf(systemdPlace, only)) == 0 {
		return nil
	}
	m, err := l.Boot(ctx, "bench")
	if err != nil {
		return err
	}
	for _, p := range programs {
		if err := m.Copy(p.Host, p.Inside); err != nil {
			return err
		}
	}
	r, err := m.Command(ctx, command(systemdPlace, only, nil))
	if err != nil {
		return err
	}
	return found(systemdPlace, r.Stdout)
}

// command is this program in a place; what it says of its progress is shown.
func command(place, only string, binds []lab.Bind) lab.Command {
	return lab.Command{Args: []string{benchPath, "-inside", place, "-only", only}, Binds: binds, Streams: lab.Streams{Stderr: os.Stderr}}
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
