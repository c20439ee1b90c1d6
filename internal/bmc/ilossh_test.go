package bmc

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
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

// identityFile writes a private key, encrypted where there is a passphrase, and
// returns its path and public key.
func identityFile(t *testing.T, kind, passphrase string) (string, ssh.PublicKey) {
	t.Helper()
	var key any
	var err error
	switch kind {
	case "rsa":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	var block *pem.Block
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(key, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "id")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, signer.PublicKey()
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
			ctx := limited(t, 10*time.Second)
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

// plainPort is a port that speaks something else than SSH.
func plainPort(t *testing.T, say string) func(*ILOSSHConfig) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte(say))
			c.Close()
		}
	}()
	port := l.Addr().(*net.TCPAddr).Port
	return func(c *ILOSSHConfig) { c.Port = port }
}

func TestILOSSHLoginFails(t *testing.T) {
	ed, edPublic := identityFile(t, "ed25519", "")
	other, _ := identityFile(t, "ed25519", "")
	locked, _ := identityFile(t, "ecdsa", "p4ss phrase")
	public := filepath.Join(t.TempDir(), "public")
	if err := os.WriteFile(public, []byte("-----BEGIN SECRET-THING-----"), 0o644); err != nil {
		t.Fatal(err)
	}
	web := plainPort(t, "HTTP/1.1 400 Bad Request\r\n\r\n"+strings.Repeat("x", 1<<16))
	wrong := func(c *ILOSSHConfig) { c.Password = "nonsense" }
	tests := []struct {
		name   string
		ilo    fakeilo.Options
		change func(*ILOSSHConfig)
		kind   error
		text   string
		offers int
		most   time.Duration // 0: less than the limit, a second
	}{
		{"wrong password", fakeilo.Options{}, wrong, ErrLogin, "refused the user name or the password", 1, 0},
		{"wrong password, keyboard-interactive", fakeilo.Options{KeyboardInteractive: true}, wrong, ErrLogin, "refused the user name or the password", 1, 0},
		{"unknown user", fakeilo.Options{}, func(c *ILOSSHConfig) { c.Username = "nobody" }, ErrLogin, "refused the user name", 1, 0},
		{"wrong key", fakeilo.Options{AuthorizedKey: edPublic}, func(c *ILOSSHConfig) { c.IdentityFile = other }, ErrLogin, "key of the identity file", 1, 0},
		{"key not taken", fakeilo.Options{}, func(c *ILOSSHConfig) { c.IdentityFile = ed }, ErrLogin, "does not take the identity file", 0, 0},
		{"identity missing", fakeilo.Options{}, func(c *ILOSSHConfig) { c.IdentityFile = "/nonexistent/id" }, nil, "no such file", 0, 0},
		{"identity for everybody", fakeilo.Options{}, func(c *ILOSSHConfig) { c.IdentityFile = public }, nil, "chmod 600", 0, 0},
		{"no passphrase", fakeilo.Options{}, func(c *ILOSSHConfig) { c.IdentityFile, c.Password = locked, "" }, nil, "needs a passphrase", 0, 0},
		{"wrong passphrase", fakeilo.Options{}, func(c *ILOSSHConfig) { c.IdentityFile, c.Password = locked, "nonsense" }, nil, "check the passphrase", 0, 10 * time.Second},
		{"other host key", fakeilo.Options{}, func(c *ILOSSHConfig) { c.HostKey = "SHA256:" + strings.Repeat("A", 43) }, ErrHostKey, "somebody may be in between", 0, 0},
		{"old algorithms", fakeilo.Options{Old: true, HostKeys: []string{"rsa"}}, nil, nil, "legacy_algorithms=1", 0, 0},
		{"silent", fakeilo.Options{Silent: true}, nil, ErrSilent, "does not answer", 0, 1300 * time.Millisecond},
		{"slow login", fakeilo.Options{SlowLogin: 2 * time.Second}, nil, ErrSilent, "does not answer", 0, 1300 * time.Millisecond},
		{"own limit", fakeilo.Options{Silent: true}, func(c *ILOSSHConfig) { c.Timeout = 100 * time.Millisecond }, ErrSilent, "does not answer", 0, 0},
		{"nobody there", fakeilo.Options{}, func(c *ILOSSHConfig) { c.Port = 1 }, ErrSilent, "does not answer", 0, 0},
		{"unknown name", fakeilo.Options{}, func(c *ILOSSHConfig) { c.Host = "bmc.invalid" }, nil, "give the BMC's address", 0, 1300 * time.Millisecond},
		{"lost before the login, always", fakeilo.Options{DropBeforeLogin: 9}, nil, nil, "ended the connection", 0, 0},
		{"lost at the login", fakeilo.Options{DropAtLogin: 9}, nil, ErrLogin, "ended the connection during the login", 1, 0},
		{"not SSH", fakeilo.Options{}, web, nil, "SSH port", 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			noGoroutines(t)
			s := fakeilo.Start(t, tt.ilo)
			cfg := sshConfig(s)
			if tt.change != nil {
				tt.change(&cfg)
			}
			begin := time.Now()
			c, err := OpenILOSSH(limited(t, time.Second), cfg)
			if err == nil {
				c.Close(t.Context())
				t.Fatal("OpenILOSSH succeeded")
			}
			took := time.Since(begin)
			if most := max(tt.most, 800*time.Millisecond); took > most {
				t.Errorf("took %s, want %s at most", took, most)
			}
			t.Logf("after %s: %v", took.Round(time.Millisecond), err)
			for _, kind := range []error{ErrLogin, ErrSilent, ErrHostKey} {
				if errors.Is(err, kind) != (kind == tt.kind) {
					t.Errorf("is %q: %v", kind, errors.Is(err, kind))
				}
			}
			checkErrorText(t, err, tt.text)
			if n := s.Offers(); n != tt.offers {
				t.Errorf("credentials offered %d times, want %d", n, tt.offers)
			}
			if tt.ilo.SlowLogin == 0 && s.Connections() != 0 {
				t.Errorf("%d connections left open", s.Connections())
			}
		})
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

func TestILOSSHCommandFails(t *testing.T) {
	shell := fakeilo.ExecRefused
	tests := []struct {
		name   string
		ilo    fakeilo.Options
		status string // substring of the error of On; "" is none
		off    string // and of SetOn(false)
		kind   error
		most   time.Duration
	}{
		{"off refused", fakeilo.Options{RefuseOff: true}, "", "Insufficient privilege", nil, 0},
		{"off refused, shell", fakeilo.Options{RefuseOff: true, Exec: shell}, "", "Virtual Power and Reset", nil, 0},
		{"other state", fakeilo.Options{EnabledState: "enabledbutoffline"}, `EnabledState="enabledbutoffline"`, "", nil, 0},
		{"other state, shell", fakeilo.Options{EnabledState: "", Exec: shell, Garbage: []byte("status=0\r\nstatus_tag=COMMAND COMPLETED\r\n  enabledstate=\r\n")}, `EnabledState=""`, "", nil, 0},
		{"two states", fakeilo.Options{Garbage: []byte("EnabledState=enabled\r\nEnabledState=disabled\r\n")}, "two different states", "", nil, time.Second},
		{"garbage", fakeilo.Options{Garbage: []byte("\x00\xff\x1b[2J%s%n{}\r\n\r\n")}, "no EnabledState", "", nil, time.Second},
		{"state inside another value", fakeilo.Options{Garbage: []byte("oemhp_server_name=EnabledState=disabled\r\n")}, "no EnabledState", "", nil, time.Second},
		{"endless", fakeilo.Options{Garbage: []byte(strings.Repeat("x", 1<<17))}, "does not end", "does not end", nil, 0},
		{"endless, shell", fakeilo.Options{Exec: shell, Garbage: []byte(strings.Repeat("x\r\n", 1<<16))}, "does not end", "does not end", nil, 0},
		{"mute", fakeilo.Options{Mute: true}, "does not answer", "does not answer", ErrSilent, 900 * time.Millisecond},
		{"mute, shell", fakeilo.Options{Mute: true, Exec: shell}, "does not answer", "does not answer", ErrSilent, 900 * time.Millisecond},
		{"too slow", fakeilo.Options{Slow: time.Second}, "does not answer", "does not answer", ErrSilent, 900 * time.Millisecond},
		{"lost at each command", fakeilo.Options{DropAtCommand: 99}, "ended the connection", "ended the connection", nil, 0},
		{"prompt not known", fakeilo.Options{Exec: shell, Prompt: "what? "}, `"what?": set command_prompt`, "set command_prompt", nil, 900 * time.Millisecond},
	}
	for _, tt := range tests {
		for _, step := range []struct {
			name string
			want string
			do   func(context.Context, *Client) error
		}{
			{"status", tt.status, func(ctx context.Context, c *Client) error { _, err := c.On(ctx); return err }},
			{"off", tt.off, func(ctx context.Context, c *Client) error { return c.SetOn(ctx, false) }},
		} {
			t.Run(tt.name+", "+step.name, func(t *testing.T) {
				noGoroutines(t)
				s := fakeilo.Start(t, tt.ilo)
				cfg := sshConfig(s)
				cfg.Timeout = 600 * time.Millisecond
				ctx := limited(t, 10*time.Second)
				c, err := OpenILOSSH(ctx, cfg)
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				err = step.do(ctx, c)
				took := time.Since(begin)
				t.Logf("after %s: %v", took.Round(time.Millisecond), err)
				if err := c.Close(ctx); err != nil {
					t.Errorf("Close: %v", err)
				}
				if n := s.Connections(); n != 0 && tt.ilo.Slow == 0 {
					t.Errorf("%d connections left open", n)
				}
				if most := max(tt.most, 500*time.Millisecond); took > most {
					t.Errorf("took %s, want %s at most", took, most)
				}
				if step.want == "" {
					if err != nil {
						t.Errorf("failed: %v", err)
					}
					return
				}
				if err == nil {
					t.Fatal("succeeded")
				}
				if tt.kind != nil && !errors.Is(err, tt.kind) || errors.Is(err, ErrLogin) {
					t.Errorf("is not %v: %v", tt.kind, err)
				}
				checkErrorText(t, err, step.want)
			})
		}
	}
}

func TestILOSSHTooManySessions(t *testing.T) {
	s := fakeilo.Start(t, fakeilo.Options{MaxSessions: 1, Exec: fakeilo.ExecRefused})
	ctx := limited(t, 5*time.Second)
	first, err := OpenILOSSH(ctx, sshConfig(s))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.On(ctx); err != nil { // its shell is the one session
		t.Fatal(err)
	}
	second, err := OpenILOSSH(ctx, sshConfig(s))
	if err != nil {
		t.Fatal(err)
	}
	_, err = second.On(ctx)
	if err == nil {
		t.Fatal("a second session was opened")
	}
	checkErrorText(t, err, "too many")
	if err := errors.Join(first.Close(ctx), second.Close(ctx)); err != nil {
		t.Error(err)
	}
	if n := s.Connections(); n != 0 {
		t.Errorf("%d connections left open", n)
	}
}

// The state changes when the machine changes, not when the command was taken.
func TestILOSSHChangesLate(t *testing.T) {
	s := fakeilo.Start(t, fakeilo.Options{Late: 200 * time.Millisecond})
	ctx := limited(t, 5*time.Second)
	c, err := OpenILOSSH(ctx, sshConfig(s))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if err := c.SetOn(ctx, false); err != nil {
		t.Fatal(err)
	}
	if on, err := c.On(ctx); err != nil || !on {
		t.Errorf("On = %v, %v at once, want true", on, err)
	}
	time.Sleep(250 * time.Millisecond)
	if on, err := c.On(ctx); err != nil || on {
		t.Errorf("On = %v, %v later, want false", on, err)
	}
}

func TestILOSSHEndsWithItsContext(t *testing.T) {
	noGoroutines(t)
	s := fakeilo.Start(t, fakeilo.Options{})
	c, err := OpenILOSSH(limited(t, 5*time.Second), sshConfig(s))
	if err != nil {
		t.Fatal(err)
	}
	s.Change(func(o *fakeilo.Options) { o.Mute = true })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	begin := time.Now()
	if _, err := c.On(ctx); err == nil {
		t.Error("On succeeded with a mute BMC")
	}
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > 500*time.Millisecond {
		t.Errorf("took %s", took)
	}
	if n := s.Connections(); n != 0 {
		t.Errorf("%d connections left open", n)
	}
}

func TestILOSSHCheck(t *testing.T) {
	good := ILOSSHConfig{Host: "192.0.2.1", Port: 22, Username: "u", Password: "S3cret!pw", HostKey: "SHA256:" + strings.Repeat("A", 43)}
	tests := []struct {
		name   string
		change func(*ILOSSHConfig)
		want   string // "" is valid
	}{
		{"fingerprint", func(*ILOSSHConfig) {}, ""},
		{"two fingerprints", func(c *ILOSSHConfig) {
			c.HostKey += "=, MD5:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:FF"
		}, ""},
		{"bare MD5", func(c *ILOSSHConfig) { c.HostKey = "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff" }, ""},
		{"known_hosts", func(c *ILOSSHConfig) { c.HostKey, c.KnownHosts, c.TrustNewHostKey = "", "/x", true }, ""},
		{"no host key", func(c *ILOSSHConfig) { c.HostKey = "" }, "set host_key"},
		{"short fingerprint", func(c *ILOSSHConfig) { c.HostKey = "SHA256:AAAA" }, "ssh-keygen -l"},
		{"blank fingerprint", func(c *ILOSSHConfig) { c.HostKey = " , " }, "empty"},
		{"key itself", func(c *ILOSSHConfig) { c.HostKey = "ssh-rsa AAAA" }, "ssh-keygen -l"},
		{"trust without a file", func(c *ILOSSHConfig) { c.TrustNewHostKey = true }, "set known_hosts"},
		{"port", func(c *ILOSSHConfig) { c.Port = 65536 }, "port 65536"},
		{"network", func(c *ILOSSHConfig) { c.Network = "udp" }, "tcp6"},
		{"user", func(c *ILOSSHConfig) { c.Username = "" }, "user name"},
		{"password", func(c *ILOSSHConfig) { c.Password = "" }, "password"},
		{"prompt", func(c *ILOSSHConfig) { c.Prompt = "(" }, "regular expression"},
		{"empty prompt", func(c *ILOSSHConfig) { c.Prompt = "(MP>)?" }, "empty line"},
		{"time", func(c *ILOSSHConfig) { c.Timeout = -1 }, "negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.change(&c)
			err := c.Check()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Check = %v, want %q", err, tt.want)
			}
			if err != nil {
				checkErrorText(t, err, tt.want)
			}
		})
	}
}
