package events

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Who owns the directory can bring any file of the file system by its name: root gives away
// and writes only what it has made itself. What is in the way becomes an older file, as
// what root has written before Pacemaker was installed.
func TestRootGivesNothingElseAway(t *testing.T) {
	root(t)
	const uid, gid = 12345, 54321
	for name, of := range map[string]int{"root's": 0, "another's": 999} {
		t.Run(name, func(t *testing.T) {
			log := Log{Dir: filepath.Join(t.TempDir(), "oneha"), Owner: func() (int, int, error) { return uid, gid, nil }}
			if err := log.Prepare(); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(log.Dir, File)
			for _, err := range []error{os.WriteFile(file, []byte("precious"), 0o600), os.Chown(file, of, of)} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := log.Append(event(1)); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(file + ".1")
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(file + ".1")
			if u, _ := ownerOf(info); err != nil || u != of || info.Mode().Perm() != 0o600 || string(text) != "precious" {
				t.Errorf("it is %s of %d with %q: %v", info.Mode(), u, text, err)
			}
			if info, err = os.Stat(file); err != nil {
				t.Fatal(err)
			}
			if u, g := ownerOf(info); u != uid || g != gid || info.Size() == 0 {
				t.Errorf("the new file is of %d:%d with %d bytes", u, g, info.Size())
			}
		})
	}
}

// A file that root has made and not given away yet is written to, and stays as it is.
func TestFileThatRootHasJustMade(t *testing.T) {
	root(t)
	log := Log{Dir: filepath.Join(t.TempDir(), "oneha"), Owner: func() (int, int, error) { return 12345, 54321, nil }}
	if err := log.Prepare(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(log.Dir, File)
	if err := os.WriteFile(file, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := log.Append(event(1)); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if u, _ := ownerOf(info); u != 0 || info.Size() == 0 {
		t.Errorf("it is of %d with %d bytes", u, info.Size())
	}
}

func TestDirectoryThatIsALink(t *testing.T) {
	log := own(t)
	elsewhere := t.TempDir()
	log.Dir = filepath.Join(log.Dir, "log")
	if err := os.Symlink(elsewhere, log.Dir); err != nil {
		t.Fatal(err)
	}
	if err := log.Append(event(1)); err == nil || !strings.Contains(err.Error(), "is no directory") {
		t.Errorf("error %v", err)
	}
	if entries, err := os.ReadDir(elsewhere); err != nil || len(entries) > 0 {
		t.Errorf("%d files are where it leads: %v", len(entries), err)
	}
}
