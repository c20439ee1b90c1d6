package bmc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bougou/go-ipmi/pkg/types"
	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/bmc/bmctest"
)

func config(b *bmctest.BMC) IPMI {
	return IPMI{Host: b.Host, Port: b.Port, Username: bmctest.Username, Password: bmctest.Password, Privilege: "administrator", Resend: 100 * time.Millisecond}
}

func limited(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestIPMISwitches(t *testing.T) {
	tests := []struct {
		name    string
		options bmctest.Options
		change  func(*IPMI)
	}{
		{"default suites", bmctest.Options{}, nil},
		{"suite 17 only", bmctest.Options{Suites: []types.CipherSuiteID{17}}, nil},
		{"suite 3 only, by the second try", bmctest.Options{Suites: []types.CipherSuiteID{3}}, nil},
		{"suite 3 fixed", bmctest.Options{}, func(c *IPMI) { c.CipherSuites = []int{3} }},
		{"IPv6", bmctest.Options{Address: "::1"}, nil},
		{"IPv6 with brackets", bmctest.Options{Address: "::1"}, func(c *IPMI) { c.Host = "[::1]" }},
		{"name", bmctest.Options{}, func(c *IPMI) { c.Host = "localhost" }},
		{"IPMI 1.5", bmctest.Options{}, func(c *IPMI) { c.V15 = true }},
		{"operator", bmctest.Options{}, func(c *IPMI) { c.Privilege = "operator" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := bmctest.Start(t, tt.options)
			cfg := config(b)
			if tt.change != nil {
				tt.change(&cfg)
			}
			ctx := limited(t, 5*time.Second)
			c, err := OpenIPMI(ctx, cfg)
			if err != nil {
				t.Fatalf("OpenIPMI: %v", err)
			}
			for _, want := range []bool{true, false, true} {
				if err := c.SetOn(ctx, want); err != nil {
					t.Fatalf("SetOn(%v): %v", want, err)
				}
				if on, err := c.On(ctx); err != nil || on != want || b.On() != want {
					t.Fatalf("On = %v, %v; the chassis says %v; want %v", on, err, b.On(), want)
				}
			}
			if err := c.Close(ctx); err != nil {
				t.Errorf("Close: %v", err)
			}
			if diff := cmp.Diff([]string{"on", "off", "on"}, b.Commands()); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
			if n := b.Sessions(); n != 0 {
				t.Errorf("%d sessions left open", n)
			}
		})
	}
}

func TestIPMILoginFails(t *testing.T) {
	everything := func([]byte) bool { return true }
	afterHello := func(p []byte) bool { return len(p) > 4 && p[4] == 0x06 } // RMCP+ packets only
	tests := []struct {
		name    string
		options bmctest.Options
		change  func(*IPMI)
		kind    error
		text    string
		logins  int
	}{
		{"wrong password", bmctest.Options{}, func(c *IPMI) { c.Password = "nonsense" }, ErrLogin, "refused the user name or the password", 1},
		{"wrong password, suite 3", bmctest.Options{}, func(c *IPMI) { c.Password = "nonsense"; c.CipherSuites = []int{3} }, ErrLogin, "refused the user name or the password", 1},
		{"unknown user", bmctest.Options{}, func(c *IPMI) { c.Username = "nobody" }, ErrLogin, "refused the user name", 1},
		{"privilege too high", bmctest.Options{}, func(c *IPMI) { c.Username, c.Password = bmctest.ViewerName, bmctest.ViewerPassword }, ErrLogin, "privlvl", 1},
		{"suite not offered", bmctest.Options{Suites: []types.CipherSuiteID{17}}, func(c *IPMI) { c.CipherSuites = []int{3} }, nil, "set cipher", 0},
		{"silent", bmctest.Options{Drop: everything}, nil, ErrSilent, "does not answer", 0},
		{"silent about suites", bmctest.Options{Drop: afterHello}, nil, ErrSilent, "set cipher", 0},
		{"wrong port", bmctest.Options{}, func(c *IPMI) { c.Port = 1 }, ErrSilent, "does not answer", 0},
		{"wrong password, IPMI 1.5", bmctest.Options{}, func(c *IPMI) { c.Password = "nonsense"; c.V15 = true }, ErrLogin, "check username", 0},
		{"unknown user, IPMI 1.5", bmctest.Options{}, func(c *IPMI) { c.Username = "nobody"; c.V15 = true }, ErrLogin, "check username", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := bmctest.Start(t, tt.options)
			cfg := config(b)
			if tt.change != nil {
				tt.change(&cfg)
			}
			begin := time.Now()
			_, err := OpenIPMI(limited(t, time.Second), cfg)
			if err == nil {
				t.Fatal("OpenIPMI succeeded")
			}
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("took %s with a limit of 1s", took)
			}
			if tt.kind != nil && !errors.Is(err, tt.kind) || tt.kind == nil && errors.Is(err, ErrLogin) {
				t.Errorf("error is not %v: %v", tt.kind, err)
			}
			if text := err.Error(); !strings.Contains(text, tt.text) || strings.Contains(text, cfg.Password) || strings.Contains(text, "\n") {
				t.Errorf("error reads %q, want %q in it, on one line, without the password", text, tt.text)
			}
			if n := b.Logins(); n != tt.logins {
				t.Errorf("%d logins, want %d", n, tt.logins)
			}
			if n := b.Sessions(); tt.logins == 0 && n != 0 {
				t.Errorf("%d sessions left open", n)
			}
		})
	}
}

