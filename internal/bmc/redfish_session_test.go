package bmc

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/fakeredfish"
)

func itoa(n int) string { return strconv.Itoa(n) }

func basicOf(c RedfishConfig) string {
	return base64.StdEncoding.EncodeToString([]byte(c.Username + ":" + c.Password))
}

// everyText is the text of an error and of all that it wraps.
func everyText(err error) []string {
	if err == nil {
		return nil
	}
	all := []string{err.Error(), fmt.Sprintf("%+v", err)}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		all = append(all, everyText(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			all = append(all, everyText(inner)...)
		}
	}
	return all
}

func TestRedfishEndsWithItsContext(t *testing.T) {
	for _, auth := range []string{AuthBasic, AuthSession} {
		t.Run(auth, func(t *testing.T) {
			b := fakeredfish.Run(t, fakeredfish.Options{})
			cfg := redfishTo(t, b)
			cfg.Auth = auth
			c, err := OpenRedfish(limited(t, 30*time.Second), cfg)
			if err != nil {
				t.Fatal(err)
			}
			b.SetRules(fakeredfish.Rule{Method: "GET", Fault: fakeredfish.Silent()})
			ctx, cancel := context.WithCancel(t.Context()) // as SIGTERM does it
			time.AfterFunc(50*time.Millisecond, cancel)
			begin := time.Now()
			if _, err := c.On(ctx); err == nil {
				t.Error("On succeeded with a silent BMC")
			}
			if took := time.Since(begin); took > DefaultRedfishTimeout/2 {
				t.Errorf("took %s", took)
			}
			if err := c.Close(limited(t, time.Second)); err != nil {
				t.Errorf("Close: %v", err)
			}
			noSessionsLeft(t, b)
		})
	}
}

// The only chance to end a session is taken twice, and not for ever.
func TestRedfishLogout(t *testing.T) {
	tests := []struct {
		name string
		rule fakeredfish.Rule
		text string // "" is success
		left int
	}{
		{"answered by a reset once", fakeredfish.Rule{Method: "DELETE", Fault: fakeredfish.Times(1, fakeredfish.Drop())}, "", 0},
		{"done, and answered by a reset", fakeredfish.Rule{Method: "DELETE", Fault: fakeredfish.Times(1, fakeredfish.Reset())}, "", 0},
		{"500 once", fakeredfish.Rule{Method: "DELETE", Fault: fakeredfish.Times(1, fakeredfish.Status(500))}, "", 0},
		{"500", fakeredfish.Rule{Method: "DELETE", Fault: fakeredfish.Status(500)}, "end the session: the BMC answers HTTP 500", 1},
		{"silent", fakeredfish.Rule{Method: "DELETE", Fault: fakeredfish.Silent()}, "end the session: the BMC does not answer", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := fakeredfish.Run(t, fakeredfish.Options{})
			cfg := redfishTo(t, b)
			cfg.Auth = AuthSession
			c, err := OpenRedfish(limited(t, 30*time.Second), cfg)
			if err != nil {
				t.Fatal(err)
			}
			if open, _ := b.Sessions(); open != 1 {
				t.Fatalf("%d sessions after the login", open)
			}
			b.SetRules(tt.rule)
			limit := 20 * time.Second
			if tt.name == "silent" {
				limit = 300 * time.Millisecond
			}
			begin := time.Now()
			err = c.Close(limited(t, limit))
			if tt.text == "" && err != nil || tt.text != "" && (err == nil || !strings.Contains(err.Error(), tt.text)) {
				t.Errorf("Close = %v, want %q", err, tt.text)
			}
			if took := time.Since(begin); took > limit+DefaultRedfishTimeout/2 {
				t.Errorf("took %s", took)
			}
			if open, _ := b.Sessions(); open != tt.left {
				t.Errorf("%d sessions left, want %d", open, tt.left)
			}
		})
	}
}

