package ocf_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/ocf"
)

const (
	socket   = "OCF_RESKEY_socket"
	interval = "OCF_RESKEY_CRM_meta_interval"
	timeout  = "OCF_RESKEY_CRM_meta_timeout"
)

func TestRun(t *testing.T) {
	quiet := "HA_LOGFILE" // set so that stderr holds the exit reason only
	tests := []struct {
		name   string
		args   string
		env    vars
		lit    bool
		code   ocf.Code
		calls  string
		stderr string
	}{
		{name: "start", args: "start", env: vars{socket: "1"}, calls: "validate start"},
		{name: "stop", args: "stop", env: vars{socket: "1"}, calls: "stop"},
		{name: "__OCF_ACTION is not read", args: "stop", env: vars{socket: "1", "__OCF_ACTION": "start"}, calls: "stop"},
		{name: "probe finds it dark", args: "monitor", env: vars{socket: "1"}, code: 7, calls: "monitor"},
		{name: "probe, interval 0", args: "monitor", env: vars{socket: "1", interval: "0"}, code: 7, calls: "monitor"},
		{name: "probe finds it lit", args: "monitor", env: vars{socket: "1"}, lit: true, calls: "monitor"},
		{name: "recurring monitor finds it dark", args: "monitor", env: vars{socket: "1", interval: "10000"}, code: 7, calls: "monitor",
			stderr: "ocf-exit-reason:the lamp is dark\n"},
		{name: "another prefix", args: "monitor", env: vars{socket: "1", interval: "10000", "OCF_EXIT_REASON_PREFIX": "why="}, code: 7, calls: "monitor",
			stderr: "why=the lamp is dark\n"},
		{name: "status is monitor", args: "status", env: vars{socket: "1"}, lit: true, calls: "monitor"},
		{name: "unknown action, before parameters are looked at", args: "promote", env: vars{}, code: 3,
			stderr: "ocf-exit-reason:agent lamp has no action \"promote\"\n"},
		{name: "validate-all", args: "validate-all", env: vars{socket: "1"}, calls: "validate"},
		{name: "monitor at a declared depth", args: "monitor", env: vars{socket: "1", "OCF_CHECK_LEVEL": "10"}, lit: true, calls: "monitor 10"},
		{name: "monitor between depths", args: "monitor", env: vars{socket: "1", "OCF_CHECK_LEVEL": "9"}, lit: true, calls: "monitor"},
		{name: "monitor beyond depths", args: "monitor", env: vars{socket: "1", "OCF_CHECK_LEVEL": "99"}, lit: true, calls: "monitor 10"},
		{name: "empty depth", args: "monitor", env: vars{socket: "1", "OCF_CHECK_LEVEL": ""}, lit: true, calls: "monitor"},
		{name: "malformed depth", args: "monitor", env: vars{socket: "1", "OCF_CHECK_LEVEL": "deep"}, code: 6,
			stderr: "ocf-exit-reason:OCF_CHECK_LEVEL is not a number from 0: \"deep\"\n"},
		{name: "negative depth", args: "monitor", env: vars{socket: "1", "OCF_CHECK_LEVEL": "-1"}, code: 6,
			stderr: "ocf-exit-reason:OCF_CHECK_LEVEL is not a number from 0: \"-1\"\n"},
		{name: "depth means nothing to stop", args: "stop", env: vars{socket: "1", "OCF_CHECK_LEVEL": "deep"}, calls: "stop"},

		{name: "required missing: start", args: "start", env: vars{}, code: 6, stderr: "ocf-exit-reason:parameter socket is required but not set\n"},
		{name: "required missing: monitor", args: "monitor", env: vars{}, code: 6, stderr: "ocf-exit-reason:parameter socket is required but not set\n"},
		{name: "required missing: validate-all", args: "validate-all", env: vars{}, code: 6, stderr: "ocf-exit-reason:parameter socket is required but not set\n"},
		{name: "required empty", args: "start", env: vars{socket: ""}, code: 6, stderr: "ocf-exit-reason:parameter socket is required but not set\n"},
		{name: "required missing: stop", args: "stop", env: vars{}},
		{name: "malformed integer: start", args: "start", env: vars{socket: "1", "OCF_RESKEY_watts": "many"}, code: 6,
			stderr: "ocf-exit-reason:parameter watts is not an integer: \"many\"\n"},
		{name: "malformed integer by its alias: monitor", args: "monitor", env: vars{socket: "1", "OCF_RESKEY_power": "6o"}, code: 6,
			stderr: "ocf-exit-reason:parameter watts is not an integer: \"6o\"\n"},
		{name: "malformed boolean: validate-all", args: "validate-all", env: vars{socket: "1", "OCF_RESKEY_dim": "a bit"}, code: 6,
			stderr: "ocf-exit-reason:parameter dim is neither true nor false: \"a bit\"\n"},
		{name: "malformed values: stop", args: "stop", env: vars{socket: "1", "OCF_RESKEY_dim": "a bit", "OCF_RESKEY_watts": "x"}, calls: "stop"},
		{name: "empty integer and boolean", args: "start", env: vars{socket: "1", "OCF_RESKEY_dim": "", "OCF_RESKEY_watts": ""}, calls: "validate start"},
		{name: "undeclared parameters are not looked at", args: "start", env: vars{socket: "1", "OCF_RESKEY_trace_ra": "1"}, calls: "validate start"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.env[quiet] = "/the/log"
			l := &lamp{lit: tt.lit}
			got := call(t.Context(), l.agent(), tt.env, tt.args)
			if got.code != tt.code || got.stderr != tt.stderr || got.stdout != "" {
				t.Errorf("code %d, stderr %q, stdout %q; want %d, %q, nothing", got.code, got.stderr, got.stdout, tt.code, tt.stderr)
			}
			if calls := strings.Join(l.calls, " "); calls != tt.calls {
				t.Errorf("called %q, want %q", calls, tt.calls)
			}
		})
	}
}

