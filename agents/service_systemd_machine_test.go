package agents_test

import (
	"os/exec"
	"testing"
	"time"

	"github.com/oneha/oneha/ocf"
)

// A start that never ends: the unit says nothing for the whole time.
func TestMachineStartTimesOut(t *testing.T) {
	machine(t)
	writeUnit(t, "mute.service", "Type=notify\nExecStart=/bin/sleep infinity\n")
	p := params{"unit": "mute"}
	short := params{"unit": "mute", "timeout": "2000"}
	want(t, "scheduler", "start", short, ocf.GenericCode, "systemd goes on with the job")
	want(t, "scheduler", "monitor", short, ocf.GenericCode, "activating (start) for the whole time of the monitor")
	want(t, "scheduler", "stop", p, ocf.SuccessCode, "")
	want(t, "scheduler", "monitor", p, ocf.NotRunningCode, "")
	for service, says := range map[string]string{
		"Type=notify\nTimeoutStartSec=1\nExecStart=/bin/sleep infinity\n": "the unit's own timeout ran out",
		"Type=notify\nExecStart=/bin/sh -c 'exit 255'\n":                  "exit status 255",
		"Type=exec\nExecStart=/nonexistent\n":                             "exit status 203",
	} {
		writeUnit(t, "failing.service", service)
		p := params{"unit": "failing"}
		want(t, "scheduler", "start", p, ocf.GenericCode, says)
		want(t, "scheduler", "monitor", p, ocf.NotRunningCode, "")
		want(t, "scheduler", "monitor", params{"unit": "failing", "interval": "30000"}, ocf.NotRunningCode, "failed")
		want(t, "scheduler", "stop", p, ocf.SuccessCode, "")
	}
}

func TestMachineMonitorWords(t *testing.T) {
	machine(t)
	writeUnit(t, "broken.service", "Type=nonsense\n")
	writeUnit(t, "plain.service", "ExecStart=/bin/sleep infinity\n")
	every := func(unit string) params { return params{"unit": unit, "interval": "30000"} }
	want(t, "scheduler", "monitor", every("no-such"), ocf.NotRunningCode, "no-such.service is not found")
	want(t, "scheduler", "monitor", every("broken"), ocf.NotRunningCode, "broken.service is not loadable")
	want(t, "scheduler", "start", params{"unit": "broken"}, ocf.InstalledCode, "systemctl status broken.service")
	want(t, "scheduler", "monitor", every("plain"), ocf.NotRunningCode, "plain.service is inactive")
	systemctl(t, "mask", "--runtime", "no-such.service")
	t.Cleanup(func() { systemctl(t, "unmask", "--runtime", "no-such.service") })
	want(t, "scheduler", "monitor", every("no-such"), ocf.NotRunningCode, "no-such.service is masked")
}

// systemd starts itself anew in the middle of everything.
func TestMachineReexec(t *testing.T) {
	machine(t)
	again := make(chan error)
	stop := make(chan struct{})
	go func() {
		var err error
		for err == nil {
			err = exec.Command("systemctl", "daemon-reexec").Run()
			select {
			case <-stop:
				again <- err
				return
			case <-time.After(300 * time.Millisecond):
			}
		}
		again <- err
	}()
	for range 2 {
		want(t, "oned", "start", nil, ocf.SuccessCode, "")
		for range 20 {
			want(t, "oned", "monitor", recurring, ocf.SuccessCode, "")
			want(t, "oned", "monitor", params{"depth": "10", "interval": "60000"}, ocf.SuccessCode, "")
		}
		want(t, "oned", "stop", nil, ocf.SuccessCode, "")
		want(t, "oned", "monitor", nil, ocf.NotRunningCode, "")
	}
	close(stop)
	if err := <-again; err != nil {
		t.Errorf("daemon-reexec: %v", err)
	}
}

func TestMachineNoBus(t *testing.T) {
	machine(t)
	systemctl(t, "stop", "dbus.socket", "dbus.service")
	t.Cleanup(func() { systemctl(t, "start", "dbus.socket") })
	want(t, "oned", "start", nil, ocf.SuccessCode, "")
	want(t, "oned", "monitor", params{"depth": "20", "interval": "120000"}, ocf.SuccessCode, "")
	want(t, "oned", "stop", nil, ocf.SuccessCode, "")
	want(t, "oned", "monitor", nil, ocf.NotRunningCode, "")
}

// Two starts at once both say what is: oned runs. Of a start and a stop at once
// each may win, but neither may lie.
func TestMachineAtOnce(t *testing.T) {
	machine(t)
	both := func(a, b string) (ocf.Code, ocf.Code) {
		first := make(chan ocf.Code)
		go func() { code, said := call(t, "oned", a, nil); t.Logf("%s: %d %s", a, code, said); first <- code }()
		second, said := call(t, "oned", b, nil)
		t.Logf("%s: %d %s", b, second, said)
		return <-first, second
	}
	for range 3 {
		if a, b := both("start", "start"); a != ocf.SuccessCode || b != ocf.SuccessCode {
			t.Errorf("two starts: %d and %d", a, b)
		}
		want(t, "oned", "monitor", recurring, ocf.SuccessCode, "")
		if a, b := both("stop", "stop"); a != ocf.SuccessCode || b != ocf.SuccessCode {
			t.Errorf("two stops: %d and %d", a, b)
		}
		want(t, "oned", "monitor", recurring, ocf.NotRunningCode, "")
		started, stopped := both("start", "stop")
		state, _ := call(t, "oned", "monitor", nil)
		t.Logf("start %d, stop %d, then monitor %d", started, stopped, state)
		if state != ocf.SuccessCode && state != ocf.NotRunningCode {
			t.Errorf("after start and stop at once the monitor says %d", state)
		}
		want(t, "oned", "stop", nil, ocf.SuccessCode, "")
	}
	noAlarm(t)
}
