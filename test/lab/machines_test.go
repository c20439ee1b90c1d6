package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/test/lab/labtest"
)

// openLab opens a lab that the test's end closes, and then looks for traces.
func openLab(t *testing.T, prefix, source string) *Lab {
	t.Helper()
	labtest.NeedMachines(t)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute) // the first one builds the root file system
	defer cancel()
	l, err := Open(ctx, Options{Prefix: prefix, CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: source, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if left := traces(t, prefix); len(left) > 0 {
			t.Errorf("the lab left behind:\n%s", strings.Join(left, "\n"))
		}
	})
	return l
}

// traces finds everything on the host that bears the name of a lab: mounts,
// network namespaces, control groups of either version, state, processes.
func traces(t *testing.T, prefix string) []string {
	t.Helper()
	var found []string
	for _, pattern := range []string{statePath(prefix), lockPath(prefix), netnsDir + "/" + namespacePrefix(prefix) + "*",
		"/sys/fs/cgroup/" + cgroupName(prefix), "/sys/fs/cgroup/*/" + cgroupName(prefix), "/run/systemd/nspawn/*/" + namespacePrefix(prefix) + "*"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, paths...)
	}
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(info)) {
		if strings.Contains(line, statePath(prefix)+" ") || strings.Contains(line, statePath(prefix)+"/") || strings.Contains(line, "/"+namespacePrefix(prefix)) {
			found = append(found, "mount "+strings.TrimSpace(line))
		}
	}
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range processes {
		group, _ := os.ReadFile(dir + "/cgroup")
		line, _ := os.ReadFile(dir + "/cmdline")
		// A process in a deleted group is on its way out: a group with a living one cannot be deleted.
		named := strings.Contains(string(line), "--machine="+namespacePrefix(prefix))
		if status, err := os.ReadFile(dir + "/status"); err != nil || strings.Contains(string(status), "State:\tZ") {
			continue // dead, noticed or not by its parent
		}
		if named || strings.Contains(string(group), "/"+cgroupName(prefix)+"/") && !strings.Contains(string(group), "(deleted)") {
			found = append(found, "process "+dir+" "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestRun(t *testing.T) {
	l := openLab(t, "test-run", "")
	sh := func(script string) Command { return Command{Args: []string{"sh", "-c", script}} }

	t.Run("output and exit code", func(t *testing.T) {
		r, err := l.Run(within(t, 10*time.Second), sh("echo out; echo oops >&2; exit 3"))
		var exit *ExitError
		if !errors.As(err, &exit) || r.Code != 3 || r.Stdout != "out\n" || r.Stderr != "oops\n" || !strings.Contains(err.Error(), "exit 3: oops") {
			t.Errorf("Run = %+v, %v", r, err)
		}
	})
	t.Run("standard input, environment and binds", func(t *testing.T) {
		dir := t.TempDir()
		c := sh(`cat - /mnt/file; echo "$WORD"; echo back >/mnt/answer`)
		c.Stdin, c.Env, c.Binds = strings.NewReader("in\n"), []string{"WORD=hello"}, []Bind{{Host: dir, Inside: "/mnt"}}
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte("bound\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := l.Run(within(t, 10*time.Second), c)
		answer, _ := os.ReadFile(filepath.Join(dir, "answer"))
		if err != nil || r.Stdout != "in\nbound\nhello\n" || string(answer) != "back\n" {
			t.Errorf("Run = %+v, %v; answer %q", r, err, answer)
		}
	})
	t.Run("nothing lasts and nothing is shared", func(t *testing.T) {
		first := sh("test ! -e /etc/mark && touch /etc/mark && ip link add v0 type veth peer name v1 && ip link set v0 up")
		if _, err := l.Run(within(t, 10*time.Second), first); err != nil {
			t.Fatal(err)
		}
		r, err := l.Run(within(t, 10*time.Second), sh("test ! -e /etc/mark && ip -o link && ls /proc | grep -c '^[0-9]'"))
		if err != nil || strings.Contains(r.Stdout, "v0") || strings.Count(r.Stdout, "link/") != 1 {
			t.Errorf("a second machine sees the first or the host: %+v, %v", r, err)
		}
	})
	t.Run("the cluster's tools", func(t *testing.T) {
		for _, tool := range []string{"pcs", "crm", "crm_verify", "crm_simulate", "corosync", "stonith_admin", "ocf-tester", "fence_ipmilan",
			"ipmi_sim", "ipmitool", "xmllint", "xsltproc", "tcpdump", "strace", "arping", "curl"} {
			if _, err := l.Run(within(t, 10*time.Second), sh("command -v "+tool)); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("a deadline kills everything", func(t *testing.T) {
		start := time.Now()
		_, err := l.Run(within(t, 500*time.Millisecond), sh("setsid sleep 1000 & sleep 1000"))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 5*time.Second {
			t.Errorf("Run = %v after %s", err, time.Since(start))
		}
		if pids := l.cgroup.processes(); len(pids) > 0 {
			t.Errorf("processes %v live on", pids)
		}
	})
	t.Run("no second lab of that name", func(t *testing.T) {
		if _, err := Open(within(t, 10*time.Second), Options{Prefix: "test-run"}); !errors.Is(err, errBusy) {
			t.Errorf("Open = %v, want errBusy", err)
		}
		if err := Remove("test-run"); !errors.Is(err, errBusy) {
			t.Errorf("Remove = %v, want errBusy", err)
		}
	})
}

func TestBoot(t *testing.T) {
	l := openLab(t, "test-boot", "")
	m, err := l.Boot(within(t, 30*time.Second), "bare")
	if err != nil {
		t.Fatal(err)
	}
	ctx := within(t, 30*time.Second)
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ncat /proc/1/comm; hostname; systemctl list-units --failed --quiet; echo $ONEHA_IN_MACHINE\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := m.Copy(script, "/root/script"); err != nil {
		t.Fatal(err)
	}
	r, err := m.Command(ctx, Command{Args: []string{"/root/script"}, Env: []string{"ONEHA_IN_MACHINE=1"}})
	if err != nil || r.Stdout != "systemd\nbare\n1\n" {
		t.Errorf("script in machine: %+v, %v; want systemd as PID 1, the name, no failed unit, the variable", r, err)
	}
	if r, err := m.Exec(ctx, "systemd-run", "--wait", "--quiet", "true"); err != nil {
		t.Errorf("a transient unit in the machine: %+v, %v", r, err)
	}
	if _, err := m.Exec(within(t, 300*time.Millisecond), "sleep", "100"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Exec = %v, want its deadline", err)
	}
	if _, err := l.Boot(ctx, "bare"); err == nil {
		t.Error("Boot gave two machines one name")
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if _, err := m.Exec(ctx, "true"); err == nil {
		t.Error("Exec worked in a machine that is closed")
	}
}

// TestMain serves TestKilled: called with a prefix in the environment, this
// program opens a lab, boots a machine, says so, and waits to be killed.
func TestMain(m *testing.M) {
	prefix := os.Getenv("ONEHA_TEST_VICTIM")
	if prefix == "" {
		os.Exit(m.Run())
	}
	l, err := Open(context.Background(), Options{Prefix: prefix, CacheDir: os.Getenv("ONEHA_CACHE_DIR")})
	if err == nil {
		_, err = l.Boot(context.Background(), "bare")
	}
	if err == nil {
		err = l.namespace("left").create()
	}
	fmt.Println("victim:", err)
	time.Sleep(time.Minute)
}

func TestKilled(t *testing.T) {
	labtest.NeedMachines(t)
	const prefix = "test-killed"
	victim := exec.Command(os.Args[0])
	victim.Env = append(os.Environ(), "ONEHA_TEST_VICTIM="+prefix)
	victim.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 100)
	n, _ := out.Read(said)
	_ = victim.Process.Kill()
	_ = victim.Wait()
	if string(said[:n]) != "victim: <nil>\n" {
		t.Fatalf("the process to be killed said %q", said[:n])
	}
	time.Sleep(300 * time.Millisecond) // its machine dies with it, no later
	base, err := cgroupRoot()
	if err != nil {
		t.Fatal(err)
	}
	if pids := base.sub(cgroupName(prefix)).processes(); len(pids) > 0 {
		t.Errorf("processes %v outlive their lab", pids)
	}
	if len(traces(t, prefix)) == 0 {
		t.Error("a killed lab left nothing, so this test tests nothing")
	}
	for range 2 { // the second time there is nothing to do
		if err := Remove(prefix); err != nil {
			t.Error(err)
		}
	}
	if left := traces(t, prefix); len(left) > 0 {
		t.Errorf("Remove left:\n%s", strings.Join(left, "\n"))
	}
}

// TestSamplerSeesTwo puts one address on two interfaces of different machines:
// a sampler that cannot see that is none.
func TestSamplerSeesTwo(t *testing.T) {
	l := openLab(t, "test-sampler", "")
	target := addr("10.3.4.2")
	s := netSwitch{ns: l.namespace("switch"), links: []link{{bridge: "br0", nic: "eth0", prefix: netip.MustParsePrefix("10.3.4.0/24"), addr: addr("10.3.4.254"), ring: true}}}
	if err := s.up(); err != nil {
		t.Fatal(err)
	}
	nodes := []nodePlan{{name: "a", id: 1, addrs: []netip.Addr{addr("10.3.4.20")}}, {name: "b", id: 2, addrs: []netip.Addr{addr("10.3.4.21")}}}
	for _, n := range nodes {
		if err := s.plug(n, l.namespace(n.name), nil); err != nil {
			t.Fatal(err)
		}
	}
	set := func(n nodePlan, on bool) {
		t.Helper()
		err := l.namespace(n.name).configure(func(h *netlink.Handle) error {
			if on {
				return addAddr(h, "eth0", target, 24)
			}
			found, err := h.LinkByName("eth0")
			if err != nil {
				return err
			}
			return h.AddrDel(found, address(target, 24))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	sampler, err := sample(s.ns, "br0", s.links[0].addr, target)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = sampler.Stop() }()
	ctx := within(t, 10*time.Second)

	start := time.Now()
	set(nodes[0], true)
	if _, err := sampler.WaitFor(ctx, macOf(0, 1), start); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	set(nodes[0], false)
	time.Sleep(100 * time.Millisecond)
	set(nodes[1], true)
	if _, err := sampler.WaitFor(ctx, macOf(0, 2), start); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	clean, err := sampler.Report()
	if err != nil || len(clean.Overlaps) != 0 || len(clean.Spans) != 2 || clean.Spans[0].Claims < 5 || clean.Spans[1].Claims < 5 {
		t.Errorf("an address that moved in good order: %v\n%s", err, clean)
	}

	set(nodes[0], true) // now on both
	time.Sleep(300 * time.Millisecond)
	both, err := sampler.Stop()
	if err != nil || len(both.Overlaps) == 0 {
		t.Errorf("an address on two machines: %v\n%s", err, both)
	}
	for range 2 { // unplugging is idempotent
		if err := s.unplug(nodes[0]); err != nil {
			t.Error(err)
		}
	}
}