// The words that go-ipmi's server never says, other BMCs do.
func TestExplainLogin(t *testing.T) {
	status := func(c types.RmcpStatusCode) error { // as go-ipmi joins it
		return fmt.Errorf("connect20 failed after try all cipher suite ids, errs: \n%v", fmt.Errorf("cmd: rakp1 failed, err: %w", types.NewRmcpStatusError(c)))
	}
	tests := []struct {
		err  error
		kind error
		text string
	}{
		{status(types.RmcpStatusCodeUnauthorizedName), ErrLogin, "does not know the user name"},
		{status(types.RmcpStatusCodeUnauthorizedRoleOfPriLevel), ErrLogin, "privlvl=operator"},
		{status(types.RmcpStatusCodeInvalidIntegrityCheckValue), ErrLogin, "refused the user name or the password"},
		{status(types.RmcpStatusCodeNoCipherSuiteMatch), errNextSuite, "does not offer the cipher suite"},
		{status(types.RmcpStatusCodeInvalidAuthAlg), errNextSuite, "does not offer the cipher suite"},
		{status(types.RmcpStatusCodeNoResToCreateSess), nil, "no free session"},
		{status(types.RmcpStatusCodeNoResToCreateSessAtRole), nil, "no free session"},
		{errors.New("RMCP+ Open Session failed: IPMI LAN: UDP read timed out"), errNextSuite, "silent about the cipher suite"},
		{errors.New("ActivateSession failed: IPMI LAN: UDP read timed out"), ErrLogin, "IPMI 1.5 refuses a password"},
	}
	for _, tt := range tests {
		err := explainLogin(tt.err, false)
		if !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%q reads %q, want %q in it", tt.err, err, tt.text)
		}
		for _, kind := range []error{ErrLogin, errNextSuite} {
			if errors.Is(err, kind) != (kind == tt.kind) {
				t.Errorf("%q: is %q: %v", tt.err, kind, errors.Is(err, kind))
			}
		}
	}
}

