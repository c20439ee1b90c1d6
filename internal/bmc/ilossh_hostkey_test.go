package bmc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/oneha/oneha/test/fakeilo"
)

// loginWith tries to log in and returns what came of it.
func loginWith(t *testing.T, cfg ILOSSHConfig) error {
	t.Helper()
	ctx := limited(t, 30*time.Second)
	c, err := OpenILOSSH(ctx, cfg)
	if err != nil {
		return err
	}
	return c.Close(ctx)
}

// refusesHostKey checks that err is about the host key, says so, and came before
// any credential.
func refusesHostKey(t *testing.T, err error, s *fakeilo.Server, hint string) {
	t.Helper()
	if !errors.Is(err, ErrHostKey) {
		t.Fatalf("error is not ErrHostKey: %v", err)
	}
	checkErrorText(t, err, hint)
	if n := s.Offers(); n != 0 {
		t.Errorf("credentials offered %d times", n)
	}
}

func TestILOSSHKnownHosts(t *testing.T) {
	s := fakeilo.Start(t, fakeilo.Options{HostKeys: []string{"rsa", "ecdsa", "ed25519"}})
	host := knownhosts.Normalize(fmt.Sprintf("%s:%d", s.Host(), s.Port()))
	cfg := sshConfig(s)
	cfg.HostKey, cfg.KnownHosts = "", filepath.Join(t.TempDir(), "known_hosts")

	refusesHostKey(t, loginWith(t, cfg), s, "does not exist")
	write := func(lines ...string) {
		t.Helper()
		if err := os.WriteFile(cfg.KnownHosts, []byte("# a comment\n"+strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write()
	refusesHostKey(t, loginWith(t, cfg), s, "set host_key")
	write("192.0.2.1 " + string(ssh.MarshalAuthorizedKey(s.HostKeys()[0])))
	refusesHostKey(t, loginWith(t, cfg), s, "set host_key")
	write("this is no line")
	refusesHostKey(t, loginWith(t, cfg), s, "known_hosts")
	write("@revoked * " + string(ssh.MarshalAuthorizedKey(s.HostKeys()[2])))
	refusesHostKey(t, loginWith(t, cfg), s, "revoked")

	// Whichever of its keys is in the file, the BMC is asked for that one.
	for _, key := range s.HostKeys() {
		for how, name := range map[string]string{"plain": host, "hashed": knownhosts.HashHostname(host)} {
			write(knownhosts.Line([]string{name}, key))
			if err := loginWith(t, cfg); err != nil {
				t.Errorf("%s, %s: %v", key.Type(), how, err)
			}
		}
	}
}

func TestILOSSHTrustOnFirstUse(t *testing.T) {
	s := fakeilo.Start(t, fakeilo.Options{Listen: "[::1]:0"})
	cfg := sshConfig(s)
	cfg.HostKey, cfg.KnownHosts = "", filepath.Join(t.TempDir(), "known_hosts")
	cfg.TrustNewHostKey = true
	if err := os.WriteFile(cfg.KnownHosts, []byte("# no end of line"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := loginWith(t, cfg); err != nil {
		t.Fatalf("first use: %v", err)
	}
	text, err := os.ReadFile(cfg.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("# no end of line\n[::1]:%d ecdsa-sha2-nistp256 ", s.Port()); !strings.HasPrefix(string(text), want) {
		t.Errorf("the file reads %q, want %q first", text, want)
	}
	cfg.TrustNewHostKey = false
	if err := loginWith(t, cfg); err != nil {
		t.Errorf("second use, without trust: %v", err)
	}

	if err := s.NewHostKeys(); err != nil {
		t.Fatal(err)
	}
	before := s.Offers()
	for _, trust := range []bool{false, true} {
		cfg.TrustNewHostKey = trust
		err := loginWith(t, cfg)
		if !errors.Is(err, ErrHostKey) || s.Offers() != before {
			t.Errorf("a changed key, trust %v: %v, %d offers more", trust, err, s.Offers()-before)
		} else {
			checkErrorText(t, err, "somebody may be in between")
		}
	}
	if again, _ := os.ReadFile(cfg.KnownHosts); string(again) != string(text) {
		t.Errorf("the file was changed to %q", again)
	}
}

func TestILOSSHTrustMakesTheFile(t *testing.T) {
	s := fakeilo.Start(t, fakeilo.Options{})
	cfg := sshConfig(s)
	cfg.HostKey, cfg.TrustNewHostKey = "", true
	cfg.KnownHosts = filepath.Join(t.TempDir(), "nowhere", "known_hosts")
	refusesHostKey(t, loginWith(t, cfg), s, "add the host key")
	cfg.KnownHosts = filepath.Join(t.TempDir(), "known_hosts")
	if err := loginWith(t, cfg); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(cfg.KnownHosts); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: want a file with mode 0600", info, err)
	}
}

func TestILOSSHPinnedKeys(t *testing.T) {
	s := fakeilo.Start(t, fakeilo.Options{})
	key := s.HostKeys()[0]
	for _, pin := range []string{
		ssh.FingerprintSHA256(key), ssh.FingerprintSHA256(key) + "=", ssh.FingerprintLegacyMD5(key),
		"MD5:" + strings.ToUpper(ssh.FingerprintLegacyMD5(key)), "SHA256:" + strings.Repeat("A", 43) + "," + ssh.FingerprintSHA256(key),
	} {
		cfg := sshConfig(s)
		cfg.HostKey, cfg.KnownHosts = pin, "/nonexistent/file" // which a pin makes unimportant
		if err := loginWith(t, cfg); err != nil {
			t.Errorf("%s: %v", pin, err)
		}
	}
}
