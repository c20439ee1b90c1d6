package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/bmc/bmctest"
	"github.com/oneha/oneha/test/fakeredfish"
)

// program is the command, to be run as a process of its own. TestMain makes it
// of the test binary when that is called oneha.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	link := filepath.Join(work, "oneha")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(link, args...)
	cmd.Env = append(os.Environ(), "WORK="+work, "TERM=vt100")
	return cmd
}

// screen is a pseudo-terminal seen from the side of the person.
type screen struct {
	person *os.File
	mu     sync.Mutex
	shown  bytes.Buffer
}

// openScreen gives a command a terminal of its own to control it.
func openScreen(t *testing.T, cmd *exec.Cmd) *screen {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("a pseudo-terminal is missing: %v", err)
		}
		t.Skipf("a pseudo-terminal is missing: %v", err)
	}
	t.Cleanup(func() { person.Close() })
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatalf("open pseudo-terminal: %v", err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err = cmd.Start()
	terminal.Close()
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{person: person}
	go func() { // ends when the command does, or the file is closed
		buf := make([]byte, 4096)
		for {
			n, err := person.Read(buf)
			s.mu.Lock()
			s.shown.Write(buf[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return s
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown.String()
}

// await waits until the screen shows a text.
func (s *screen) await(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !strings.Contains(s.text(), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the screen does not show %q:\n%s", text, s.text())
		}
	}
}

// exitOf waits for a command and returns its exit code, -1 for a signal.
func exitOf(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	killed := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	if !killed.Stop() {
		t.Fatal("the command did not end")
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

// What a person sees and types, on a real terminal.
func TestFenceOnATerminal(t *testing.T) {
	tests := []struct {
		name, typed, says string
		code              int
		told              string
	}{
		{"the name", "one-server1\n", "one-server1: off after ", 0, "[off]"},
		{"another name", "one-server2\n", "nothing was done: \"one-server2\" is not one-server1", 1, "[]"},
		{"Ctrl-C", "\x03", "nothing was done: interrupted", 1, "[]"},
		{"Ctrl-D", "\x04", "nothing was done: no answer", 1, "[]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, siteOptions{})
			cmd := program(t, "fence", "off", "one-server1", "-f", s.file)
			screen := openScreen(t, cmd)
			screen.await(t, "Type the node's name to go on: ")
			if told := s.switched(); told != nil {
				t.Errorf("not confirmed yet, and the BMCs were told %q", told)
			}
			if _, err := screen.person.WriteString(test.typed); err != nil {
				t.Fatal(err)
			}
			screen.await(t, test.says)
			if code := exitOf(t, cmd); code != test.code {
				t.Errorf("exit code %d, want %d:\n%s", code, test.code, screen.text())
			}
			if told := fmt.Sprint(s.switched()); told != test.told {
				t.Errorf("the BMCs were told %s, want %s", told, test.told)
			}
		})
	}
}

// A signal ends what is under way within a second or so, closes the session, and
// what is not known is said.
func TestFenceSignals(t *testing.T) {
	late := siteOptions{ipmi: bmctest.Options{Late: time.Minute}}
	silent := siteOptions{redfish: fakeredfish.Options{Rules: []fakeredfish.Rule{{Fault: fakeredfish.Silent()}}}}
	tests := []struct {
		name, args string
		site       siteOptions
		signal     syscall.Signal
		begun      func(*site) bool
		says       string
	}{
		{"status", "status one-server2", silent, syscall.SIGINT, func(s *site) bool { return s.redfish.Connections() > 0 }, "interrupted"},
		{"probe", "probe", silent, syscall.SIGTERM, func(s *site) bool { return s.ipmi.Logins() == 3 && s.ipmi.Sessions() == 0 }, "oneha: interrupted"},
		{"off", "off one-server1 --yes", late, syscall.SIGTERM, func(s *site) bool { return len(s.switched()) > 0 }, "whether it was switched is not known: see oneha fence status one-server1"},
		{"reboot", "reboot one-server1 --yes", late, syscall.SIGHUP, func(s *site) bool { return len(s.switched()) > 0 }, "whether it was switched is not known"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, test.site)
			cmd := program(t, append([]string{"fence", "-f", s.file}, strings.Fields(test.args)...)...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(time.Minute); !test.begun(s); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("the BMC was not asked")
				}
			}
			begin := time.Now()
			if err := cmd.Process.Signal(test.signal); err != nil {
				t.Fatal(err)
			}
			code := exitOf(t, cmd)
			if took := time.Since(begin); took > 15*time.Second {
				t.Errorf("it ended %s after the signal", took)
			}
			if code != 1 || !strings.Contains(stderr.String(), test.says) {
				t.Errorf("exit code %d: %s", code, &stderr)
			}
			if n := s.ipmi.Sessions(); n != 0 {
				t.Errorf("%d sessions left open", n)
			}
		})
	}
}
