package fence

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const device = "ip=192.0.2.1\nusername=u\npassword=topsecret\n"

var fenced = map[string]string{"PCMK_service": "pacemaker-fenced"}

// The outcomes that a cluster sees: standard output, exit code, and what the
// device was asked to do.
func TestOutcomes(t *testing.T) {
	tests := []struct {
		name   string
		dev    fakeDevice
		stdin  string
		env    map[string]string
		code   int
		stdout string
		stderr string // substring; "" is no output at all
		asked  []string
		within time.Duration // of fake time; 0 is not checked
	}{
		{name: "status on", dev: fakeDevice{state: On}, stdin: "action=status", stdout: "Status: ON\n"},
		{name: "status off", dev: fakeDevice{state: Off}, stdin: "action=status", code: 2, stdout: "Status: OFF\n"},
		{name: "monitor on", dev: fakeDevice{state: On}, stdin: "action=monitor"},
		{name: "monitor off", dev: fakeDevice{state: Off}, stdin: "action=monitor"},
		{name: "on", dev: fakeDevice{state: Off}, stdin: "action=on", stdout: "Success: Powered ON\n", asked: []string{"on"}},
		{name: "off", dev: fakeDevice{state: On}, stdin: "action=off", stdout: "Success: Powered OFF\n", asked: []string{"off"}},
		{name: "on when on", dev: fakeDevice{state: On}, stdin: "action=on", stdout: "Success: Already ON\n"},
		{name: "off when off", dev: fakeDevice{state: Off}, stdin: "action=off", stdout: "Success: Already OFF\n"},
		{name: "reboot", dev: fakeDevice{state: On}, stdin: "action=reboot", stdout: "Success: Rebooted\n", asked: []string{"off", "on"}},
		{name: "reboot when off", dev: fakeDevice{state: Off}, stdin: "action=reboot", stdout: "Success: Rebooted\n", asked: []string{"on"}},
		{name: "reboot is the default", dev: fakeDevice{state: On}, stdout: "Success: Rebooted\n", asked: []string{"off", "on"}},
		{name: "upper case", dev: fakeDevice{state: On}, stdin: "action=OFF", stdout: "Success: Powered OFF\n", asked: []string{"off"}},

		{name: "late off and on", dev: fakeDevice{state: On, late: 4 * time.Second}, stdin: "action=reboot", stdout: "Success: Rebooted\n", asked: []string{"off", "on"}, within: 10 * time.Second},
		{name: "off takes time, the command is repeated", dev: fakeDevice{state: On, late: 11 * time.Second}, stdin: "action=off\nretry_on=0", stdout: "Success: Powered OFF\n", asked: []string{"off"}, within: 13 * time.Second},
		{name: "never off", dev: fakeDevice{state: On, stuck: Off}, stdin: "action=off", code: 1, stderr: "timed out waiting to power OFF", asked: []string{"off", "off"}, within: 22 * time.Second},
		{name: "reboot never off", dev: fakeDevice{state: On, stuck: Off}, stdin: "action=reboot", code: 1, stderr: "timed out waiting to power OFF", asked: []string{"off", "off"}},
		{name: "never on", dev: fakeDevice{state: Off, stuck: On}, stdin: "action=on", code: 1, stderr: "timed out waiting to power ON", asked: []string{"on", "on"}},
		{name: "power_timeout", dev: fakeDevice{state: On, stuck: Off}, stdin: "action=off\npower_timeout=5\nretry_on=0", code: 1, stderr: "5s", asked: []string{"off"}, within: 7 * time.Second},
		{name: "reboot never on again", dev: fakeDevice{state: On, stuck: On}, stdin: "action=reboot", stdout: "Success: Rebooted\n", stderr: "Warning: the machine was seen off", asked: []string{"off", "on", "on"}},
		{name: "reboot never on again under fenced", dev: fakeDevice{state: On, stuck: On}, stdin: "action=reboot", env: fenced, stdout: "Success: Rebooted\n", stderr: "Warning: the machine was seen off", asked: []string{"off", "on", "on"}, within: 22 * time.Second},
		{name: "reboot, on refused", dev: fakeDevice{state: On, errSet: On}, stdin: "action=reboot", stdout: "Success: Rebooted\n", stderr: "command refused", asked: []string{"off", "on", "on"}},
		{name: "off refused", dev: fakeDevice{state: On, errSet: Off}, stdin: "action=off", code: 1, stderr: "switch 192.0.2.1 off: command refused", asked: []string{"off", "off"}, within: 2 * time.Second},
		{name: "reboot, off refused", dev: fakeDevice{state: On, errSet: Off}, stdin: "action=reboot", code: 1, stderr: "command refused", asked: []string{"off", "off"}},
		{name: "off carried out, answer lost", dev: fakeDevice{state: On, lostAck: true}, stdin: "action=off", stdout: "Success: Powered OFF\n", asked: []string{"off", "off"}},

		{name: "off carried out, then it restarts", dev: fakeDevice{state: On, restart: 9 * time.Second}, stdin: "action=off", stdout: "Success: Powered OFF\n", asked: []string{"off"}, within: 15 * time.Second},
		{name: "it restarts at every command", dev: fakeDevice{state: On, restart: 9 * time.Second}, stdin: "action=reboot\npower_timeout=30", env: fenced, stdout: "Success: Rebooted\n", asked: []string{"off", "on"}},
		{name: "it goes away at a command and stays", dev: fakeDevice{state: On, restart: time.Hour}, stdin: "action=off", code: 1, stderr: "timed out waiting to power OFF (power_timeout, 20s)", asked: []string{"off"}},

		{name: "one lost read", dev: fakeDevice{state: On, lost: 1}, stdin: "action=status", stdout: "Status: ON\n"},
		{name: "no answers", dev: fakeDevice{state: On, lost: -1}, stdin: "action=status", code: 1, stderr: "Failed: read the power state of 192.0.2.1: no answer"},
		{name: "no answers, off", dev: fakeDevice{state: On, lost: -1}, stdin: "action=off", code: 1, stderr: "no answer"},
		{name: "one lost login", dev: fakeDevice{state: Off, noLogin: 1}, stdin: "action=status", code: 2, stdout: "Status: OFF\n"},
		{name: "no login", dev: fakeDevice{noLogin: -1}, stdin: "action=monitor", code: 1, stderr: "log in: no answer"},
		{name: "wrong password", dev: fakeDevice{refuse: -1}, stdin: "action=off", code: 1, stderr: "log in: bad password"},
		{name: "neither on nor off", dev: fakeDevice{state: "asleep"}, stdin: "action=off", code: 1, stderr: "neither on nor off"},

		{name: "delay before off", dev: fakeDevice{state: On}, stdin: "action=off\ndelay=7", stdout: "Success: Powered OFF\n", asked: []string{"off"}, within: 8 * time.Second},
		{name: "power_wait", dev: fakeDevice{state: On}, stdin: "action=off\npower_wait=2", stdout: "Success: Powered OFF\n", asked: []string{"off"}, within: 2 * time.Second},
		{name: "under fenced there is no power timeout", dev: fakeDevice{state: On, late: 90 * time.Second}, stdin: "action=off", env: fenced, stdout: "Success: Powered OFF\n", asked: []string{"off", "off"}},
		{name: "disable_timeout=0 under fenced", dev: fakeDevice{state: On, late: 90 * time.Second}, stdin: "action=off\ndisable_timeout=0\nretry_on=0", env: fenced, code: 1, stderr: "timed out", asked: []string{"off"}},
		{name: "disable_timeout", dev: fakeDevice{state: On, late: 90 * time.Second}, stdin: "action=off\ndisable_timeout=true\nretry_on=0", stdout: "Success: Powered OFF\n", asked: []string{"off"}},

		{name: "as fenced sends it", dev: fakeDevice{state: On}, stdin: "nodename=n1\nport=n1\nplug=n1\naction=off\ndelay=0", env: fenced, stdout: "Success: Powered OFF\n", asked: []string{"off"}},
		{name: "list", dev: fakeDevice{state: On}, stdin: "action=list", stderr: "pcmk_host_list"},
		{name: "list-status", dev: fakeDevice{state: On}, stdin: "action=list-status", stderr: "pcmk_host_list"},
		{name: "diag", dev: fakeDevice{state: On}, stdin: "action=diag\ndelay=9", stdout: "Success: Diagnostic interrupt sent\n", asked: []string{"diag"}, within: time.Second},
		{name: "diag when off", dev: fakeDevice{state: Off}, stdin: "action=diag", code: 1, stderr: "the machine is off"},
		{name: "diag is sent once", dev: fakeDevice{state: On, lostAck: true}, stdin: "action=diag", code: 1, stderr: "no answer", asked: []string{"diag"}},
		{name: "diag does not fence", dev: fakeDevice{state: On}, stdin: "action=diag", env: fenced, code: 1, stderr: "pcmk_*_action"},
		{name: "no action under fenced", dev: fakeDevice{state: On}, env: fenced, code: 1, stderr: "no action is given"},
		{name: "validate-all", dev: fakeDevice{state: On}, stdin: "action=validate-all"},
		{name: "validate-all refuses", dev: fakeDevice{state: On}, stdin: "action=validate-all\nlevel=user", code: 1, stderr: "does not go with lanplus"},
		{name: "validation before off", dev: fakeDevice{state: On}, stdin: "action=off\nlevel=user\ndelay=9", code: 1, stderr: "does not go with lanplus"},
		{name: "no address", dev: fakeDevice{state: On}, stdin: "action=off\nip=", code: 1, stderr: "ip is not set"},
		{name: "port as address", dev: fakeDevice{state: On, errSet: Off}, stdin: "action=off\nport_as_ip=1\nplug=192.0.2.9", code: 1, stderr: "switch 192.0.2.9 off", asked: []string{"off", "off"}},
		{name: "port as address, no port", dev: fakeDevice{state: On, lost: -1}, stdin: "action=monitor\nport_as_ip=1", code: 1, stderr: "of 192.0.2.1"},
		{name: "port not as address", dev: fakeDevice{state: On, lost: -1}, stdin: "action=status\nport_as_ip=0\nplug=192.0.2.9", code: 1, stderr: "of 192.0.2.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dev := tt.dev
			got := invoke(&dev, call{stdin: device + tt.stdin, env: tt.env})
			if got.code != tt.code || got.stdout != tt.stdout {
				t.Errorf("exit code %d, stdout %q; want %d, %q", got.code, got.stdout, tt.code, tt.stdout)
			}
			if tt.stderr == "" && got.stderr != "" || !strings.Contains(got.stderr, tt.stderr) {
				t.Errorf("stderr %q, want %q in it", got.stderr, tt.stderr)
			}
			if strings.Contains(got.stderr, "topsecret") {
				t.Errorf("stderr has the password: %q", got.stderr)
			}
			if diff := cmp.Diff(tt.asked, dev.switched()); diff != "" && len(tt.asked)+len(dev.switched()) > 0 {
				t.Errorf("power commands (-want +got):\n%s", diff)
			}
			if tt.within > 0 && got.took > tt.within {
				t.Errorf("took %s, want at most %s", got.took, tt.within)
			}
			if n := len(dev.log); n > 0 && dev.log[n-1] != "logout" && dev.log[n-1] != "login" {
				t.Errorf("the session is left open: %v", dev.log)
			}
		})
	}
}

