package bmc

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bmc-toolbox/bmclib/v2/providers/redfish"
	"github.com/go-logr/logr"

	"github.com/oneha/oneha/test/fakeredfish"
)

// What bmclib's own Redfish provider does at the pinned version, and why the
// driver here is not it. When a line fails after an upgrade, look at whether that
// reason is gone.
func TestWhyNotBMClibsProvider(t *testing.T) {
	provider := func(t *testing.T, o fakeredfish.Options, more ...redfish.Option) (*fakeredfish.BMC, *redfish.Conn) {
		b := fakeredfish.Run(t, o)
		return b, redfish.New(b.Host, fakeredfish.Username, fakeredfish.Password, logr.Discard(), append(more, redfish.WithPort(itoa(b.Port)))...)
	}
	ctx := limited(t, 30*time.Second)
	open := func(t *testing.T, c *redfish.Conn) {
		t.Helper()
		if err := c.Open(ctx); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("names only", func(t *testing.T) {
		_, c := provider(t, fakeredfish.Options{Systems: []fakeredfish.System{{ID: "1"}, {ID: "2"}}}, redfish.WithSystemName("2"))
		open(t, c)
		defer c.Close(ctx)
		if _, err := c.PowerStateGet(ctx); err == nil {
			t.Error("a system is found by its Id now")
		}
	})
	t.Run("token goes elsewhere", func(t *testing.T) {
		var got string
		spy := startSpy(t, &got)
		b, c := provider(t, fakeredfish.Options{})
		open(t, c)
		defer c.Close(ctx)
		b.SetRules(fakeredfish.Rule{Method: "GET", Path: "/Systems", Fault: fakeredfish.RedirectTo(spy, 307)})
		_, _ = c.PowerStateGet(ctx)
		if !strings.Contains(got, "X-Auth-Token=true") {
			t.Errorf("the token stays at home now: %s", got)
		}
	})
	t.Run("password goes elsewhere", func(t *testing.T) {
		var got string
		spy := startSpy(t, &got)
		_, c := provider(t, fakeredfish.Options{Rules: []fakeredfish.Rule{{Method: "POST", Path: "/Sessions", Fault: fakeredfish.RedirectTo(spy, 307)}}})
		_ = c.Open(ctx)
		if !strings.Contains(got, "password=true") {
			t.Errorf("the password stays at home now: %s", got)
		}
	})
	t.Run("cancelling does nothing", func(t *testing.T) {
		b, c := provider(t, fakeredfish.Options{})
		open(t, c)
		defer c.Close(ctx)
		b.SetRules(fakeredfish.Rule{Method: "GET", Fault: fakeredfish.Times(1, fakeredfish.Slow(time.Second))})
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		begin := time.Now()
		_, _ = c.PowerStateGet(short)
		if took := time.Since(begin); took < time.Second {
			t.Errorf("it ends with its context now, after %s", took)
		}
	})
	t.Run("session without Location is left", func(t *testing.T) {
		b, c := provider(t, fakeredfish.Options{NoLocation: true})
		open(t, c)
		err := c.Close(ctx)
		if n, _ := b.Sessions(); n != 1 || err != nil {
			t.Errorf("%d sessions left, Close = %v", n, err)
		}
	})
	t.Run("failed logout is silent", func(t *testing.T) {
		b, c := provider(t, fakeredfish.Options{Rules: []fakeredfish.Rule{{Method: "DELETE", Fault: fakeredfish.Status(500)}}})
		open(t, c)
		err := c.Close(ctx)
		if n, _ := b.Sessions(); n != 1 || err != nil {
			t.Errorf("%d sessions left, Close = %v", n, err)
		}
	})
	t.Run("a property of another type", func(t *testing.T) {
		_, c := provider(t, fakeredfish.Options{Extra: oddProperty})
		open(t, c)
		defer c.Close(ctx)
		if _, err := c.PowerStateGet(ctx); err == nil {
			t.Error("it is passed over now")
		}
	})
	t.Run("ActionInfo is not looked at", func(t *testing.T) {
		b, c := provider(t, fakeredfish.Options{ActionInfo: true, ResetTypes: []string{"ForceOn", "ForceOff"}, Off: true})
		open(t, c)
		defer c.Close(ctx)
		if _, err := c.PowerSet(ctx, "on"); err == nil || len(b.Commands()) != 1 {
			t.Errorf("PowerSet = %v, %+v", err, b.Commands())
		}
	})
	t.Run("the environment makes it print the password", func(t *testing.T) {
		t.Setenv("DEBUG_BMCLIB", "true")
		_, c := provider(t, fakeredfish.Options{})
		if out := printed(t, func() { open(t, c); _ = c.Close(ctx) }); !strings.Contains(out, fakeredfish.Password) {
			t.Errorf("it printed %q", out)
		}
	})
	t.Run("connections", func(t *testing.T) {
		b, c := provider(t, fakeredfish.Options{})
		open(t, c)
		if _, err := c.PowerStateGet(ctx); err != nil {
			t.Fatal(err)
		}
		_ = c.Close(ctx)
		if n, requests := b.Connections(), len(b.Requests()); n != requests || n < 4 {
			t.Errorf("%d connections for %d requests", n, requests)
		}
	})
	t.Run("the body of an error is in the text", func(t *testing.T) {
		_, c := provider(t, fakeredfish.Options{Rules: []fakeredfish.Rule{{Method: "GET", Path: "/Systems", Fault: fakeredfish.Text(500, "you sent "+fakeredfish.Password)}}})
		open(t, c)
		defer c.Close(ctx)
		if _, err := c.PowerStateGet(ctx); err == nil || !strings.Contains(err.Error(), fakeredfish.Password) {
			t.Errorf("PowerStateGet = %v", err)
		}
	})
}

// printed is what f writes to standard output.
func printed(t *testing.T, f func()) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stdout := os.Stdout
	os.Stdout = file
	defer func() { os.Stdout = stdout }()
	f()
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// startSpy is another server; what it was sent that it must not get is written to
// got.
func startSpy(t *testing.T, got *string) string {
	t.Helper()
	b := fakeredfish.Run(t, fakeredfish.Options{Rules: []fakeredfish.Rule{{Fault: func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body := make([]byte, 1000)
			n, _ := r.Body.Read(body)
			*got = fmt.Sprintf("X-Auth-Token=%v password=%v", r.Header.Get("X-Auth-Token") != "", strings.Contains(string(body[:n]), fakeredfish.Password))
			w.WriteHeader(http.StatusTeapot)
		})
	}}}})
	return "https://" + b.Host + ":" + itoa(b.Port) + "/redfish/v1/Systems"
}
