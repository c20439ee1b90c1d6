package preview

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/pacemaker"
)

// deaf is a stand-in for crm_simulate: nothing happens, whatever happens. It counts
// how many run at once.
type deaf struct {
	running, most, calls atomic.Int32
	fail                 func(call int32) error
}

func (d *deaf) run(_ context.Context, _ []byte, _ string, args ...string) ([]byte, error) {
	now := d.running.Add(1)
	defer d.running.Add(-1)
	for most := d.most.Load(); now > most && !d.most.CompareAndSwap(most, now); most = d.most.Load() {
	}
	time.Sleep(time.Millisecond)
	file := func(flag string) string { return args[slices.Index(args, flag)+1] }
	if d.fail != nil {
		if err := d.fail(d.calls.Add(1)); err != nil {
			return nil, err
		}
	}
	text, err := os.ReadFile(file("-x"))
	if err == nil {
		err = os.WriteFile(file("-O"), text, 0o600)
	}
	if err == nil {
		err = os.WriteFile(file("-G"), []byte("<transition_graph/>"), 0o600)
	}
	return nil, err
}

func TestRunAtOnce(t *testing.T) {
	text, _ := example(t, "two-node", "")
	failures, err := Failures(text)
	if err != nil {
		t.Fatal(err)
	}
	d := &deaf{}
	outcomes, err := Run(t.Context(), pacemaker.Tools{Run: d.run}, text, failures, nil)
	if err != nil {
		t.Fatal(err)
	}
	if most := d.most.Load(); most != atOnce {
		t.Errorf("%d ran at once, want %d", most, atOnce)
	}
	for i, o := range outcomes {
		if o.Failure != failures[i].ID || o.Words == "" || o.Fenced == nil || o.Moved == nil || o.Restart == nil || o.Stopped == nil {
			t.Errorf("outcome %d: %+v", i, o)
		}
	}
	if none, err := Run(t.Context(), pacemaker.Tools{Run: d.run}, text, nil, nil); err != nil || len(none) != 0 {
		t.Errorf("no failures: %v, %v", none, err)
	}
}

func TestRunFails(t *testing.T) {
	text, _ := example(t, "two-node", "")
	failures, err := Failures(text)
	if err != nil {
		t.Fatal(err)
	}
	missing := (&deaf{fail: func(int32) error { return &pacemaker.Error{Tool: "crm_simulate", Code: -1, Cause: pacemaker.ErrNoTool} }}).run
	if _, err := Run(t.Context(), pacemaker.Tools{Run: missing}, text, failures, nil); !errors.Is(err, pacemaker.ErrNoTool) {
		t.Errorf("without crm_simulate: %v", err)
	}
	broken := errors.New("broken")
	late := &deaf{fail: func(call int32) error {
		if call == 9 {
			return &pacemaker.Error{Tool: "crm_simulate", Cause: broken}
		}
		return nil
	}}
	if _, err := Run(t.Context(), pacemaker.Tools{Run: late.run}, text, failures, nil); !errors.Is(err, broken) || !strings.Contains(err.Error(), ":") {
		t.Errorf("broken on the way: %v", err)
	}
	if calls := late.calls.Load(); calls > 9+2*atOnce {
		t.Errorf("%d calls after the ninth failed", calls)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := &deaf{fail: func(call int32) error {
		if call == 5 {
			cancel()
		}
		return nil
	}}
	if _, err := Run(ctx, pacemaker.Tools{Run: stopped.run}, text, failures, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if _, err := Run(t.Context(), pacemaker.Tools{Run: (&deaf{}).run}, []byte(`<cib><configuration/></cib>`), nil, nil); err == nil {
		t.Error("a cluster without nodes was previewed")
	}
}

func TestSpanJSON(t *testing.T) {
	text, err := json.Marshal(Span{1530 * time.Millisecond, 2 * time.Minute})
	if err != nil || string(text) != `{"typical":1.5,"worst":120}` {
		t.Errorf("%s, %v", text, err)
	}
	var back Span
	if err := json.Unmarshal(text, &back); err != nil || back != (Span{1500 * time.Millisecond, 2 * time.Minute}) {
		t.Errorf("%v, %v", back, err)
	}
}