func TestOrderOfSteps(t *testing.T) {
	dev := &fakeDevice{state: On}
	invoke(dev, call{stdin: device + "action=reboot"})
	want := []string{"login", "status", "off", "status", "on", "status", "logout"}
	if diff := cmp.Diff(want, dev.log); diff != "" {
		t.Errorf("reboot (-want +got):\n%s", diff)
	}
}

func TestDelayOnlyBeforeOffAndReboot(t *testing.T) {
	for action, want := range map[string]time.Duration{
		"off": 7 * time.Second, "reboot": 7 * time.Second,
		"on": 0, "status": 0, "monitor": 0, "list": 0, "validate-all": 0, "metadata": 0,
	} {
		dev := &fakeDevice{state: On}
		invoke(dev, call{stdin: device + "delay=7\naction=" + action})
		var got time.Duration
		if len(dev.clock.slept) > 0 && dev.clock.slept[0] == 7*time.Second {
			got = dev.clock.slept[0]
		}
		if got != want {
			t.Errorf("%s: delay %s, want %s", action, got, want)
		}
	}
}

func TestRefusedPasswordIsOfferedTwice(t *testing.T) {
	once, twice := []string{"login"}, []string{"login", "login"}
	for _, tt := range []struct {
		action string
		env    map[string]string
		want   []string
	}{
		{"status", nil, twice}, {"monitor", nil, twice}, {"off", nil, twice},
		{"status", fenced, once}, {"monitor", fenced, once}, {"off", fenced, twice}, {"reboot", fenced, twice}, {"on", fenced, twice},
	} {
		dev := &fakeDevice{state: On, refuse: -1}
		invoke(dev, call{stdin: device + "action=" + tt.action, env: tt.env})
		if diff := cmp.Diff(tt.want, dev.log); diff != "" {
			t.Errorf("%s, %v (-want +got):\n%s", tt.action, tt.env, diff)
		}
	}
	// Once in a while a reply is garbled: the second login counts.
	dev := &fakeDevice{state: On, refuse: 1}
	if got := invoke(dev, call{stdin: device + "action=status"}); got.code != 0 {
		t.Errorf("after one refusal: %+v", got)
	}
}

