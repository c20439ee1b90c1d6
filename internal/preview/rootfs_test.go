package preview

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/pacemaker"
)

// The real scheduler is not installed on the machine that runs the tests, but in root
// file systems of their own (the lab builds them), one per release of Debian, beside
// the one that ONEHA_ROOTFS names. They are only read: each is under an overlay, in
// mount and process namespaces that end with the test.

// enter, run as the first process of the namespaces, lays the overlay over $1, with
// the directory for temporary files at its own place, and waits.
const enter = `
set -e
mount --make-rprivate /
top=$2/.top
mkdir "$top"
mount -t tmpfs tmpfs "$top"
mkdir "$top/upper" "$top/work" "$top/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$top/upper,workdir=$top/work" "$top/root"
mount -t proc proc "$top/root/proc"
mount --rbind /dev "$top/root/dev"
mount -t tmpfs tmpfs "$top/root/dev/shm"
mkdir -p "$top/root$2"
mount --bind "$2" "$top/root$2"
exec chroot "$top/root" sh -c 'echo open; cat >/dev/null'`

// rootfs finds the root file system of a release of Debian, and skips the test, or
// fails it when CI is true, where it cannot be used.
func rootfs(t *testing.T, release string) string {
	t.Helper()
	missing := func(why string) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	root := os.Getenv("ONEHA_ROOTFS")
	switch {
	case root == "":
		missing("needs ONEHA_ROOTFS, a root file system with pacemaker, and those of the other releases beside it")
	case os.Getuid() != 0:
		missing("needs root, to make namespaces and mounts")
	}
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(root), release+"-*", "usr/sbin/crm_simulate"))
	if len(found) == 0 {
		missing(fmt.Sprintf("there is no root file system of %s beside %s", release, root))
	}
	return filepath.Dir(filepath.Dir(filepath.Dir(found[len(found)-1])))
}

// realTools are Pacemaker's of a release of Debian.
func realTools(t *testing.T, release string) pacemaker.Tools {
	t.Helper()
	root, dir := rootfs(t, release), os.TempDir()
	dir, err := os.MkdirTemp(dir, "preview-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	cmd := exec.Command("unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "sh", "-c", enter, "enter", root, dir)
	alive, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd.Stderr, cmd.WaitDelay = &said, 5*time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = alive.Close()
		_ = cmd.Wait()
	})
	if _, err := io.ReadFull(out, make([]byte, len("open\n"))); err != nil {
		t.Fatalf("enter %s: %v\n%s", root, err, said.String())
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", cmd.Process.Pid))
	first := string(bytes.TrimSpace(children))
	if err != nil || first == "" {
		t.Fatalf("enter %s: no first process: %v", root, err)
	}
	t.Setenv("TMPDIR", dir)
	return pacemaker.Tools{Run: func(ctx context.Context, stdin []byte, name string, args ...string) ([]byte, error) {
		in := append([]string{"--target", first, "--mount", "--root", "--wdns=/", "/usr/bin/env", "LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", name}, args...)
		out, err := pacemaker.Execute(ctx, stdin, "nsenter", in...)
		var failed *pacemaker.Error
		if errors.As(err, &failed) {
			failed.Tool = name
		}
		return out, err
	}}
}
