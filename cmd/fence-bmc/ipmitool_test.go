package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The BMC key of these tests, and the password that goes with it.
const (
	bmcKey         = "k3y=of-the-BMC"
	keyedPassword  = "s3cret'of=admin"
	keyedSimulator = "127.0.0.2" // beside that of startSimulator
)

var hexKey = hex.EncodeToString([]byte(bmcKey))

// startKeyed starts another ipmi_sim beside the simulator: a BMC with a key and
// two controllers, each with a chassis of its own, at 0x20 and 0x24.
func startKeyed(t *testing.T, s *simulator) *exec.Cmd {
	t.Helper()
	root := fmt.Sprintf("/proc/%d/root", s.cmd.Process.Pid)
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(root+name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(root+"/keyed/state", 0o755); err != nil {
		t.Fatal(err)
	}
	lan, emu := "name \"keyed\"\n", "mc_setbmc 0x20\n"
	for _, address := range []string{"0x20", "0x24"} {
		write("/keyed/power"+address, "1\n", 0o644)
		write("/keyed/chassis"+address, `#!/bin/sh
case "$1 $2" in
"get power") echo "power:$(cat /keyed/power`+address+`)" ;;
"set power") echo "$3" >/keyed/power`+address+`; echo "`+address+`=$3" >>/sim/log ;;
esac
`, 0o755)
		lan += "set_working_mc " + address + "\n"
		if address == "0x20" {
			lan += `  startlan 1
    addr ` + keyedSimulator + ` 623
    priv_limit admin
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcd02
    bmc_key "` + bmcKey + `"
  endlan
  user 2 true "admin" "` + keyedPassword + `" admin 10 none md2 md5 straight
`
		}
		lan += `  chassis_control "/keyed/chassis` + address + "\"\n"
		emu += "mc_add " + address + " 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nmc_enable " + address + "\n"
	}
	write("/keyed/lan.conf", lan, 0o644)
	write("/keyed/sim.emu", emu, 0o644)
	cmd := exec.Command("nsenter", "--target", strconv.Itoa(s.cmd.Process.Pid), "--mount", "--net", "--root", "--wd",
		"ipmi_sim", "-n", "-c", "/keyed/lan.conf", "-f", "/keyed/sim.emu", "-s", "/keyed/state")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	for begin := time.Now(); time.Since(begin) < 10*time.Second; time.Sleep(50 * time.Millisecond) {
		if s.inside("fence_bmc_ipmi", keyed("action=monitor")...).Code == 0 {
			return cmd
		}
	}
	t.Fatalf("ipmi_sim does not come up: %s", out.String())
	return nil
}

// keyed is the options for the BMC with a key, and more.
func keyed(more ...string) []string {
	return append([]string{"ip=" + keyedSimulator, "password=" + keyedPassword, "hexadecimal_kg=" + hexKey, "lanplus=1", "cipher=3", "power_wait=0"}, more...)
}

// The same steps by the stock agent and by ours, on the BMC itself and on the
// controller behind it.
func TestKeyAndTarget(t *testing.T) {
	s := startSimulator(t)
	bmc := startKeyed(t, s)
	steps := []struct {
		action string
		code   int
		stdout string
		asked  string
	}{
		{"status", 0, "Status: ON\n", ""},
		{"off", 0, "Success: Powered OFF\n", "0"},
		{"status", 2, "Status: OFF\n", ""},
		{"monitor", 0, "", ""},
		{"reboot", 0, "Success: Rebooted\n", "1"},
		{"reboot", 0, "Success: Rebooted\n", "0 1"},
	}
	for target, address := range map[string]string{"": "0x20", "0x24": "0x24"} {
		for _, name := range []string{"fence_ipmilan", "fence_bmc_ipmi"} {
			for i, step := range steps {
				options := keyed("action=" + step.action)
				if target != "" {
					options = append(options, "target="+target)
				}
				var want []string
				for _, power := range strings.Fields(step.asked) {
					want = append(want, address+"="+power)
				}
				got := s.inside(name, options...)
				if asked := s.switched(); got.Code != step.code || got.Stdout != step.stdout || asked != strings.Join(want, " ") {
					t.Errorf("%s, target %q, step %d, %s: %+v, power set to %q; want %+v", name, target, i, step.action, got, asked, step)
				}
			}
		}
	}

	more := []struct {
		name    string
		options []string
		code    int
		stderr  string
		asked   string
	}{
		{"suite 17, then 3", slices.DeleteFunc(keyed("action=reboot"), func(o string) bool { return o == "cipher=3" }), 0, "", "0x20=0 0x20=1"},
		{"key in capitals, filled up", keyed("action=reboot", "hexadecimal_kg="+strings.ToUpper(hexKey)+"000000"), 0, "", "0x20=0 0x20=1"},
		{"decimal target", keyed("action=off", "target=36"), 0, "", "0x24=0"},
		{"wrong key", keyed("action=off", "hexadecimal_kg=c0ffee"), 1, "has another BMC key", ""},
		{"no key", keyed("action=off", "hexadecimal_kg="), 1, "wants its BMC key", ""},
		{"no key, target", keyed("action=off", "hexadecimal_kg=", "target=0x24"), 1, "wants its BMC key", ""},
		{"key of zeros, which is none", keyed("action=off", "hexadecimal_kg=0000"), 1, "wants its BMC key", ""},
		{"key with a zero byte", keyed("action=off", "hexadecimal_kg=ff00ff"), 1, "zero byte", ""},
		{"key that is none", keyed("action=off", "hexadecimal_kg=0x"+hexKey), 1, "hexadecimal digits", ""},
		{"wrong password", keyed("action=off", "password=nonsense"), 1, "refused the user name or the password", ""},
		{"unknown user", keyed("action=off", "username=nobody"), 1, "does not know the user name", ""},
		{"suite 17", keyed("action=off", "cipher=17"), 1, "set cipher", ""},
		{"diag, which this BMC has not", keyed("action=diag"), 1, "Invalid data field in request", ""},
		{"nobody behind the target", keyed("action=off", "target=0x26"), 1, "target=0x26", ""},
		{"target that is none", keyed("action=off", "target=BMC"), 1, "between 0 and 255", ""},
		{"target over IPMI 1.5", []string{"action=off", "lanplus=0", "target=0x20"}, 0, "", "0"},
		{"wrong password over IPMI 1.5", []string{"action=on", "lanplus=0", "target=0x20", "password=nonsense", "login_timeout=4"}, 1, "IPMI 1.5 refuses a password", ""},
		{"password too long", keyed("action=off", "password=123456789012345678901"), 1, "at most 20", ""},
		{"no ipmitool", keyed("action=off", "ipmitool_path=/nonexistent/ipmitool"), 1, "install ipmitool", ""},
		{"validate-all", keyed("action=validate-all", "ip=192.0.2.1"), 0, "", ""},
		{"validate-all, no ipmitool", keyed("action=validate-all", "ip=192.0.2.1", "ipmitool_path=/nonexistent/ipmitool"), 1, "install ipmitool", ""},
		{"nobody at the address", keyed("action=off", "ip=127.0.0.9", "login_timeout=1"), 1, "does not answer", ""},
	}
	for _, tt := range more {
		got := s.inside("fence_bmc_ipmi", tt.options...)
		if asked := s.switched(); got.Code != tt.code || !strings.Contains(got.Stderr, tt.stderr) || asked != tt.asked {
			t.Errorf("%s: %+v, power set to %q; want %d, %q, %q", tt.name, got, asked, tt.code, tt.stderr, tt.asked)
		}
		if strings.Contains(got.Stderr, hexKey) || strings.Contains(got.Stderr, bmcKey) || strings.Contains(got.Stderr, keyedPassword) {
			t.Errorf("%s: a secret is shown: %s", tt.name, got.Stderr)
		}
	}

	if err := bmc.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Run("secrets", func(t *testing.T) { secretsOutOfSight(t, s) })
}

// secretsOutOfSight looks for the secrets wherever others can look, while the real
// ipmitool waits for a BMC that does not answer.
func secretsOutOfSight(t *testing.T, s *simulator) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "nsenter", "--target", strconv.Itoa(s.cmd.Process.Pid), "--mount", "--net", "--root", "--wd", "fence_bmc_ipmi")
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "OF_THE_AGENT=1"}
	cmd.Stdin = strings.NewReader(strings.Join(append([]string{"username=admin"}, keyed("action=off", "login_timeout=20", "verbose=1", "debug_file=/keyed/debug")...), "\n"))
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	child := childOf(t, cmd.Process.Pid, "ipmitool")

	found := false
	for pid, argv := range processes(t) {
		if pid == os.Getpid() {
			continue
		}
		for _, secret := range []string{keyedPassword, bmcKey, hexKey} {
			if strings.Contains(argv, secret) {
				t.Errorf("process %d shows a secret: %q", pid, argv)
			}
		}
		found = found || pid == child && strings.Contains(argv, "\x00-E\x00") && strings.Contains(argv, "\x00-K\x00")
	}
	if !found {
		t.Error("no process is ipmitool with -E and -K")
	}
	env := strings.Split(strings.TrimSuffix(procFile(t, child, "environ"), "\x00"), "\x00")
	slices.Sort(env)
	want := []string{"IPMITOOL_PASSWORD=" + keyedPassword, "IPMI_KGKEY=" + bmcKey, "LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	if diff := cmp.Diff(want, env); diff != "" {
		t.Errorf("environment of ipmitool (-want +got):\n%s", diff)
	}
	if info, err := os.Stat(fmt.Sprintf("/proc/%d/environ", child)); err != nil || info.Mode().Perm() != 0o400 {
		t.Errorf("environment of ipmitool: %v, mode %v", err, info.Mode())
	}
	limits := strings.Join(strings.Fields(procFile(t, child, "limits")), " ")
	if !strings.Contains(limits, "Max core file size 1 1 ") {
		t.Errorf("ipmitool may leave a core file: %s", limits)
	}
	for pid := cmd.Process.Pid; pid > 1; pid = parentOf(t, pid) {
		if text := procFile(t, pid, "environ"); strings.Contains(text, keyedPassword) || strings.Contains(text, bmcKey) || strings.Contains(text, hexKey) {
			t.Errorf("the environment of process %d has a secret", pid)
		}
	}

	begin := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code says it
	if took := time.Since(begin); cmd.ProcessState.ExitCode() != 1 || took > endsWithin {
		t.Errorf("%v %s after SIGTERM", cmd.ProcessState, took)
	}
	gone(t, child)
	debug, err := os.ReadFile(fmt.Sprintf("/proc/%d/root/keyed/debug", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, log := range []string{output.String(), string(debug)} {
		if strings.Contains(log, keyedPassword) || strings.Contains(log, bmcKey) || strings.Contains(log, hexKey) || !strings.Contains(log, "option hexadecimal_kg=[secret]") {
			t.Errorf("log:\n%s", log)
		}
	}
}

// An agent that is killed takes ipmitool with it: it must not switch a machine
// long after the cluster gave up.
func TestIpmitoolDiesWithItsAgent(t *testing.T) {
	fake := filepath.Join(t.TempDir(), "ipmitool")
	if err := os.WriteFile(fake, []byte("#!/bin/sh\ntrap '' INT TERM HUP\nexec sleep 60\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd, wait := agent(t, "ip=192.0.2.1\nusername=admin\npassword=p\naction=off\nhexadecimal_kg="+hexKey+"\nipmitool_path="+fake+"\n", "PCMK_service=pacemaker-fenced")
	child := childOf(t, cmd.Process.Pid, "sleep")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	wait()
	gone(t, child)
}

// processes returns the command line of every process.
func processes(t *testing.T) map[int]string {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	all := map[int]string{}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			argv, _ := os.ReadFile("/proc/" + e.Name() + "/cmdline") // it may have ended
			all[pid] = string(argv)
		}
	}
	return all
}

// childOf waits for a process to have a child with that name in its command line.
func childOf(t *testing.T, parent int, name string) int {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < 10*time.Second; time.Sleep(10 * time.Millisecond) {
		for pid, argv := range processes(t) {
			if strings.Contains(argv, name) && parentOf(t, pid) == parent {
				return pid
			}
		}
	}
	t.Fatalf("process %d starts no %s", parent, name)
	return 0
}

// parentOf returns the number of a process's parent, 0 when it has ended.
func parentOf(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		t.Fatal(err)
	}
	return parent
}

func procFile(t *testing.T, pid int, name string) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// gone waits for the end of a process.
func gone(t *testing.T, pid int) {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) || bytes.Contains(state, []byte(") Z ")) {
			return
		}
		if time.Since(begin) > 30*time.Second {
			t.Fatalf("process %d is left", pid)
		}
	}
}
