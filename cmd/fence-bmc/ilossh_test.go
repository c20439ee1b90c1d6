package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/crypto/ssh"

	"github.com/oneha/oneha/test/fakeilo"
)

// iloSSH starts fence_bmc_ilo_ssh.
func iloSSH(t *testing.T, stdin string, env ...string) (pid int, wait func() outcome) {
	t.Helper()
	cmd, wait := startAgent(t, "fence_bmc_ilo_ssh", stdin, env...)
	return cmd.Process.Pid, wait
}

// iloReach are the options that reach the fake, whose first host key is pinned.
func iloReach(s *fakeilo.Server) []string {
	return []string{"ip=" + s.Host(), fmt.Sprintf("ipport=%d", s.Port()), "host_key=" + ssh.FingerprintSHA256(s.HostKeys()[0])}
}

// iloOptions log in, too.
func iloOptions(s *fakeilo.Server, more ...string) string {
	lines := append([]string{"nodename=n1", "port=n1"}, iloReach(s)...)
	lines = append(lines, "username="+fakeilo.Username, "password="+fakeilo.Password)
	return strings.Join(append(lines, more...), "\n") + "\n"
}

// powerCommands are the commands that the fake got, without those that only look.
func powerCommands(s *fakeilo.Server) (asked []string) {
	for _, c := range s.Commands() {
		_, command, _ := strings.Cut(c, ": ")
		if !slices.Contains([]string{"show /system1", "SMCLP", "exit"}, command) {
			asked = append(asked, command)
		}
	}
	return asked
}

// identity writes a private key and returns its path and its public key.
func identity(t *testing.T, passphrase string, mode os.FileMode) (string, ssh.PublicKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	var block *pem.Block
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(private, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "id")
	if err := os.WriteFile(name, pem.EncodeToMemory(block), mode); err != nil {
		t.Fatal(err)
	}
	return name, key
}