// A BMC that refuses logins after off was sent must not be asked for ever.
func TestRefusedWhilePolling(t *testing.T) {
	dev := &fakeDevice{state: On, stuck: Off, clock: newClock()}
	dev.clock.wake = func(time.Time) { dev.lost, dev.refuse = -1, -1 }
	got := invoke(dev, call{stdin: device + "action=off", env: fenced})
	if got.code != 1 || !strings.Contains(got.stderr, "bad password") {
		t.Errorf("%+v", got)
	}
}

func TestReadsMayFailWhilePolling(t *testing.T) {
	dev := &fakeDevice{state: On, late: 6 * time.Second, clock: newClock()}
	begin := dev.clock.now
	dev.clock.wake = func(now time.Time) {
		dev.lost = 0
		if d := now.Sub(begin); d > time.Second && d < 5*time.Second {
			dev.lost, dev.noLogin = -1, -1
		} else {
			dev.noLogin = 0
		}
	}
	got := invoke(dev, call{stdin: device + "action=off"})
	if got.code != 0 || got.stdout != "Success: Powered OFF\n" {
		t.Errorf("%+v", got)
	}
}

func TestStepsAreBounded(t *testing.T) {
	dev := &fakeDevice{state: On, hang: true}
	begin := time.Now()
	got := invoke(dev, call{stdin: device + "action=off\nshell_timeout=0.05\ndisable_timeout=1", env: fenced})
	if got.code != 1 || time.Since(begin) > 2*time.Second {
		t.Errorf("%+v after %s", got, time.Since(begin))
	}
}

