package agents

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/vip/viptest"
)

// privately runs fn with a /run of its own, on a thread that ends afterwards.
func privately(t *testing.T, fn func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked
		err := unix.Unshare(unix.CLONE_NEWNS)
		if err == nil {
			err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
		}
		if err == nil {
			err = unix.Mount("tmpfs", "/run", "tmpfs", 0, "")
		}
		if err == nil {
			fn()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatalf("make a private /run: %v", err)
	}
}

// named gives the node's namespace a name, as ip-netns(8) does.
func named(t *testing.T, node *viptest.Namespace, name string) {
	t.Helper()
	path := filepath.Join("/run/netns", name)
	if err := os.MkdirAll("/run/netns", 0o755); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(path, nil, 0o444); err != nil {
		t.Error(err)
	}
	node.Do(func() {
		if err := unix.Mount("/proc/thread-self/ns/net", path, "", unix.MS_BIND, ""); err != nil {
			t.Error(err)
		}
	})
}

// The agent is called outside of the namespace, here in the peer's.
func TestVIPNetworkNamespace(t *testing.T) {
	l := vipLab(t)
	privately(t, func() {
		named(t, l.Node, "blue")
		if err := os.WriteFile("/run/netns/stale", nil, 0o444); err != nil { // as after a reboot of a container
			t.Error(err)
		}
		for _, namespace := range []string{"blue", "/run/netns/blue"} {
			v := bare.with(vars{"network_namespace": namespace})
			expect(t, l.Peer, "validate-all", v, 0)
			expect(t, l.Peer, "monitor", v, 7)
			expect(t, l.Peer, "start", v, 0)
			if got := l.Node.Addresses("n0"); len(got) != 3 {
				t.Errorf("addresses %q", got)
			}
			expect(t, l.Peer, "monitor", v, 0)
			expect(t, l.Peer, "monitor", v.with(recurring), 0)
			expect(t, l.Peer, "monitor", bare, 7) // the caller's namespace is what it was
			expect(t, l.Peer, "stop", v, 0)
			gone(t, l, "10.77.0.100")
		}
		for _, namespace := range []string{"red", "stale", "/run/netns/red", "/run/none/red", "/proc/self/status", "/proc/self/status/x"} {
			v := bare.with(vars{"network_namespace": namespace})
			for _, action := range []string{"start", "validate-all"} {
				want := fmt.Sprintf("enter network namespace %s: no such network namespace on this node: see parameter network_namespace", namespace)
				if got := expect(t, l.Peer, action, v, 5); got.Reason != want {
					t.Errorf("%s: reason %q, want %q", action, got.Reason, want)
				}
			}
			expect(t, l.Peer, "monitor", v, 7)
			expect(t, l.Peer, "monitor", v.with(recurring), 7)
			expect(t, l.Peer, "stop", v, 0)
		}
		for _, namespace := range []string{"a/b", "..", "."} {
			v := bare.with(vars{"network_namespace": namespace})
			if got := expect(t, l.Peer, "start", v, 6); !strings.HasPrefix(got.Reason, "parameter network_namespace ") {
				t.Errorf("reason %q", got.Reason)
			}
			expect(t, l.Peer, "stop", v, 0)
		}
	})
}