func TestStopKeepsGoing(t *testing.T) {
	l := &lamp{act: func(_ context.Context, req *ocf.Request) error {
		if w, err := req.Int("watts"); w != 60 || err != nil || req.Bool("dim") {
			return fmt.Errorf("watts %d, %v", w, err)
		}
		return ocf.NotRunning("the lamp is dark")
	}}
	got := call(t.Context(), l.agent(), vars{socket: "1", "OCF_RESKEY_watts": "x", "OCF_RESKEY_dim": "x"}, "stop")
	if got.code != ocf.SuccessCode || strings.Contains(got.stderr, "ocf-exit-reason") {
		t.Fatalf("code %d, stderr %s", got.code, got.stderr)
	}
	for _, want := range []string{
		`WARNING: using the default because="parameter watts is not an integer: \"x\""`,
		`WARNING: using the default because="parameter dim is neither true nor false: \"x\""`,
		`INFO: already stopped because="the lamp is dark"`,
	} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("log lacks %s:\n%s", want, got.stderr)
		}
	}
	missing := call(t.Context(), l.agent(), vars{}, "stop")
	if want := "WARNING: required parameter is not set, so nothing can be running parameter=socket"; !strings.Contains(missing.stderr, want) {
		t.Errorf("log lacks %s:\n%s", want, missing.stderr)
	}
}

func TestValidateStopsTheStart(t *testing.T) {
	for _, action := range []string{"start", "validate-all"} {
		l := &lamp{validate: func(context.Context, *ocf.Request) error { return ocf.Installed("there is no bulb") }}
		got := call(t.Context(), l.agent(), vars{socket: "1", "HA_LOGFILE": "/the/log"}, action)
		if got.code != ocf.InstalledCode || got.stderr != "ocf-exit-reason:there is no bulb\n" || !slices.Equal(l.calls, []string{"validate"}) {
			t.Errorf("%s: code %d, stderr %q, called %v", action, got.code, got.stderr, l.calls)
		}
	}
}

