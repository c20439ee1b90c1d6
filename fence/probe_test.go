package fence

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func probe(t *testing.T, d *fakeDevice, more ...string) *Probe {
	t.Helper()
	if d.clock == nil {
		d.clock = newClock()
	}
	p, err := NewProbe(t.Context(), testAgent(d.open), strings.Join(append([]string{"ip=192.0.2.1", "level=administrator"}, more...), "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProbe(t *testing.T) {
	d := &fakeDevice{state: On}
	p := probe(t, d, "action=off")
	ctx := t.Context()
	if err := p.Login(ctx); err != nil {
		t.Fatal(err)
	}
	if err := p.Login(ctx); err != nil {
		t.Fatal(err)
	}
	if state, err := p.Power(ctx); state != On || err != nil {
		t.Errorf("%s %v", state, err)
	}
	p.Logout(ctx)
	p.Logout(ctx)
	if state, err := p.Power(ctx); state != On || err != nil {
		t.Errorf("%s %v", state, err)
	}
	p.Logout(ctx)
	if want := []string{"login", "status", "logout", "login", "status", "logout"}; !slices.Equal(d.log, want) {
		t.Errorf("%v", d.log)
	}
	if p.Request().Action != ActionStatus || p.Request().Host() != "192.0.2.1" || p.Request().Limit("login_timeout") != 5*time.Second {
		t.Errorf("%+v", p.Request())
	}
}

// A probe contacts nothing before it is asked to, and takes the same options as Run.
func TestNewProbeChecksOptions(t *testing.T) {
	for _, test := range []struct{ options, want string }{
		{"", "ip is not set"},
		{"ip=192.0.2.1\nlogin_timeout=x", "login_timeout is"},
		{"ip=192.0.2.1\naction=of\naction=status", "unknown action"},
		{"ip=192.0.2.1\nlevel=user", "level=user does not go with lanplus"},
		{"ip=192.0.2.1\npassword_file=/nonexistent/file", "read password_file"},
		{"ip 192.0.2.1", "is not name=value"},
	} {
		d := &fakeDevice{clock: newClock(), state: On}
		if _, err := NewProbe(t.Context(), testAgent(d.open), test.options); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v", test.options, err)
		}
		if d.log != nil {
			t.Errorf("%q: %v", test.options, d.log)
		}
	}
}

// Refused credentials are offered twice, however often a caller tries.
func TestProbeOffersRefusedCredentialsTwice(t *testing.T) {
	d := &fakeDevice{refuse: -1}
	p := probe(t, d)
	for range 5 {
		if err := p.Login(t.Context()); !errors.Is(err, ErrLogin) {
			t.Errorf("%v", err)
		}
	}
	if _, err := p.Power(t.Context()); !errors.Is(err, ErrLogin) {
		t.Errorf("%v", err)
	}
	if len(d.log) != 2 {
		t.Errorf("%v", d.log)
	}
}

func TestProbeEnds(t *testing.T) {
	d := &fakeDevice{state: On, hang: true}
	p := probe(t, d, "shell_timeout=0.1")
	begin := time.Now()
	if _, err := p.Power(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Login(ctx); err == nil || err.Error() != "log in: interrupted" {
		t.Errorf("%v", err)
	}
	if _, err := p.Power(ctx); err == nil || !strings.HasSuffix(err.Error(), "interrupted") {
		t.Errorf("%v", err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
	stuck := Agent{Name: "fence_stuck", Open: func(context.Context, *Request) (Device, error) { select {} }}
	p, err := NewProbe(t.Context(), stuck, "ip=192.0.2.1\nlogin_timeout=0.1")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Login(t.Context()); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "did not stop") {
		t.Errorf("%v", err)
	}
}
