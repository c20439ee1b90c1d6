package ocf_test

import (
	"cmp"
	"context"
	"strings"
	"testing"

	"github.com/oneha/oneha/ocf"
)

func TestAccessors(t *testing.T) {
	a := new(lamp).agent()
	tests := []struct {
		name   string
		params map[string]string
		watts  string
		n      int
		set    bool
		dim    bool
	}{
		{"default", nil, "60", 60, false, false},
		{"given", map[string]string{"watts": "40", "dim": "Yes"}, "40", 40, true, true},
		{"by an alias", map[string]string{"power": "40"}, "40", 40, true, false},
		{"by the later alias", map[string]string{"w": "40"}, "40", 40, true, false},
		{"the first alias wins", map[string]string{"w": "1", "power": "2"}, "2", 2, true, false},
		{"the name wins", map[string]string{"watts": "3", "power": "2"}, "3", 3, true, false},
		{"an empty name lets the alias in", map[string]string{"watts": "", "power": "2"}, "2", 2, true, false},
		{"empty", map[string]string{"watts": "", "dim": ""}, "60", 60, false, false},
		{"signs", map[string]string{"watts": "-5", "dim": "OFF"}, "-5", -5, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := ocf.NewRequest(a, ocf.Start, tt.params)
			n, err := req.Int("watts")
			if req.String("watts") != tt.watts || n != tt.n || err != nil || req.Set("watts") != tt.set || req.Bool("dim") != tt.dim {
				t.Errorf("String %q, Int %d (%v), Set %t, Bool %t; want %+v", req.String("watts"), n, err, req.Set("watts"), req.Bool("dim"), tt)
			}
		})
	}
}

func TestMetaAttributes(t *testing.T) {
	req := ocf.NewRequest(new(lamp).agent(), ocf.Start, map[string]string{"CRM_meta_clone_max": "2"})
	if got := req.Meta("clone_max"); got != "2" {
		t.Errorf("clone_max is %q", got)
	}
	if got := req.Meta("clone"); got != "" {
		t.Errorf("clone, which is not set, is %q", got)
	}
}

func TestNumbersAndTruth(t *testing.T) {
	a := new(lamp).agent()
	for _, s := range []string{"x", "1.5", "0x10", "1_000", " 1", "1 ", "99999999999999999999", "١"} {
		_, err := ocf.NewRequest(a, ocf.Start, map[string]string{"watts": s}).Int("watts")
		if ocf.CodeOf(err) != ocf.ConfiguredCode || !strings.Contains(err.Error(), "parameter watts is not an integer") {
			t.Errorf("Int of %q: %v", s, err)
		}
	}
	for _, s := range []string{"yes", "true", "1", "on", "YES", "True", "oN", "ja"} {
		if !ocf.NewRequest(a, ocf.Start, map[string]string{"dim": s}).Bool("dim") {
			t.Errorf("%q is not true", s)
		}
	}
	for _, s := range []string{"no", "false", "0", "off", "NO", "False", "maybe", "2"} {
		if ocf.NewRequest(a, ocf.Start, map[string]string{"dim": s}).Bool("dim") {
			t.Errorf("%q is true", s)
		}
	}
	if n, err := ocf.NewRequest(a, ocf.Start, nil).Int("colour"); n != 0 || err != nil {
		t.Errorf("an empty string as number: %d, %v", n, err)
	}
}

func TestUndeclaredPanics(t *testing.T) {
	a := new(lamp).agent()
	req := ocf.NewRequest(a, ocf.Start, nil)
	for name, f := range map[string]func(){
		"String":     func() { _ = req.String("power") }, // an alias is no name
		"Set":        func() { req.Set("volts") },
		"Int":        func() { _, _ = req.Int("volts") },
		"Bool":       func() { req.Bool("volts") },
		"NewRequest": func() { ocf.NewRequest(a, ocf.Start, map[string]string{"volts": "1"}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s took an undeclared name", name)
				}
			}()
			f()
		}()
	}
}

// FuzzRequest calls the agent with any values in the variables it reads. No
// value may panic; what the action sees is typed; stop always gets through.
func FuzzRequest(f *testing.F) {
	f.Add("start", "1", "60", "yes", "10000", "20000", "0", "ocf-exit-reason:")
	f.Add("stop", "", "x", "maybe", "9223372036854775807", "-1", "-1", "")
	f.Add("monitor", "\x00", "99999999999999999999", "\n", "1e3", "9223372036855", "10", "%s")
	f.Fuzz(func(t *testing.T, action, where, watts, dim, every, limit, level, prefix string) {
		l := new(lamp)
		a := l.agent()
		for i := range a.Actions {
			a.Actions[i].Run = func(_ context.Context, req *ocf.Request) error {
				if _, err := req.Int("watts"); err != nil {
					t.Errorf("%s saw a malformed integer: %v", req.Action, err)
				}
				if req.String("socket") != where || req.Interval < 0 || req.Timeout < 0 || req.Depth < 0 {
					t.Errorf("%s saw %+v", req.Action, req)
				}
				return nil
			}
		}
		got := call(t.Context(), a, vars{
			socket: where, "OCF_RESKEY_watts": watts, "OCF_RESKEY_dim": dim, interval: every, timeout: limit,
			"OCF_CHECK_LEVEL": level, "OCF_EXIT_REASON_PREFIX": prefix, "HA_LOGFILE": "/the/log",
		}, action)
		switch {
		case action == "stop" && got.code != 0:
			t.Errorf("stop: code %d, %s", got.code, got.stderr)
		case action == "start" && where == "" && got.code != ocf.ConfiguredCode:
			t.Errorf("start without a socket: code %d", got.code)
		case got.code != 0 && !strings.HasPrefix(got.stderr, cmp.Or(prefix, "ocf-exit-reason:")):
			t.Errorf("code %d without a reason: %q", got.code, got.stderr)
		}
		if got.code == ocf.GenericCode {
			t.Errorf("soft error: %s", got.stderr)
		}
		if strings.Count(got.log, "\n") != strings.Count(got.log, " lamp[42]: ") {
			t.Errorf("a value broke the log into lines:\n%s", got.log)
		}
	})
}