func TestRequestOfACluster(t *testing.T) {
	var got ocf.Request
	var left time.Duration
	l := &lamp{act: func(ctx context.Context, req *ocf.Request) error {
		got = *req
		end, _ := ctx.Deadline()
		left = time.Until(end)
		return nil
	}}
	env := vars{
		socket: "a b", interval: "10000", timeout: "20000", "OCF_RESKEY_CRM_meta_on_node": "one1", "OCF_CHECK_LEVEL": "3",
		"OCF_RESOURCE_INSTANCE": "desk:0", "OCF_RESOURCE_TYPE": "light",
	}
	if r := call(t.Context(), l.agent(), env, "monitor"); r.code != 0 || r.stderr != "" {
		t.Fatal(r)
	}
	if got.Action != "monitor" || got.Instance != "desk:0" || got.Type != "light" || got.Node != "one1" ||
		got.Interval != 10*time.Second || got.Timeout != 20*time.Second || got.Depth != 3 || got.Probe() {
		t.Errorf("%+v", got)
	}
	if left < 18*time.Second || left > 19*time.Second {
		t.Errorf("the context ends in %s", left)
	}
}

func TestActionEndedFromOutside(t *testing.T) {
	wait := func(ctx context.Context, _ *ocf.Request) error { <-ctx.Done(); return ctx.Err() }
	errSignal := errors.New("terminated")
	cancelled, cancel := context.WithCancelCause(t.Context())
	cancel(errSignal)
	tests := []struct {
		name   string
		ctx    context.Context
		act    func(context.Context, *ocf.Request) error
		code   ocf.Code
		stderr string
	}{
		{"timed out", t.Context(), wait, 1, "start timed out after 200ms of its 400ms"},
		{"timed out with a reason", t.Context(), func(ctx context.Context, req *ocf.Request) error {
			return fmt.Errorf("wait for the bulb: %w", wait(ctx, req))
		}, 1, "start timed out after 200ms of its 400ms: wait for the bulb: context deadline exceeded"},
		{"a verdict that hangs on the context is none", t.Context(), func(ctx context.Context, req *ocf.Request) error {
			return &ocf.Error{Code: ocf.NotRunningCode, Reason: "looks dark", Err: wait(ctx, req)}
		}, 1, "start timed out after 200ms of its 400ms: looks dark: context deadline exceeded"},
		{"any soft error after the time", t.Context(), func(ctx context.Context, req *ocf.Request) error {
			_ = wait(ctx, req)
			return errors.New("read socket: i/o timeout")
		}, 1, "start timed out after 200ms of its 400ms: read socket: i/o timeout"},
		{"a verdict stands", t.Context(), func(ctx context.Context, req *ocf.Request) error {
			_ = wait(ctx, req)
			return ocf.Installed("there is no bulb")
		}, 5, "there is no bulb"},
		{"a success stands", t.Context(), func(ctx context.Context, req *ocf.Request) error { _ = wait(ctx, req); return nil }, 0, ""},
		{"an inner deadline is the action's own", t.Context(), func(context.Context, *ocf.Request) error {
			return fmt.Errorf("ask the bulb: %w", context.DeadlineExceeded)
		}, 1, "ask the bulb: context deadline exceeded"},
		{"a signal", cancelled, wait, 1, "start cancelled after 0s (terminated)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := &lamp{act: tt.act}
			got := call(tt.ctx, l.agent(), vars{socket: "1", timeout: "400", "HA_LOGFILE": "/the/log"}, "start")
			want := tt.stderr
			if want != "" {
				want = "ocf-exit-reason:" + want + "\n"
			}
			if got.code != tt.code || got.stderr != want {
				t.Errorf("code %d, stderr %q; want %d, %q", got.code, got.stderr, tt.code, want)
			}
		})
	}
}

