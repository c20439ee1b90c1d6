package twin

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"

	"golang.org/x/sys/unix"
)

// disk changes files below directories, step by step. did is called behind each step that
// a power failure or SIGKILL can separate from the next: tests end the program there.
// Nothing that is left undone may depend on code that runs afterwards; so errors are
// cleaned up where they happen, and deferred calls only close.
type disk struct {
	did  func(step string)
	sync func(*os.File) error
}

// owned is whose a file is and who may use it.
type owned struct {
	uid, gid int
	mode     uint32
}

// replace puts a file of this content in the place of a name: whole, or not at all. Until
// it is in its place it is called something that leftover matches, and from its first
// byte to its last nobody else can read what must not be read.
func (d disk) replace(root *os.Root, name string, as owned, context string, fill func(io.Writer) error) error {
	temporary := beside(name)
	f, err := root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	d.did("created")
	err = d.finish(f, as, context, fill)
	if err == nil {
		err = root.Rename(temporary, name)
	}
	if err != nil {
		return errors.Join(err, root.Remove(temporary))
	}
	d.did("renamed")
	return d.settle(root, path.Dir(name))
}

// finish fills a new file and brings it to the disk.
func (d disk) finish(f *os.File, as owned, context string, fill func(io.Writer) error) error {
	if err := fill(f); err != nil {
		return err
	}
	d.did("filled")
	if context != "" {
		if err := unix.Fsetxattr(int(f.Fd()), selinux, []byte(context), 0); err != nil {
			return fmt.Errorf("keep the SELinux context: %w", err)
		}
	}
	if err := d.own(f, as); err != nil {
		return err
	}
	if err := d.sync(f); err != nil {
		return err
	}
	d.did("synced")
	return nil
}

// own gives a file its owner, then its mode: a change of the owner takes bits away, and
// until then the old mode is the narrower one for what is new.
func (d disk) own(f *os.File, as owned) error {
	var is unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &is); err != nil {
		return err
	}
	if int(is.Uid) != as.uid || int(is.Gid) != as.gid {
		if err := f.Chown(as.uid, as.gid); err != nil {
			return fmt.Errorf("give it to %d:%d (are you root?): %w", as.uid, as.gid, bare(err))
		}
		d.did("owned")
	}
	if err := unix.Fchmod(int(f.Fd()), as.mode); err != nil {
		return fmt.Errorf("set mode: %w", err)
	}
	d.did("mode set")
	return nil
}

// link puts a symbolic link in the place of a name.
func (d disk) link(root *os.Root, name, target string, as owned) error {
	temporary := beside(name)
	if err := root.Symlink(target, temporary); err != nil {
		return err
	}
	d.did("linked")
	err := root.Lchown(temporary, as.uid, as.gid)
	d.did("owned")
	if err == nil {
		err = root.Rename(temporary, name)
	}
	if err != nil {
		return errors.Join(err, root.Remove(temporary))
	}
	d.did("renamed")
	return d.settle(root, path.Dir(name))
}

// mkdir makes a directory that only its maker can use until it has its owner and mode. A
// run that is ended between has the next one see these differ.
func (d disk) mkdir(root *os.Root, name string, as owned) error {
	if err := root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	d.did("made")
	if err := d.attributes(root, name, as); err != nil {
		return err
	}
	return d.settle(root, path.Dir(name))
}

// attributes gives what is there an owner and a mode.
func (d disk) attributes(root *os.Root, name string, as owned) error {
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	var is unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &is); err != nil {
		return err
	}
	if is.Mode&unix.S_IFMT == unix.S_IFREG && is.Nlink > 1 {
		return errors.New("it has several names (hard links), and its owner would change under all of them: copy it by hand")
	}
	if err := d.own(f, as); err != nil {
		return err
	}
	return d.sync(f)
}

// remove takes a name away.
func (d disk) remove(root *os.Root, name string) error {
	if err := root.Remove(name); err != nil {
		return err
	}
	d.did("removed")
	return d.settle(root, path.Dir(name))
}

// settle brings the names in a directory to the disk.
func (d disk) settle(root *os.Root, dir string) error {
	f, err := root.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := d.sync(f); err != nil && !errors.Is(err, syscall.EINVAL) { // some file systems have no such thing
		return err
	}
	d.did("settled")
	return nil
}

// beside is a name for a temporary file in the same directory.
func beside(name string) string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return path.Join(path.Dir(name), ".oneha-sync-"+hex.EncodeToString(b[:]))
}

const selinux = "security.selinux"

// contextOf is the SELinux context of a file, "" for none.
func contextOf(root *os.Root, name string) string {
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return ""
	}
	defer f.Close()
	buf := make([]byte, 4096)
	n, err := unix.Fgetxattr(int(f.Fd()), selinux, buf)
	if err != nil {
		return ""
	}
	return string(buf[:n])
}
