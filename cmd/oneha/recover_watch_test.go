package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/test/fakeone"
)

// On a terminal each look is drawn over the one before, with what has changed, and
// Ctrl-C leaves the terminal sane.
func TestRecoverWatchOnATerminal(t *testing.T) {
	cloud, flags := afterFailover(t)
	cmd := program(t, append([]string{"recover", "--watch=0.5"}, flags...)...)
	cmd.Env = append(cmd.Env, "PATH="+os.Getenv("PATH"), "NO_COLOR=", "LC_ALL=C")
	s := openScreen(t, cmd)
	if err := unix.IoctlSetWinsize(int(s.person.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 100}); err != nil {
		t.Fatal(err)
	}
	await := func(what string) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !strings.Contains(s.text(), what); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("never shows %q: %q", what, s.text())
			}
		}
	}
	await("7 virtual machines; 6 waited")
	cloud.Add(fakeone.VM{ID: 12, Name: "web-1", State: 3, LCM: 3, Host: 1})
	await("7 virtual machines; 5 waited")
	if _, err := s.person.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	if code := exitOf(t, cmd); code != exitFindings {
		t.Errorf("exit code %d, want %d", code, exitFindings)
	}
	await("\x1b[?25h\x1b[?1049l")
	drawn, _, _ := strings.Cut(s.text(), "\x1b[?25h\x1b[?1049l")
	if !strings.HasPrefix(drawn, "\x1b[?1049h\x1b[?25l") {
		t.Errorf("does not begin on the other screen: %q", drawn)
	}
	if rest := sequences.ReplaceAllString(drawn, ""); strings.Contains(rest, "\x1b") {
		t.Errorf("writes what a terminal may not know: %q", rest)
	}
	if strings.Contains(drawn, "asking oned") {
		t.Error("says that it asks in the middle of the picture")
	}
}
