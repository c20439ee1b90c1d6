package confedit

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// needRoot skips a test that only root can do.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() == 0 {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("this test must run as root")
	}
	t.Skip("this test must run as root")
}

func put(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}

func has(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s has %.40q, %v; want %.40q", filepath.Base(path), got, err, want)
	}
}

// names are those of the files in a directory.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "oned.conf")
	put(t, path, "A = 1\n", 0o640)
	past := noon.Add(-time.Hour)
	if err := os.Chtimes(path, past, past); err != nil {
		t.Fatal(err)
	}
	backup, err := Write(path, []byte("A = 1\n"), []byte("A = 2\n"), noon)
	if err != nil || backup != path+".20261122T120000Z.bak" {
		t.Fatalf("%q, %v", backup, err)
	}
	has(t, path, "A = 2\n")
	has(t, backup, "A = 1\n")
	if info, err := os.Stat(backup); err != nil || info.Mode() != 0o640 || !info.ModTime().Equal(past) {
		t.Errorf("%v, %v", info, err)
	}
	second, err := Write(path, []byte("A = 2\n"), []byte("A = 3\n"), noon)
	if err != nil || second != path+".20261122T120000Z-1.bak" {
		t.Fatalf("%q, %v", second, err)
	}
	has(t, backup, "A = 1\n")
	has(t, second, "A = 2\n")
	if backup, err := Write(path, []byte("A = 3\n"), []byte("A = 3\n"), noon); backup != "" || err != nil || len(names(t, dir)) != 3 {
		t.Errorf("nothing to write: %q, %v, %v", backup, err, names(t, dir))
	}
}

// A name without a directory is one in the working directory, temporary file and all.
func TestWriteBareName(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("TMPDIR", "/nowhere")
	put(t, "oned.conf", "A = 1\n", 0o600)
	if _, err := Write("oned.conf", []byte("A = 1\n"), []byte("A = 2\n"), noon); err != nil {
		t.Fatal(err)
	}
	has(t, "oned.conf", "A = 2\n")
}

func TestWriteRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "oned.conf")
	put(t, path, "A = 1\n", 0o640)
	for _, was := range []string{"A = 0\n", "A = 1", "A = 1\n\n", ""} {
		if _, err := Write(path, []byte(was), []byte("A = 2\n"), noon); !errors.Is(err, ErrChanged) {
			t.Errorf("read as %q: %v", was, err)
		}
	}
	if _, err := Write(filepath.Join(dir, "none"), nil, []byte("x"), noon); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Write(dir, nil, []byte("x"), noon); err == nil {
		t.Error("a directory was written")
	}
	has(t, path, "A = 1\n")
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("left behind: %v", got)
	}
}

func TestWriteFollowsLink(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "shared", "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	target, link, chain := filepath.Join(dir, "shared", "etc", "real.conf"), filepath.Join(dir, "oned.conf"), filepath.Join(dir, "again.conf")
	put(t, target, "A = 1\n", 0o600)
	if err := errors.Join(os.Symlink("shared/etc/real.conf", link), os.Symlink("oned.conf", chain)); err != nil {
		t.Fatal(err)
	}
	backup, err := Write(chain, []byte("A = 1\n"), []byte("A = 2\n"), noon)
	if err != nil {
		t.Fatal(err)
	}
	has(t, target, "A = 2\n")
	has(t, backup, "A = 1\n")
	if to, err := os.Readlink(link); err != nil || to != "shared/etc/real.conf" {
		t.Errorf("the link is %q, %v", to, err)
	}
	if got := names(t, filepath.Dir(target)); !slices.Equal(got, []string{"real.conf", filepath.Base(backup)}) {
		t.Errorf("beside the target: %v", got)
	}
}

func TestWriteKeepsOwnerModeAndAttributes(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "oned.conf")
	put(t, path, "A = 1\n", 0o640)
	// An access list (acl(5), version 2): owner rw, user 9870 r, group r, mask rw, other nothing.
	list := []byte{2, 0, 0, 0}
	for _, e := range [][3]uint32{{1, 6, ^uint32(0)}, {2, 4, 9870}, {4, 4, ^uint32(0)}, {0x10, 6, ^uint32(0)}, {0x20, 0, ^uint32(0)}} {
		list = append(list, byte(e[0]), 0, byte(e[1]), 0, byte(e[2]), byte(e[2]>>8), byte(e[2]>>16), byte(e[2]>>24))
	}
	attributes := map[string][]byte{
		"user.note":        []byte("kept"),
		"security.selinux": []byte("system_u:object_r:etc_t:s0\x00"),
		accessList:         list,
	}
	if err := os.Chown(path, 9869, 9868); err != nil {
		t.Fatal(err)
	}
	for name, value := range attributes {
		if err := unix.Setxattr(path, name, value, 0); err != nil {
			t.Fatalf("set %s (the temporary directory must be on a file system with extended attributes): %v", name, err)
		}
	}
	if err := unix.Setxattr(path, "security.ima", []byte{4, 1}, 0); err != nil {
		t.Logf("without security.ima: %v", err)
	}
	var want, is unix.Stat_t
	if err := unix.Stat(path, &want); err != nil {
		t.Fatal(err)
	}
	backup, err := Write(path, []byte("A = 1\n"), []byte("A = 2\n"), noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{path, backup} {
		if err := unix.Stat(file, &is); err != nil || is.Mode != want.Mode || is.Uid != 9869 || is.Gid != 9868 {
			t.Errorf("%s: mode %o, owner %d:%d, %v", filepath.Base(file), is.Mode, is.Uid, is.Gid, err)
		}
		for name, value := range attributes {
			buf := make([]byte, 256)
			if n, err := unix.Getxattr(file, name, buf); err != nil || !bytes.Equal(buf[:n], value) {
				t.Errorf("%s: %s: %q, %v", filepath.Base(file), name, buf[:max(n, 0)], err)
			}
		}
		if n, err := unix.Getxattr(file, "security.ima", nil); err == nil {
			t.Errorf("%s has the old file's measurement (%d bytes)", filepath.Base(file), n)
		}
	}
}

