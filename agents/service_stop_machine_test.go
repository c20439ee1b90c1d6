package agents_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/ocf"
	"github.com/oneha/oneha/test/fakeoned"
)

// active lists the units of OpenNebula that are up.
func active(t *testing.T) []string {
	t.Helper()
	out := systemctl(t, "list-units", "--plain", "--no-legend", "--state=active,activating,deactivating,reloading", "opennebula*")
	var names []string
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); len(fields) > 0 {
			names = append(names, fields[0])
		}
	}
	slices.Sort(names)
	return names
}

// awaitActive waits until exactly these units are up: what Wants= pulls in comes
// after the unit itself.
func awaitActive(t *testing.T, names ...string) {
	t.Helper()
	var got []string
	for range 100 {
		if got = active(t); slices.Equal(got, names) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%v run, want %v", got, names)
}

// Every service comes up, is well at every depth, and goes, with what it brought.
func TestMachineEveryService(t *testing.T) {
	machine(t)
	want(t, "oned", "start", nil, ocf.SuccessCode, "")
	for _, s := range one.Services {
		t.Run(s.Name, func(t *testing.T) {
			if s.Name != "oned" {
				systemctl(t, "stop", s.Unit) // came with oned
			}
			before := active(t)
			for _, depth := range []string{"0", "10", "20"} {
				if s.Name != "oned" {
					want(t, s.Name, "monitor", params{"depth": depth}, ocf.NotRunningCode, "")
				}
			}
			want(t, s.Name, "validate-all", nil, ocf.SuccessCode, "")
			want(t, s.Name, "start", nil, ocf.SuccessCode, "")
			for _, depth := range []string{"0", "10", "20"} {
				want(t, s.Name, "monitor", params{"depth": depth}, ocf.SuccessCode, "")
				want(t, s.Name, "monitor", params{"depth": depth, "interval": "1"}, ocf.SuccessCode, "")
			}
			if s.Name == "oned" {
				return
			}
			want(t, s.Name, "stop", nil, ocf.SuccessCode, "")
			want(t, s.Name, "monitor", nil, ocf.NotRunningCode, "")
			if after := active(t); !slices.Equal(before, after) {
				t.Errorf("running before %v, after %v", before, after)
			}
		})
	}
	want(t, "oned", "stop", nil, ocf.SuccessCode, "")
	if left := active(t); len(left) > 0 {
		t.Errorf("after the stop of oned: %v", left)
	}
}

func TestMachineCompanions(t *testing.T) {
	machine(t)
	// One that does not hear SIGTERM, and one of each way of being the cluster's.
	writeFile(t, fakeoned.ModeDir+"/"+fakeoned.IgnoreTerm("hem"), "")
	want(t, "oned", "start", nil, ocf.SuccessCode, "")
	want(t, "scheduler", "start", nil, ocf.SuccessCode, "")
	writeFile(t, "/run/systemd/system/opennebula-ssh-agent.service.d/50-pacemaker.conf", "[Service]\nRestart=no\n")
	t.Cleanup(func() { _ = os.Remove("/run/systemd/system/opennebula-ssh-agent.service.d") })
	awaitActive(t, "opennebula-hem.service", "opennebula-scheduler.service", "opennebula-showback.timer", "opennebula-ssh-agent.service", "opennebula.service")
	began := time.Now()
	want(t, "oned", "stop", params{"timeout": "5000"}, ocf.SuccessCode, "opennebula-hem.service")
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the stop took %s of its 5 s", took)
	}
	left := []string{"opennebula-scheduler.service", "opennebula-ssh-agent.service"}
	if got := active(t); !slices.Equal(got, left) {
		t.Errorf("after the stop of oned %v run, want %v, which are the cluster's", got, left)
	}
	want(t, "scheduler", "stop", nil, ocf.SuccessCode, "")
}