func TestAgentOnAnILO(t *testing.T) {
	const off, on = "power off hard", "start /system1"
	late := fakeilo.Options{Late: 300 * time.Millisecond}
	inShell := fakeilo.Options{Exec: fakeilo.ExecRefused, Late: 100 * time.Millisecond}
	old := func(key string) fakeilo.Options { return fakeilo.Options{Old: true, HostKeys: []string{key}} }
	key, public := identity(t, "", 0o600)
	locked, lockedPublic := identity(t, fakeilo.Password, 0o600)
	open, openPublic := identity(t, "", 0o644)
	tests := []struct {
		name  string
		ilo   fakeilo.Options
		more  []string
		want  outcome // Stderr is a substring
		asked []string
		on    bool
		most  int // times that credentials may be offered
	}{
		{"status on", fakeilo.Options{}, []string{"action=status"}, outcome{0, "Status: ON\n", ""}, nil, true, 1},
		{"status off", fakeilo.Options{Off: true}, []string{"action=status"}, outcome{2, "Status: OFF\n", ""}, nil, false, 1},
		{"monitor", fakeilo.Options{Off: true}, []string{"action=monitor"}, outcome{0, "", ""}, nil, false, 1},
		{"off", late, []string{"action=off"}, outcome{0, "Success: Powered OFF\n", ""}, []string{off}, false, 1},
		{"on", fakeilo.Options{Off: true}, []string{"action=on"}, outcome{0, "Success: Powered ON\n", ""}, []string{on}, true, 1},
		{"already off", fakeilo.Options{Off: true}, []string{"action=off"}, outcome{0, "Success: Already OFF\n", ""}, nil, false, 1},
		{"already on", fakeilo.Options{}, []string{"action=on"}, outcome{0, "Success: Already ON\n", ""}, nil, true, 1},
		{"reboot", late, []string{"action=reboot"}, outcome{0, "Success: Rebooted\n", ""}, []string{off, on}, true, 1},
		{"reboot from off", fakeilo.Options{Off: true}, []string{"action=reboot"}, outcome{0, "Success: Rebooted\n", ""}, []string{on}, true, 1},
		{"list", fakeilo.Options{}, []string{"action=list"}, outcome{0, "", "pcmk_host_list"}, nil, true, 0},

		{"reboot in the shell", inShell, []string{"action=reboot"}, outcome{0, "Success: Rebooted\n", ""}, []string{off, on}, true, 1},
		{"reboot through the management processor", fakeilo.Options{Exec: fakeilo.ExecRefused, ManagementProcessor: true}, []string{"action=reboot"}, outcome{0, "Success: Rebooted\n", ""}, []string{off, on}, true, 1},
		{"off, exec is silent", fakeilo.Options{Exec: fakeilo.ExecSilent}, []string{"action=off", "shell_timeout=2"}, outcome{0, "Success: Powered OFF\n", ""}, []string{off}, false, 1},
		{"off, exec ends the connection", fakeilo.Options{Exec: fakeilo.ExecHangsUp}, []string{"action=off"}, outcome{0, "Success: Powered OFF\n", ""}, []string{off}, false, 2},
		{"off, the standard's command only", fakeilo.Options{OnlyStop: true}, []string{"action=off"}, outcome{0, "Success: Powered OFF\n", ""}, []string{off, "stop -force /system1"}, false, 1},
		{"another prompt", fakeilo.Options{Exec: fakeilo.ExecRefused, Prompt: "[ilo]$ "}, []string{"action=status", "command_prompt=\\]\\$"}, outcome{0, "Status: ON\n", ""}, nil, true, 1},
		{"another prompt that is not said", fakeilo.Options{Exec: fakeilo.ExecRefused, Prompt: "[ilo]$ "}, []string{"action=status", "shell_timeout=0.5"}, outcome{1, "", "set command_prompt"}, nil, true, 2},

		{"off refused", fakeilo.Options{RefuseOff: true}, []string{"action=off"}, outcome{1, "", "Failed: switch"}, []string{off, off}, true, 3},
		{"off too late", fakeilo.Options{Late: time.Minute}, []string{"action=off", "power_timeout=0.3"}, outcome{1, "", "timed out waiting to power OFF"}, []string{off}, true, 1},
		{"on too late", fakeilo.Options{Late: time.Minute, Off: true}, []string{"action=on", "power_timeout=0.3"}, outcome{1, "", "timed out waiting to power ON"}, []string{on}, false, 1},
		{"neither on nor off", fakeilo.Options{EnabledState: "enabled but offline"}, []string{"action=off"}, outcome{1, "", "neither enabled nor disabled"}, nil, true, 2},
		{"garbage", fakeilo.Options{Garbage: []byte("\x00\xff<html>\r\n")}, []string{"action=off", "shell_timeout=1"}, outcome{1, "", "no EnabledState"}, nil, true, 2},

		{"wrong password", fakeilo.Options{}, []string{"action=off", "password=nonsense"}, outcome{1, "", "refused the user name or the password"}, nil, true, 2},
		{"unknown user", fakeilo.Options{}, []string{"action=off", "username=nobody"}, outcome{1, "", "refused the user name or the password"}, nil, true, 2},
		{"keyboard-interactive", fakeilo.Options{KeyboardInteractive: true}, []string{"action=status"}, outcome{0, "Status: ON\n", ""}, nil, true, 1},
		{"identity file", fakeilo.Options{AuthorizedKey: public}, []string{"action=off", "password=", "identity_file=" + key}, outcome{0, "Success: Powered OFF\n", ""}, []string{off}, false, 2},
		{"identity file with a passphrase", fakeilo.Options{AuthorizedKey: lockedPublic}, []string{"action=status", "identity_file=" + locked}, outcome{0, "Status: ON\n", ""}, nil, true, 2},
		{"identity file of somebody else", fakeilo.Options{AuthorizedKey: lockedPublic}, []string{"action=off", "identity_file=" + key}, outcome{1, "", "the key of the identity file"}, nil, true, 2},
		{"identity file that others may read", fakeilo.Options{AuthorizedKey: openPublic}, []string{"action=off", "identity_file=" + open}, outcome{1, "", "chmod 600"}, nil, true, 0},
		{"password file", fakeilo.Options{}, []string{"action=status", "password=wrong", "password_file=" + secretFile(t)}, outcome{0, "Status: ON\n", ""}, nil, true, 1},
		{"password script", fakeilo.Options{}, []string{"action=status", "password=wrong", "passwd_script=echo '" + fakeilo.Password + "'"}, outcome{0, "Status: ON\n", ""}, nil, true, 1},

		{"silent", fakeilo.Options{Silent: true}, []string{"action=off", "login_timeout=0.5"}, outcome{1, "", "does not answer"}, nil, true, 0},
		{"silent after the login", fakeilo.Options{Mute: true}, []string{"action=off", "shell_timeout=0.5"}, outcome{1, "", "does not answer"}, nil, true, 2},
		{"slow login", fakeilo.Options{SlowLogin: 700 * time.Millisecond}, []string{"action=off", "login_timeout=0.3"}, outcome{1, "", "does not answer"}, nil, true, 2},
		{"slow answers", fakeilo.Options{Slow: 200 * time.Millisecond}, []string{"action=reboot"}, outcome{0, "Success: Rebooted\n", ""}, []string{off, on}, true, 1},
		{"ends a connection before the login", fakeilo.Options{DropBeforeLogin: 1}, []string{"action=off"}, outcome{0, "Success: Powered OFF\n", ""}, []string{off}, false, 1},
		{"ends all connections before the login", fakeilo.Options{DropBeforeLogin: 99}, []string{"action=off"}, outcome{1, "", "ended the connection"}, nil, true, 0},
		{"ends a connection at the login", fakeilo.Options{DropAtLogin: 1}, []string{"action=off"}, outcome{0, "Success: Powered OFF\n", ""}, []string{off}, false, 2},
		{"ends all connections at the login", fakeilo.Options{DropAtLogin: 99}, []string{"action=off"}, outcome{1, "", "ended the connection during the login"}, nil, true, 2},
		{"ends a connection at a command", fakeilo.Options{DropAtCommand: 1}, []string{"action=off"}, outcome{0, "Success: Powered OFF\n", ""}, []string{off}, false, 2},

		{"old algorithms", old("rsa"), []string{"action=off"}, outcome{1, "", "legacy_algorithms=1"}, nil, true, 0},
		{"old algorithms, allowed", old("rsa"), []string{"action=off", "legacy_algorithms=1"}, outcome{0, "Success: Powered OFF\n", ""}, []string{off}, false, 1},
		{"DSA host key, allowed", old("dsa"), []string{"action=status", "legacy_algorithms=1"}, outcome{0, "Status: ON\n", ""}, nil, true, 1},

		{"IPv6", fakeilo.Options{Listen: "[::1]:0"}, []string{"action=off", "inet6_only=1"}, outcome{0, "Success: Powered OFF\n", ""}, []string{off}, false, 1},
		{"IPv4 where IPv6 is", fakeilo.Options{Listen: "[::1]:0"}, []string{"action=off", "inet4_only=1"}, outcome{1, "", "does not answer"}, nil, true, 0},
		{"IPv4 only", fakeilo.Options{}, []string{"action=status", "inet4_only=1", "inet6_only=0"}, outcome{0, "Status: ON\n", ""}, nil, true, 1},
		{"port_as_ip", fakeilo.Options{}, []string{"action=off", "ip=192.0.2.1", "port_as_ip=1", "port=127.0.0.1"}, outcome{0, "Success: Powered OFF\n", ""}, []string{off}, false, 1},

		{"telnet", fakeilo.Options{}, []string{"action=off", "ssh=0"}, outcome{1, "", "ssh=0 means telnet"}, nil, true, 0},
		{"both families", fakeilo.Options{}, []string{"action=off", "inet4_only=1", "inet6_only=1"}, outcome{1, "", "inet4_only and inet6_only"}, nil, true, 0},
		{"cycle", fakeilo.Options{}, []string{"action=reboot", "method=cycle"}, outcome{1, "", "method=cycle is not served"}, nil, true, 0},
		{"malformed fingerprint", fakeilo.Options{}, []string{"action=off", "host_key=abc"}, outcome{1, "", "ssh-keygen -l"}, nil, true, 0},
		{"no user name", fakeilo.Options{}, []string{"action=off", "username="}, outcome{1, "", "username is not set"}, nil, true, 0},
		{"nothing to log in with", fakeilo.Options{}, []string{"action=off", "password="}, outcome{1, "", "identity_file"}, nil, true, 0},
		{"unknown action", fakeilo.Options{}, []string{"action=of"}, outcome{1, "", `unknown action "of"`}, nil, true, 0},
		{"malformed action", fakeilo.Options{}, []string{"action = off"}, outcome{1, "", "is not name=value"}, nil, true, 0},
		{"diag, which an iLO has not over SSH", fakeilo.Options{}, []string{"action=diag"}, outcome{1, "", "unknown action"}, nil, true, 0},
		{"validate-all", fakeilo.Options{Silent: true}, []string{"action=validate-all"}, outcome{0, "", ""}, nil, true, 0},
		{"validate-all does not run the script", fakeilo.Options{Silent: true}, []string{"action=validate-all", "password=", "password_script=exit 1"}, outcome{0, "", ""}, nil, true, 0},
		{"validate-all looks at the rest all the same", fakeilo.Options{}, []string{"action=validate-all", "password=", "password_script=exit 1", "command_prompt=("}, outcome{1, "", "regular expression"}, nil, true, 0},
		{"everything of fence_ilo_ssh", fakeilo.Options{Exec: fakeilo.ExecRefused}, []string{
			"action=status", "ipaddr=127.0.0.1", "login=admin", "passwd=" + fakeilo.Password, "secure=1", "ssh=yes", "cmd_prompt=hpiLO->", "method=onoff", "ssh_options=-o X=y",
			"ssh_path=/usr/bin/ssh", "telnet_path=/usr/bin/telnet", "inet4_only=1", "inet6_only=0", "plug_separator=,", "power_wait=5", "login_timeout=5", "shell_timeout=3",
			"power_timeout=20", "stonith_status_sleep=1", "retry_on=1", "delay=0", "disable_timeout=0", "quiet=0", "verbose=0", "verbose_level=0",
		}, outcome{0, "Status: ON\n", ""}, nil, true, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := fakeilo.Start(t, tt.ilo)
			_, wait := iloSSH(t, iloOptions(s, tt.more...))
			got := wait()
			if got.Code != tt.want.Code || got.Stdout != tt.want.Stdout || !strings.Contains(got.Stderr, tt.want.Stderr) || tt.want.Stderr == "" && got.Stderr != "" {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if strings.Contains(got.Stdout+got.Stderr, fakeilo.Password) {
				t.Errorf("the password is shown: %+v", got)
			}
			if diff := cmp.Diff(tt.asked, powerCommands(s), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("power commands (-want +got):\n%s", diff)
			}
			if n := s.Connections(); s.On() != tt.on || n != 0 {
				t.Errorf("on %v, %d connections open; want %v, 0", s.On(), n, tt.on)
			}
			if n := s.Offers(); n > tt.most {
				t.Errorf("credentials were offered %d times, want at most %d", n, tt.most)
			}
		})
	}
}

// A machine that was seen off is fenced, whether or not it comes on again.
func TestILORebootWithoutOn(t *testing.T) {
	s := fakeilo.Start(t, fakeilo.Options{Late: 500 * time.Millisecond})
	_, wait := iloSSH(t, iloOptions(s, "action=reboot", "power_timeout=2", "retry_on=0"))
	untilAsked(t, s)
	s.Change(func(o *fakeilo.Options) { o.Late = time.Minute }) // of "on", which comes next
	if got := wait(); got.Code != 0 || got.Stdout != "Success: Rebooted\n" || !strings.Contains(got.Stderr, "does not come on again") {
		t.Errorf("%+v", got)
	}
	if asked := powerCommands(s); s.On() || len(asked) != 2 {
		t.Errorf("on %v after %q", s.On(), asked)
	}
}

func untilAsked(t *testing.T, s *fakeilo.Server) {
	t.Helper()
	for begin := time.Now(); len(powerCommands(s)) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > 30*time.Second {
			t.Fatal("the agent sends no command")
		}
	}
}

// A host key that is not known, or not the one that is, ends the call before any
// credentials are offered, and nobody asks again.
func TestILOHostKeys(t *testing.T) {
	t.Parallel()
	s := fakeilo.Start(t, fakeilo.Options{})
	file := filepath.Join(t.TempDir(), "known_hosts")
	ask := func(more ...string) outcome {
		_, wait := iloSSH(t, iloOptions(s, append([]string{"action=status", "verbose=1", "host_key=", "known_hosts=" + file}, more...)...), "PCMK_service=pacemaker-fenced")
		return wait()
	}
	offers := 0
	refused := func(why, words string, got outcome) {
		t.Helper()
		if got.Code != 1 || got.Stdout != "" || !strings.Contains(got.Stderr, words) || strings.Contains(got.Stderr, "trying once more") {
			t.Errorf("%s: %+v, want %q", why, got, words)
		}
		if s.Offers() != offers || len(powerCommands(s)) != 0 || s.Connections() != 0 {
			t.Errorf("%s: credentials were offered %d times, want %d; %d connections", why, s.Offers(), offers, s.Connections())
		}
	}
	accepted := func(why string, got outcome) {
		t.Helper()
		if offers++; got.Code != 0 || got.Stdout != "Status: ON\n" || s.Offers() != offers {
			t.Errorf("%s: %+v", why, got)
		}
	}
	refused("no file", "does not exist", ask())
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refused("unknown", "is not in "+file, ask())
	accepted("taken on first use", ask("trust_new_host_key=1"))
	accepted("known", ask())
	if err := s.NewHostKeys(); err != nil {
		t.Fatal(err)
	}
	refused("changed", "not the one in "+file, ask())
	refused("changed, and new ones are taken", "not the one in "+file, ask("trust_new_host_key=1"))
	refused("another one is pinned", "not the one in host_key", ask("host_key=SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))
	refused("pinned and trusted at once", "known_hosts", ask("trust_new_host_key=1", "host_key="+ssh.FingerprintSHA256(s.HostKeys()[0])))
	accepted("pinned", ask("host_key="+ssh.FingerprintSHA256(s.HostKeys()[0])))
}

// While off is waited for, the password is not in sight; a signal ends the agent
// and its connection soon.
func TestILOTermination(t *testing.T) {
	for _, exec := range []fakeilo.Exec{fakeilo.ExecAnswers, fakeilo.ExecRefused} {
		t.Run("exec "+string(exec), func(t *testing.T) {
			t.Parallel()
			s := fakeilo.Start(t, fakeilo.Options{Late: time.Minute, Exec: exec})
			pid, wait := iloSSH(t, iloOptions(s, "action=off", "verbose=1"), "PCMK_service=pacemaker-fenced")
			untilAsked(t, s)
			for _, name := range []string{"cmdline", "environ"} {
				text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
				if err != nil && !os.IsPermission(err) || strings.Contains(string(text), fakeilo.Password) {
					t.Errorf("%s: %v: %q", name, err, text)
				}
			}
			begin := time.Now()
			if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			got := wait()
			if took := time.Since(begin); got.Code != 1 || !strings.Contains(got.Stderr, "interrupted") || took > endsWithin {
				t.Errorf("%+v after %s", got, took)
			}
			if n := s.Connections(); n != 0 || strings.Contains(got.Stderr, fakeilo.Password) {
				t.Errorf("%d connections left open; %s", n, got.Stderr)
			}
		})
	}
}

// The parameters of fence_ilo_ssh 4.12, each of which an existing configuration may
// use.
var iloSSHParameters = strings.Fields(`action cmd_prompt command_prompt identity_file inet4_only inet6_only ip ipaddr ipport
	login method passwd passwd_script password password_script plug port secure ssh ssh_options username quiet verbose
	verbose_level debug debug_file version help plug_separator delay disable_timeout login_timeout port_as_ip
	power_timeout power_wait shell_timeout stonith_status_sleep retry_on ssh_path telnet_path`)

func TestTakesThePlaceOfILOSSH(t *testing.T) { declaresAll(t, "fence_bmc_ilo_ssh", iloSSHParameters) }
