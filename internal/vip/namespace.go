package vip

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// namespaceDir is where ip-netns(8) keeps namespaces by name.
const namespaceDir = "/run/netns"

// OpenIn is Open in another network namespace: a name as ip-netns(8) has it or
// the absolute path of a namespace; "" is Open. The goroutine stays on its thread,
// and that thread in the namespace, until Close. The error is ErrNoNamespace when
// there is none of that name.
func OpenIn(namespace string) (*Host, error) {
	if namespace == "" {
		return Open()
	}
	runtime.LockOSThread()
	leave, err := enter(namespace)
	if err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("enter network namespace %s: %w", namespace, err)
	}
	h, err := Open()
	if err != nil {
		leave()
		return nil, err
	}
	h.leave = leave
	return h, nil
}

// enter moves the thread into the namespace. leave moves it back and unlocks it;
// where that fails it stays locked, and so ends with its goroutine.
func enter(namespace string) (leave func(), err error) {
	home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("remember the one of before: %w", err)
	}
	path := namespace
	if !filepath.IsAbs(path) {
		path = filepath.Join(namespaceDir, path)
	}
	there, err := openNamespace(path)
	if err == nil {
		err = unix.Setns(there, unix.CLONE_NEWNET)
		_ = unix.Close(there)
		if errors.Is(err, unix.EINVAL) { // a file that is no namespace: what `ip netns` leaves after a reboot
			err = ErrNoNamespace
		}
	}
	if err != nil {
		_ = unix.Close(home)
		return nil, err
	}
	return func() {
		if unix.Setns(home, unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
		_ = unix.Close(home)
	}, nil
}

// openNamespace opens the file of a namespace.
func openNamespace(path string) (fd int, err error) {
	fd, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		return -1, ErrNoNamespace
	}
	return fd, err
}
