package zonelab

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// oneadmin is the number of the user and of the group that OpenNebula's packages
// make.
const oneadmin = 9869

// file is a file, a link or a directory of a machine's disk. Its owner is that of
// the packages' files, see owner.
type file struct {
	path string // without the leading slash
	text string
	link string      // where a link leads to
	dir  bool        // a directory
	mode fs.FileMode // of a file or a directory; 0: 0644 or 0755
}

// owner is the user and the group that a path belongs to: oneadmin has its data,
// and its group reads the configuration, which is root's.
func owner(path string) (uid, gid int) {
	for _, o := range []struct {
		dir      string
		uid, gid int
	}{{"var/lib/one", oneadmin, oneadmin}, {"var/log/one", oneadmin, oneadmin}, {"etc/one", 0, oneadmin}} {
		if path == o.dir || strings.HasPrefix(path, o.dir+"/") {
			return o.uid, o.gid
		}
	}
	return 0, 0
}

// writeAll writes files below root, in order.
func writeAll(root string, files []file) error {
	for _, f := range files {
		if err := f.write(root); err != nil {
			return fmt.Errorf("write %s: %w", f.path, err)
		}
	}
	return nil
}

func (f file) write(root string) error {
	if err := makeDir(root, filepath.Dir(f.path)); err != nil {
		return err
	}
	path := filepath.Join(root, f.path)
	mode := f.mode
	var err error
	switch {
	case f.link != "":
		return os.Symlink(f.link, path)
	case f.dir:
		if mode == 0 {
			mode = 0o755
		}
		err = makeDir(root, f.path)
	default:
		if mode == 0 {
			mode = 0o644
		}
		err = os.WriteFile(path, []byte(f.text), mode)
	}
	if err != nil {
		return err
	}
	if err := os.Chmod(path, mode); err != nil { // the umask may have taken bits away
		return err
	}
	uid, gid := owner(f.path)
	return os.Chown(path, uid, gid)
}

// makeDir makes a directory below root and those above it. A directory of a disk's
// upper layer shows in place of the lower one, owner and mode included.
func makeDir(root, dir string) error {
	for i := range len(dir) + 1 {
		if i < len(dir) && dir[i] != '/' {
			continue
		}
		path := filepath.Join(root, dir[:i])
		if err := os.Mkdir(path, 0o755); os.IsExist(err) {
			continue
		} else if err != nil {
			return err
		}
		if err := os.Chmod(path, 0o755); err != nil {
			return err
		}
		uid, gid := owner(dir[:i])
		if err := os.Chown(path, uid, gid); err != nil {
			return err
		}
	}
	return nil
}
