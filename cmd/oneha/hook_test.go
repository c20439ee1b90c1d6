package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/oneha/oneha/internal/bmc/bmctest"
	"github.com/oneha/oneha/test/fakeone"
)

// hookSite is a cloud, the BMC of its host 1, and the hook's files.
type hookSite struct {
	t     *testing.T
	cloud *fakeone.Cloud
	bmc   *bmctest.BMC
	dir   string
	own   []string // options that move the hook's files
}

func newHookSite(t *testing.T, password string) *hookSite {
	t.Helper()
	s := &hookSite{t: t, cloud: fakeone.New(), bmc: bmctest.Start(t, bmctest.Options{}), dir: t.TempDir()}
	s.cloud.Monitors = true
	server := httptest.NewServer(s.cloud.Handler())
	t.Cleanup(server.Close)
	s.write(t, "one_auth", fakeone.Session, 0o600)
	s.write(t, "password", password, 0o600)
	s.write(t, "host-error.yaml", fmt.Sprintf("endpoint: %s/RPC2\ncredentials: %s/one_auth\nfencing:\n  agent: fence_bmc_ipmi\n  username: admin\n  password_file: %s/password\n  options: {ipport: %d, login_timeout: 5}\nunknown: 30s\ndeadline: 1m\n",
		server.URL, s.dir, s.dir, s.bmc.Port), 0o644)
	s.own = []string{"--settings=" + s.path("host-error.yaml"), "--log=" + s.path("host_error.log"), "--records=" + s.path("records")}
	s.cloud.Add(fakeone.Datastore{ID: 0, Name: "system", Shared: "YES"}, fakeone.Host{ID: 1, Name: "kvm1", State: 3, Before: 2, Template: map[string]string{"FENCE_IP": "127.0.0.1"}})
	for id := range 4 {
		s.cloud.Add(fakeone.VM{ID: id, Name: "vm", State: 3, LCM: []int{16, 2, 8, 1}[id], Host: 1})
	}
	return s
}

func (s *hookSite) path(name string) string { return filepath.Join(s.dir, name) }

func (s *hookSite) write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(s.path(name), []byte(text+"\n"), mode); err != nil {
		t.Fatal(err)
	}
}

// hookLimit is many times what a run of the hook takes here.
const hookLimit = 90 * time.Second

func (s *hookSite) run(stdin string, args ...string) (code int, stdout, stderr string) {
	ctx, cancel := context.WithTimeout(context.Background(), hookLimit)
	defer cancel()
	var out, errs bytes.Buffer
	code = tool{stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs, root: os.DirFS("/")}.run(ctx, append([]string{"oneha"}, args...))
	if ctx.Err() != nil {
		s.t.Errorf("%q did not end in %s:\n%s%s", args, hookLimit, &out, &errs)
	}
	return code, out.String(), errs.String()
}

func (s *hookSite) event() string {
	return base64.StdEncoding.EncodeToString([]byte("<HOST><ID>1</ID><NAME>kvm1</NAME><STATE>3</STATE><PREV_STATE>2</PREV_STATE></HOST>")) + " -m -p 0"
}

// The whole way: what the hook manager writes to standard input, a BMC that is switched
// off by our agent, and only then a call that changes something.
func TestHookHostError(t *testing.T) {
	t.Parallel() // it waits for seconds
	s := newHookSite(t, bmctest.Password)
	var onAtCall atomic.Bool
	for _, method := range []string{"one.vm.action", "one.vm.recover", "one.host.status"} {
		s.cloud.Break(method, func(int) fakeone.Fault {
			if s.bmc.On() {
				onAtCall.Store(true)
			}
			return fakeone.Fault{}
		})
	}
	code, _, stderr := s.run(s.event(), append([]string{"hook", "host-error"}, s.own...)...)
	if code != 0 || s.bmc.On() || onAtCall.Load() {
		t.Errorf("exit code %d, the machine is on: %t; on at a call: %t\n%s", code, s.bmc.On(), onAtCall.Load(), stderr)
	}
	log, err := os.ReadFile(s.path("host_error.log"))
	if err != nil || !strings.Contains(string(log), "4 machines: 3 done, 1 skipped, 0 failed") || strings.Contains(string(log)+stderr, bmctest.Password) {
		t.Errorf("%v\n%s", err, log)
	}
	record, err := os.ReadFile(s.path("records/1.json"))
	if err != nil || strings.Contains(string(record), bmctest.Password) || strings.Contains(string(record)+string(log), fakeone.Session) {
		t.Errorf("%v, a secret in %s", err, record)
	}
	if h, _ := s.cloud.Host(1); h.State != 8 {
		t.Errorf("the host is in state %d", h.State)
	}
}

