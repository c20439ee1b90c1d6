// Package fakeoned is a fake of OpenNebula's front-end services for tests of
// clusters: oned, which answers XML-RPC byte for byte as a real oned 6.10.5 was
// seen to do, and the eleven services around it, each as far as something
// outside can see it. It manages no virtual machines.
//
// What it has and a real oned has not: in a directory that the nodes share, it
// notices when two of it write to one database, and says so in a file that
// stays (see Database). And files switch it to misbehave (see Mode and
// IgnoreTerm).
package fakeoned

const (
	// Dir holds the installed program, as Program and, with oned's name for
	// oned's process, as Oned.
	Dir     = "/usr/lib/oneha-test"
	Program = Dir + "/fakeoned"
	Oned    = Dir + "/oned"

	// SharedDir is the database directory, which all nodes share.
	SharedDir = "/var/lib/one-shared"
	// SQLiteFile is where oned's packages keep an SQLite database. Here it leads
	// to one in SharedDir, from oned's first start on and while the database is
	// not away.
	SQLiteFile = "/var/lib/one/one.db"
	// AuthFile holds "user:password" in its first line, as oned's own does.
	AuthFile = "/var/lib/one/.one/one_auth"
	// LockFile is oned's lock in the packages; an orderly end removes it.
	LockFile = "/var/lock/one/one"
	// PIDFile keeps the unit from removing LockFile before a start, as the
	// packages' pre_cleanup: a test that wants oned to meet a stale lock makes it,
	// or gives the unit the drop-in KeepLock.
	PIDFile = "/var/run/one/oned.pid"
	// KeepLock is the text of a drop-in that keeps the unit from removing LockFile.
	KeepLock = "[Service]\nExecStartPre=\n"
	// AlarmName is the file in SharedDir that says that two writers were alive
	// at one time.
	AlarmName = "ALARM"
	// ModeDir holds the files that switch what runs on this node alone.
	ModeDir = "/run/oneha-test"
)