func TestInterrupt(t *testing.T) {
	tests := []struct {
		name  string
		stdin string
		after time.Duration
		asked []string
		code  int
	}{
		{"in the delay", "action=off\ndelay=10", 0, nil, 1},
		{"while polling", "action=off\npower_timeout=0", 5 * time.Second, []string{"off"}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			dev := &fakeDevice{state: On, stuck: Off, clock: newClock()}
			begin := dev.clock.now
			dev.clock.wake = func(now time.Time) {
				if now.Sub(begin) >= tt.after {
					cancel()
				}
			}
			got := invoke(dev, call{stdin: device + "retry_on=0\n" + tt.stdin, ctx: ctx})
			if got.code != tt.code || !strings.Contains(got.stderr, "interrupted") {
				t.Errorf("%+v", got)
			}
			if diff := cmp.Diff(tt.asked, dev.switched()); diff != "" && len(tt.asked)+len(dev.switched()) > 0 {
				t.Errorf("power commands (-want +got):\n%s", diff)
			}
			if n := len(dev.log); n > 0 && dev.log[n-1] != "logout" {
				t.Errorf("the session is left open: %v", dev.log)
			}
		})
	}
}

// An agent that is told to end says that it has done what it was asked only when it was
// seen, whatever it is at in that moment: every time that it asks for the time is one.
func TestInterruptIsNoSuccess(t *testing.T) {
	for _, action := range []string{"off", "reboot", "on"} {
		state := map[bool]State{true: Off, false: On}[action == "on"]
		for moment, last := 1, false; !last; moment++ {
			ctx, cancel := context.WithCancel(t.Context())
			dev := &fakeDevice{state: state, stuck: opposite(state), clock: newClock()}
			times := 0
			dev.clock.asked = func() {
				if times++; times == moment {
					cancel()
				}
			}
			got := invoke(dev, call{stdin: device + "verbose=1\npower_timeout=5\naction=" + action, ctx: ctx})
			last = ctx.Err() == nil // it ended by itself before
			cancel()
			if got.code == 0 || strings.Contains(got.stdout, "Success") {
				t.Fatalf("%s, told to end at moment %d: %+v", action, moment, got)
			}
		}
	}
}

