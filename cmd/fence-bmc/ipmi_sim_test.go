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

	"github.com/google/go-cmp/cmp"
)

// simulator is ipmi_sim in an overlay of a root file system with the stock fence
// agents, pcs and Pacemaker's tools: a BMC and clients that are not ours.
type simulator struct {
	t   *testing.T
	cmd *exec.Cmd // ipmi_sim itself, by exec
}

// rootfs is the root file system with the real programs, for root only. Without
// it a test is skipped, but never in CI, where make test brings one.
func rootfs(t *testing.T) string {
	t.Helper()
	root := os.Getenv("ONEHA_ROOTFS")
	if root != "" && os.Getuid() == 0 {
		return root
	}
	const why = "run as root with ONEHA_ROOTFS set to a root file system with ipmi_sim, fence-agents, pcs and pacemaker, as make test does"
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
	return ""
}

func startSimulator(t *testing.T) *simulator {
	t.Helper()
	root := rootfs(t)
	dir := t.TempDir()
	binary := filepath.Join(dir, "fence-bmc")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	overlay := filepath.Join(dir, "overlay")
	if err := os.Mkdir(overlay, 0o755); err != nil {
		t.Fatal(err)
	}
	s := &simulator{t, exec.Command("unshare", "--mount", "--net", "sh", "testdata/ipmi_sim.sh", root, binary, overlay)}
	var out bytes.Buffer
	s.cmd.Stdout, s.cmd.Stderr = &out, &out
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // it may have ended
		_ = s.cmd.Wait()
	})
	for begin := time.Now(); time.Since(begin) < 10*time.Second; time.Sleep(50 * time.Millisecond) {
		if s.inside("/usr/sbin/fence_bmc_ipmi", "action=monitor").Code == 0 {
			return s
		}
	}
	t.Fatalf("ipmi_sim does not come up: %s", out.String())
	return nil
}

// inside runs a fence agent of the root file system beside ipmi_sim.
func (s *simulator) inside(agent string, options ...string) outcome {
	s.t.Helper()
	stdin := "ip=127.0.0.1\nusername=admin\npassword=secret\n" + strings.Join(options, "\n") + "\n"
	return s.command(stdin, agent)
}

func (s *simulator) command(stdin string, args ...string) outcome {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{"--target", fmt.Sprint(s.cmd.Process.Pid), "--mount", "--net", "--root", "--wd"}, args...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // the exit code says it
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// switched returns the power values that were set, and forgets them.
func (s *simulator) switched() string {
	s.t.Helper()
	name := fmt.Sprintf("/proc/%d/root/sim/log", s.cmd.Process.Pid)
	log, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	_ = os.Remove(name) // it may not be there
	return strings.Join(strings.Fields(string(log)), " ")
}

func TestIPMISim(t *testing.T) {
	s := startSimulator(t)

	// The same steps by the stock agent and by ours, which differ in the name only.
	// The pauses of the stock agent are taken out, and it is told the cipher suite,
	// because ipmi_sim does not answer its question for one.
	steps := []struct {
		action string
		code   int
		stdout string
		asked  string
	}{
		{"status", 0, "Status: ON\n", ""},
		{"on", 0, "Success: Already ON\n", ""},
		{"off", 0, "Success: Powered OFF\n", "0"},
		{"status", 2, "Status: OFF\n", ""},
		{"monitor", 0, "", ""},
		{"off", 0, "Success: Already OFF\n", ""},
		{"reboot", 0, "Success: Rebooted\n", "1"},
		{"reboot", 0, "Success: Rebooted\n", "0 1"},
		{"validate-all", 0, "", ""},
	}
	for _, name := range []string{"fence_ipmilan", "fence_bmc_ipmi"} {
		for i, step := range steps {
			got := s.inside(name, "action="+step.action, "lanplus=1", "cipher=3", "power_wait=0", "nodename=n1", "port=n1")
			if asked := s.switched(); got.Code != step.code || got.Stdout != step.stdout || asked != step.asked {
				t.Errorf("%s, step %d, %s: %+v, power set to %q; want %+v", name, i, step.action, got, asked, step)
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
		{"own choice of cipher suite", []string{"action=reboot"}, 0, "", "0 1"},
		{"IPMI 1.5", []string{"action=reboot", "lanplus=0"}, 0, "", "0 1"},
		{"wrong password", []string{"action=off", "password=nonsense"}, 1, "refused the user name or the password", ""},
		{"unknown user", []string{"action=off", "username=nobody"}, 1, "does not know the user name", ""},
		{"viewer", []string{"action=off", "username=viewer", "password=viewonly", "privlvl=user"}, 1, "operator", ""},
		{"suite 17", []string{"action=off", "cipher=17"}, 1, "set cipher", ""},
		{"malformed action", []string{"option=off"}, 1, `"action="`, ""},
	}
	for _, tt := range more {
		got := s.inside("fence_bmc_ipmi", tt.options...)
		if asked := s.switched(); got.Code != tt.code || !strings.Contains(got.Stderr, tt.stderr) || asked != tt.asked {
			t.Errorf("%s: %+v, power set to %q; want %+v", tt.name, got, asked, tt)
		}
	}

	if err := s.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if got := s.inside("fence_bmc_ipmi", "action=off", "login_timeout=1"); got.Code != 1 || !strings.Contains(got.Stderr, "does not answer") || time.Since(begin) > 4*time.Second {
		t.Errorf("silent BMC: %+v after %s", got, time.Since(begin))
	}
}

// What administrators see of the agent through Pacemaker and pcs.
func TestToolsReadTheMetadata(t *testing.T) {
	s := startSimulator(t)
	for _, args := range [][]string{
		{"stonith_admin", "--metadata", "--agent", "fence_bmc_ipmi"},
		{"pcs", "stonith", "describe", "fence_bmc_ipmi"},
	} {
		got := s.command("", args...)
		if got.Code != 0 || !strings.Contains(got.Stdout, "password_file") {
			t.Errorf("%s: %+v", args[0], got)
		}
	}
	asUser := s.command("action=metadata\n", "setpriv", "--reuid", "hacluster", "--regid", "haclient", "--clear-groups", "fence_bmc_ipmi")
	if diff := cmp.Diff(metadata(t, "fence_bmc_ipmi"), asUser.Stdout); diff != "" || asUser.Code != 0 {
		t.Errorf("as hacluster: %+v (-want +got):\n%s", asUser, diff)
	}
	// pcs finds nothing to complain about in a device as our generator writes it.
	got := s.command("", "sh", "-ec", `cibadmin --empty >/tmp/cib.xml; pcs -f /tmp/cib.xml stonith create st-n1 fence_bmc_ipmi \
		ip=127.0.0.1 username=admin password_file=/etc/oneha/bmc pcmk_host_list=n1 delay=5 op monitor interval=60s 2>&1`)
	if got.Code != 0 || strings.Contains(strings.ToLower(got.Stdout), "warning") {
		t.Errorf("pcs stonith create: %+v", got)
	}
}
