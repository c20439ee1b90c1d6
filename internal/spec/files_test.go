package spec

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/diag"
)

func TestCheckFiles(t *testing.T) {
	file := func(mode fs.FileMode, data string) *fstest.MapFile {
		return &fstest.MapFile{Mode: mode, Data: []byte(data)}
	}
	const here = "/etc/oneha/bmc"
	for _, test := range []struct {
		name, path string
		root       fs.FS
		severity   diag.Severity
		what       string
	}{
		{"as it should be", here, fstest.MapFS{"etc/oneha/bmc": file(0o600, "x\n")}, "", ""},
		{"stricter", here, fstest.MapFS{"etc/oneha/bmc": file(0o400, "x")}, "", ""},
		{"missing on a node", here, fstest.MapFS{"etc/oneha/other": file(0o600, "x")}, diag.Error, "password file /etc/oneha/bmc does not exist"},
		{"missing on a workstation", here, fstest.MapFS{}, "", ""},
		{"missing elsewhere", "/srv/bmc", fstest.MapFS{}, diag.Error, "password file /srv/bmc does not exist"},
		{"elsewhere, on second sight", "/etc/oneha/../bmc", fstest.MapFS{}, diag.Error, "password file /etc/oneha/../bmc does not exist"},
		{"the directory itself", "/etc/oneha", fstest.MapFS{}, diag.Error, "password file /etc/oneha does not exist"},
		{"the root", "/", fstest.MapFS{}, diag.Error, "password file / is not a file"},
		{"group", here, fstest.MapFS{"etc/oneha/bmc": file(0o640, "x")}, diag.Error, "password file /etc/oneha/bmc has mode 0640, so others than its owner can use it"},
		{"others", here, fstest.MapFS{"etc/oneha/bmc": file(0o604, "x")}, diag.Error, "password file /etc/oneha/bmc has mode 0604, so others than its owner can use it"},
		{"empty", here, fstest.MapFS{"etc/oneha/bmc": file(0o600, "")}, diag.Error, "password file /etc/oneha/bmc has an empty first line"},
		{"empty line", here, fstest.MapFS{"etc/oneha/bmc": file(0o600, "\r\nx")}, diag.Error, "password file /etc/oneha/bmc has an empty first line"},
		{"directory", here, fstest.MapFS{"etc/oneha/bmc/x": file(0o600, "x")}, diag.Error, "password file /etc/oneha/bmc is not a file"},
		{"not for this user", here, forbidden{}, diag.Warning, "password file /etc/oneha/bmc cannot be looked at by this user"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Cluster{Files: []FileRef{{test.path, "f", 6, 35}}}
			got := CheckFiles(c, test.root)
			for i := range got {
				if got[i].Fix == "" {
					t.Errorf("no fix: %s", got[i])
				}
				got[i].Fix = ""
			}
			var want diag.Findings
			if test.what != "" {
				want = diag.Findings{{File: "f", Line: 6, Column: 35, Severity: test.severity, What: test.what}}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// forbidden is a file system in which this user may do nothing.
type forbidden struct{}

func (forbidden) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}
