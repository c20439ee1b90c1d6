package status

import (
	"context"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/pacemaker"
)

// Whether another node could take over, the scheduler says.
func TestTakeover(t *testing.T) {
	for _, test := range []struct {
		starts  string
		nobody  string
		summary string
	}{
		{"vip oned sunstone gate flow", "", "one-server1 runs everything; one-server2 is ready to take over"},
		{"vip sunstone gate", "oned flow", "one-server1 runs everything; one-server2 could not take over oned and flow"},
	} {
		from := sources(t, n1, wire{here: []string{"10.3.4.2"}})
		from.Pacemaker = tools(t, func(line string) (string, error, bool) {
			if !strings.HasPrefix(line, "crm_simulate") {
				return "", nil, false
			}
			return "", simulate(line, strings.Fields(test.starts)...), true
		})
		r := Gather(t.Context(), from)
		if len(r.Takeover) != 1 || r.Takeover[0].Node != n1 || strings.Join(r.Takeover[0].Nobody, " ") != test.nobody || r.Summary != test.summary {
			t.Errorf("%s: %+v: %s", test.starts, r.Takeover, r.Summary)
		}
	}
}

// A cluster at work is not asked, and one whose scheduler is not there is no worse for it.
func TestTakeoverNotAsked(t *testing.T) {
	for name, change := range map[string]func(string) (string, error, bool){
		"at work": func(line string) (string, error, bool) {
			return "Controller in state S_TRANSITION_ENGINE", nil, strings.HasPrefix(line, "crmadmin")
		},
		"no tool": func(line string) (string, error, bool) {
			return "", &pacemaker.Error{Tool: "crm_simulate", Code: -1, Cause: pacemaker.ErrNoTool}, strings.HasPrefix(line, "crm_simulate")
		},
	} {
		from := sources(t, n1, wire{here: []string{"10.3.4.2"}})
		from.Pacemaker = tools(t, change)
		if r := Gather(t.Context(), from); len(r.Takeover) != 0 || r.Verdict != OK {
			t.Errorf("%s: %s, %v, takeover %+v", name, r.Summary, r.Problems, r.Takeover)
		}
	}
}

// noRight is a network that a user may not ask.
type noRight struct{ wire }

func (noRight) Owners(context.Context, string, netip.Addr) ([]net.HardwareAddr, error) {
	return nil, &os.SyscallError{Syscall: "socket", Err: os.ErrPermission}
}

// What a member of haclient may not see is said, and is no trouble of the cluster.
func TestWithoutRoot(t *testing.T) {
	for node, want := range map[string]string{n1: "who else answers for 10.3.4.2", n2: "where 10.3.4.2 is"} {
		w := wire{}
		if node == n1 {
			w.here = []string{"10.3.4.2"}
		}
		from := sources(t, node, w)
		from.Root = false
		from.Network = func() (Network, error) { return noRight{w}, nil }
		r := Gather(t.Context(), from)
		if r.Verdict != OK || !slices.Equal(r.NotSeen, []string{want}) {
			t.Errorf("on %s: %s (%s), %v, not seen %q", node, r.Verdict, r.Summary, r.Problems, r.NotSeen)
		}
		from.Root = true
		if r := Gather(t.Context(), from); r.Verdict != Degraded || len(r.NotSeen) > 0 {
			t.Errorf("on %s as root: %s, not seen %q", node, r.Verdict, r.NotSeen)
		}
	}
}

func FuzzReadStarts(f *testing.F) {
	f.Add([]byte(`<transition_graph><synapse><action_set><rsc_op operation="start"><primitive id="oned"/></rsc_op></action_set></synapse></transition_graph>`))
	f.Fuzz(func(t *testing.T, graph []byte) {
		if starts, err := readStarts(graph); err == nil && len(starts) > 0 && !strings.Contains(string(graph), "rsc_op") {
			t.Errorf("starts %v", starts)
		}
	})
}
