package bmc

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/test/fakeredfish"
)

// redfishTo is the configuration for a stand-in, whose certificate is verified.
func redfishTo(t *testing.T, b *fakeredfish.BMC) RedfishConfig {
	t.Helper()
	return RedfishConfig{Host: b.Host, Port: b.Port, Username: fakeredfish.Username, Password: fakeredfish.Password, CAFile: b.CAFile(t)}
}

// noSessionsLeft is checked at the end of every test.
func noSessionsLeft(t *testing.T, b *fakeredfish.BMC) {
	t.Helper()
	if open, ever := b.Sessions(); open != 0 {
		t.Errorf("%d of %d sessions left open", open, ever)
	}
}

func TestRedfishSwitches(t *testing.T) {
	tests := []struct {
		name    string
		options fakeredfish.Options
		change  func(*RedfishConfig, *fakeredfish.BMC)
		system  string   // that must be switched; default 1
		want    []string // reset types; default ForceOff, On
	}{
		{name: "only member"},
		{name: "session", change: func(c *RedfishConfig, _ *fakeredfish.BMC) { c.Auth = AuthSession }},
		{name: "session without Location", options: fakeredfish.Options{NoLocation: true}, change: func(c *RedfishConfig, _ *fakeredfish.BMC) { c.Auth = AuthSession }},
		{name: "session as on iLO", options: fakeredfish.Options{FullLocation: true}, change: func(c *RedfishConfig, _ *fakeredfish.BMC) { c.Auth, c.System = AuthSession, ILOSystem }},
		{name: "session without basic", options: fakeredfish.Options{NoBasic: true}, change: func(c *RedfishConfig, _ *fakeredfish.BMC) { c.Auth = AuthSession }},
		{name: "basic without sessions", options: fakeredfish.Options{NoSessions: true}},
		{name: "IPv6", options: fakeredfish.Options{Address: "[::1]:0"}},
		{name: "IPv6 with brackets", options: fakeredfish.Options{Address: "[::1]:0"}, change: func(c *RedfishConfig, _ *fakeredfish.BMC) { c.Host = "[::1]" }},
		{name: "name", change: func(c *RedfishConfig, _ *fakeredfish.BMC) { c.Host = "localhost" }},
		{name: "any certificate", options: fakeredfish.Options{CertNames: []string{"other.example"}}, change: func(c *RedfishConfig, _ *fakeredfish.BMC) { c.Insecure, c.CAFile = true, "" }},
		{name: "its own certificate in the CA file, for another name and expired", options: fakeredfish.Options{CertNames: []string{"ILO1234"}, NotAfter: time.Now().Add(-time.Hour)},
			change: func(c *RedfishConfig, b *fakeredfish.BMC) {
				if err := os.WriteFile(c.CAFile, b.Certificate, 0o600); err != nil {
					panic(err)
				}
			}},
		{name: "by path", options: fakeredfish.Options{Systems: three}, change: func(c *RedfishConfig, _ *fakeredfish.BMC) { c.System = "/redfish/v1/Systems/2" }, system: "2"},
		{name: "by Id", options: fakeredfish.Options{Systems: three}, change: func(c *RedfishConfig, _ *fakeredfish.BMC) { c.System = "1" }},
		{name: "by Name", options: fakeredfish.Options{Systems: three}, change: func(c *RedfishConfig, _ *fakeredfish.BMC) { c.System = "middle" }, system: "2"},
		{name: "on the last page", options: fakeredfish.Options{Systems: three, PageSize: 1}, change: func(c *RedfishConfig, _ *fakeredfish.BMC) { c.System = "last" }, system: "3"},
		{name: "iLO", change: func(c *RedfishConfig, _ *fakeredfish.BMC) { c.System = ILOSystem }},
		{name: "ActionInfo", options: fakeredfish.Options{ActionInfo: true, ResetTypes: []string{"ForceOn", "ForceOff"}}, want: []string{"ForceOff", "ForceOn"}},
		{name: "reset types not listed", options: fakeredfish.Options{Unlisted: true}},
		{name: "a property of another type", options: fakeredfish.Options{Extra: oddProperty}},
		{name: "corrected path", options: fakeredfish.Options{Rules: []fakeredfish.Rule{{Method: "GET", Path: "/Systems/1", Fault: fakeredfish.Times(1, fakeredfish.RedirectTo("/redfish/v1/Systems/1", http.StatusPermanentRedirect))}}}},
		{name: "late, with states in between", options: fakeredfish.Options{Between: true, Late: 50 * time.Millisecond}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := fakeredfish.Run(t, tt.options)
			cfg := redfishTo(t, b)
			if tt.change != nil {
				tt.change(&cfg, b)
			}
			if tt.system == "" {
				tt.system = "1"
			}
			if tt.want == nil {
				tt.want = []string{"ForceOff", "On"}
			}
			ctx := limited(t, 30*time.Second)
			c, err := OpenRedfish(ctx, cfg)
			if err != nil {
				t.Fatalf("OpenRedfish: %v", err)
			}
			if on, err := c.On(ctx); err != nil || !on {
				t.Errorf("On = %v, %v at the start", on, err)
			}
			var want []fakeredfish.Command
			for i, on := range []bool{false, true} {
				if err := c.SetOn(ctx, on); err != nil {
					t.Fatalf("SetOn(%v): %v", on, err)
				}
				want = append(want, fakeredfish.Command{System: tt.system, ResetType: tt.want[i], Taken: true})
				for begin := time.Now(); b.On(tt.system) != on && time.Since(begin) < time.Second; time.Sleep(10 * time.Millisecond) {
					if got, err := c.On(ctx); err != nil || !on && !got && b.On(tt.system) {
						t.Errorf("On = %v, %v while it changes to %v", got, err, on)
					}
				}
				if got, err := c.On(ctx); err != nil || got != on {
					t.Errorf("On = %v, %v, want %v", got, err, on)
				}
			}
			if diff := cmp.Diff(want, b.Commands()); diff != "" {
				t.Errorf("power commands (-want +got):\n%s", diff)
			}
			if err := c.Close(ctx); err != nil {
				t.Errorf("Close: %v", err)
			}
			if n := b.Connections(); n != 1 {
				t.Errorf("%d connections, want one", n)
			}
			noSessionsLeft(t, b)
		})
	}
}

var three = []fakeredfish.System{{ID: "1", Name: "first"}, {ID: "2", Name: "middle"}, {ID: "3", Name: "last"}}

// oddProperty is of another type than gofish expects.
const oddProperty = `,"ProcessorSummary":{"Count":"2"}`
