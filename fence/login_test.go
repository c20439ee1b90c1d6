package fence

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhatALoginNeeds(t *testing.T) {
	key := append(slices.Clone(ByPassword), "identity_file")
	file := write(t, "pw\n", 0o600)
	tests := []struct {
		name  string
		login []string
		stdin string
		err   string // "" is valid
	}{
		{"nothing", nil, "", ""},
		{"user name", ByPassword, "password=p", "username is not set"},
		{"password", ByPassword, "username=u", "give one of password, password_file, password_script"},
		{"empty password", ByPassword, "username=u\npassword=", "give one of"},
		{"password given", ByPassword, "login=u\npasswd=p", ""},
		{"password file", ByPassword, "username=u\npassword_file=" + file, ""},
		{"password script", ByPassword, "username=u\npassword_script=echo pw", ""},
		{"key or password", key, "username=u", "password_script, identity_file"},
		{"key", key, "username=u\nidentity_file=/etc/key", ""},
	}
	for _, tt := range tests {
		for _, action := range []string{"validate-all", "status", "off"} {
			dev := &fakeDevice{state: On, clock: newClock()}
			a := testAgent(dev.open)
			a.Login = tt.login
			a.Options = append(a.Options, SSHOptions()...)
			var stderr strings.Builder
			code := Run(t.Context(), a, Env{
				Stdin: strings.NewReader("ip=h\naction=" + action + "\n" + tt.stdin), Stdout: new(strings.Builder), Stderr: &stderr,
				Getenv: func(string) string { return "" }, Now: func() time.Time { return dev.clock.now }, Sleep: dev.clock.sleep,
			})
			if (code == 0) != (tt.err == "") || !strings.Contains(stderr.String(), tt.err) || code != 0 && len(dev.log) > 0 {
				t.Errorf("%s, %s: exit code %d, %q, asked %v", tt.name, action, code, &stderr, dev.log)
			}
		}
	}
}

// A device that went away while it is asked to go off is asked again, but rarely:
// each try may count as a failed login.
func TestFewLoginsWhileADeviceIsAway(t *testing.T) {
	dev := &fakeDevice{state: On, stuck: Off, clock: newClock()}
	begin := dev.clock.now
	dev.clock.wake = func(now time.Time) {
		dev.lost, dev.noLogin = -1, -1
		if now.Sub(begin) > time.Minute {
			dev.lost, dev.noLogin, dev.stuck, dev.state = 0, 0, "", Off
		}
	}
	got := invoke(dev, call{stdin: device + "action=off\npower_timeout=70", env: fenced})
	logins := len(slices.DeleteFunc(slices.Clone(dev.log), func(s string) bool { return s != "login" }))
	if got.code != 0 || logins > 25 || got.took > 65*time.Second {
		t.Errorf("%d logins in %s: %+v", logins, got.took, got)
	}
}

// A BMC may refuse a login once while the power changes.
func TestOneRefusalWhilePolling(t *testing.T) {
	dev := &fakeDevice{state: On, late: 5 * time.Second, clock: newClock()}
	dev.clock.wake = func(time.Time) {
		if len(dev.clock.slept) == 1 {
			dev.lost, dev.refuse = 1, 1
		}
	}
	if got := invoke(dev, call{stdin: device + "action=off\nretry_on=0", env: fenced}); got.code != 0 || dev.refuse != 0 {
		t.Errorf("%+v, %v", got, dev.log)
	}
}

// Who does not prove to be the device is not asked again.
func TestUntrustedDeviceIsAskedOnce(t *testing.T) {
	dev := &fakeDevice{clock: newClock()}
	a, logins := testAgent(dev.open), 0
	a.Open = func(context.Context, *Request) (Device, error) {
		logins++
		return nil, fmt.Errorf("another key: %w", ErrUntrusted)
	}
	for _, action := range []string{"off", "monitor"} {
		logins = 0
		var stderr strings.Builder
		code := Run(t.Context(), a, Env{
			Stdin: strings.NewReader(device + "action=" + action), Stdout: new(strings.Builder), Stderr: &stderr,
			Getenv: func(string) string { return "" }, Now: func() time.Time { return dev.clock.now }, Sleep: dev.clock.sleep,
		})
		if code != 1 || logins != 1 || !strings.Contains(stderr.String(), "another key") {
			t.Errorf("%s: exit code %d, %d logins, %q", action, code, logins, &stderr)
		}
	}
}

func TestSyslog(t *testing.T) {
	log := func(stdin string, dev *fakeDevice) []string {
		var lines []string
		dev.clock = newClock()
		Run(t.Context(), testAgent(dev.open), Env{
			Pid: 42, Stdin: strings.NewReader(device + stdin), Stdout: new(strings.Builder), Stderr: new(strings.Builder),
			Getenv: func(string) string { return "" }, Now: func() time.Time { return dev.clock.now }, Sleep: dev.clock.sleep,
			Syslog: func(m []byte) error { lines = append(lines, string(m)); return errLost },
		})
		return lines
	}
	tests := []struct {
		stdin string
		dev   fakeDevice
		want  []string
	}{
		{"action=off\nnodename=n1", fakeDevice{state: On}, []string{"<29>Jan  2 03:04:05 fence_test[42]: off of n1 (192.0.2.1): Success: Powered OFF"}},
		{"action=off\nquiet=1", fakeDevice{noLogin: -1}, []string{"<27>Jan  2 03:04:06 fence_test[42]: Failed: read the power state of 192.0.2.1: log in: no answer"}},
		{"action=status\nbogus=1", fakeDevice{state: On}, []string{`<28>Jan  2 03:04:05 fence_test[42]: Warning: unknown option "bogus" on standard input is ignored`}},
		{"action=monitor", fakeDevice{state: On}, nil},
		{"action=status\nverbose=1", fakeDevice{state: On}, nil},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, log(tt.stdin, &tt.dev)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.stdin, diff)
		}
	}
}
