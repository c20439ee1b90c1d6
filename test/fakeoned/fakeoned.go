// Package fakeoned is a fake of OpenNebula's front-end services for tests of
// clusters: oned, which answers XML-RPC byte for byte as a real oned 6.10.5 was
// seen to do, and Sunstone, OneGate, OneFlow and FireEdge, which answer HTTP. It
// manages no virtual machines.
//
// What it has and a real oned has not: in a directory that the nodes share, it
// notices when two of it write to one database, and says so in a file that
// stays (see Database).
package fakeoned

import (
	"embed"
	"io/fs"
	"path"
)

const (
	// SharedDir is the database directory, which all nodes share.
	SharedDir = "/var/lib/one-shared"
	// AuthFile holds "user:password" in its first line, as oned's own does.
	AuthFile = "/var/lib/one/.one/one_auth"
	// LockFile is oned's lock in the packages; an orderly end removes it.
	LockFile = "/var/lock/one/one"
	// AlarmName is the file in SharedDir that says that two writers were alive
	// at one time.
	AlarmName = "ALARM"
)

// Units are the systemd units of the fake, as units/NAME.service. They expect
// the program at /usr/lib/oneha-test/fakeoned.
//
//go:embed units
var Units embed.FS

// UnitFiles returns the units' texts by file name, such as "opennebula.service".
func UnitFiles() map[string]string {
	files := map[string]string{}
	err := fs.WalkDir(Units, "units", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := Units.ReadFile(p)
		files[path.Base(p)] = string(text)
		return err
	})
	if err != nil {
		panic(err) // the files are part of the program
	}
	return files
}
