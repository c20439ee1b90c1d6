package fakeoned

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is the path of the program, built once.
var program string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "fakeoned")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		program = filepath.Join(dir, "fakeoned")
		if out, err := exec.Command("go", "build", "-o", program, "./cmd/fakeoned").CombinedOutput(); err != nil {
			panic(string(out))
		}
		return m.Run()
	}())
}

// site is what the nodes have in common.
type site struct{ shared, auth string }

func newSite(t *testing.T) site {
	s := site{shared: t.TempDir(), auth: filepath.Join(t.TempDir(), "one_auth")}
	if err := os.WriteFile(s.auth, []byte(session+"\nsecond line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// daemon is a fake in a process of its own.
type daemon struct {
	*exec.Cmd
	url  string
	lock string
	link string // to its SQLite file
	mode string // its directory of switches
	done chan error
	took time.Duration // from exec to the notification that it is ready

	began  time.Time
	notify *net.UnixConn
}

// start starts oned on a node and waits until it says that it is ready.
func (s site) start(t *testing.T, node string, args ...string) *daemon {
	t.Helper()
	d := s.launch(t, node, args...)
	d.waitReady(t)
	return d
}

// launch starts the program on a node and does not wait. Later arguments win.
func (s site) launch(t *testing.T, node string, args ...string) *daemon {
	t.Helper()
	dir := t.TempDir()
	d := &daemon{lock: filepath.Join(dir, "lock"), link: filepath.Join(dir, "one.db"), mode: filepath.Join(dir, "modes"), done: make(chan error, 1)}
	if err := os.Mkdir(d.mode, 0o755); err != nil {
		t.Fatal(err)
	}
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = notify.Close() })
	d.notify = notify
	d.Cmd = exec.Command(program, append([]string{"-listen", "127.0.0.1:0", "-events", "", "-auth", s.auth, "-shared", s.shared,
		"-modes", d.mode, "-sqlite", d.link, "-lock", d.lock, "-node", node}, args...)...)
	d.Env = append(os.Environ(), "NOTIFY_SOCKET="+notify.LocalAddr().String())
	d.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stderr.Close() })
	d.Stderr = stderr
	d.began = time.Now()
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { d.done <- d.Wait() }()
	t.Cleanup(func() { d.end(t, syscall.SIGKILL) })
	return d
}

// waitReady waits for the notification that it is ready.
func (d *daemon) waitReady(t *testing.T) {
	t.Helper()
	_ = d.notify.SetReadDeadline(time.Now().Add(5 * time.Second))
	message := make([]byte, 100)
	n, err := d.notify.Read(message)
	if err != nil || string(message[:n]) != "READY=1" {
		t.Fatalf("notification %q, %v; it said %q", message[:n], err, d.said(t))
	}
	d.took = time.Since(d.began)
	if _, rest, listens := strings.Cut(d.said(t), "listens on "); listens { // said before the notification
		address, _, _ := strings.Cut(rest, "\n")
		d.url = "http://" + address + "/RPC2"
	}
}

// address is where it listens.
func (d *daemon) address() string {
	return strings.TrimSuffix(strings.TrimPrefix(d.url, "http://"), "/RPC2")
}

// said is what it wrote to its standard error so far.
func (d *daemon) said(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(d.Stderr.(*os.File).Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// wait waits until it ends by itself and returns how.
func (d *daemon) wait(t *testing.T) error {
	t.Helper()
	return d.end(t, 0)
}

// end sends a signal, waits for the end and returns how it ended. Later calls do
// nothing.
func (d *daemon) end(t *testing.T, sig syscall.Signal) error {
	t.Helper()
	if d.done == nil {
		return nil
	}
	_ = d.Process.Signal(sig) // an error means that it ended already
	select {
	case err := <-d.done:
		d.done = nil
		return err
	case <-time.After(5 * time.Second):
		t.Fatalf("%v did not end it; it said %s", sig, d.said(t))
		return nil
	}
}

func (d *daemon) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := d.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// Long enough for several writes of everybody, also on a busy machine.
const several = 10 * writeInterval

func noAlarm(t *testing.T, s site, when string) {
	t.Helper()
	time.Sleep(several)
	if text := alarm(t, s.shared); text != "" {
		t.Fatalf("%s: %s", when, text)
	}
}

func waitAlarm(t *testing.T, s site) string {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if text := alarm(t, s.shared); text != "" {
			return text
		}
	}
	t.Fatal("no alarm")
	return ""
}

// waitFor waits until something holds that another process brings about.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("waited in vain for: %s", what)
}
