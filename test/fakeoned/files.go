package fakeoned

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

// unitFiles are the systemd units of the fake, those of release 6.10 and what
// later releases added.
//
//go:embed units
var unitFiles embed.FS

// etcFiles are OpenNebula's configuration files, short but in their own grammars.
//
//go:embed etc
var etcFiles embed.FS

// UnitFiles returns the units' texts by file name, such as "opennebula.service".
// They expect the program as Program and Oned.
func UnitFiles() map[string]string { return texts(unitFiles, "units") }

// serviceAuth is what oned's first start writes for each of its services. The
// units check that it is there; the fakes do not read it.
const serviceAuth = "serveradmin:a-fake-needs-no-secret\n"

// File is a file of an installation.
type File struct {
	Text string
	Mode fs.FileMode
}

// Files returns everything but the program, the units and AuthFile that an
// installation has, by path: the configuration, oned.conf with a MySQL database
// beside it as MySQLConf, and what systemd-tmpfiles(8) makes at boot.
func Files() map[string]File {
	files := map[string]File{
		MySQLConf:                             {strings.Replace(texts(etcFiles, "etc")["oned.conf"], sqlite, mysql, 1), 0o644},
		"/usr/lib/tmpfiles.d/opennebula.conf": {tmpfiles, 0o644},
	}
	for name, text := range texts(etcFiles, "etc") {
		files["/etc/one/"+name] = File{text, 0o644}
	}
	for _, service := range []string{"sunstone", "oneflow", "onegate", "oneform", "oneks"} {
		files["/var/lib/one/.one/"+service+"_auth"] = File{serviceAuth, 0o600}
	}
	return files
}

// tmpfiles are the directories that are gone after a boot.
const tmpfiles = "d /run/lock/one 0755 root root -\nd /run/one 0755 root root -\nd " + ModeDir + " 0755 root root -\n"

// MySQLConf is an oned.conf whose database is the "database" role on this
// machine; a test copies it to /etc/one/oned.conf.
const MySQLConf = Dir + "/oned.conf.mysql"

// The database in oned.conf, and what takes its place in MySQLConf.
const (
	sqlite = `DB = [ BACKEND = "sqlite",
       TIMEOUT = 2500 ]
`
	mysql = `DB = [ BACKEND = "mysql",
       SERVER  = "127.0.0.1",
       PORT    = 3306,
       USER    = "oneadmin",
       PASSWD  = "a-fake-needs-no-secret",
       DB_NAME = "opennebula",
       CONNECTIONS = 25 ]
`
)

// texts returns the files directly in dir by name.
func texts(files embed.FS, dir string) map[string]string {
	found := map[string]string{}
	err := fs.WalkDir(files, dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := files.ReadFile(p)
		found[path.Base(p)] = string(text)
		return err
	})
	if err != nil {
		panic(err) // the files are part of the program
	}
	return found
}
