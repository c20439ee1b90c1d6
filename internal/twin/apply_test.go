package twin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// pair are two servers of a zone that differ in every way that a copy mends.
func pair(t testing.TB) (here, there server) { return behind(t), ahead(t) }

func nicHooks(nic string) string { return strings.ReplaceAll(hooks, "%s", nic) }

// behind is the one that is made like the other.
func behind(t testing.TB) server {
	return newServer(t, map[string]string{
		"/etc/one/oned.conf":                   conf(t, "6.10", "SERVER_ID     = -1", "SERVER_ID     = 1") + nicHooks("ens3") + "HOSTNAME = two\n",
		"/etc/one/oneflow-server.conf":         ":host: 10.0.0.2\n:port: 2474\n",
		"/etc/one/same":                        "the same",
		"/etc/one/cli/onevm.yaml":              "old",
		"/etc/sudoers.d/opennebula":            "old rules",
		"/var/lib/one/.one/one_auth":           "oneadmin:old",
		"/var/lib/one/remotes/link":            "->old",
		"/var/lib/one/remotes/was-link":        "->/etc/passwd",
		"/var/lib/one/remotes/hooks/mine.sh":   "only here",
		"/var/lib/one/remotes/hooks/mine/a":    "only here",
		"/var/lib/one/remotes/hooks/mine/b":    "only here",
		"/var/lib/one/remotes/untouched/dir/x": "x",
		"/srv/tls/":                            "",
	})
}