func TestHookFencingFails(t *testing.T) {
	t.Parallel() // it waits for seconds
	s := newHookSite(t, "wrong")
	code, _, stderr := s.run(s.event(), append([]string{"hook", "host-error"}, s.own...)...)
	if code != 255 || !s.bmc.On() || !strings.Contains(stderr, "[E] Fencing error") {
		t.Errorf("exit code %d, the machine is on: %t\n%s", code, s.bmc.On(), stderr)
	}
	if n := len(s.cloud.Calls("one.vm.action", "one.vm.recover", "one.host.status")); n != 0 {
		t.Errorf("%d changes", n)
	}
	// It is found afterwards, and handled when the password was mended.
	missed := append([]string{"hook", "missed"}, s.own...)
	if code, out, _ := s.run("", missed...); code != 1 || !strings.Contains(out, `host 1 kvm1  ERROR  a hook was broken off, or left something: its last step was "fencing"`) ||
		!strings.Contains(out, "sudo -u oneadmin oneha hook missed --handle\n") {
		t.Errorf("exit code %d: %s", code, out)
	}
	s.write(t, "password", bmctest.Password, 0o600)
	if code, _, stderr := s.run("", append(missed, "--handle", "--arguments=-m -p 0")...); code != 0 || s.bmc.On() {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if code, out, _ := s.run("", append(missed, "--json")...); code != 0 || out != "[]\n" {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func TestHookInstall(t *testing.T) {
	s := newHookSite(t, "unused")
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "onehook"), []byte("#!/bin/sh\n[ \"$1\" = create ] && [ -r \"$ONE_AUTH\" ] && cat \"$2\" >"+s.path("made")+" && echo ID: 0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	if err := os.MkdirAll(s.path("remotes/hooks"), 0o755); err != nil {
		t.Fatal(err)
	}
	install := []string{"hook", "install", "--settings=" + s.path("host-error.yaml"), "--remotes=" + s.path("remotes"), "--records=" + s.path("records")}

	template := hookTemplate("-m -p 5 --settings=" + s.path("host-error.yaml") + " --records=" + s.path("records"))
	if code, out, stderr := s.run("", append(install, "--dry-run")...); code != 0 || !strings.HasPrefix(out, template) {
		t.Errorf("exit code %d: %s%s", code, out, stderr)
	}
	if _, err := os.Stat(s.path("remotes/hooks/oneha")); err == nil || len(s.cloud.Calls()) > 0 {
		t.Error("a dry run did something")
	}
	if code, _, stderr := s.run("", install...); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	made, err := os.ReadFile(s.path("made"))
	if err != nil || string(made) != template {
		t.Errorf("%v %s", err, made)
	}
	for file, mode := range map[string]os.FileMode{"remotes/hooks/oneha/host_error": 0o755, "records": 0o700} {
		if info, err := os.Stat(s.path(file)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", file, info, err)
		}
	}

	// Once more, when it is there; and with others.
	s.cloud.Add(fakeone.Hook{ID: 4, Template: string(made)})
	if code, out, stderr := s.run("", install...); code != 0 || out != "hook 4 is there already\n" {
		t.Errorf("exit code %d: %s%s", code, out, stderr)
	}
	if code, _, stderr := s.run("", append(install, "--arguments=-r")...); code != 1 || !strings.Contains(stderr, "onehook delete 4") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	s.cloud.Add(fakeone.Hook{ID: 5, Template: "NAME=host_error\nRESOURCE=HOST\nSTATE=\"ERROR\"\nCOMMAND=\"ft/host_error.rb\"\n"})
	if code, _, stderr := s.run("", install...); code != 1 || !strings.Contains(stderr, "hook 5 (host_error) runs ft/host_error.rb for the same event") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

func TestHookIsHere(t *testing.T) {
	own := tool{root: fstest.MapFS{"proc/sys/kernel/hostname": {Data: []byte("front1\n")}}, addresses: func() ([]net.Addr, error) {
		return []net.Addr{&net.IPNet{IP: net.IPv4(10, 3, 4, 20).To4(), Mask: net.CIDRMask(24, 32)}, &net.IPNet{IP: net.ParseIP("fd00::20"), Mask: net.CIDRMask(64, 128)}}, nil
	}}
	for host, want := range map[string]bool{"front1": true, "FRONT1.example.org": true, "localhost": true, "10.3.4.20": true, "fd00::20": true,
		"10.3.4.21": false, "front11": false, "": false} {
		if got := own.isHere(host); got != want {
			t.Errorf("%q: %t", host, got)
		}
	}
}

// Before 5.10 a hook is a line of oned.conf.
func TestHookInstallOfOldRelease(t *testing.T) {
	s := newHookSite(t, "unused")
	old := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><methodResponse><fault><value><struct><member><name>faultCode</name><value><i4>-506</i4></value></member>"+
			"<member><name>faultString</name><value><string>Method 'one.hookpool.info' not defined</string></value></member></struct></value></fault></methodResponse>")
	}))
	defer old.Close()
	s.write(t, "host-error.yaml", "endpoint: "+old.URL+"/RPC2\ncredentials: "+s.path("one_auth"), 0o644)
	if err := os.MkdirAll(s.path("remotes/hooks"), 0o755); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := s.run("", "hook", "install", "--settings="+s.path("host-error.yaml"), "--remotes="+s.path("remotes"), "--records="+s.path("records"))
	want := `HOST_HOOK = [ NAME = "host_error", ON = "ERROR", COMMAND = "` + s.path("remotes/hooks/oneha/host_error") + `", ARGUMENTS = "$ID -m -p 5 --settings=`
	if code != 1 || !strings.Contains(stderr, want) {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if info, err := os.Stat(s.path("remotes/hooks/oneha/host_error")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%v %v", info, err)
	}
}

