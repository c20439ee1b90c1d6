package fakeoned

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// binary is the program, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "fakeoned")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "fakeoned")
		if out, err := exec.Command("go", "build", "-o", binary, "./cmd/fakeoned").CombinedOutput(); err != nil {
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
	done chan error
	took time.Duration // from exec to the notification that it is ready
}

// start starts oned on a node and waits until it says that it is ready.
func (s site) start(t *testing.T, node string, args ...string) *daemon {
	t.Helper()
	dir := t.TempDir()
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer notify.Close()
	d := &daemon{lock: filepath.Join(dir, "lock"), done: make(chan error, 1)}
	d.Cmd = exec.Command(binary, append([]string{"-listen", "127.0.0.1:0", "-auth", s.auth, "-shared", s.shared, "-lock", d.lock, "-node", node}, args...)...)
	d.Env = append(os.Environ(), "NOTIFY_SOCKET="+notify.LocalAddr().String())
	d.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := d.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stderr)
	first, readErr := lines.ReadString('\n')
	go func() {
		_, _ = io.Copy(io.Discard, lines)
		d.done <- d.Wait()
	}()
	t.Cleanup(func() { d.end(t, syscall.SIGKILL) })
	if readErr != nil {
		t.Fatalf("read its first line: %v", readErr)
	}
	_ = notify.SetReadDeadline(time.Now().Add(5 * time.Second))
	message := make([]byte, 100)
	n, err := notify.Read(message)
	if err != nil || string(message[:n]) != "READY=1" {
		t.Fatalf("notification %q, %v; it said %q", message[:n], err, first)
	}
	d.took = time.Since(begin)
	_, address, _ := strings.Cut(strings.TrimSpace(first), "listens on ")
	d.url = "http://" + address + "/RPC2"
	return d
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
		t.Fatalf("%v did not end it", sig)
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
