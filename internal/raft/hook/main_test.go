package hook

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/test/fakeoned"
	"github.com/oneha/oneha/test/fakezone"
)

// The test binary is also the hook, in a process of its own: as itself below.
const (
	hookVariable = "ONEHA_TEST_HOOK"
	lockVariable = "ONEHA_TEST_LOCK"
)

func TestMain(m *testing.M) {
	if file := os.Getenv(lockVariable); file != "" {
		holdLock(file)
	}
	if os.Getenv(hookVariable) != "" && !strings.HasPrefix(strings.Join(os.Args[1:], ""), "-test.") { // not a worker of a fuzz test
		os.Exit(asHook(os.Args[1:]))
	}
	_ = os.Setenv(hookVariable, "1") // for the hooks of a fake zone, too
	flag.Parse()
	_ = flag.Set("test.parallel", "6") // most tests wait
	os.Exit(m.Run())
}

// asHook is what `oneha raft hook` does, for a self-contained oned.
func asHook(words []string) int {
	location := os.Getenv("ONE_LOCATION")
	at := func(name string) string { return filepath.Join(location, name) }
	call, err := Parse(words)
	var o Outcome
	if err == nil {
		o, err = Run(context.Background(), Config{
			Dir: at("run"), Socket: at("guard.sock"), OnedConf: at(fakezone.ConfFile), AuthFile: at(fakezone.AuthFile), Description: at("oneha.yaml"),
			times: timesAt(at(shortFile)),
		}, call)
	}
	fmt.Println(o.Text)
	for _, w := range o.Warnings {
		fmt.Println("warning:", w)
	}
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	return 0
}

// shortFile, on a server, says that a test waits for limits. For all others they are
// what a busy machine needs.
const shortFile = "short-limits"

func timesAt(file string) *times {
	t := times{ask: 10 * time.Second, lock: 30 * time.Second, guard: 30 * time.Second, release: 30 * time.Second, again: 200 * time.Millisecond, repeats: []time.Duration{20 * time.Millisecond, 50 * time.Millisecond}}
	if _, err := os.Stat(file); err == nil {
		t.ask, t.lock, t.guard, t.release = time.Second, time.Second, time.Second, time.Second
	}
	return &t
}

func shortLimits(t *testing.T, z *fakezone.Zone, id int) {
	t.Helper()
	if err := os.WriteFile(z.Path(id, shortFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// bareZone is a network of servers without oned.
func bareZone(t *testing.T, servers int) *fakezone.Zone {
	t.Helper()
	needRoot(t)
	z, err := fakezone.Up(bounded(t), fakezone.Options{Servers: servers, Bare: true, Program: "/bin/false"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := z.Close(); err != nil {
			t.Error(err)
		}
	})
	return z
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() == 0 {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("network namespaces need root")
	}
	t.Skip("network namespaces need root")
}

// oned is one that says what a test tells it to.
type oned struct {
	server *http.Server

	mu    sync.Mutex
	id    int
	state one.RaftState
	term  int
	hung  bool
	after int    // answers until it is leader; 0: it stays what it is
	zone  string // servers, in XML
}

// newOned makes an oned answer on a server.
func newOned(t *testing.T, z *fakezone.Zone, id int) *oned {
	t.Helper()
	o := &oned{id: id, state: one.Follower, term: 1}
	for i := range z.Servers() {
		o.zone += fmt.Sprintf("<SERVER><ENDPOINT>%s</ENDPOINT><ID>%d</ID><NAME>s%d</NAME></SERVER>", z.Endpoint(i), i, i)
	}
	var l net.Listener
	err := z.In(id, func() (err error) {
		l, err = net.Listen("tcp", "0.0.0.0:2633")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	o.server = &http.Server{Handler: fakeoned.Handler(fakezone.Session, map[string]fakeoned.Method{
		"one.zone.raftstatus": {Answer: o.raft},
		"one.zone.info": {Params: 1, Answer: func(_ context.Context, c fakeoned.Call) string {
			return c.Yield("<ZONE><ID>0</ID><NAME>z</NAME><STATE>0</STATE><TEMPLATE/><SERVER_POOL>" + o.zone + "</SERVER_POOL></ZONE>")
		}},
	})}
	go func() { _ = o.server.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = o.server.Close() })
	return o
}

func (o *oned) raft(ctx context.Context, c fakeoned.Call) string {
	o.mu.Lock()
	text := fmt.Sprintf("<RAFT><SERVER_ID>%d</SERVER_ID><STATE>%d</STATE><TERM>%d</TERM></RAFT>", o.id, o.state, o.term)
	hung := o.hung
	if o.after > 0 {
		if o.after--; o.after == 0 {
			o.state = one.Leader
		}
	}
	o.mu.Unlock()
	if hung {
		<-ctx.Done() // until the caller hangs up
	}
	return c.Yield(text)
}

func (o *oned) is(state one.RaftState, term int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.state, o.term = state, term
}

func (o *oned) hang(hung bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hung = hung
}

// running is a hook that runs on a server.
type running struct {
	cmd    *exec.Cmd
	output *bytes.Buffer
}

func start(t *testing.T, z *fakezone.Zone, id int, words ...string) running {
	t.Helper()
	r := running{cmd: exec.Command(os.Args[0], words...), output: &bytes.Buffer{}}
	r.cmd.Env = []string{hookVariable + "=1", "ONE_LOCATION=" + z.Path(id, "")}
	r.cmd.Stdout, r.cmd.Stderr = r.output, r.output
	if err := z.In(id, r.cmd.Start); err != nil {
		t.Fatal(err)
	}
	return r
}

// end waits for the hook and returns what it printed and its exit code, -1 when it
// was killed.
func (r running) end() (string, int) {
	_ = r.cmd.Wait() // its exit code says it
	return strings.TrimSpace(r.output.String()), r.cmd.ProcessState.ExitCode()
}

// hookOn runs a hook on a server to its end.
func hookOn(t *testing.T, z *fakezone.Zone, id int, words ...string) (string, int) {
	t.Helper()
	return start(t, z, id, words...).end()
}

// has reports whether a server has an address on its interface.
func has(t *testing.T, z *fakezone.Zone, id int, ip string) bool {
	t.Helper()
	found := false
	err := z.In(id, func() error {
		h, err := netlink.NewHandle()
		if err != nil {
			return err
		}
		defer h.Close()
		l, err := h.LinkByName(fakezone.NIC)
		if err != nil {
			return err
		}
		list, err := h.AddrList(l, netlink.FAMILY_ALL)
		for _, a := range list {
			got, _ := netip.AddrFromSlice(a.IP)
			found = found || got.Unmap() == netip.MustParseAddr(ip)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// receive waits for a value, within limits.
func receive[T any](t *testing.T, from chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(40 * time.Second):
		t.Fatalf("waited in vain for %s", what)
	}
	return v
}