// A stop that begins when oned is down already takes its companions all the same.
func TestMachineCompanionsOfTheDead(t *testing.T) {
	machine(t)
	want(t, "oned", "start", nil, ocf.SuccessCode, "")
	awaitActive(t, "opennebula-hem.service", "opennebula-scheduler.service", "opennebula-showback.timer", "opennebula-ssh-agent.service", "opennebula.service")
	killMain(t, "opennebula.service")
	want(t, "oned", "stop", nil, ocf.SuccessCode, "")
	if left := active(t); len(left) > 0 {
		t.Errorf("%v run", left)
	}
}

// A oned without a majority does not hear SIGTERM.
func TestMachineStopIgnoresTerm(t *testing.T) {
	machine(t)
	keepLock(t)
	writeFile(t, fakeoned.ModeDir+"/"+fakeoned.IgnoreTerm("oned"), "")
	want(t, "oned", "start", nil, ocf.SuccessCode, "")
	began := time.Now()
	want(t, "oned", "stop", params{"timeout": "6000"}, ocf.SuccessCode, "it is killed")
	if took := time.Since(began); took < 3*time.Second || took > 6*time.Second {
		t.Errorf("the stop took %s: want a part of its 6 s, then a kill", took)
	}
	want(t, "oned", "monitor", nil, ocf.NotRunningCode, "")
	want(t, "oned", "start", nil, ocf.SuccessCode, "removed the lock")
	noAlarm(t)

	// The agent dies in the middle of its stop, and runs again.
	cmd := exec.Command("/usr/lib/ocf/resource.d/opennebula/oned", "stop")
	cmd.Env = []string{"OCF_RESOURCE_INSTANCE=oned", "HA_LOGFACILITY=none", "OCF_RESKEY_CRM_meta_timeout=10000"}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	want(t, "oned", "monitor", params{"interval": "15000", "timeout": "1000"}, ocf.GenericCode, "deactivating")
	want(t, "oned", "stop", params{"timeout": "4000"}, ocf.SuccessCode, "it is killed")
	want(t, "oned", "monitor", nil, ocf.NotRunningCode, "")
}

// A stop that somebody's start overtakes is asked again; nothing is killed for it.
func TestMachineStopIsOvertaken(t *testing.T) {
	machine(t)
	writeUnit(t, "slowstop.service", "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\nExecStop=/bin/sleep 1\n")
	p := params{"unit": "slowstop"}
	want(t, "scheduler", "start", p, ocf.SuccessCode, "")
	time.AfterFunc(500*time.Millisecond, func() { _ = exec.Command("systemctl", "--no-block", "start", "slowstop").Run() })
	code, said := call(t, "scheduler", "stop", p)
	if code != ocf.SuccessCode || !strings.Contains(said, "stopped again") || strings.Contains(said, "killed") {
		t.Errorf("exit %d:\n%s", code, said)
	}
	want(t, "scheduler", "monitor", p, ocf.NotRunningCode, "")
}

func TestMachineTimer(t *testing.T) {
	machine(t)
	writeUnit(t, "calc.service", "Type=oneshot\nExecStart=/bin/sleep infinity\n")
	writeUnit(t, "calc.timer", "", "[Timer]\nOnCalendar=daily\n")
	p := params{"unit": "calc.timer"}
	want(t, "showback", "monitor", p, ocf.NotRunningCode, "")
	want(t, "showback", "start", p, ocf.SuccessCode, "")
	want(t, "showback", "monitor", p, ocf.SuccessCode, "")
	systemctl(t, "start", "--no-block", "calc.service")
	want(t, "showback", "monitor", p, ocf.SuccessCode, "")
	systemctl(t, "stop", "calc.timer")
	want(t, "showback", "monitor", p, ocf.GenericCode, "processes of calc.service run: 1")
	want(t, "showback", "start", p, ocf.GenericCode, "processes of calc.service run: 1")
	want(t, "showback", "stop", p, ocf.SuccessCode, "")
	want(t, "showback", "monitor", p, ocf.NotRunningCode, "")
	if got := systemctl(t, "show", "--property=ActiveState", "--value", "calc.service"); got == "activating" {
		t.Error("after the stop the calculation runs")
	}
}