// A file without an access list gets none from its directory.
func TestWriteTakesNoDefaultList(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "oned.conf")
	put(t, path, "A = 1\n", 0o600)
	list := []byte{2, 0, 0, 0}
	for _, e := range [][3]uint32{{1, 6, ^uint32(0)}, {2, 4, 9870}, {4, 4, ^uint32(0)}, {0x10, 4, ^uint32(0)}, {0x20, 0, ^uint32(0)}} {
		list = append(list, byte(e[0]), 0, byte(e[1]), 0, byte(e[2]), byte(e[2]>>8), byte(e[2]>>16), byte(e[2]>>24))
	}
	if err := unix.Setxattr(dir, "system.posix_acl_default", list, 0); err != nil {
		t.Fatalf("the temporary directory must be on a file system with access lists: %v", err)
	}
	if _, err := Write(path, []byte("A = 1\n"), []byte("A = 2\n"), noon); err != nil {
		t.Fatal(err)
	}
	if n, err := unix.Getxattr(path, accessList, nil); !errors.Is(err, unix.ENODATA) {
		t.Errorf("it has a list of %d bytes, %v", n, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// On a disk that is full at whatever step, the file is the old one or the new one, and
// nothing is left beside it.
func TestWriteOnFullDisk(t *testing.T) {
	needRoot(t)
	const page, pages = 4096, 16
	was, data := strings.Repeat("a", 3*page), strings.Repeat("b", 4*page)
	written, refused := 0, 0
	inPrivateMounts(t, func(dir string) {
		for _, options := range []string{fmt.Sprintf("size=%d", pages*page), "size=1m,nr_inodes=%d"} {
			for n := 3; n <= pages; n++ {
				option := options
				if strings.Contains(option, "%d") {
					option = fmt.Sprintf(option, n)
				}
				if err := unix.Mount("oneha", dir, "tmpfs", 0, option); err != nil {
					t.Fatalf("mount tmpfs: %v", err)
				}
				path, filler := filepath.Join(dir, "oned.conf"), filepath.Join(dir, "filler")
				put(t, path, was, 0o600)
				put(t, filler, "", 0o600)
				if option == options {
					put(t, filler, strings.Repeat("x", (pages-n)*page), 0o600)
				}
				backup, err := Write(path, []byte(was), []byte(data), noon)
				if err == nil {
					written++
					has(t, path, data)
					has(t, backup, was)
				} else {
					refused++
					has(t, path, was)
					if !errors.Is(err, unix.ENOSPC) {
						t.Errorf("%s: %v", option, err)
					}
					if got := names(t, dir); !slices.Equal(got, []string{"filler", "oned.conf"}) {
						t.Errorf("%s: left behind: %v", option, got)
					}
				}
				if err := unix.Unmount(dir, 0); err != nil {
					t.Fatalf("unmount tmpfs: %v", err)
				}
			}
		}
	})
	if written < 10 || refused < 6 {
		t.Errorf("written %d times, refused %d times: the disk was not full at each step", written, refused)
	}
}

// inPrivateMounts runs f where mounts are nobody else's, with a directory for one; they
// end with the thread.
func inPrivateMounts(t *testing.T, f func(dir string)) {
	t.Helper()
	dir := t.TempDir()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
			t.Errorf("leave the mount namespace: %v", err)
			return
		}
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			t.Errorf("make mounts private: %v", err)
			return
		}
		f(dir)
	}()
	<-done
}

// Whoever reads the file while it is written finds all of the old one, or all of the
// new one.
func TestWriteBesideReaders(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "oned.conf")
	texts := []string{strings.Repeat("A = 1\n", 5000), strings.Repeat("B = 2\n", 7000)}
	put(t, path, texts[0], 0o600)
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != texts[0] && string(got) != texts[1] {
				done <- fmt.Errorf("read %d bytes, %v", len(got), err)
				return
			}
		}
	}()
	for i := range 40 {
		if _, err := Write(path, []byte(texts[i%2]), []byte(texts[(i+1)%2]), noon.Add(time.Duration(i)*time.Second)); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := names(t, dir); len(got) != 41 {
		t.Errorf("%d files, want the file and 40 copies: %v", len(got), got)
	}
}
