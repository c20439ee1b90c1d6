package bmc

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"github.com/oneha/oneha/test/fakeilo"
)

// sshConfig reaches the fake, with its first host key pinned.
func sshConfig(s *fakeilo.Server) ILOSSHConfig {
	return ILOSSHConfig{
		Host: s.Host(), Port: s.Port(), Username: fakeilo.Username, Password: fakeilo.Password,
		HostKey: ssh.FingerprintSHA256(s.HostKeys()[0]),
	}
}

// noGoroutines fails the test when it leaves any of the driver's goroutines.
func noGoroutines(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		var stacks string
		for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			buf := make([]byte, 1<<20)
			stacks = string(buf[:runtime.Stack(buf, true)])
			if !strings.Contains(stacks, "bmc.(*sshLink)") && !strings.Contains(stacks, "bmc.newSSHChannel") {
				return
			}
		}
		t.Errorf("goroutines left:\n%s", stacks)
	})
}

func TestILOSSH(t *testing.T) {
	ed, edPublic := identityFile(t, "ed25519", "")
	locked, lockedPublic := identityFile(t, "ecdsa", "p4ss phrase")
	rsaFile, rsaPublic := identityFile(t, "rsa", "")

	tests := []struct {
		name   string
		ilo    fakeilo.Options
		change func(*ILOSSHConfig)
		way    string // how the last status came
	}{
		{"exec", fakeilo.Options{}, nil, "exec"},
		{"exec whose channel stays open", fakeilo.Options{Exec: fakeilo.ExecOpen}, nil, "exec"},
		{"exec refused", fakeilo.Options{Exec: fakeilo.ExecRefused}, nil, "shell"},
		{"exec without a reply", fakeilo.Options{Exec: fakeilo.ExecSilent}, func(c *ILOSSHConfig) { c.Timeout = time.Second }, "shell"},
		{"exec without an answer", fakeilo.Options{Exec: fakeilo.ExecEmpty}, nil, "shell"},
		{"exec that ends the connection", fakeilo.Options{Exec: fakeilo.ExecHangsUp}, nil, "shell"},
		{"one session", fakeilo.Options{MaxSessions: 1}, nil, "exec"},
		{"shell without echo", fakeilo.Options{Exec: fakeilo.ExecRefused, NoEcho: true}, nil, "shell"},
		{"iLO 7", fakeilo.Options{Exec: fakeilo.ExecRefused, Prompt: "</>hpeiLO-> "}, nil, "shell"},
		{"coloured prompt", fakeilo.Options{Exec: fakeilo.ExecRefused, Prompt: "\x1b[1m</>hpiLO->\x1b[0m "}, nil, "shell"},
		{"own prompt", fakeilo.Options{Exec: fakeilo.ExecRefused, Prompt: "[7] ready# "}, func(c *ILOSSHConfig) { c.Prompt = `ready#\ ` }, "shell"},
		{"stock agent's prompt", fakeilo.Options{Exec: fakeilo.ExecRefused}, func(c *ILOSSHConfig) { c.Prompt = "hpiLO->" }, "shell"},
		{"management processor", fakeilo.Options{Exec: fakeilo.ExecRefused, ManagementProcessor: true}, nil, "shell"},
		{"keyboard-interactive", fakeilo.Options{KeyboardInteractive: true}, nil, "exec"},
		{"identity", fakeilo.Options{AuthorizedKey: edPublic}, func(c *ILOSSHConfig) { c.IdentityFile, c.Password = ed, "" }, "exec"},
		{"identity with passphrase", fakeilo.Options{AuthorizedKey: lockedPublic}, func(c *ILOSSHConfig) { c.IdentityFile, c.Password = locked, "p4ss phrase" }, "exec"},
		{"RSA identity", fakeilo.Options{AuthorizedKey: rsaPublic}, func(c *ILOSSHConfig) { c.IdentityFile = rsaFile }, "exec"},
		{"old algorithms, RSA", fakeilo.Options{Old: true, HostKeys: []string{"rsa"}}, func(c *ILOSSHConfig) { c.LegacyAlgorithms = true }, "exec"},
		{"old algorithms, DSA", fakeilo.Options{Old: true, HostKeys: []string{"dsa"}}, func(c *ILOSSHConfig) { c.LegacyAlgorithms = true }, "exec"},
		{"stop instead of power off", fakeilo.Options{OnlyStop: true}, nil, "exec"},
		{"IPv6", fakeilo.Options{Listen: "[::1]:0"}, nil, "exec"},
		{"IPv6 with brackets", fakeilo.Options{Listen: "[::1]:0"}, func(c *ILOSSHConfig) { c.Host = "[::1]" }, "exec"},
		{"name", fakeilo.Options{}, func(c *ILOSSHConfig) { c.Host, c.Network = "localhost", "tcp4" }, "exec"},
		{"connection lost before the login, once", fakeilo.Options{DropBeforeLogin: 1}, nil, "exec"},
		{"connection lost at a command, once", fakeilo.Options{DropAtCommand: 1}, nil, "shell"},
		{"slow", fakeilo.Options{Slow: 50 * time.Millisecond, SlowLogin: 50 * time.Millisecond}, nil, "exec"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			noGoroutines(t)
			s := fakeilo.Start(t, tt.ilo)
			cfg := sshConfig(s)
			if tt.change != nil {
				tt.change(&cfg)
			}
			ctx := limited(t, 30*time.Second)
			begin := time.Now()
			c, err := OpenILOSSH(ctx, cfg)
			if err != nil {
				t.Fatalf("OpenILOSSH: %v", err)
			}
			login := time.Since(begin)
			for _, want := range []bool{true, false, false, true} { // on when on and off when off, too
				if err := c.SetOn(ctx, want); err != nil {
					t.Fatalf("SetOn(%v): %v", want, err)
				}
				if on, err := c.On(ctx); err != nil || on != want || s.On() != want {
					t.Fatalf("On = %v, %v; the machine says %v; want %v", on, err, s.On(), want)
				}
			}
			if err := c.Close(ctx); err != nil {
				t.Errorf("Close: %v", err)
			}
			t.Logf("login %s, all %s", login.Round(time.Millisecond), time.Since(begin).Round(time.Millisecond))
			commands := s.Commands()
			last := tt.way + ": show /system1"
			if tt.way == "shell" {
				if commands[len(commands)-1] != "shell: exit" {
					t.Errorf("the shell was not left: %v", commands)
				}
				commands = commands[:len(commands)-1]
			}
			if got := commands[len(commands)-1]; got != last {
				t.Errorf("the last status came as %q, want %q", got, last)
			}
			if n := s.Connections(); n != 0 {
				t.Errorf("%d connections left open", n)
			}
		})
	}
}

func TestILOSSHAsksOnce(t *testing.T) {
	s := fakeilo.Start(t, fakeilo.Options{})
	ctx := limited(t, 5*time.Second)
	c, err := OpenILOSSH(ctx, sshConfig(s))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.On(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"exec: show /system1"}, s.Commands()); diff != "" || s.Logins() != 1 {
		t.Errorf("%d logins; commands (-want +got):\n%s", s.Logins(), diff)
	}
}

// checkErrorText holds an error and its whole chain to: one line, a hint, and no
// secret of any of these tests.
func checkErrorText(t *testing.T, err error, hint string) {
	t.Helper()
	if text := err.Error(); !strings.Contains(text, hint) || strings.Contains(text, "\n") {
		t.Errorf("error reads %q, want %q in it, on one line", text, hint)
	}
	var walk func(error)
	walk = func(err error) {
		if err == nil {
			return
		}
		for _, secret := range []string{fakeilo.Password, "nonsense", "p4ss phrase", "SECRET-THING", "PRIVATE KEY"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the secret %q is in %q", secret, err)
			}
		}
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			walk(e.Unwrap())
		case interface{ Unwrap() []error }:
			for _, inner := range e.Unwrap() {
				walk(inner)
			}
		}
	}
	walk(err)
}