// What root makes for oneadmin, whose settings' directory is not his to change.
func TestHookInstallDirectories(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	const oneadmin = 9869
	dir := t.TempDir()
	remotes, etc, state := filepath.Join(dir, "remotes"), filepath.Join(dir, "etc"), filepath.Join(dir, "state")
	for _, name := range []string{remotes, etc} {
		if err := os.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(remotes, oneadmin, oneadmin); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(remotes, "hooks", hookScriptName)
	for range 2 {
		if err := installHookFiles(script, filepath.Join(state, "incidents"), remotes); err != nil {
			t.Fatal(err)
		}
	}
	settingsDir := filepath.Join(etc, "oneha")
	if said, err := makeSettingsDir(settingsDir, remotes); err != nil || said != "Made "+settingsDir+" (mode 0750): settings and passwords of BMCs belong there.\n" {
		t.Errorf("%q %v", said, err)
	}
	if err := os.Chmod(settingsDir, 0o710); err != nil { // somebody's choice stays
		t.Fatal(err)
	}
	if said, err := makeSettingsDir(settingsDir, remotes); err != nil || said != "" {
		t.Errorf("%q %v", said, err)
	}
	if err := os.Chmod(state, 0o700); err != nil { // as other commands make it
		t.Fatal(err)
	}
	if err := openWay(state); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		settingsDir: "drwx--x--- 0:9869", state: "drwx--x--x 0:0", filepath.Join(state, "incidents"): "drwx------ 9869:9869",
		filepath.Dir(script): "drwxr-xr-x 9869:9869", script: "-rwxr-xr-x 9869:9869",
	} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		stat := info.Sys().(*syscall.Stat_t)
		if got := fmt.Sprintf("%s %d:%d", info.Mode(), stat.Uid, stat.Gid); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	// What somebody prepared in its place is not written through.
	victim := filepath.Join(dir, "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(script), os.Symlink(victim, script+".oneha-new")); err != nil {
		t.Fatal(err)
	}
	if err := installHookFiles(script, filepath.Join(state, "incidents"), remotes); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "mine" {
		t.Errorf("%q %v", text, err)
	}
}

// As root nothing is made that oneadmin could not go on with.
func TestHookAsRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	for _, owned := range []string{"records", "one_auth", "."} { // the log is in the last
		s := newHookSite(t, bmctest.Password)
		if err := os.MkdirAll(s.path("records"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(s.path(owned), 9869, 9869); err != nil {
			t.Fatal(err)
		}
		const want = "belongs to the user as whom OpenNebula runs the hook, and what root writes the hook could not go on with: run the same with sudo -u '#9869' oneha hook "
		if code, _, stderr := s.run(s.event(), append([]string{"hook", "host-error"}, s.own...)...); code != 255 || !strings.Contains(stderr, want+"host-error") {
			t.Errorf("%s: exit code %d, %s", owned, code, stderr)
		}
		missed := append([]string{"hook", "missed"}, s.own...)
		if code, out, _ := s.run("", missed...); code != 1 || !strings.Contains(out, "host 1 kvm1") {
			t.Errorf("%s: looking is allowed: exit code %d, %s", owned, code, out)
		}
		if code, _, stderr := s.run("", append(missed, "--handle", "--arguments=-m -p 0")...); code != 1 || !strings.Contains(stderr, want+"missed --handle") {
			t.Errorf("%s: exit code %d, %s", owned, code, stderr)
		}
		if _, err := os.Stat(s.path("host_error.log")); err == nil && owned != "one_auth" || !s.bmc.On() {
			t.Errorf("%s: there is a log of root's, or the machine is off", owned)
		}
	}
}
