package vip

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/oneha/oneha/internal/vip/viptest"
)

// OpenIn is elsewhere until Close, and then where it was.
func TestOpenIn(t *testing.T) {
	l := viptest.New(t)
	l.Node.Add("n0", "10.77.0.100/24")
	var node *os.File
	l.Node.Do(func() {
		var err error
		if node, err = os.Open("/proc/thread-self/ns/net"); err != nil {
			t.Fatal(err)
		}
	})
	defer node.Close()
	l.Peer.Do(func() {
		where := func() string {
			name, err := os.Readlink("/proc/thread-self/ns/net")
			if err != nil {
				t.Fatal(err)
			}
			return name
		}
		home := where()
		h, err := OpenIn(fmt.Sprintf("/proc/self/fd/%d", node.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		if where() == home {
			t.Error("not in the namespace")
		}
		if held, err := h.Find(t.Context(), address("10.77.0.100")); len(held) != 1 || err != nil {
			t.Errorf("held %v, %v", held, err)
		}
		h.Close()
		if where() != home {
			t.Error("did not leave the namespace")
		}
		for _, none := range []string{"oneha-none", "/run/netns/oneha-none", "/proc/self/status", "/proc/self/status/x"} {
			if _, err := OpenIn(none); !errors.Is(err, ErrNoNamespace) {
				t.Errorf("%s: %v, want ErrNoNamespace", none, err)
			}
			if where() != home {
				t.Errorf("%s: moved", none)
			}
		}
	})
}
