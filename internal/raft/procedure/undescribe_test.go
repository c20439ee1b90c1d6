package procedure

import (
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/spec"
)

// What is advised about the description of a server that left makes one that is accepted.
func TestUndescribe(t *testing.T) {
	for servers, want := range map[int]string{2: "take server-9 out", 3: "in its place", 4: "take server-9 out", 5: "in its place"} {
		b := &builder{Env: Env{Zone: &spec.Zone{Servers: make([]spec.ZoneServer, servers)}}}
		if got := b.undescribe("server-9"); !strings.Contains(got, want) || !strings.Contains(got, "server-9") {
			t.Errorf("%d servers described: %q, want %q", servers, got, want)
		}
	}
}
