package apply

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/pacemaker"
)

// fakeStates answer for a cluster that goes through states, one per look at it.
type fakeStates struct {
	states []fakeState
	at     int
}

type fakeState struct{ controller, graph string }

func (f *fakeStates) run(_ context.Context, _ []byte, name string, args ...string) ([]byte, error) {
	now := f.states[min(f.at, len(f.states)-1)]
	switch name {
	case "crm_mon":
		return []byte(`<pacemaker-result><summary><current_dc present="true" name="one-server1" with_quorum="true"/></summary><nodes/><resources/></pacemaker-result>`), nil
	case "crmadmin":
		f.at++
		return []byte("Status of crmd@one-server1: " + now.controller + " (ok)"), nil
	case "cibadmin":
		return []byte(fmt.Sprintf(fakeCIB, 1, 0, "")), nil
	case "crm_simulate":
		out, graph := args[slices.Index(args, "-O")+1], args[slices.Index(args, "-G")+1]
		if err := os.WriteFile(out, nil, 0o600); err != nil {
			return nil, err
		}
		return nil, os.WriteFile(graph, []byte("<transition_graph>"+f.states[min(f.at-1, len(f.states)-1)].graph+"</transition_graph>"), 0o600)
	}
	return nil, fmt.Errorf("fake: unexpected %s", name)
}

const toStart = `<synapse id="0"><action_set><rsc_op operation="start" on_node="one-server1"><primitive id="vip"/></rsc_op></action_set></synapse>`

func TestSettle(t *testing.T) {
	f := &fakeStates{states: []fakeState{{"S_IDLE", toStart}, {"S_TRANSITION_ENGINE", ""}, {"S_IDLE", ""}, {"S_POLICY_ENGINE", ""}, {"S_IDLE", ""}}}
	var seen []string
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	last, waits := Settle(ctx, pacemaker.Tools{Run: f.run}, func(_ pacemaker.Status, waits string) { seen = append(seen, waits) })
	if waits != "" || last.DC != "one-server1" || f.at != 6 {
		t.Errorf("settled with %q after %d looks, DC %q", waits, f.at, last.DC)
	}
	for i, want := range []string{"start of vip on one-server1 is still to come", "S_TRANSITION_ENGINE", "", "S_POLICY_ENGINE", ""} {
		if i >= len(seen) || !strings.Contains(seen[i], want) || want == "" && seen[i] != "" {
			t.Fatalf("seen %q, want %q as number %d", seen, want, i)
		}
	}
}

func TestSettleDeadline(t *testing.T) {
	f := &fakeStates{states: []fakeState{{"S_TRANSITION_ENGINE", ""}}}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, waits := Settle(ctx, pacemaker.Tools{Run: f.run}, nil); !strings.Contains(waits, "S_TRANSITION_ENGINE") {
		t.Errorf("waits for %q", waits)
	}
}
