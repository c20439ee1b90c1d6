package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/bmc/bmctest"
	"github.com/oneha/oneha/internal/fenceagent"
	"github.com/oneha/oneha/test/fakeilo"
	"github.com/oneha/oneha/test/fakeredfish"
)

// slowBMC is one whose machine does not go off for a long time.
type slowBMC struct {
	options   []string // that reach it, without credentials
	username  string
	password  string
	files     map[string]string
	commanded func() bool
	secrets   func() []string // beside the password
}

func slowIPMI(t *testing.T) slowBMC {
	b := bmctest.Start(t, bmctest.Options{Late: time.Minute})
	return slowBMC{
		options: []string{"ip=" + b.Host, fmt.Sprintf("ipport=%d", b.Port)}, username: bmctest.Username, password: bmctest.Password,
		files:     map[string]string{},
		commanded: func() bool { return len(b.Commands()) > 0 },
		secrets:   func() []string { return nil },
	}
}

// slowRedfish notes the tokens of sessions.
func slowRedfish(t *testing.T) slowBMC {
	var mu sync.Mutex
	var tokens []string
	listen := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if token := r.Header.Get("X-Auth-Token"); token != "" {
				mu.Lock()
				tokens = addNew(tokens, token)
				mu.Unlock()
			}
			h.ServeHTTP(w, r)
		})
	}
	b := fakeredfish.Run(t, fakeredfish.Options{Late: time.Minute, Rules: []fakeredfish.Rule{{Fault: listen}}})
	return slowBMC{
		options: []string{"ip=" + b.Host, fmt.Sprintf("ipport=%d", b.Port), "ssl_ca_file=../ca"}, username: fakeredfish.Username, password: fakeredfish.Password,
		files:     map[string]string{"ca": string(b.CA)},
		commanded: func() bool { return len(b.Commands()) > 0 },
		secrets:   func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(tokens) },
	}
}

// slowILOSSH takes the password, and a key, whose passphrase it is when the key is
// locked.
func slowILOSSH(t *testing.T, locked bool) slowBMC {
	passphrase := ""
	if locked {
		passphrase = fakeilo.Password
	}
	file, public := identity(t, passphrase, 0o600)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := fakeilo.Start(t, fakeilo.Options{Late: time.Minute, AuthorizedKey: public})
	return slowBMC{
		options: iloReach(s), username: fakeilo.Username, password: fakeilo.Password,
		files:     map[string]string{"id": string(text)},
		commanded: func() bool { return len(powerCommands(s)) > 0 },
		// The lines of the key itself; its first ones say only of which kind it is.
		secrets: func() []string { return strings.Split(strings.TrimSpace(string(text)), "\n")[3:5] },
	}
}

// way is how a password comes in. PASSWORD stands for it.
type way struct {
	name   string
	lines  []string
	flags  bool   // the options are given on the command line
	script bool   // another program runs
	agents string // that know the way, all when empty
}

var ways = []way{
	{name: "password", lines: []string{"password=PASSWORD"}},
	{name: "old name", lines: []string{"passwd=PASSWORD"}},
	{name: "password_file", lines: []string{"password_file=../password"}},
	{name: "password_script", lines: []string{"password_script=until [ -e seen ]; do sleep 0.05; done; cat ../password", "login_timeout=20"}, script: true},
	{name: "written in the password_script", lines: []string{"password_script=until [ -e seen ]; do sleep 0.05; done; echo 'PASSWORD'", "login_timeout=20"}, script: true},
	{name: "command line", lines: []string{"passwd=PASSWORD"}, flags: true},
	{name: "command line, password_file", lines: []string{"password_file=../password"}, flags: true},
	{name: "session", lines: []string{"password=PASSWORD", "auth=session"}, agents: "fence_bmc_redfish fence_bmc_ilo"},
	{name: "identity_file", lines: []string{"identity_file=../id"}, agents: "fence_bmc_ilo_ssh"},
	{name: "locked identity_file", lines: []string{"identity_file=../id", "password=PASSWORD"}, agents: "fence_bmc_ilo_ssh"},
}

// startSlow starts the BMC of an agent for a way to log in.
func startSlow(t *testing.T, agent string, by way) slowBMC {
	switch agent {
	case "fence_bmc_ipmi":
		return slowIPMI(t)
	case "fence_bmc_ilo_ssh":
		return slowILOSSH(t, by.name == "locked identity_file")
	}
	return slowRedfish(t)
}

