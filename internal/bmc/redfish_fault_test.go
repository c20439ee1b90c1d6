package bmc

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/fakeredfish"
)

// Every way not to get in or not to switch: what is said, how long it takes, what
// the machine is told.
func TestRedfishFaults(t *testing.T) {
	rule := func(method, path string, f fakeredfish.Fault) fakeredfish.Options {
		return fakeredfish.Options{Rules: []fakeredfish.Rule{{Method: method, Path: path, Fault: f}}}
	}
	elsewhere := fakeredfish.Run(t, fakeredfish.Options{})
	away := "https://" + elsewhere.Host + ":" + itoa(elsewhere.Port) + "/redfish/v1/Systems"
	session := func(c *RedfishConfig) { c.Auth = AuthSession }
	path := func(p string) func(*RedfishConfig) { return func(c *RedfishConfig) { c.System = p } }
	tests := []struct {
		name    string
		options fakeredfish.Options
		change  func(*RedfishConfig)
		kind    error
		text    string
		took    time.Duration // at least, of those that end with the limit, 700 ms, or another one
		taken   int           // power commands that the BMC took
	}{
		// Getting in.
		{"nobody listens", fakeredfish.Options{}, func(c *RedfishConfig) { c.Port = 1 }, ErrSilent, "does not answer", 0, 0},
		{"name without address", fakeredfish.Options{}, func(c *RedfishConfig) { c.Host = "bmc.invalid" }, nil, "give the BMC's address", 0, 0},
		{"deaf", fakeredfish.Options{Deaf: true}, nil, ErrSilent, "does not answer", 700 * time.Millisecond, 0},
		{"deaf, short limit of a request", fakeredfish.Options{Deaf: true}, func(c *RedfishConfig) { c.Timeout = 100 * time.Millisecond }, ErrSilent, "does not answer", 100 * time.Millisecond, 0},
		{"no TLS", fakeredfish.Options{PlainHTTP: true}, nil, nil, "does not speak TLS", 0, 0},
		{"old TLS", fakeredfish.Options{OldTLS: true}, nil, nil, "refuses the TLS connection (tls: protocol version not supported)", 0, 0},
		{"silent", rule("", "", fakeredfish.Silent()), nil, ErrSilent, "does not answer", 700 * time.Millisecond, 0},
		{"slow", rule("", "", fakeredfish.Slow(5*time.Second)), nil, ErrSilent, "does not answer", 700 * time.Millisecond, 0},
		{"connection reset", rule("", "", fakeredfish.Reset()), nil, ErrSilent, "does not answer", 0, 0},
		{"not HTTP", rule("", "", fakeredfish.NotHTTP()), nil, nil, "malformed HTTP", 0, 0},
		{"garbage", rule("", "", fakeredfish.Garbage()), nil, nil, "not what Redfish says", 0, 0},
		{"500", rule("", "", fakeredfish.Status(500)), nil, nil, "HTTP 500, The request failed due to an internal service error: ", 0, 0},
		{"503", rule("", "", fakeredfish.Status(503)), nil, nil, "try again later", 0, 0},
		{"no Redfish", rule("", "", fakeredfish.Text(404, "not found")), nil, nil, "HTTP 404: check", 0, 0},
		{"certificate of nobody known", fakeredfish.Options{}, func(c *RedfishConfig) { c.CAFile = "" }, nil, "not from a known authority", 0, 0},
		{"certificate of another authority", fakeredfish.Options{}, func(c *RedfishConfig) { os.WriteFile(c.CAFile, elsewhere.CA, 0o600) }, nil, "not from a known authority", 0, 0},
		{"certificate for another name", fakeredfish.Options{CertNames: []string{"other.example"}}, nil, nil, "not made for", 0, 0},
		{"certificate without a name", fakeredfish.Options{CertNames: []string{""}}, nil, nil, "not made for", 0, 0},
		{"certificate expired", fakeredfish.Options{NotAfter: time.Now().Add(-time.Hour)}, nil, nil, "expired", 0, 0},
		{"no CA file", fakeredfish.Options{}, func(c *RedfishConfig) { c.CAFile += ".not" }, nil, "read the CA file", 0, 0},
		{"empty CA file", fakeredfish.Options{}, func(c *RedfishConfig) { os.WriteFile(c.CAFile, nil, 0o600) }, nil, "no certificate", 0, 0},
		{"wrong password", fakeredfish.Options{}, func(c *RedfishConfig) { c.Password = "nonsense" }, ErrLogin, "refused the user name or the password (HTTP 401)", 0, 0},
		{"wrong password, iLO", fakeredfish.Options{}, func(c *RedfishConfig) { c.Password, c.System = "nonsense", ILOSystem }, ErrLogin, "refused the user name", 0, 0},
		{"wrong password, session", fakeredfish.Options{}, func(c *RedfishConfig) { c.Password = "nonsense"; session(c) }, ErrLogin, "refused the user name", 0, 0},
		{"no basic", fakeredfish.Options{NoBasic: true}, nil, ErrLogin, "refused the user name", 0, 0},
		{"no sessions", fakeredfish.Options{NoSessions: true}, session, nil, "use basic authentication", 0, 0},
		{"redirect elsewhere", rule("GET", "/Systems", fakeredfish.RedirectTo(away, 307)), nil, nil, "another place", 0, 0},
		{"redirect of the login elsewhere", rule("POST", "/Sessions", fakeredfish.RedirectTo(away, 307)), session, nil, "another place", 0, 0},
		{"redirect of the root to http", rule("GET", "/redfish/v1/", fakeredfish.RedirectTo("http://127.0.0.1/", 301)), nil, nil, "another place", 0, 0},
		{"redirect in a circle", rule("GET", "/Systems", fakeredfish.RedirectTo("/redfish/v1/Systems", 301)), nil, nil, "redirect", 0, 0},
		{"huge answer", rule("GET", "/Systems", fakeredfish.Huge(2<<20)), nil, nil, "more than 1048576 bytes", 0, 0},
		{"a password in the answer", rule("GET", "/Systems", fakeredfish.Text(500, `{"error":{"code":"x","message":"bad password `+fakeredfish.Password+`"}}`)), nil, nil, "HTTP 500: ", 0, 0},
		{"credentials in the answer", rule("GET", "/Systems", fakeredfish.Echo()), nil, nil, "HTTP 400: ", 0, 0},
		{"token in the answer", rule("GET", "/Systems", fakeredfish.Echo()), session, nil, "HTTP 400: ", 0, 0},

		// Sessions.
		{"login without an answer", rule("POST", "/Sessions", fakeredfish.Silent()), session, ErrSilent, "does not answer", 700*time.Millisecond + redfishGrace, 0},
		{"session granted late", rule("POST", "/Sessions", fakeredfish.SlowAnswer(time.Second)), session, ErrSilent, "does not answer", time.Second, 0},
		{"login reset before it", rule("POST", "/Sessions", fakeredfish.Drop()), session, ErrSilent, "open a session", 0, 0},
		{"login cut short", rule("POST", "/Sessions", fakeredfish.CutShort()), func(c *RedfishConfig) { session(c); c.System = "9" }, nil, `no system "9"`, 0, 0},
		{"session and then 500", rule("GET", "/Systems", fakeredfish.Status(500)), session, nil, "HTTP 500", 0, 0},
		{"session and then silence", rule("GET", "/Systems", fakeredfish.Silent()), session, ErrSilent, "does not answer", 700 * time.Millisecond, 0},
		{"session and then a reset", rule("GET", "/Systems", fakeredfish.Reset()), session, ErrSilent, "", 0, 0},
		{"session ended by the BMC", rule("GET", "/Systems", fakeredfish.Text(401, "")), session, nil, "it ended the session", 0, 0},

		// Systems.
		{"several", fakeredfish.Options{Systems: three}, nil, nil, `3 systems ("1", "2", "3"): say which`, 0, 0},
		{"several, in a session", fakeredfish.Options{Systems: three}, session, nil, `3 systems`, 0, 0},
		{"none", fakeredfish.Options{Systems: []fakeredfish.System{}}, nil, nil, "shows no system", 0, 0},
		{"unknown", fakeredfish.Options{Systems: three}, path("n1"), nil, `no system "n1": it has "1", "2", "3"`, 0, 0},
		{"unknown path", fakeredfish.Options{}, path("/redfish/v1/Systems/9"), nil, "HTTP 404", 0, 0},
		{"ambiguous", fakeredfish.Options{Systems: []fakeredfish.System{{ID: "1"}, {ID: "2"}}}, path("Computer System"), nil, `2 systems named "Computer System"`, 0, 0},
		{"no system at all", rule("GET", "/redfish/v1/", fakeredfish.Text(200, "{}")), nil, nil, "does not say where its systems are", 0, 0},
		{"system that leads elsewhere", rule("GET", "/Systems", fakeredfish.Text(200, `{"Members":[{"@odata.id":"@evil.example/"}]}`)), nil, nil, "which is none of its own", 0, 0},
		{"pages without end", rule("GET", "/Systems", fakeredfish.Text(200, `{"Members":[],"Members@odata.nextLink":"/redfish/v1/Systems"}`)), nil, nil, "pages", 0, 0},

		// Power.
		{"state unknown", rule("GET", "/Systems/1", fakeredfish.Text(200, `{"PowerState":"Unknown"}`)), nil, nil, `power state "Unknown"`, 0, 0},
		{"no state", rule("GET", "/Systems/1", fakeredfish.Text(200, `{"PowerState":null}`)), nil, nil, `power state ""`, 0, 0},
		{"state of another type", rule("GET", "/Systems/1", fakeredfish.Text(200, `{"PowerState":0}`)), nil, nil, "not what Redfish says", 0, 0},
		{"system cut short", rule("GET", "/Systems/1", fakeredfish.CutShort()), nil, ErrSilent, "ends the connection", 0, 0},
		{"no reset", rule("GET", "/Systems/1", fakeredfish.Text(200, `{"PowerState":"On"}`)), nil, nil, "no reset", 0, 0},
		{"reset that leads elsewhere", rule("GET", "/Systems/1", fakeredfish.Text(200, `{"PowerState":"On","Actions":{"#ComputerSystem.Reset":{"target":"https://evil.example/"}}}`)), nil, nil, "no reset", 0, 0},
		{"graceful off only", fakeredfish.Options{ResetTypes: []string{"On", "GracefulShutdown", "PushPowerButton", "ForceRestart", "PowerCycle"}}, nil, nil, "ForceOff, and it takes only On, GracefulShutdown", 0, 0},
		{"graceful off only, by ActionInfo", fakeredfish.Options{ActionInfo: true, ResetTypes: []string{"On", "GracefulShutdown"}}, nil, nil, "ForceOff, and it takes only On", 0, 0},
		{"graceful off only, not listed", fakeredfish.Options{Unlisted: true, ResetTypes: []string{"GracefulShutdown"}}, nil, nil, "HTTP 400, The value ForceOff", 0, 0},
		{"ActionInfo broken", fakeredfish.Options{ActionInfo: true, Rules: []fakeredfish.Rule{{Path: "ResetActionInfo", Fault: fakeredfish.Status(500)}}}, nil, nil, "ResetActionInfo: the BMC answers HTTP 500", 0, 0},
		{"off refused", rule("POST", ".Reset", fakeredfish.Status(500)), nil, nil, "reset the system with ForceOff: the BMC answers HTTP 500", 0, 0},
		{"off refused, in a session", rule("POST", ".Reset", fakeredfish.Status(500)), session, nil, "HTTP 500", 0, 0},
		{"off already", fakeredfish.Options{Off: true, Strict: true}, nil, nil, "HTTP 400, The operation was not successful due to the current power state", 0, 0},
		{"off redirected", rule("POST", ".Reset", fakeredfish.RedirectTo("/redfish/v1/", 302)), nil, nil, "redirect", 0, 0},
		{"off redirected elsewhere", rule("POST", ".Reset", fakeredfish.RedirectTo(away, 307)), nil, nil, "another place", 0, 0},
		{"viewer", fakeredfish.Options{}, func(c *RedfishConfig) {
			c.Username, c.Password = fakeredfish.ViewerName, fakeredfish.ViewerPassword
		}, nil, "role Operator", 0, 0},
		{"off and then silence", rule("POST", ".Reset", fakeredfish.SlowAnswer(5*time.Second)), nil, ErrSilent, "does not answer", 700 * time.Millisecond, 1},
		{"off and then a reset", rule("POST", ".Reset", fakeredfish.Reset()), session, ErrSilent, "", 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := fakeredfish.Run(t, tt.options)
			cfg := redfishTo(t, b)
			if tt.change != nil {
				tt.change(&cfg)
			}
			before := len(elsewhere.Requests())
			begin := time.Now()
			limit := 700 * time.Millisecond
			if tt.took == 0 {
				limit = 10 * time.Second // is not waited for, and a busy machine may take it
			}
			err := switchOff(t, cfg, limit)
			took := time.Since(begin)
			if err == nil {
				t.Fatal("it worked")
			}
			t.Logf("%4d ms: %v", took.Milliseconds(), err)
			if took < tt.took || took > tt.took+4*time.Second {
				t.Errorf("took %s, want at least %s and little more", took, tt.took)
			}
			for _, kind := range []error{ErrLogin, ErrSilent} {
				if errors.Is(err, kind) != (kind == tt.kind) {
					t.Errorf("is %q: %v", kind, errors.Is(err, kind))
				}
			}
			text := err.Error()
			if !strings.Contains(text, tt.text) || strings.ContainsAny(text, "\n\r\x00") || len(text) > 500 {
				t.Errorf("error reads %q, want %q in it, on one line", text, tt.text)
			}
			noSecret(t, cfg, err)
			taken := 0
			for _, c := range b.Commands() {
				if c.Taken {
					taken++
				}
			}
			if taken != tt.taken {
				t.Errorf("power commands %+v, want %d taken", b.Commands(), tt.taken)
			}
			if n := len(elsewhere.Requests()); n != before {
				t.Errorf("%d requests went elsewhere", n-before)
			}
			noSessionsLeft(t, b)
		})
	}
}

// switchOff is what a fence agent does: each step with a limit of its own, and the
// session ended whatever happened.
func switchOff(t *testing.T, cfg RedfishConfig, limit time.Duration) error {
	t.Helper()
	open, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	c, err := OpenRedfish(open, cfg)
	if err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Second)
		defer cancel()
		if err := c.Close(end); err != nil {
			t.Errorf("Close: %v", err)
		}
	}()
	step, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if _, err := c.On(step); err != nil {
		return err
	}
	return c.SetOn(step, false)
}

// noSecret looks for the password, also as basic authentication has it, in an error
// and in everything that it wraps.
func noSecret(t *testing.T, cfg RedfishConfig, err error) {
	t.Helper()
	for _, text := range everyText(err) {
		for _, secret := range []string{cfg.Password, basicOf(cfg)} {
			if strings.Contains(text, secret) {
				t.Errorf("a secret is in %q", text)
			}
		}
	}
}
