package following

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/unit"
)

// fakeSystemd is a Manager whose jobs take a while each, all at the same time.
type fakeSystemd struct {
	units  map[string]*fakeUnit
	err    error
	asked  []string // jobs, as "start x"
	resets []string
}

type fakeUnit struct {
	load, active    string
	enabled         bool
	takes           time.Duration // of a job; negative: for ever
	breaks, refuses bool          // the job ends badly; is not taken
	unmet           string        // an Assert of its file
	up              bool          // what its job is for
	until           time.Time     // when its job ends; zero: it has none
}

func (f *fakeSystemd) States(ctx context.Context, names ...string) ([]unit.State, error) {
	if f.err != nil || ctx.Err() != nil {
		return nil, errors.Join(f.err, ctx.Err())
	}
	var states []unit.State
	for _, name := range names {
		u := f.units[name]
		if u == nil {
			u = &fakeUnit{load: "not-found", active: "inactive"}
		}
		states = append(states, u.state(name))
	}
	return states, nil
}

func (u *fakeUnit) state(name string) unit.State {
	s := unit.State{Unit: name, Load: u.load, Active: u.active}
	switch {
	case u.until.IsZero():
	case u.takes >= 0 && !time.Now().Before(u.until):
		u.until = time.Time{}
		switch {
		case u.breaks:
			u.active = "failed"
		case u.up:
			u.active = "active"
		default:
			u.active = "inactive"
		}
		s.Active = u.active
	default:
		s.Job = 7
		s.Verb, s.Active = "stop", "deactivating"
		if u.up {
			s.Verb, s.Active = "start", "activating"
		}
	}
	return s
}

func (f *fakeSystemd) Enabled(_ context.Context, name string) (bool, error) {
	return f.units[name] != nil && f.units[name].enabled, nil
}

func (f *fakeSystemd) Unmet(_ context.Context, name string) (string, error) {
	return f.units[name].unmet, nil
}

func (f *fakeSystemd) Why(context.Context, string) string { return "exit status 3" }

func (f *fakeSystemd) Queue(_ context.Context, name string, up bool) error {
	f.asked = append(f.asked, fmt.Sprintf("%t %s", up, strings.TrimPrefix(name, "opennebula-")))
	u := f.units[name]
	if u == nil || u.refuses {
		return fmt.Errorf("queue %s: refused", name)
	}
	u.up, u.until = up, time.Now().Add(u.takes)
	return nil
}

func (f *fakeSystemd) ResetFailed(_ context.Context, name string) error {
	f.resets = append(f.resets, name)
	return nil
}

// release is a fake systemd with what one release installs, all enabled and down.
func release(name string) *fakeSystemd {
	f := &fakeSystemd{units: map[string]*fakeUnit{}}
	for _, s := range one.Services {
		if s.ShippedIn(name) {
			f.units[s.Unit] = &fakeUnit{load: "loaded", active: "inactive", enabled: true, takes: time.Second}
		}
	}
	return f
}

func (f *fakeSystemd) unit(service string) *fakeUnit {
	for _, s := range one.Services {
		if s.Name == service {
			return f.units[s.Unit]
		}
	}
	return nil
}

// names drops what all units have in common.
func names(units []string) string {
	var short []string
	for _, u := range units {
		short = append(short, strings.TrimSuffix(strings.TrimPrefix(u, "opennebula-"), ".service"))
	}
	return strings.Join(short, " ")
}

func TestNames(t *testing.T) {
	for release, want := range map[string]string{
		"5.8": "gate flow", "5.10": "gate flow hem", "5.12": "gate flow hem showback", "6.10": "gate flow hem showback",
		"7.0": "gate flow hem showback", "7.2": "gate flow hem form showback", "7.4": "gate flow hem form ks showback", "": "gate flow hem form ks showback",
	} {
		if got := strings.Join(Names(release), " "); got != want {
			t.Errorf("%q: %s, want %s", release, got, want)
		}
	}
}

func TestLeaderStartsAndFollowerStops(t *testing.T) {
	for release, want := range map[string]string{
		"5.8": "gate flow", "6.10": "gate flow hem showback.timer", "7.4": "gate flow hem form ks showback.timer",
	} {
		t.Run(release, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := releaseOf(t, release)
				for _, up := range []bool{true, false} {
					begin := time.Now()
					r, err := Reconcile(t.Context(), f, up, nil)
					got := names(append(r.Started, r.Stopped...))
					if err != nil || !sameWords(got, want) || (len(r.Started) > 0) != up || len(r.Failed) > 0 {
						t.Errorf("up %t: %+v, %v; want %s", up, r, err, want)
					}
					// The jobs take a second each, and run side by side.
					if took := time.Since(begin); took > 1500*time.Millisecond {
						t.Errorf("up %t: took %s", up, took)
					}
					f.asked = nil
					if r, err := Reconcile(t.Context(), f, up, nil); err != nil || r.Changed() || len(f.asked) > 0 {
						t.Errorf("up %t again: %+v, %v, asked %v", up, r, err, f.asked)
					}
				}
				if !sameWords(names(f.resets), want) {
					t.Errorf("start limits cleared of %v, want %s", f.resets, want)
				}
			})
		})
	}
}

func releaseOf(t *testing.T, name string) *fakeSystemd {
	t.Helper()
	f := release(name)
	if len(f.units) == 0 {
		t.Fatal("no units")
	}
	return f
}