func TestPanic(t *testing.T) {
	l := &lamp{act: func(context.Context, *ocf.Request) error { panic("bulb\nburst") }}
	got := call(t.Context(), l.agent(), vars{socket: "1", "HA_LOGFILE": "/the/log"}, "start")
	if want := "ocf-exit-reason:start panicked: bulb; burst; this is a bug in the agent, the stack is in the log\n"; got.code != 1 || got.stderr != want {
		t.Errorf("code %d, stderr %q, want 1, %q", got.code, got.stderr, want)
	}
	if !strings.Contains(got.log, "run_test.go") {
		t.Errorf("the log has no stack:\n%s", got.log)
	}
}

func TestReason(t *testing.T) {
	long := strings.Repeat("ü", 100)
	tests := []struct {
		name   string
		err    error
		code   ocf.Code
		reason string
	}{
		{"lines are joined", errors.New("one\r\n\n  two\x1b[31m\x00\n"), 1, "one; two [31m"},
		{"invalid UTF-8", errors.New("a\xffb"), 1, "a\uFFFDb"},
		{"Pacemaker cuts at 128 bytes", errors.New(long), 1, strings.Repeat("ü", 62) + "..."},
		{"128 bytes fit", errors.New(long[:128]), 1, long[:128]},
		{"a cause follows", ocf.Failed("bulb is dead", errors.New("no current")), 1, "bulb is dead: no current"},
		{"wrapped", fmt.Errorf("light lamp: %w", ocf.Perm("not root")), 4, "light lamp: not root"},
		{"degraded", &ocf.Error{Code: ocf.DegradedCode, Reason: "it flickers"}, 190, "it flickers"},
		{"promoted is no failure", &ocf.Error{Code: ocf.RunningPromotedCode, Reason: "leads"}, 8, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := &lamp{act: func(context.Context, *ocf.Request) error { return tt.err }}
			got := call(t.Context(), l.agent(), vars{socket: "1", "HA_LOGFILE": "/the/log"}, "monitor")
			want := ""
			if tt.reason != "" {
				want = "ocf-exit-reason:" + tt.reason + "\n"
			}
			if got.code != tt.code || got.stderr != want {
				t.Errorf("code %d, stderr %q; want %d, %q", got.code, got.stderr, tt.code, want)
			}
		})
	}
}

func TestCallsWithoutARequest(t *testing.T) {
	a := new(lamp).agent()
	// What a mean caller could set must not disturb metadata.
	env := vars{"OCF_TESTER_FAIL_HAVE_BINARY": "1", "HA_debug": "1", "OCF_CHECK_LEVEL": "x", timeout: "0", "OCF_RESOURCE_INSTANCE": "desk"}
	if got := call(t.Context(), a, env, "meta-data"); got != (result{stdout: string(a.Metadata())}) {
		t.Errorf("meta-data: %+v", got)
	}
	for _, word := range []string{"usage", "help", "--help", "-h"} {
		if got := call(t.Context(), a, vars{}, word); got.code != 0 || !strings.HasPrefix(got.stdout, "usage: lamp {start|stop|monitor|meta-data|validate-all}\n") || got.stderr != "" {
			t.Errorf("%s: %+v", word, got)
		}
	}
	for _, args := range [][]string{nil, {"start", "now"}} {
		if got := call(t.Context(), a, vars{socket: "1"}, args...); got.code != 2 || got.stdout != "" || !strings.HasPrefix(got.stderr, "usage: lamp {") {
			t.Errorf("%v: %+v", args, got)
		}
	}
	if code := ocf.Run(t.Context(), a, ocf.Env{Args: []string{"meta-data"}, Stdout: brokenPipe{}}); code != ocf.GenericCode {
		t.Errorf("meta-data into a broken pipe: %d", code)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }
