package bmc

import (
	"cmp"
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
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/oneha/oneha/test/fakeilo"
)

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
		limit  time.Duration // of the context; 0 is so long that it ends by itself
	}{
		{"wrong password", fakeilo.Options{}, wrong, ErrLogin, "refused the user name or the password", 1, 0},
		{"wrong password, keyboard-interactive", fakeilo.Options{KeyboardInteractive: true}, wrong, ErrLogin, "refused the user name or the password", 1, 0},
		{"unknown user", fakeilo.Options{}, func(c *ILOSSHConfig) { c.Username = "nobody" }, ErrLogin, "refused the user name", 1, 0},
		{"wrong key", fakeilo.Options{AuthorizedKey: edPublic}, func(c *ILOSSHConfig) { c.IdentityFile = other }, ErrLogin, "key of the identity file", 1, 0},
		{"key not taken", fakeilo.Options{}, func(c *ILOSSHConfig) { c.IdentityFile = ed }, ErrLogin, "does not take the identity file", 0, 0},
		{"identity missing", fakeilo.Options{}, func(c *ILOSSHConfig) { c.IdentityFile = "/nonexistent/id" }, nil, "no such file", 0, 0},
		{"identity for everybody", fakeilo.Options{}, func(c *ILOSSHConfig) { c.IdentityFile = public }, nil, "chmod 600", 0, 0},
		{"no passphrase", fakeilo.Options{}, func(c *ILOSSHConfig) { c.IdentityFile, c.Password = locked, "" }, nil, "needs a passphrase", 0, 0},
		{"wrong passphrase", fakeilo.Options{}, func(c *ILOSSHConfig) { c.IdentityFile, c.Password = locked, "nonsense" }, nil, "check the passphrase", 0, 0},
		{"other host key", fakeilo.Options{}, func(c *ILOSSHConfig) { c.HostKey = "SHA256:" + strings.Repeat("A", 43) }, ErrHostKey, "somebody may be in between", 0, 0},
		{"old algorithms", fakeilo.Options{Old: true, HostKeys: []string{"rsa"}}, nil, nil, "legacy_algorithms=1", 0, 0},
		{"silent", fakeilo.Options{Silent: true}, nil, ErrSilent, "does not answer", 0, time.Second},
		{"slow login", fakeilo.Options{SlowLogin: 3 * time.Second}, nil, ErrSilent, "does not answer", 0, time.Second},
		{"own limit", fakeilo.Options{Silent: true}, func(c *ILOSSHConfig) { c.Timeout = 100 * time.Millisecond }, ErrSilent, "does not answer", 0, 0},
		{"nobody there", fakeilo.Options{}, func(c *ILOSSHConfig) { c.Port = 1 }, ErrSilent, "does not answer", 0, 0},
		{"unknown name", fakeilo.Options{}, func(c *ILOSSHConfig) { c.Host = "bmc.invalid" }, nil, "give the BMC's address", 0, time.Second},
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
			c, err := OpenILOSSH(limited(t, cmp.Or(tt.limit, 25*time.Second)), cfg)
			if err == nil {
				c.Close(t.Context())
				t.Fatal("OpenILOSSH succeeded")
			}
			took := time.Since(begin)
			if took > 10*time.Second { // long before the context ends, or the step's own 30 s
				t.Errorf("took %s", took)
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
