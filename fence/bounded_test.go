package fence

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// deaf is a device whose driver does not look at its context.
type deaf struct {
	*fakeDevice
	power, set, close func()
}

func (d deaf) Power(ctx context.Context) (State, error) {
	d.power()
	return d.fakeDevice.Power(ctx)
}

func (d deaf) SetPower(ctx context.Context, s State) error {
	d.set()
	return d.fakeDevice.SetPower(ctx, s)
}

func (d deaf) Close(ctx context.Context) error {
	d.close()
	return d.fakeDevice.Close(ctx)
}

// invokeOpen runs the test agent with another Open, on the real clock.
func invokeOpen(ctx context.Context, open func(context.Context, *Request) (Device, error), stdin string) result {
	var stdout, stderr strings.Builder
	begin := time.Now()
	code := Run(ctx, testAgent(open), Env{
		Stdin: strings.NewReader(device + stdin), Stdout: &stdout, Stderr: &stderr,
		Getenv: func(string) string { return "" }, Now: time.Now, Sleep: sleep,
	})
	return result{code, stdout.String(), stderr.String(), time.Since(begin)}
}

// Whatever a driver does, an action ends near its time limits, and soon after a
// termination signal, although a minute is left for it.
func TestDriverThatDoesNotReturn(t *testing.T) {
	const limits = "login_timeout=0.05\nshell_timeout=0.05\n"
	nothing := func() {}
	tests := []struct {
		name   string
		where  func(d *deaf, wait func())
		stdin  string
		code   int
		stderr string
		asked  []string
	}{
		{"login", nil, "action=off", 1, "log in: the driver did not stop", nil},
		{"status", func(d *deaf, wait func()) { d.power = wait }, "action=status", 1, "did not stop", nil},
		{"off", func(d *deaf, wait func()) { d.set = wait }, "action=off", 1, "did not stop", nil},
		{"logout", func(d *deaf, wait func()) { d.close = wait }, "action=status", 0, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			end := make(chan struct{})
			t.Cleanup(func() { close(end) })
			wait := func() { <-end }
			open := func(context.Context, *Request) (Device, error) {
				if tt.where == nil {
					wait()
				}
				d := deaf{&fakeDevice{state: On, clock: newClock()}, nothing, nothing, nothing}
				tt.where(&d, wait)
				return d, nil
			}
			got := invokeOpen(t.Context(), open, limits+tt.stdin)
			if got.code != tt.code || !strings.Contains(got.stderr, tt.stderr) || got.took > 8*time.Second {
				t.Errorf("%+v", got)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			time.AfterFunc(100*time.Millisecond, cancel) // the signal
			if got := invokeOpen(ctx, open, "shell_timeout=60\nlogin_timeout=60\n"+tt.stdin); got.took > 5*time.Second {
				t.Errorf("%+v after a termination signal", got)
			}
		})
	}
}

// Go's exit code for a panic is 2, which says that the machine is off.
func TestFaultsAreFailures(t *testing.T) {
	var dev *fakeDevice
	broken := func() { _ = dev.log[99] }
	nothing := func() {}
	for name, open := range map[string]func(context.Context, *Request) (Device, error){
		"login":  func(context.Context, *Request) (Device, error) { panic(errors.New("topsecret")) },
		"status": func(context.Context, *Request) (Device, error) { return deaf{dev, broken, nothing, nothing}, nil },
		"logout": func(context.Context, *Request) (Device, error) { return deaf{dev, nothing, nothing, broken}, nil },
	} {
		dev = &fakeDevice{state: On, clock: newClock()}
		got := invokeOpen(t.Context(), open, "action=status")
		want := 1
		if name == "logout" {
			want = 0
		}
		if got.code != want || want == 1 && !strings.Contains(got.stderr, "internal error") || strings.Contains(got.stderr, "topsecret") {
			t.Errorf("%s: %+v", name, got)
		}
		if name == "status" && !slices.Contains(dev.log, "logout") {
			t.Errorf("%s: the session is left open: %v", name, dev.log)
		}
	}
	// A fault of the agent itself.
	a := testAgent(nil)
	a.Validate = func(r *Request) error { return errors.New(r.String("undeclared")) }
	var stderr strings.Builder
	code := Run(t.Context(), a, Env{
		Stdin: strings.NewReader(device + "action=status"), Stdout: new(strings.Builder), Stderr: &stderr,
		Getenv: func(string) string { return "" }, Now: time.Now, Sleep: sleep,
	})
	if code != 1 || !strings.Contains(stderr.String(), "internal error") {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
}