func TestRedfishSessionLimit(t *testing.T) {
	b := fakeredfish.Run(t, fakeredfish.Options{SessionLimit: 1})
	cfg := redfishTo(t, b)
	cfg.Auth = AuthSession
	ctx := limited(t, 30*time.Second)
	first, err := OpenRedfish(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRedfish(ctx, cfg); err == nil || !strings.Contains(err.Error(), "no free session") {
		t.Errorf("second login: %v", err)
	}
	for range 20 { // and no session is lost on the way
		if err := first.Close(ctx); err != nil {
			t.Fatal(err)
		}
		if first, err = OpenRedfish(ctx, cfg); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Close(ctx); err != nil {
		t.Fatal(err)
	}
	noSessionsLeft(t, b)
}

// Between two polls a BMC may close the connection; that is no failure, not even
// for a power command.
func TestRedfishIdleConnection(t *testing.T) {
	b := fakeredfish.Run(t, fakeredfish.Options{Idle: 20 * time.Millisecond})
	ctx := limited(t, 30*time.Second)
	c, err := OpenRedfish(ctx, redfishTo(t, b))
	if err != nil {
		t.Fatal(err)
	}
	for _, on := range []bool{false, true, false} {
		time.Sleep(60 * time.Millisecond)
		if err := c.SetOn(ctx, on); err != nil {
			t.Errorf("SetOn(%v): %v", on, err)
		}
		time.Sleep(60 * time.Millisecond)
		if got, err := c.On(ctx); err != nil || got != on {
			t.Errorf("On = %v, %v, want %v", got, err, on)
		}
	}
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
	if n := b.Connections(); n < 4 {
		t.Errorf("%d connections: none was closed in between", n)
	}
}

// Whatever a BMC says in one place, it gets no power command that it does not
// offer, and no error has more than a line or a secret.
func FuzzRedfishAnswers(f *testing.F) {
	for _, body := range []string{`{}`, `[]`, `null`, `"x"`, `{"Systems":{"@odata.id":"//x"}}`, `{"Members":[{"@odata.id":"/redfish/v1/Systems/1"},{}]}`,
		`{"Members":[null],"Members@odata.nextLink":"?"}`, `{"PowerState":"On","Actions":{"#ComputerSystem.Reset":{"target":"/redfish/v1/Systems/1/Actions/ComputerSystem.Reset"}}}`,
		`{"Parameters":[{"Name":"ResetType"}]}`, `{"error":{"code":"a","message":"b\nc"}}`, "\x00", `{"error":{"@Message.ExtendedInfo":[{"MessageId":"x"}]}}`} {
		for place := range 5 {
			f.Add(place, 200, body)
			f.Add(place, 400, body)
		}
	}
	places := []fakeredfish.Rule{{Method: "GET", Path: "/redfish/v1/"}, {Path: "/Systems"}, {Path: "/Systems/1"}, {Path: "/ResetActionInfo"}, {Method: "POST", Path: "/Sessions"}}
	b := fakeredfish.Run(f, fakeredfish.Options{ActionInfo: true, ResetTypes: []string{"On"}})
	f.Fuzz(func(t *testing.T, place, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		rule := places[(place%len(places)+len(places))%len(places)]
		rule.Fault = fakeredfish.Text(status, body)
		b.SetRules(rule)
		cfg := RedfishConfig{Host: b.Host, Port: b.Port, Username: fakeredfish.Username, Password: fakeredfish.Password, Insecure: true, Auth: AuthSession}
		err := switchOff(t, cfg, 5*time.Second)
		for _, c := range b.Commands() {
			if c.Taken {
				t.Fatalf("%+v", c)
			}
		}
		if err != nil && (strings.ContainsAny(err.Error(), "\n\r\x00") || strings.Contains(err.Error(), cfg.Password)) {
			t.Errorf("error %q", err)
		}
	})
}

func TestRedfishCheck(t *testing.T) {
	good := RedfishConfig{Host: "192.0.2.1", Port: 443, Username: "u", Password: "hidden-word"}
	tests := []struct {
		name   string
		change func(*RedfishConfig)
		want   string // "" is valid
	}{
		{"least", func(*RedfishConfig) {}, ""},
		{"session", func(c *RedfishConfig) { c.Auth = AuthSession }, ""},
		{"session with a colon", func(c *RedfishConfig) { c.Auth, c.Username = AuthSession, "a:b" }, ""},
		{"basic with a colon", func(c *RedfishConfig) { c.Username = "a:b" }, "colon"},
		{"no user", func(c *RedfishConfig) { c.Username = "" }, "no user name"},
		{"authentication", func(c *RedfishConfig) { c.Auth = "digest" }, `"digest"`},
		{"no host", func(c *RedfishConfig) { c.Host = "" }, "not a name"},
		{"URL", func(c *RedfishConfig) { c.Host = "https://192.0.2.1" }, "not a name"},
		{"user in the host", func(c *RedfishConfig) { c.Host = "a@192.0.2.1" }, "not a name"},
		{"port 0", func(c *RedfishConfig) { c.Port = 0 }, "port 0"},
		{"port", func(c *RedfishConfig) { c.Port = 65536 }, "port 65536"},
		{"insecure with CA", func(c *RedfishConfig) { c.Insecure, c.CAFile = true, "/ca.pem" }, "remove one"},
		{"path", func(c *RedfishConfig) { c.System = ILOSystem }, ""},
		{"path elsewhere", func(c *RedfishConfig) { c.System = "//evil.example/1" }, "system path"},
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

func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/redfish/v1/Systems/1", "//evil", "/a?b", "@evil/", ":1@evil/", "/\\evil", "", "https://evil/", "/%2f/evil"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if !localPath(path) {
			return
		}
		req, err := http.NewRequest(http.MethodGet, "https://192.0.2.1:443"+path, nil) // as gofish joins them
		if err == nil && (req.URL.Host != "192.0.2.1:443" || req.URL.User != nil) {
			t.Errorf("%q leads to %s", path, req.URL.Host)
		}
	})
}
