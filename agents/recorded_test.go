package agents

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/events"
	"github.com/oneha/oneha/ocf"
)

// Starts and stops are told with what came of them; a probe prepares the log; and the result
// is that of the action.
func TestRecorded(t *testing.T) {
	broken := ocf.Failed("the lamp is broken", nil)
	lamp := ocf.Agent{Name: "lamp", Actions: []ocf.Action{
		{Name: ocf.Start, Run: func(ctx context.Context, _ *ocf.Request) error {
			noteEvent(ctx, events.AddressSet, time.Now(), "10.3.4.2/24 on eth0")
			return nil
		}},
		{Name: ocf.Stop, Run: func(context.Context, *ocf.Request) error { return broken }},
		{Name: ocf.Monitor, Run: func(ctx context.Context, _ *ocf.Request) error {
			noteEvent(ctx, events.AddressSet, time.Now(), "heard by nobody")
			return ocf.NotRunning("it is dark")
		}},
	}}
	tests := []struct {
		action   string
		interval string
		code     ocf.Code
		want     []string
	}{
		{ocf.Start, "0", ocf.SuccessCode, []string{"begun lamp  start", "address-set lamp 10.3.4.2/24 on eth0 start", "ended lamp  start 0"}},
		{ocf.Stop, "0", ocf.GenericCode, []string{"begun lamp  stop", "ended lamp the lamp is broken stop 1"}},
		{ocf.Monitor, "0", ocf.NotRunningCode, []string{"prepare"}},
		{ocf.Monitor, "10000", ocf.NotRunningCode, nil},
	}
	for _, test := range tests {
		t.Run(test.action+test.interval, func(t *testing.T) {
			var got []string
			a := Recorded(lamp, func(_ *ocf.Request, e events.Event) {
				line := fmt.Sprintf("%s %s %s %s", e.What, e.From, e.Text, e.Action)
				if e.Code != nil {
					line += fmt.Sprint(" ", *e.Code)
				}
				if e.Subject != "l1" || e.Node != "n1" || e.Time.IsZero() {
					t.Errorf("%+v", e)
				}
				got = append(got, line)
			}, func(*ocf.Request) { got = append(got, "prepare") })
			vars := map[string]string{"OCF_RESOURCE_INSTANCE": "l1", "OCF_RESKEY_CRM_meta_on_node": "n1", "OCF_RESKEY_CRM_meta_interval": test.interval}
			code := ocf.Run(t.Context(), a, ocf.Env{Args: []string{test.action}, Lookup: func(n string) (string, bool) { v, ok := vars[n]; return v, ok }})
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if err := lamp.Actions[1].Run(t.Context(), nil); !errors.Is(err, broken) {
		t.Errorf("the agent itself was changed: %v", err)
	}
}

// An action that panics has ended, too, and what it panics with goes on to who reports it.
func TestRecordedPanic(t *testing.T) {
	var got []events.What
	text := ""
	tell := func(_ *ocf.Request, e events.Event) { got, text = append(got, e.What), e.Text }
	defer func() {
		if p := recover(); p != "short circuit" {
			t.Errorf("the panic is %v", p)
		}
		if diff := cmp.Diff([]events.What{events.Begun, events.Ended}, got); diff != "" || text != "panic: short circuit" {
			t.Error(text, diff)
		}
	}()
	_ = recorded(t.Context(), &ocf.Request{Type: "lamp", Action: ocf.Start}, func(context.Context, *ocf.Request) error { panic("short circuit") }, tell)
}
