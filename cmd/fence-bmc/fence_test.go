package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bougou/go-ipmi/pkg/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/oneha/oneha/internal/bmc/bmctest"
)

// TestMain lets the test binary be the program: called by any other name than
// its own, it is fence-bmc.
func TestMain(m *testing.M) {
	if !strings.HasSuffix(filepath.Base(os.Args[0]), ".test") {
		main()
		return
	}
	os.Exit(m.Run())
}

// program returns a link to this binary under the given name.
func program(t *testing.T, name string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	return link
}

type outcome struct {
	Code           int
	Stdout, Stderr string
}

// agent starts fence_bmc_ipmi.
func agent(t *testing.T, stdin string, env ...string) (*exec.Cmd, func() outcome) {
	t.Helper()
	return startAgent(t, "fence_bmc_ipmi", stdin, env...)
}

// startAgent starts an agent as pacemaker-fenced does: options on standard input
// only.
func startAgent(t *testing.T, name, stdin string, env ...string) (*exec.Cmd, func() outcome) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, program(t, name))
	cmd.Env = append([]string{"LC_ALL=C", "PATH=/usr/bin:/bin"}, env...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, func() outcome {
		_ = cmd.Wait() // the exit code says it
		return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	}
}

func options(b *bmctest.BMC, more ...string) string {
	return fmt.Sprintf("nodename=n1\nport=n1\nip=%s\nipport=%d\nusername=%s\npassword=%s\n%s\n", b.Host, b.Port, bmctest.Username, bmctest.Password, strings.Join(more, "\n"))
}

func secretFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(name, []byte(bmctest.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAgentOnABMC(t *testing.T) {
	late := bmctest.Options{Late: 300 * time.Millisecond}
	tests := []struct {
		name  string
		bmc   bmctest.Options
		more  []string
		want  outcome // Stderr is a substring
		asked []string
		on    bool
	}{
		{"status on", bmctest.Options{}, []string{"action=status"}, outcome{0, "Status: ON\n", ""}, nil, true},
		{"status off", bmctest.Options{Off: true}, []string{"action=status"}, outcome{2, "Status: OFF\n", ""}, nil, false},
		{"monitor", bmctest.Options{Off: true}, []string{"action=monitor"}, outcome{0, "", ""}, nil, false},
		{"off", late, []string{"action=off"}, outcome{0, "Success: Powered OFF\n", ""}, []string{"off"}, false},
		{"on", bmctest.Options{Off: true}, []string{"action=on"}, outcome{0, "Success: Powered ON\n", ""}, []string{"on"}, true},
		{"already off", bmctest.Options{Off: true}, []string{"action=off"}, outcome{0, "Success: Already OFF\n", ""}, nil, false},
		{"reboot", late, []string{"action=reboot"}, outcome{0, "Success: Rebooted\n", ""}, []string{"off", "on"}, true},
		{"reboot over IPv6, suite 17", bmctest.Options{Address: "::1", Suites: []types.CipherSuiteID{17}}, []string{"action=reboot", "cipher=17"}, outcome{0, "Success: Rebooted\n", ""}, []string{"off", "on"}, true},
		{"off, suite 3 only", bmctest.Options{Suites: []types.CipherSuiteID{3}}, []string{"action=off"}, outcome{0, "Success: Powered OFF\n", ""}, []string{"off"}, false},
		{"off over IPMI 1.5", bmctest.Options{}, []string{"action=off", "lanplus=0"}, outcome{0, "Success: Powered OFF\n", ""}, []string{"off"}, false},
		{"off refused", bmctest.Options{Refuse: true}, []string{"action=off"}, outcome{1, "", "Failed: switch"}, []string{"off", "off"}, true},
		{"off too late", bmctest.Options{Late: time.Minute}, []string{"action=off", "power_timeout=0.3"}, outcome{1, "", "timed out waiting to power OFF"}, []string{"off"}, true},
		{"unknown action", bmctest.Options{}, []string{"action=of"}, outcome{1, "", `unknown action "of"`}, nil, true},
		{"malformed action", bmctest.Options{}, []string{"action = off"}, outcome{1, "", "line 7"}, nil, true},
		{"very old action", bmctest.Options{}, []string{"option=reboot"}, outcome{1, "", `"action="`}, nil, true},
		{"cycle", bmctest.Options{}, []string{"action=reboot", "method=cycle"}, outcome{1, "", "method=cycle is not served"}, nil, true},
		{"bridging without ipmitool", bmctest.Options{}, []string{"action=off", "target=0x24", "ipmitool_path=/nonexistent/ipmitool"}, outcome{1, "", "set ipmitool_path"}, nil, true},
		{"K_g without ipmitool", bmctest.Options{}, []string{"action=off", "hexadecimal_kg=c0ffee", "ipmitool_path=/nonexistent/ipmitool"}, outcome{1, "", "set ipmitool_path"}, nil, true},
		{"suite 0", bmctest.Options{}, []string{"action=off", "cipher=0"}, outcome{1, "", "cipher suite 0"}, nil, true},
		{"suite without integrity", bmctest.Options{}, []string{"action=off", "cipher=6"}, outcome{1, "", "cipher suite 6 is not served"}, nil, true},
		{"password too long", bmctest.Options{}, []string{"action=off", "password=123456789012345678901"}, outcome{1, "", "at most 20"}, nil, true},
		{"diag, which this BMC has not", bmctest.Options{}, []string{"action=diag"}, outcome{1, "", "send chassis control diagnostic interrupt"}, []string{}, true},
		{"port_as_ip", bmctest.Options{}, []string{"action=off", "ip=192.0.2.1", "port_as_ip=1", "port=127.0.0.1"}, outcome{0, "Success: Powered OFF\n", ""}, []string{"off"}, false},
		{"password file", bmctest.Options{}, []string{"action=status", "password=wrong", "password_file=" + secretFile(t)}, outcome{0, "Status: ON\n", ""}, nil, true},
		{"validate-all", bmctest.Options{Drop: func([]byte) bool { return true }}, []string{"action=validate-all"}, outcome{0, "", ""}, nil, true},
		{"everything of fence_ipmilan", bmctest.Options{}, []string{
			"action=status", "ipaddr=127.0.0.1", "login=admin", "passwd=" + bmctest.Password, "auth=md5", "privlvl=OPERATOR", "method=onoff", "ipmitool_timeout=2",
			"ipmitool_path=/usr/bin/ipmitool", "sudo=0", "use_sudo=1", "sudo_path=/usr/bin/sudo", "plug_separator=,", "power_wait=2", "lanplus=1", "cipher=3", "debug=", "verbose_level=0",
		}, outcome{0, "Status: ON\n", ""}, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := bmctest.Start(t, tt.bmc)
			_, wait := agent(t, options(b, tt.more...))
			got := wait()
			if got.Code != tt.want.Code || got.Stdout != tt.want.Stdout || !strings.Contains(got.Stderr, tt.want.Stderr) || tt.want.Stderr == "" && got.Stderr != "" {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if diff := cmp.Diff(tt.asked, b.Commands(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("power commands (-want +got):\n%s", diff)
			}
			if b.On() != tt.on || b.Sessions() != 0 {
				t.Errorf("on %v, %d sessions open; want %v, 0", b.On(), b.Sessions(), tt.on)
			}
			if n := b.Logins(); tt.want.Code == 1 && tt.asked == nil && n != 0 {
				t.Errorf("%d logins for a call that is wrong in itself", n)
			}
		})
	}
}

func TestWrongPasswordIsOfferedTwice(t *testing.T) {
	b := bmctest.Start(t, bmctest.Options{})
	_, wait := agent(t, options(b, "action=off", "password=nonsense", "verbose=1"), "PCMK_service=pacemaker-fenced")
	got := wait()
	if got.Code != 1 || !strings.Contains(got.Stderr, "refused the user name or the password") || strings.Contains(got.Stderr, "nonsense") {
		t.Errorf("%+v", got)
	}
	if n := b.Logins(); n != 2 || len(b.Commands()) > 0 {
		t.Errorf("%d logins, commands %v; want 2, none", n, b.Commands())
	}
}

func TestSilentBMC(t *testing.T) {
	b := bmctest.Start(t, bmctest.Options{Drop: func([]byte) bool { return true }})
	begin := time.Now()
	_, wait := agent(t, options(b, "action=off", "login_timeout=1"), "PCMK_service=pacemaker-fenced")
	if got := wait(); got.Code != 1 || !strings.Contains(got.Stderr, "does not answer") {
		t.Errorf("%+v", got)
	}
	if took := time.Since(begin); took > 4*time.Second {
		t.Errorf("took %s", took)
	}
}

// endsWithin is how soon an agent ends that got a signal, on a busy machine: it takes
// a second at most by itself, and would otherwise go on for twenty.
const endsWithin = 5 * time.Second

// A signal while off is waited for ends the session and the agent soon.
func TestTermination(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			b := bmctest.Start(t, bmctest.Options{Late: time.Minute})
			cmd, wait := agent(t, options(b, "action=off"), "PCMK_service=pacemaker-fenced")
			untilCommanded(t, b)
			begin := time.Now()
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			got := wait()
			if took := time.Since(begin); got.Code != 1 || !strings.Contains(got.Stderr, "interrupted") || took > endsWithin {
				t.Errorf("%+v after %s", got, took)
			}
			if n := b.Sessions(); n != 0 {
				t.Errorf("%d sessions left open", n)
			}
		})
	}
}

func untilCommanded(t *testing.T, b *bmctest.BMC) {
	t.Helper()
	for begin := time.Now(); len(b.Commands()) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > 30*time.Second {
			t.Fatal("the agent sends no command")
		}
	}
}

func TestNames(t *testing.T) {
	out, err := exec.Command(program(t, "fence-bmc"), "--list").CombinedOutput()
	if err != nil || string(out) != "fence_bmc_ilo\nfence_bmc_ilo_ssh\nfence_bmc_ipmi\nfence_bmc_redfish\n" {
		t.Errorf("%v: %s", err, out)
	}
	for _, args := range [][]string{{}, {"-o", "off"}, {"--list", "-o", "off"}} {
		if out, err := exec.Command(program(t, "fence-bmc"), args...).CombinedOutput(); err == nil || !strings.Contains(string(out), "usage: fence-bmc") {
			t.Errorf("%v without an agent: %v: %s", args, err, out)
		}
	}
}