func TestIPMICommandRefused(t *testing.T) {
	b := bmctest.Start(t, bmctest.Options{})
	cfg := config(b)
	cfg.Username, cfg.Password, cfg.Privilege = bmctest.ViewerName, bmctest.ViewerPassword, "user"
	ctx := limited(t, 5*time.Second)
	c, err := OpenIPMI(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if on, err := c.On(ctx); err != nil || !on {
		t.Errorf("On = %v, %v", on, err)
	}
	err = c.SetOn(ctx, false)
	if err == nil || !strings.Contains(err.Error(), "operator") {
		t.Errorf("SetOn as user: %v, want an error that names the needed level", err)
	}
	if !b.On() {
		t.Error("the machine is off")
	}
}

func TestIPMIEndsWithItsContext(t *testing.T) {
	var deaf atomic.Bool
	b := bmctest.Start(t, bmctest.Options{Drop: func([]byte) bool { return deaf.Load() }})
	c, err := OpenIPMI(limited(t, 5*time.Second), config(b))
	if err != nil {
		t.Fatal(err)
	}
	deaf.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	begin := time.Now()
	if _, err := c.On(ctx); err == nil {
		t.Error("On succeeded with a deaf BMC")
	}
	if err := c.Close(limited(t, 200*time.Millisecond)); err == nil {
		t.Error("Close succeeded with a deaf BMC")
	}
	if took := time.Since(begin); took > 3*time.Second { // the context of the login has 5
		t.Errorf("took %s", took)
	}
}

func TestIPMICheck(t *testing.T) {
	good := IPMI{Host: "192.0.2.1", Port: 623, Username: "sixteen-bytes-ok", Password: "twenty-bytes-is-fine", Privilege: "operator"}
	tests := []struct {
		name   string
		change func(*IPMI)
		want   string // "" is valid
	}{
		{"longest", func(*IPMI) {}, ""},
		{"suites", func(c *IPMI) { c.CipherSuites = []int{3, 17} }, ""},
		{"password of 21 bytes", func(c *IPMI) { c.Password += "x" }, "at most 20"},
		{"password of 17 bytes, IPMI 1.5", func(c *IPMI) { c.Password, c.V15 = c.Password[:17], true }, "at most 16"},
		{"password of 16 bytes, IPMI 1.5", func(c *IPMI) { c.Password, c.V15 = c.Password[:16], true }, ""},
		{"user name", func(c *IPMI) { c.Username += "x" }, "at most 16"},
		{"port 0", func(c *IPMI) { c.Port = 0 }, "port 0"},
		{"port", func(c *IPMI) { c.Port = 65536 }, "port 65536"},
		{"suite 0", func(c *IPMI) { c.CipherSuites = []int{0} }, "cipher suite 0"},
		{"suite without integrity", func(c *IPMI) { c.CipherSuites = []int{17, 1} }, "cipher suite 1 is not served"},
		{"another one", func(c *IPMI) { c.CipherSuites = []int{15} }, "cipher suite 15 is not served"},
		{"level", func(c *IPMI) { c.Privilege = "root" }, `"root"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.change(&c)
			err := c.Check()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Check = %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), c.Password) {
				t.Errorf("the error has the password: %v", err)
			}
		})
	}
}

// oddDriver reports whatever power state it was told to.
type oddDriver struct{ state string }

func (oddDriver) Name() string                                    { return "odd" }
func (oddDriver) Open(context.Context) error                      { return nil }
func (oddDriver) Close(context.Context) error                     { return nil }
func (d oddDriver) PowerStateGet(context.Context) (string, error) { return d.state, nil }
func (oddDriver) PowerSet(context.Context, string) (bool, error)  { return true, nil }

func TestPowerStateIsOnOrOff(t *testing.T) {
	for state, want := range map[string]string{
		"on": "on", "On": "on", " OFF\n": "off",
		"": "error", "PoweringOff": "error", "Chassis Power is on": "error", "unknown": "error",
	} {
		c, err := open(t.Context(), "192.0.2.1", "test", oddDriver{state})
		if err != nil {
			t.Fatal(err)
		}
		on, err := c.On(t.Context())
		got := map[bool]string{true: "on", false: "off"}[on]
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q reads as %s (%v), want %s", state, got, err, want)
		}
	}
}