// While an agent waits for a machine to go off, and when it ends or crashes then,
// what it logs in with is nowhere that others can look.
func TestPasswordIsNotInSight(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("running as another user needs root: run the tests as root")
		}
		t.Skip("running as another user needs root")
	}
	programs := copyProgram(t)
	for _, a := range fenceagent.All() {
		for _, by := range ways {
			if by.agents != "" && !slices.Contains(strings.Fields(by.agents), a.Name) {
				continue
			}
			ends := []syscall.Signal{syscall.SIGTERM, syscall.SIGQUIT}
			if by.name == "password" {
				ends = append(ends, syscall.SIGABRT)
			}
			for _, sig := range ends {
				t.Run(fmt.Sprintf("%s, %s, %s", a.Name, by.name, sig), func(t *testing.T) {
					t.Parallel()
					b := startSlow(t, a.Name, by)
					w := startOff(t, filepath.Join(programs, a.Name), b, by)
					if by.script {
						w.until(t, "runs no script", func() bool { return w.children() > 0 })
						if err := os.WriteFile(filepath.Join(w.dir, "core/seen"), nil, 0o644); err != nil {
							t.Error(err)
						}
					}
					w.until(t, "sends no command", b.commanded)
					time.Sleep(100 * time.Millisecond) // and then it waits
					checkUndumpable(t, w)
					checkEnd(t, w, w.end(t, sig), sig)
					checkSights(t, w, b, by, sig)
				})
			}
		}
	}
}

// startOff starts an agent that switches the machine off.
func startOff(t *testing.T, agent string, b slowBMC, by way) *watched {
	t.Helper()
	lines := slices.Concat(b.options, by.lines, []string{"username=" + b.username, "action=off", "verbose=1", "debug_file=debug"})
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], "PASSWORD", b.password)
	}
	files := maps.Clone(b.files)
	files["password"] = b.password + "\n"
	dir := prepareWatched(t, files)
	if !by.flags {
		return startWatched(t, agent, dir, nil, strings.Join(lines, "\n")+"\n")
	}
	for i := range lines {
		lines[i] = "--" + lines[i]
	}
	return startWatched(t, agent, dir, lines, "")
}

// checkUndumpable: the files in /proc of a process that may not be dumped belong to
// root (proc(5)).
func checkUndumpable(t *testing.T, w *watched) {
	t.Helper()
	info, err := os.Stat(fmt.Sprintf("/proc/%d/environ", w.cmd.Process.Pid))
	if err != nil || info.Sys().(*syscall.Stat_t).Uid != 0 {
		t.Errorf("the process can be dumped: %v", err)
	}
}

// checkEnd: a termination signal is a failure, and a crash one by a signal, because
// Go's own exit code would say that the machine is off, and without a core file.
func checkEnd(t *testing.T, w *watched, status syscall.WaitStatus, sig syscall.Signal) {
	t.Helper()
	if sig == syscall.SIGTERM && status.ExitStatus() != 1 {
		t.Errorf("exit code %d after %s", status.ExitStatus(), sig)
	}
	if sig != syscall.SIGTERM && (!status.Signaled() || status.CoreDump()) {
		t.Errorf("after a crash: %v", w.cmd.ProcessState)
	}
	left, err := filepath.Glob(filepath.Join(w.dir, "core/*core*"))
	if err != nil || len(left) > 0 {
		t.Errorf("there is %v (%v)", left, err)
	}
}

// checkSights: what others see is there, and no secret is in it, unless the caller
// puts it on the command line.
func checkSights(t *testing.T, w *watched, b slowBMC, by way, sig syscall.Signal) {
	t.Helper()
	sights := w.sights(t)
	there := map[string]string{"output": "option action=off", "debug file": "option action=off", "environ of the agent": "LC_ALL=C", "cmdline of the agent": "fence_bmc_"}
	if sig == syscall.SIGTERM {
		there["syslog"] = "interrupted"
	} else {
		there["output"] = "goroutine "
	}
	if by.flags && strings.Contains(by.lines[0], "PASSWORD") {
		there["cmdline of the agent"] = b.password
	}
	for where, text := range there {
		if !strings.Contains(sights[where], text) {
			t.Errorf("no %q in the %s:\n%s", text, where, sights[where])
		}
	}
	if n := w.children(); (n > 0) != by.script {
		t.Errorf("%d children were seen", n)
	}
	secrets := b.secrets()
	if len(secrets) == 0 && by.name == "session" {
		t.Error("there was no session")
	}
	for where, text := range sights {
		if there[where] == b.password {
			continue
		}
		for _, secret := range append(secrets, spellings(b.username, b.password)...) {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in the %s:\n%s", secret, where, text)
			}
		}
	}
}

// copyProgram returns a directory that everybody may read, with the agents.
func copyProgram(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	dir := prepareWatched(t, nil)
	if err := os.WriteFile(filepath.Join(dir, "fence-bmc"), binary, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, a := range fenceagent.All() {
		if err := os.Symlink("fence-bmc", filepath.Join(dir, a.Name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// spellings are the forms in which a password may show: plain, as basic
// authentication has it, as part of a URL, in hexadecimal digits, and as a
// traceback would show it, word by word or byte by byte.
func spellings(username, password string) []string {
	var bytes []string
	for _, b := range []byte(password) {
		bytes = append(bytes, fmt.Sprintf("%#x", b))
	}
	return []string{
		password,
		base64.StdEncoding.EncodeToString([]byte(username + ":" + password)),
		base64.StdEncoding.EncodeToString([]byte(password)),
		url.QueryEscape(password),
		hex.EncodeToString([]byte(password)),
		fmt.Sprintf("%x", binary.LittleEndian.Uint64([]byte(password))),
		strings.Join(bytes, ", "),
	}
}