func sameWords(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

func TestWhatALeaderLeavesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := release("7.4")
		f.unit("flow").enabled = false
		f.unit("gate").load = "masked"
		f.unit("hem").enabled = false // hem is wanted all the same
		f.unit("showback").load = "masked"
		r, err := Reconcile(t.Context(), f, true, nil)
		if got := names(r.Started); err != nil || got != "hem form ks" {
			t.Errorf("started %q, %v", got, err)
		}
		if got := names(r.Off); !sameWords(got, "flow gate showback.timer") {
			t.Errorf("off: %q", got)
		}
		// A follower stops what runs, enabled or not, masked or not.
		f.unit("flow").active, f.unit("gate").active = "active", "active"
		r, err = Reconcile(t.Context(), f, false, nil)
		if got := names(r.Stopped); err != nil || !sameWords(got, "flow gate hem form ks") {
			t.Errorf("stopped %q, %v", got, err)
		}
	})
}

func TestDescriptionNamesServices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := release("6.10")
		f.unit("flow").enabled = false
		r, err := Reconcile(t.Context(), f, true, []string{"scheduler", "flow"})
		if got := names(r.Started); err != nil || !sameWords(got, "flow scheduler") {
			t.Errorf("started %q, %v", got, err)
		}
		r, err = Reconcile(t.Context(), f, true, []string{"form", "gate"})
		if got := names(r.Started); got != "gate" || err == nil || !strings.Contains(err.Error(), "opennebula-form.service: the description names it, and it is not installed") {
			t.Errorf("started %q, %v", got, err)
		}
		if r, err := Reconcile(t.Context(), f, false, []string{"form", "gate"}); err != nil || names(r.Stopped) != "gate" {
			t.Errorf("%+v, %v", r, err)
		}
		for _, bad := range []string{"oned", "flows"} {
			if _, err := Reconcile(t.Context(), f, true, []string{bad}); err == nil || !strings.Contains(err.Error(), bad) {
				t.Errorf("%s: %v", bad, err)
			}
		}
	})
}

func TestOneThatFailsKeepsNoneOfTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := release("6.10")
		f.unit("gate").refuses = true
		f.unit("flow").breaks = true
		f.unit("hem").breaks, f.unit("hem").unmet = true, "AssertFileNotEmpty=/x"
		r, err := Reconcile(t.Context(), f, true, nil)
		if names(r.Started) != "showback.timer" || len(r.Failed) != 3 {
			t.Errorf("%+v", r)
		}
		for _, want := range []string{"refused", "start opennebula-flow.service: opennebula-flow.service is failed (exit status 3): see systemctl status opennebula-flow.service", "AssertFileNotEmpty=/x of its unit file is not met"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		}
		for _, s := range []string{"gate", "flow", "hem", "showback"} {
			*f.unit(s) = fakeUnit{load: "loaded", active: "active", refuses: s == "flow"}
		}
		r, err = Reconcile(t.Context(), f, false, nil)
		if !sameWords(names(r.Stopped), "gate hem showback.timer") || err == nil || len(r.Failed) != 1 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestJobsThatDoNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := release("6.10")
		f.unit("flow").takes = -1
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		r, err := Reconcile(ctx, f, true, nil)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "start opennebula-flow.service: systemd goes on with it") || names(r.Started) == "" {
			t.Errorf("%+v, %v", r, err)
		}
		// The next one takes it over where it is.
		f.unit("flow").takes = time.Second
		if r, err := Reconcile(t.Context(), f, false, nil); err != nil || !slices.Contains(r.Stopped, "opennebula-flow.service") {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// What is on its way somewhere else is turned round.
func TestJobsThatAreUnderWay(t *testing.T) {
	for name, u := range map[string]struct {
		unit unit.State
		up   bool
		want bool // it is there already
	}{
		"active":                {unit.State{Load: "loaded", Active: "active"}, true, true},
		"active, to be stopped": {unit.State{Load: "loaded", Active: "active", Job: 1, Verb: "stop"}, true, false},
		"waiting for a restart": {unit.State{Load: "loaded", Active: "activating", Sub: "auto-restart"}, false, false},
		"down, to be started":   {unit.State{Load: "loaded", Active: "inactive", Job: 1, Verb: "start"}, false, false},
		"going down":            {unit.State{Load: "loaded", Active: "deactivating"}, true, false},
		"going down already":    {unit.State{Load: "loaded", Active: "deactivating", Job: 1, Verb: "stop"}, false, false},
		"failed":                {unit.State{Load: "loaded", Active: "failed"}, false, true},
		"failed, a leader":      {unit.State{Load: "loaded", Active: "failed"}, true, false},
		"its file is gone":      {unit.State{Load: "not-found", Active: "active"}, false, false},
	} {
		if got := (Standing{State: u.unit}).there(u.up); got != u.want {
			t.Errorf("%s, up %t: there %t", name, u.up, got)
		}
	}
}

func TestNoSystemd(t *testing.T) {
	f := &fakeSystemd{err: unit.ErrNoSystemd}
	if _, err := Reconcile(t.Context(), f, true, nil); !errors.Is(err, ErrNoSystemd) {
		t.Errorf("got %v", err)
	}
}

func TestReportAsText(t *testing.T) {
	r := Report{Started: []string{"a", "b"}, Stopped: []string{"c"}}
	if got := r.String(); got != "started a, b; stopped c" {
		t.Errorf("got %q", got)
	}
	if got := (Report{Off: []string{"x"}}).String(); got != "" {
		t.Errorf("got %q", got)
	}
}