// ahead is the one that is copied from.
func ahead(t testing.TB) server {
	there := newServer(t, map[string]string{
		"/etc/one/oned.conf":                   "# the leader's\n" + conf(t, "6.10", "SERVER_ID     = -1", "SERVER_ID     = 0", "LOG_RETENTION        = 250000", "LOG_RETENTION        = 100000") + nicHooks("eth0"),
		"/etc/one/oneflow-server.conf":         ":host: 10.0.0.1\n:port: 2475\n",
		"/etc/one/same":                        "the same",
		"/etc/one/cli/onevm.yaml":              "new",
		"/etc/one/new/deep/file":               strings.Repeat("long ", 20_000),
		"/etc/sudoers.d/opennebula":            "new rules",
		"/etc/oneha/bmc":                       "a password",
		"/var/lib/one/.one/one_auth":           "oneadmin:new",
		"/var/lib/one/.one/one_key":            "a key",
		"/var/lib/one/.ssh/id_rsa":             "a private key",
		"/var/lib/one/remotes/link":            "->new",
		"/var/lib/one/remotes/was-link":        "a file",
		"/var/lib/one/remotes/a b\n\xff%-":     "a name",
		"/var/lib/one/remotes/hooks/.keep":     "",
		"/var/lib/one/remotes/untouched/dir/x": "x",
		"/etc/one/sunstone-server.conf":        ":vnc_proxy_cert: /srv/tls/a.pem\n",
		"/srv/tls/a.pem":                       "a certificate",
	})
	for i := range 6 {
		there.write(fmt.Sprintf("/var/lib/one/remotes/im/%d/probe", i), strings.Repeat("probe", i))
	}
	for file, mode := range map[string]uint32{"/etc/sudoers.d/opennebula": 0o440, "/var/lib/one/.one/one_key": 0o600, "/var/lib/one/.ssh": 0o700, "/var/lib/one/.ssh/id_rsa": 0o600, "/etc/one/same": 0o4750, "/etc/one/new": 0o1750} {
		if err := unix.Chmod(there.path(file), mode); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getuid() == 0 {
		for _, file := range []string{"/var/lib/one/.ssh", "/var/lib/one/.ssh/id_rsa", "/var/lib/one/remotes/link", "/etc/one/same"} {
			if err := os.Lchown(there.path(file), 9869, 9869); err != nil {
				t.Fatal(err)
			}
		}
	}
	return there
}

// onlyHere is what a copy leaves.
var onlyHere = []string{
	"/var/lib/one/remotes/hooks/mine only here", "/var/lib/one/remotes/hooks/mine.sh only here",
	"/var/lib/one/remotes/hooks/mine/a only here", "/var/lib/one/remotes/hooks/mine/b only here",
}

func TestBring(t *testing.T) {
	here, there := pair(t)
	if got := compare(t, here, there, Raft).lines(); len(got) < 15 {
		t.Fatalf("the pair does not differ enough: %q", got)
	}
	was, other := here.files(), there.files()
	result, err := here.bring(there.host())
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Failed) > 0 {
		t.Fatalf("failed: %+v", result.Failed)
	}
	if diff := cmp.Diff(onlyHere, compare(t, here, there, Raft).lines()); diff != "" {
		t.Errorf("differences that are left: %s", diff)
	}
	if diff := cmp.Diff(other, there.files()); diff != "" {
		t.Errorf("the other server was changed: %s", diff)
	}
	oned := here.read("/etc/one/oned.conf")
	for _, want := range []string{"# the leader's", "SERVER_ID     = 1,", "LOG_RETENTION        = 100000", "leader ens3 10.0.0.9/24", "follower ens3 ", `HOSTNAME = "two"`} {
		if !strings.Contains(oned, want) {
			t.Errorf("oned.conf has no %q", want)
		}
	}
	if got := here.read("/etc/one/oneflow-server.conf"); got != ":host: 10.0.0.2\n:port: 2475\n" {
		t.Errorf("oneflow-server.conf: %q", got)
	}
	for _, file := range []string{"/etc/one/oned.conf", "/etc/sudoers.d/opennebula", "/var/lib/one/.one/one_auth"} {
		if got := here.read(result.Backup + file); got != was[file] {
			t.Errorf("%s was kept as %q", file, got)
		}
	}
	if got, _ := os.Readlink(here.path(result.Backup + "/var/lib/one/remotes/was-link")); got != "/etc/passwd" {
		t.Errorf("a link was kept as one to %q", got)
	}
	if here.read("/etc/passwd") != was["/etc/passwd"] {
		t.Error("a file was written through a link")
	}
	mode := func(file string) os.FileMode {
		info, err := os.Stat(here.path(file))
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	if mode(StateDir) != 0o700 || mode(result.Backup) != 0o700 || mode(result.Backup+"/var/lib/one/.one") != 0o700 {
		t.Error("others can get to what was replaced")
	}

	was = here.files()
	again, err := here.bring(there.host())
	if err != nil || len(again.Done)+len(again.Failed)+again.Swept > 0 || again.Backup != "" {
		t.Errorf("run again: %+v, %v", again, err)
	}
	if diff := cmp.Diff(was, here.files()); diff != "" {
		t.Errorf("run again it changed something: %s", diff)
	}
}

// What nobody agreed to is not done.
func TestAgreed(t *testing.T) {
	here, there := pair(t)
	was := here.read("/etc/sudoers.d/opennebula")
	agreed := []Change{{Path: "/var/lib/one/.one/one_auth", Deed: Copy}, {Path: "/etc/sudoers.d/opennebula", Deed: Attrs}}
	result, err := here.machine().Apply(t.Context(), there.host(), request(Raft), nil, agreed, nil)
	if err != nil || len(result.Done) != 1 || len(result.Failed) > 0 {
		t.Fatal(result, err)
	}
	if here.read("/var/lib/one/.one/one_auth") != "oneadmin:new" || here.read("/etc/sudoers.d/opennebula") != was {
		t.Error("something else was done")
	}
}

// Only what is named is deleted, and kept.
func TestDelete(t *testing.T) {
	here, there := pair(t)
	for _, wrong := range []Path{"/etc/one/oned.conf", "/etc/one", "/etc/passwd", "/nothing"} {
		if _, err := here.bring(there.host(), wrong); err == nil {
			t.Errorf("--delete %s was taken", wrong)
		}
	}
	result, err := here.bring(there.host(), "/var/lib/one/remotes/hooks/mine/")
	if err != nil || len(result.Failed) > 0 {
		t.Fatal(result, err)
	}
	if diff := cmp.Diff([]string{"/var/lib/one/remotes/hooks/mine.sh only here"}, compare(t, here, there, Raft).lines()); diff != "" {
		t.Error(diff)
	}
	if got := here.read(result.Backup + "/var/lib/one/remotes/hooks/mine/b"); got != "only here" {
		t.Errorf("kept as %q", got)
	}
}

// What cannot be copied is said and left, and the rest is copied.
func TestLeft(t *testing.T) {
	here := newServer(t, map[string]string{"/etc/one/dir/": "", "/etc/one/b": "1", "/var/lib/one/.one/": "", "/etc/one/oneflow-server.conf": ":host: 0.0.0.0\n:port: 1\n"})
	there := newServer(t, map[string]string{
		"/etc/one/oned.conf": conf(t, "6.10"), "/etc/one/dir": "a file", "/etc/one/b": "2", "/var/lib/one/.one/one_auth": "x",
		"/etc/one/oneflow-server.conf": ":host: 10.0.0.1\n:port: 2\n",
	})
	if err := unix.Mkfifo(there.path("/etc/one/pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, b, _, err := here.machine().Both(t.Context(), there.host(), request(Raft))
	if err != nil {
		t.Fatal(err)
	}
	_, left, err := Plan(a, b, Raft, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range left {
		got = append(got, l.Path.String()+": "+l.Why)
	}
	want := []string{
		"/etc/one/dir: it is a directory here and a file there: move it away by hand",
		"/etc/one/oned.conf: there is none on this server: install OpenNebula first",
		"/etc/one/pipe: it is a special file there",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	result, err := here.bring(there.host())
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Failed) != 1 || result.Failed[0].Path != "/etc/one/oneflow-server.conf" || !strings.Contains(result.Failed[0].Why, "listens at an address of its own") {
		t.Errorf("failed: %+v", result.Failed)
	}
	if here.read("/etc/one/b") != "2" || here.read("/var/lib/one/.one/one_auth") != "x" || !strings.Contains(here.read("/etc/one/oneflow-server.conf"), "0.0.0.0") {
		t.Error("the rest was not copied, or too much was")
	}
	if left := here.leftovers(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// A file that changes between the comparison and the copy does not arrive.
func TestOtherChanges(t *testing.T) {
	here := newServer(t, map[string]string{"/etc/one/a": "1", "/etc/one/b": "1", "/etc/one/oned.conf": conf(t, "6.10"), "/etc/one/c": "1"})
	there := newServer(t, map[string]string{"/etc/one/a": "2", "/etc/one/b": "2", "/etc/one/oned.conf": conf(t, "6.10") + "A = 1\n", "/etc/one/c": "2"})
	h := there.host()
	h.asked = func(n int) {
		if n == 2 { // the first is for facts
			there.write("/etc/one/a", "3")
			there.write("/etc/one/oned.conf", "A = 2\n")
			if err := os.Remove(there.path("/etc/one/c")); err != nil {
				t.Error(err)
			}
		}
	}
	result, err := here.bring(h)
	if err != nil {
		t.Fatal(err)
	}
	var failed []string
	for _, f := range result.Failed {
		failed = append(failed, string(f.Path)+" "+f.Why)
	}
	want := []string{"/etc/one/a " + errChanged.Error(), "/etc/one/c no such file or directory", "/etc/one/oned.conf " + errChanged.Error()}
	if diff := cmp.Diff(want, failed); diff != "" {
		t.Error(diff)
	}
	if here.read("/etc/one/a") != "1" || here.read("/etc/one/b") != "2" || here.read("/etc/one/oned.conf") != conf(t, "6.10") {
		t.Error("wrong files arrived")
	}
	if left := here.leftovers(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// The connection breaks anywhere: what arrived whole is there, nothing is half, and the
// next run ends well.
func TestConnectionBreaks(t *testing.T) {
	for cut := int64(1); cut < 110_000; cut += 5_000 {
		here, there := pair(t)
		was := here.files()
		h := there.host()
		h.cut = cut
		if _, err := here.bring(h); err == nil {
			t.Fatalf("cut after %d bytes: no error", cut)
		}
		if left := here.leftovers(); len(left) > 0 {
			t.Fatalf("cut after %d bytes: left %q", cut, left)
		}
		here.isWhole(was, there.files())
		here.endsWell(there, fmt.Sprintf("cut after %d bytes", cut))
	}
}

// isWhole makes sure that every file is the old or the new one.
func (s server) isWhole(was, other map[string]string) {
	s.t.Helper()
	is := s.files()
	for name := range was {
		if _, ok := is[name]; !ok {
			s.t.Fatalf("%s is gone", name)
		}
	}
	for name, text := range is {
		base := filepath.Base(name)
		if strings.HasPrefix(name, filepath.Dir(StateDir)) || leftover.MatchString(base) || name == "/etc/one/oned.conf" || name == "/etc/one/oneflow-server.conf" {
			continue
		}
		if text != was[name] && text != other[name] {
			s.t.Fatalf("%s is neither the old one nor the new one", name)
		}
	}
	if text := s.read("/etc/one/oned.conf"); !strings.Contains(text, "SERVER_ID     = 1,") || !strings.Contains(text, "two") {
		s.t.Fatal("oned.conf is not whole, or another server's")
	}
}

// endsWell runs a copy again, and makes sure that nothing is left and all is done.
func (s server) endsWell(there server, when string) {
	s.t.Helper()
	s.goesOn(there, when)
	s.isTwin(there, when)
}

// goesOn runs a copy again, and makes sure that nothing is left.
func (s server) goesOn(there server, when string) {
	s.t.Helper()
	result, err := s.bring(there.host())
	if err != nil || len(result.Failed) > 0 {
		s.t.Fatalf("%s: run again: %+v, %v", when, result, err)
	}
	if left := s.leftovers(); len(left) > 0 {
		s.t.Fatalf("%s: left %q", when, left)
	}
	if _, err := os.Lstat(s.path(StateDir + "/" + journal)); err == nil {
		s.t.Fatalf("%s: the journal is left", when)
	}
}

// isTwin makes sure that there is nothing to copy.
func (s server) isTwin(there server, when string) {
	s.t.Helper()
	if diff := cmp.Diff(onlyHere, compare(s.t, s, there, Raft).lines()); diff != "" {
		s.t.Fatalf("%s: %s", when, diff)
	}
}

// killed is what a step panics with: no code of ours recovers it, and deferred calls only
// close, which the kernel does for a process that is killed.
type killed struct{}

// Killed behind each step there is, a copy leaves every file whole, and the next run
// removes what is left and gets to the end. Each step is a state of the disk of its own.
func TestKilledAtEachStep(t *testing.T) {
	here, there := pair(t)
	other := there.files()
	steps := 0
	_, err := here.machine().apply(t.Context(), there.host(), request(Raft), nil, all, nil, quick(func(string) { steps++ }))
	if err != nil || steps < 210 {
		t.Fatalf("%d steps, %v", steps, err)
	}
	dirty := 0
	for step := 1; step <= steps; step++ {
		here := behind(t)
		was := here.files()
		there.write("/etc/one/sunstone-server.conf", other["/etc/one/sunstone-server.conf"])
		here.killedAt(there, step)
		if len(here.leftovers()) > 0 {
			dirty++
		}
		here.isWhole(was, other)
		if step%2 == 0 { // nothing leads to that directory any more but the journal
			there.write("/etc/one/sunstone-server.conf", ":vnc_proxy_cert: /srv/other.pem\n")
		}
		here.goesOn(there, fmt.Sprintf("killed at step %d of %d", step, steps))
		if step%5 == 0 { // it takes its time
			here.isTwin(there, fmt.Sprintf("killed at step %d of %d", step, steps))
		}
	}
	if dirty < steps/4 {
		t.Errorf("only %d of %d kills left anything: the steps are not where the danger is", dirty, steps)
	}
	t.Logf("%d steps, %d left something", steps, dirty)
}

// killedAt runs a copy that is ended behind a step.
func (s server) killedAt(there server, step int) {
	s.t.Helper()
	defer func() {
		if r := recover(); r != (killed{}) {
			s.t.Fatalf("step %d: not killed: %v", step, r)
		}
	}()
	n := 0
	_, err := s.machine().apply(s.t.Context(), there.host(), request(Raft), nil, all, nil, quick(func(string) {
		if n++; n == step {
			panic(killed{})
		}
	}))
	s.t.Fatalf("step %d of %d: %v", step, n, err)
}

// Killed again and again, each time a few steps later, it still ends well.
func TestKilledAgainAndAgain(t *testing.T) {
	here, there := pair(t)
	was := here.files()
	for step := 1; step < 60; step++ {
		ended := func() (ended bool) {
			defer func() { ended = recover() == killed{} }()
			n := 0
			_, _ = here.machine().apply(t.Context(), there.host(), request(Raft), nil, all, nil, quick(func(string) {
				if n++; n == step {
					panic(killed{})
				}
			}))
			return false
		}()
		here.isWhole(was, there.files())
		if !ended {
			break
		}
	}
	here.endsWell(there, "killed again and again")
}

// What is left is found where nothing differs, where the list does not lead to any more,
// and in what was replaced; nothing else is touched.
func TestSweep(t *testing.T) {
	const name = ".oneha-sync-0123456789abcdef"
	here, there := pair(t)
	here.write("/etc/ssl/private/one.key", "k")
	everywhere := []string{
		"/etc/one", "/etc/one/cli", "/etc/oneha", "/etc/sudoers.d", "/etc/corosync", "/etc/systemd/system", "/etc/systemd/system/opennebula.service.d",
		"/var/lib/one", "/var/lib/one/.one", "/var/lib/one/remotes/untouched/dir", StateDir, StateDir + "/backup/20260517T031500Z/etc/one",
		"/etc/ssl/private", "/srv/a\nb", // these two by the journal only
	}
	for _, dir := range everywhere {
		here.write(filepath.Join(dir, name), "half")
	}
	here.write("/etc/one/"+strings.Replace(name, "0", "1", 1), "->/etc/passwd")
	here.write(StateDir+"/"+journal, "/etc/ssl/private\n/srv/a%0Ab\n/gone\n")
	others := []string{"/etc/one/.oneha-sync-mine", "/etc/one/oneha-sync-0123456789abcdef", "/srv/" + name}
	for _, file := range others {
		here.write(file, "somebody's")
	}
	here.write("/etc/one/cli/.oneha-sync-fedcba9876543210/", "")
	result, err := here.bring(there.host())
	if err != nil || result.Swept != len(everywhere)+1 {
		t.Errorf("swept %d, want %d: %v", result.Swept, len(everywhere)+1, err)
	}
	want := append([]string{"/etc/one/cli/.oneha-sync-fedcba9876543210"}, others...)
	slices.Sort(want)
	if diff := cmp.Diff(want, here.leftovers()); diff != "" {
		t.Error(diff)
	}
	// With nothing to copy it sweeps, too.
	here.write(filepath.Join("/var/lib/one/remotes/untouched/dir", name), "half")
	if result, err := here.bring(there.host()); err != nil || result.Swept != 1 || len(result.Done) > 0 {
		t.Errorf("%+v, %v", result, err)
	}
}

// A second run while one is at work does nothing, above all not to the first one's
// temporary files.
func TestTwoAtOnce(t *testing.T) {
	here, there := pair(t)
	second := 0
	did := func(step string) {
		if step != "filled" {
			return
		}
		before := here.leftovers()
		if len(before) != 1 {
			t.Errorf("temporary files at work: %q", before)
		}
		if _, err := here.bring(there.host()); !errors.Is(err, ErrBusy) {
			t.Errorf("a second run: %v", err)
		}
		if after := here.leftovers(); !slices.Equal(before, after) {
			t.Errorf("%q became %q", before, after)
		}
		second++
	}
	if _, err := here.machine().apply(t.Context(), there.host(), request(Raft), nil, all, nil, quick(did)); err != nil {
		t.Error(err)
	}
	if second < 10 {
		t.Errorf("only %d", second)
	}
}

// A secret can be read by nobody else at any time: its temporary file, its backup.
func TestSecretsAreNeverOpen(t *testing.T) {
	here, there := pair(t)
	looked := 0
	did := func(string) {
		for _, file := range here.leftovers() {
			info, err := os.Lstat(here.path(file))
			if err != nil {
				t.Error(err)
			}
			private := strings.HasPrefix(file, StateDir) // a directory for root
			text, _ := os.ReadFile(here.path(file))
			if !private && strings.Contains(string(text), "a private key") {
				looked++
				if info.Mode().Perm()&0o077 != 0 {
					t.Errorf("%s has mode %s", file, info.Mode())
				}
			}
		}
	}
	if _, err := here.machine().apply(t.Context(), there.host(), request(Raft), nil, all, nil, quick(did)); err != nil {
		t.Error(err)
	}
	if looked == 0 {
		t.Error("no secret was on its way")
	}
}

// A run that was cancelled stops between two files.
func TestCancelled(t *testing.T) {
	here, there := pair(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	steps := 0
	_, err := here.machine().apply(ctx, there.host(), request(Raft), nil, all, nil, quick(func(string) {
		if steps++; steps == 40 {
			cancel()
		}
	}))
	if !errors.Is(err, context.Canceled) || steps > 60 {
		t.Errorf("after %d steps: %v", steps, err)
	}
	if left := here.leftovers(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	here.endsWell(there, "cancelled")
}

// The real thing: a process of its own, killed.
func TestSIGKILL(t *testing.T) {
	for _, step := range []int{3, 30, 98, 167, 205} {
		here, there := pair(t)
		was := here.files()
		cmd := exec.Command(os.Args[0], "-test.run=^TestVictim$", "-test.count=1")
		cmd.Env = append(os.Environ(), "ONEHA_VICTIM="+here.root, "ONEHA_OTHER="+there.root, fmt.Sprintf("ONEHA_STEP=%d", step))
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || !exit.Sys().(syscall.WaitStatus).Signaled() {
			t.Fatalf("step %d: %v\n%s", step, err, out)
		}
		here.isWhole(was, there.files())
		here.endsWell(there, fmt.Sprintf("SIGKILL at step %d", step))
	}
}

// TestVictim is the process that TestSIGKILL has killed.
func TestVictim(t *testing.T) {
	root := os.Getenv("ONEHA_VICTIM")
	if root == "" {
		t.Skip("runs in a process of its own")
	}
	var step int
	if _, err := fmt.Sscan(os.Getenv("ONEHA_STEP"), &step); err != nil {
		t.Fatal(err)
	}
	here, there := server{t, root}, server{t, os.Getenv("ONEHA_OTHER")}
	n := 0
	_, err := here.machine().apply(t.Context(), there.host(), request(Raft), nil, all, nil, disk{sync: (*os.File).Sync, did: func(string) {
		if n++; n == step {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			time.Sleep(time.Minute) // it does not return
		}
	}})
	t.Fatalf("still alive after %d steps: %v", n, err)
}

// Anything may come in on standard input.
func TestAnswerRefuses(t *testing.T) {
	s := newServer(t, nil)
	for _, in := range []string{"", "{", "null", `{"format":2,"mode":"raft"}`, `[]`, "\x00"} {
		var out bytes.Buffer
		if err := s.machine().Answer(t.Context(), strings.NewReader(in), &out); err == nil {
			t.Errorf("%q was answered with %s", in, &out)
		}
	}
}
