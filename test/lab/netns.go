package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// netnsDir is where ip-netns(8) looks for named network namespaces.
const netnsDir = "/run/netns"

// namespace is a named network namespace.
type namespace string

func (n namespace) path() string { return filepath.Join(netnsDir, string(n)) }

// create makes the namespace, empty, with its loopback down.
func (n namespace) create() error {
	if err := os.MkdirAll(netnsDir, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", netnsDir, err)
	}
	return onThread(func() error {
		created, err := netns.NewNamed(string(n)) // leaves the thread in it
		if err != nil {
			return fmt.Errorf("make network namespace %s: %w", n, err)
		}
		return created.Close()
	})
}

// remove takes the name away; the namespace ends with its last process. One
// that does not exist is removed already.
func (n namespace) remove() error {
	if err := unix.Unmount(n.path(), unix.MNT_DETACH); err != nil && err != unix.EINVAL && err != unix.ENOENT {
		return fmt.Errorf("unmount network namespace %s: %w", n, err)
	}
	if err := os.Remove(n.path()); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("remove network namespace %s: %w", n, err)
	}
	return nil
}

// do runs f in the namespace. Sockets that f opens stay in it; goroutines that
// f starts do not run in it.
func (n namespace) do(f func() error) error {
	return onThread(func() error {
		there, err := netns.GetFromPath(n.path())
		if err != nil {
			return fmt.Errorf("open network namespace %s: %w", n, err)
		}
		defer there.Close()
		if err := netns.Set(there); err != nil {
			return fmt.Errorf("enter network namespace %s: %w", n, err)
		}
		return f()
	})
}

// onThread runs f on a thread of its own choosing and puts the thread back into
// its network namespace afterwards. A thread that cannot be put back is not
// used again.
func onThread(f func() error) error {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("find own network namespace: %w", err)
	}
	defer home.Close()
	err = f()
	if back := netns.Set(home); back != nil {
		return fmt.Errorf("return to own network namespace: %w", back)
	}
	runtime.UnlockOSThread()
	return err
}
