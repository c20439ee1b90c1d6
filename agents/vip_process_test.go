package agents

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/vip/viptest"
	"github.com/oneha/oneha/ocf"
)

// In an environment with asVIP the test binary is the agent itself; the value
// noExec takes from it the right to start a program.
const (
	asVIP  = "VIP_TEST_AS_AGENT"
	noExec = "no-exec"
)

func init() {
	switch os.Getenv(asVIP) {
	case "":
		return
	case noExec:
		if err := forbidExec(); err != nil {
			panic(err)
		}
	}
	if os.Args[1] == "exec" { // proves that forbidExec works
		_ = exec.Command("/proc/self/exe", "meta-data").Run()
		os.Exit(0)
	}
	ocf.Main(VIP, os.Args[1:])
}

// forbidExec makes the kernel kill the process when it starts another or becomes
// another program. Threads it may start, but not by clone3, whose flags a filter
// does not see: the C library then takes clone.
func forbidExec() error {
	const (
		load   = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		bits   = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		answer = unix.BPF_RET | unix.BPF_K
	)
	code := []unix.SockFilter{
		{Code: load}, // the number of the system call
		{Code: equal, K: unix.SYS_EXECVE, Jt: 6},
		{Code: equal, K: unix.SYS_EXECVEAT, Jt: 5},
		{Code: equal, K: unix.SYS_CLONE3, Jt: 5},
		{Code: equal, K: unix.SYS_CLONE, Jf: 2},
		{Code: load, K: 16}, // its first argument, the flags
		{Code: bits, K: unix.CLONE_THREAD, Jf: 1},
		{Code: answer, K: unix.SECCOMP_RET_ALLOW},
		{Code: answer, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: answer, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
	}
	program := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	return nil
}

// process is a call of the agent as a process of its own on the node, not started
// yet.
func process(node *viptest.Namespace, mode, action string, v vars) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.Command("/proc/self/exe", action)
	cmd.Env = []string{asVIP + "=" + mode, "HA_LOGFACILITY=none"}
	for name, value := range v {
		if name == strings.ToLower(name) {
			name = "OCF_RESKEY_" + name
		}
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	return cmd, &stderr
}

// D10: IPaddr2 starts 23 programs for a monitor and 42 for a start.
func TestVIPDefectD10(t *testing.T) {
	l := vipLab(t)
	call := func(action string, v vars) (state *os.ProcessState, stderr string) {
		l.Node.Do(func() {
			cmd, errs := process(l.Node, noExec, action, v)
			if err := cmd.Run(); cmd.ProcessState == nil {
				t.Fatal(err)
			}
			state, stderr = cmd.ProcessState, errs.String()
		})
		return state, stderr
	}
	if state, _ := call("exec", nil); state.Sys().(syscall.WaitStatus).Signal() != syscall.SIGSYS {
		t.Fatalf("a process that may not start a program started one: %v", state)
	}
	for _, v := range []vars{
		full.with(vars{"run_arping": "true", "lvs_support": "true", "flush_routes": "true", "arp_sender": "iputils_arping", "arp_bg": "false"}),
		{"ip": "2001:db8:77::100", "nodad": "true", "arp_count": "1", "lvs_ipv6_addrlabel": "true"},
	} {
		for _, step := range []struct {
			action string
			v      vars
			want   int
		}{
			{"meta-data", v, 0}, {"validate-all", v, 0}, {"monitor", v, 7}, {"start", v, 0}, {"start", v, 0}, {"status", v, 0},
			{"monitor", v.with(recurring, vars{"arp_count_refresh": "1"}), 0}, {"stop", v, 0}, {"stop", v, 0}, {"monitor", v, 7},
		} {
			if state, stderr := call(step.action, step.v); state.ExitCode() != step.want {
				t.Errorf("%s %s: %v, want exit %d: %s", step.action, v["ip"], state, step.want, stderr)
			}
		}
	}
}

// Killed anywhere, an action that is run again ends well.
func TestVIPKilled(t *testing.T) {
	l := vipLab(t)
	l.Pair(1, nil, nil)
	random := rand.New(rand.NewPCG(1, 2))
	killed := 0
	const longest = 12000 // a microsecond each
	within := longest     // the moment of the kill: on a busy machine the sleep takes longer than the agent
	for i := 0; i < 60 || killed < 10 && i < 400; i++ {
		v := full.with(vars{"iflabel": "vip"})
		if i%3 == 2 {
			v = vars{"ip": "2001:db8:77::100", "nodad": "true", "arp_count": "1"}
		}
		action := "start"
		if i%2 == 1 {
			expect(t, l.Node, "start", v, 0)
			action = "stop"
		} else if i%4 == 0 && i%3 != 2 {
			l.Node.Add("n1", v["ip"]+"/24") // in the wrong place, so that start has more to do
		}
		l.Node.Do(func() {
			cmd, _ := process(l.Node, "yes", action, v)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(random.IntN(within)) * time.Microsecond)
			_ = cmd.Process.Kill()
			var exit *exec.ExitError
			if errors.As(cmd.Wait(), &exit) && exit.Sys().(syscall.WaitStatus).Signaled() {
				killed++
				within = min(within*5/4+1, longest)
			} else {
				within = within*3/4 + 1
			}
		})
		if i%5 != 0 { // Pacemaker stops what it cannot tell; but a start may follow too
			expect(t, l.Node, "stop", v, 0)
			gone(t, l, v["ip"])
			expect(t, l.Node, "monitor", v, 7)
		}
		expect(t, l.Node, "start", v, 0)
		expect(t, l.Node, "monitor", v, 0)
		expect(t, l.Node, "stop", v, 0)
		gone(t, l, v["ip"])
	}
	if killed < 10 {
		t.Errorf("only %d were killed before their end: the test shows nothing", killed)
	}
	if got := append(l.Node.Addresses("n0"), l.Node.Addresses("n1")...); len(got) != 2 {
		t.Errorf("left %q", got)
	}
}

// Two starts at once both succeed, and the address is there once.
func TestVIPTwoStarts(t *testing.T) {
	l := vipLab(t)
	for i := range 20 {
		v := full
		if i%2 == 1 {
			v = vars{"ip": "2001:db8:77::100", "nodad": "true", "arp_count": "1"}
		}
		if i%4 < 2 {
			l.Node.Add("lo", map[bool]string{false: "10.77.0.100/32", true: "2001:db8:77::100/128"}[i%2 == 1])
		}
		for _, action := range []string{"start", "stop"} {
			var both sync.WaitGroup
			for range 2 {
				both.Go(func() { expect(t, l.Node, action, v, 0) })
			}
			both.Wait()
			want := map[string]int{"start": 3, "stop": 2}[action]
			if got := l.Node.Addresses("n0"); len(got) != want {
				t.Errorf("after two times %s: %q", action, got)
			}
		}
	}
}