func opposite(s State) State { return map[State]State{On: Off, Off: On}[s] }

// The cluster has another device to ask: one that answers nothing any more is given up
// long before the cluster's own time limit.
func TestSilentAfterTheCommand(t *testing.T) {
	tests := []struct {
		name   string
		stdin  string
		silent func(since time.Duration) bool // since the command
		code   int
		atMost time.Duration
	}{
		{"for good", "action=off", func(time.Duration) bool { return true }, 1, 25 * time.Second},
		{"reboot, for good", "action=reboot", func(time.Duration) bool { return true }, 1, 25 * time.Second},
		{"for good, longer power_timeout", "action=off\npower_timeout=60", func(time.Duration) bool { return true }, 1, 65 * time.Second},
		{"for good, no power_timeout", "action=off\npower_timeout=0", func(time.Duration) bool { return true }, 1, 25 * time.Second},
		{"it answers, power_timeout is shorter than the pauses", "action=off\npower_timeout=1", func(time.Duration) bool { return false }, 0, 60 * time.Second},
		{"one answer is lost after power_wait", "action=off\npower_wait=46", func(d time.Duration) bool { return d < 46500*time.Millisecond }, 0, 60 * time.Second},
		{"it answers again in between", "action=off", func(d time.Duration) bool {
			return d < 14*time.Second || d > 18*time.Second && d < 32*time.Second || d > 36*time.Second && d < 50*time.Second
		}, 0, 60 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dev := &fakeDevice{state: On, late: 45 * time.Second, clock: newClock()}
			begin := dev.clock.now
			dev.clock.wake = func(now time.Time) {
				dev.lost, dev.noLogin = 0, 0
				if tt.silent(now.Sub(begin)) {
					dev.lost, dev.noLogin = -1, -1
				}
			}
			got := invoke(dev, call{stdin: device + "retry_on=0\n" + tt.stdin, env: fenced})
			if got.code != tt.code || got.took > tt.atMost || strings.Contains(got.stdout, "Success") != (tt.code == 0) {
				t.Errorf("%+v", got)
			}
			if tt.code != 0 && !strings.Contains(got.stderr, "though it took the command") {
				t.Errorf("stderr %q", got.stderr)
			}
		})
	}
}

// What is not known is not said: here nobody heard whether the command was taken.
func TestSilentInsteadOfTakingTheCommand(t *testing.T) {
	dev := &fakeDevice{state: On, clock: newClock(), restart: time.Hour}
	got := invoke(dev, call{stdin: device + "retry_on=0\naction=off", env: fenced})
	if got.code != 1 || !strings.Contains(got.stderr, "whether it took the command is not known") {
		t.Errorf("%+v", got)
	}
}

// A device that goes on answering, if only slowly, is not given up by login_timeout or
// shell_timeout, which a driver that tells of answers has begin anew with each.
func TestAnswersGiveAStepMoreTime(t *testing.T) {
	open := func(tells bool) result {
		var stderr strings.Builder
		a := testAgent(func(ctx context.Context, r *Request) (Device, error) {
			for range 10 {
				select {
				case <-ctx.Done():
					return nil, ErrSilent
				case <-time.After(100 * time.Millisecond):
					r.Answered()
				}
			}
			return &fakeDevice{state: On, clock: newClock()}, nil
		})
		a.Answers = func(*Request) bool { return tells }
		code := Run(t.Context(), a, Env{
			Stdin: strings.NewReader(device + "action=monitor\nlogin_timeout=0.5"), Stdout: new(strings.Builder), Stderr: &stderr,
			Getenv: func(string) string { return "" }, Now: time.Now, Sleep: func(context.Context, time.Duration) error { return nil },
		})
		return result{code: code, stderr: stderr.String()}
	}
	if got := open(false); got.code != 1 {
		t.Errorf("a login that takes twice login_timeout: %+v", got)
	}
	for try := 1; ; try++ { // a busy machine may take half a second for a tenth
		if got := open(true); got.code == 0 {
			return
		} else if try == 10 {
			t.Fatalf("with answers in between: %+v", got)
		}
	}
}
