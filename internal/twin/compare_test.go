package twin

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

const hooks = `
RAFT_LEADER_HOOK = [ COMMAND = "/usr/bin/sudo", ARGUMENTS = "-n /usr/bin/oneha raft hook leader %s 10.0.0.9/24" ]
RAFT_FOLLOWER_HOOK = [ COMMAND = "/usr/bin/sudo", ARGUMENTS = "-n /usr/bin/oneha raft hook follower %s 10.0.0.9/24" ]
`

// Two configurations are the same when they say the same, but for what must differ.
func TestConfiguration(t *testing.T) {
	base := conf(t, "6.10")
	nic := func(name string) string { return strings.ReplaceAll(hooks, "%s", name) }
	mysql := func(server, password string) string {
		return strings.Replace(base, `DB = [ BACKEND = "sqlite"`, fmt.Sprintf(`DB = [ BACKEND = "mysql", SERVER = %q, USER = "u", PASSWD = %q`, server, password), 1)
	}
	const file = "/etc/one/oned.conf"
	for _, test := range []struct {
		name, file, here, there string
		mode                    Mode
		want                    []string
	}{
		{"number in the zone", file, base, conf(t, "6.10", "SERVER_ID     = -1", "SERVER_ID     = 2"), Raft, nil},
		{"a number where there is no zone", file, base, conf(t, "6.10", "SERVER_ID     = -1", "SERVER_ID     = 2"), Pacemaker, []string{file + " content FEDERATION/SERVER_ID"}},
		{"comments and spacing", file, base, "# hello\n" + strings.ReplaceAll(base, "RAFT = [", "RAFT=["), Raft, nil},
		{"host name", file, base, base + "HOSTNAME = here\n", Raft, nil},
		{"timer", file, base, conf(t, "6.10", "ELECTION_TIMEOUT_MS  = 5000", "ELECTION_TIMEOUT_MS  = 2500"), Raft, []string{file + " content RAFT/ELECTION_TIMEOUT_MS"}},
		{"one more driver", file, base, base + "IM_MAD = [ NAME = x ]\n", Raft, []string{file + " content IM_MAD IM_MAD/NAME"}},
		{"names of interfaces", file, base + nic("eth0"), base + nic("ens3"), Raft, nil},
		{"another floating IP", file, base + nic("eth0"), base + strings.ReplaceAll(nic("eth0"), ".9/", ".8/"), Raft, []string{file + " content RAFT_FOLLOWER_HOOK/ARGUMENTS RAFT_LEADER_HOOK/ARGUMENTS"}},
		{"no hooks", file, base + nic("eth0"), base, Raft, []string{file + " content RAFT_FOLLOWER_HOOK RAFT_FOLLOWER_HOOK/ARGUMENTS RAFT_FOLLOWER_HOOK/COMMAND RAFT_LEADER_HOOK RAFT_LEADER_HOOK/ARGUMENTS RAFT_LEADER_HOOK/COMMAND"}},
		{"own addresses", file, strings.Replace(base, `LISTEN_ADDRESS = "0.0.0.0"`, `LISTEN_ADDRESS = "10.0.0.1"`, 1), strings.Replace(base, `LISTEN_ADDRESS = "0.0.0.0"`, `LISTEN_ADDRESS = "10.0.0.2"`, 1), Raft, nil},
		{"all addresses and loopback", file, base, strings.Replace(base, `LISTEN_ADDRESS = "0.0.0.0"`, `LISTEN_ADDRESS = "127.0.0.1"`, 1), Raft, []string{file + " content LISTEN_ADDRESS"}},
		{"own database", file, mysql("localhost", "a"), mysql("10.0.0.2", "b"), Raft, nil},
		{"one database for both", file, mysql("localhost", "a"), mysql("10.0.0.2", "b"), Pacemaker, []string{file + " content DB/PASSWD DB/SERVER"}},
		{"kind of database", file, base, mysql("localhost", "a"), Raft, []string{file + " content DB/BACKEND"}},
		{"broken: compared by bytes", file, base + "A = [", base + "B = [", Raft, []string{file + " content"}},
		{"flow's own address", "/etc/one/oneflow-server.conf", ":host: 10.0.0.1\n:port: 2474\n", "# c\n:host: 10.0.0.2\n:port: 2474\n", Raft, nil},
		{"flow at loopback", "/etc/one/oneflow-server.conf", ":host: 127.0.0.1\n", ":host: 0.0.0.0\n", Raft, []string{"/etc/one/oneflow-server.conf content"}},
		{"gate of 7.4", "/etc/one/onegate-server.conf", ":server:\n  :bind: 10.0.0.1\n  :port: 5030\n", ":server:\n  :bind: 10.0.0.2\n  :port: 5030\n", Raft, nil},
		{"fireedge's zone", "/etc/one/fireedge-server.conf", "port: 2616\ndefault_zone:\n  id: 0\n  name: a\n", "port: 2616\ndefault_zone:\n  id: 0\n  name: b\n", Raft, nil},
		{"known hosts in another order", "/var/lib/one/.ssh/known_hosts", "a 1\nb 2\n", "b 2\na 1\n", Raft, nil},
		{"known hosts", "/var/lib/one/.ssh/known_hosts", "a 1\n", "b 2\na 1\n", Raft, []string{"/var/lib/one/.ssh/known_hosts content"}},
		{"a key", "/var/lib/one/.one/one_key", "one", "other", Raft, []string{"/var/lib/one/.one/one_key content"}},
		{"a comment where nobody knows comments", "/etc/one/ec2_driver.default", "a", "#\na", Raft, []string{"/etc/one/ec2_driver.default content"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.want == nil {
				test.want = []string{}
			}
			here := newServer(t, map[string]string{test.file: test.here})
			there := newServer(t, map[string]string{test.file: test.there})
			if diff := cmp.Diff(test.want, compare(t, here, there, test.mode).lines()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Of files everything counts that decides who can do what with them.
func TestFiles(t *testing.T) {
	common := map[string]string{
		"/etc/one/sched.conf": "A = 1\n", "/etc/one/link": "->sched.conf", "/etc/sudoers.d/opennebula": "x", "/etc/sudoers.d/other": "x",
		"/var/lib/one/remotes/a b\n\xff%-": "x", "/var/lib/one/remotes/im/probe.sh": "x", "/etc/corosync/authkey": "x",
	}
	here, there := newServer(t, common), newServer(t, common)
	if got := compare(t, here, there, Raft).lines(); len(got) > 0 {
		t.Fatalf("equal servers differ: %q", got)
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(unix.Chmod(there.path("/etc/sudoers.d/opennebula"), 0o4755))
	there.write("/etc/sudoers.d/other", "not ours")
	there.write("/etc/corosync/authkey", "only with Pacemaker")
	check(os.Remove(there.path("/etc/one/link")))
	check(os.Symlink("elsewhere", there.path("/etc/one/link")))
	there.write("/var/lib/one/remotes/a b\n\xff%-", "y")
	check(os.Remove(there.path("/var/lib/one/remotes/im/probe.sh")))
	there.write("/var/lib/one/remotes/im/probe.sh/", "")
	check(unix.Mkfifo(there.path("/etc/one/pipe"), 0o600))
	there.write("/etc/one/oned.conf~", "an editor's")
	there.write("/etc/systemd/system/opennebula.service.d/50-oneha-restoring.conf", "a procedure's")
	there.write("/etc/one/oned.conf.dpkg-old", "a package's")
	there.write("/etc/one/oned.conf.before-oneha", "a procedure's")
	there.write("/etc/one/oned.conf.20260517T031500Z.bak", "ours")
	there.write("/var/lib/one/remotes/.oneha-sync-0123456789abcdef", "a killed copy's")
	big, err := os.Create(there.path("/var/lib/one/remotes/big"))
	check(err)
	check(errors.Join(big.Truncate(MaxFile+1), big.Chmod(0o640)))
	check(big.Close())
	here.write("/var/lib/one/remotes/big", "small")
	want := []string{
		"/etc/one/link target",
		"/etc/one/pipe only there",
		"/etc/sudoers.d/opennebula mode",
		"/var/lib/one/remotes/a b%0A%FF%25- content",
		"/var/lib/one/remotes/im/probe.sh kind",
		"/var/lib/one/remotes/big: has more than 100 MB there",
	}
	if diff := cmp.Diff(want, compare(t, here, there, Raft).lines()); diff != "" {
		t.Error(diff)
	}
	if got := compare(t, here, there, Pacemaker).lines(); !strings.Contains(strings.Join(got, "\n"), "/etc/corosync/authkey content") {
		t.Errorf("with Pacemaker, the key of the membership does not count: %q", got)
	}
}

// Files that configuration names are compared, on both servers, whoever names them.
func TestNamedFiles(t *testing.T) {
	names := map[string]string{
		"/etc/one/monitord.conf":        "NETWORK = [ PUBKEY = \"/srv/keys/pub\" ]\n",
		"/etc/one/sunstone-server.conf": ":vnc_proxy_cert: /srv/tls/a.pem\n# /srv/tls/no.pem\n",
	}
	here := newServer(t, names)
	here.write("/srv/tls/a.pem", "->live.pem")
	here.write("/srv/tls/live.pem", "1")
	here.write("/srv/keys/pub", "1")
	there := newServer(t, nil)
	there.write("/srv/tls/a.pem", "->live.pem")
	there.write("/srv/tls/live.pem", "2")
	there.write("/srv/tls/no.pem", "2")
	there.write("/srv/keys/pub", "1")
	for _, way := range [][2]server{{here, there}, {there, here}} {
		got := strings.Join(compare(t, way[0], way[1], Raft).lines(), "\n")
		if !strings.Contains(got, "/srv/tls/live.pem content") || strings.Contains(got, "/srv/keys/pub") || strings.Contains(got, "no.pem") || strings.Contains(got, "a.pem") {
			t.Errorf("got:\n%s", got)
		}
	}
}

// oneadmin owns its home and can make links in it: none of them leads anywhere else.
func TestLinksOutOfHome(t *testing.T) {
	here := newServer(t, map[string]string{"/srv/secret/f": "x", "/var/lib/one/": ""})
	if err := os.Symlink("../../../srv/secret", here.path("/var/lib/one/remotes")); err != nil {
		t.Fatal(err)
	}
	there := newServer(t, map[string]string{"/var/lib/one/remotes/f": "owned", "/var/lib/one/remotes/im/g": "owned"})
	result, err := here.bring(there.host())
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Failed) == 0 {
		t.Error("nothing failed")
	}
	if got := here.read("/srv/secret/f"); got != "x" {
		t.Errorf("a file elsewhere became %q", got)
	}
	if _, err := os.Lstat(here.path("/srv/secret/im")); err == nil {
		t.Error("a directory was made elsewhere")
	}
}

// A place that is a link is said to be.
func TestPlaceIsLink(t *testing.T) {
	s := newServer(t, map[string]string{"/srv/one/a": "x", "/etc/one": "->/srv/one"})
	got, err := s.machine().Look(t.Context(), request(Raft))
	if err != nil {
		t.Fatal(err)
	}
	if want := "/etc/one: it is a symbolic link, and what it leads to is not looked at"; !slices.Contains(got.Unknown, want) {
		t.Errorf("%q", got.Unknown)
	}
}

// A file that is written while it is read is not compared with half of it.
func TestChangingFile(t *testing.T) {
	s := newServer(t, map[string]string{"/etc/one/a": "1"})
	times := 0
	l := looker{Machine: s.machine(), request: request(Raft), seen: map[Path]bool{}, roots: map[string]*os.Root{}}
	defer l.close()
	l.between = func(string) {
		times++
		s.write("/etc/one/a", strings.Repeat("x", times+1))
	}
	l.look("/etc/one/a", nil)
	if f := l.files[0]; f.Digest != "" || f.Note != "changes while it is read" || times != 3 {
		t.Errorf("%+v after %d tries", f, times)
	}
	l.between = func(string) {
		if times++; times == 4 {
			s.write("/etc/one/a", "once more")
		}
	}
	l.files, l.seen = nil, map[Path]bool{}
	l.look("/etc/one/a", nil)
	if f := l.files[0]; f.Digest != digestBytes("once more") || f.Note != "" {
		t.Errorf("%+v", f)
	}
}

func digestBytes(text string) string {
	h := newDigest(request(Raft).Key)
	h.Write([]byte(text))
	return sum(h)
}

// What is printed, sent and stored holds no content.
func TestNoContentInFacts(t *testing.T) {
	const secret = "Tops3cret"
	files := map[string]string{
		"/etc/one/oned.conf":         `DB = [ BACKEND = "mysql", PASSWD = "` + secret + `" ]` + "\n",
		"/var/lib/one/.one/one_auth": secret, "/etc/oneha/bmc": secret, "/etc/one/sunstone-server.conf": ":host: " + secret + "\n",
		"/var/lib/one/.ssh/id_rsa": secret, "/var/lib/one/.ssh/known_hosts": secret,
	}
	here := newServer(t, files)
	there := newServer(t, map[string]string{"/etc/one/oned.conf": "DB = [ BACKEND = sqlite ]\n"})
	a, b, clock, err := here.machine().Both(t.Context(), there.host(), request(Pacemaker))
	if err != nil {
		t.Fatal(err)
	}
	changes, left, err := Plan(a, b, Pacemaker, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal([]any{a, b, Compare("other", a, b, clock), changes, left})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), secret) || !strings.Contains(string(text), "DB/PASSWD") {
		t.Errorf("%s", text)
	}
	other := request(Pacemaker)
	other.Key = []byte("another run's")
	again, err := here.machine().Look(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range again.Files {
		if f.Digest != "" && f.Digest == a.Files[i].Digest {
			t.Errorf("%s has the same digest in two runs", f.Path)
		}
	}
}

func TestSystem(t *testing.T) {
	a := Facts{Account: &Account{9869, 9869, "/var/lib/one"}, Packages: map[string]string{"opennebula": "6.10.0", "pcs": "1"}, Units: map[string]string{"opennebula.service": "enabled"}, Zone: "UTC"}
	b := Facts{Account: &Account{9869, 1000, "/var/lib/one"}, Packages: map[string]string{"opennebula": "6.10.1"}, Units: map[string]string{"opennebula.service": "disabled"}, Zone: "Europe/Madrid"}
	got := Compare("b", a, b, &Clock{3 * time.Second, 100 * time.Millisecond})
	want := []string{"oneadmin gid", "opennebula version", "pcs version", "opennebula.service state", "time zone value", "clock offset"}
	if diff := cmp.Diff(want, got.lines()); diff != "" {
		t.Error(diff)
	}
	for _, fine := range []*Clock{nil, {900 * time.Millisecond, 0}, {-3 * time.Second, 2500 * time.Millisecond}} {
		if got := Compare("a", a, a, fine); !got.Same() {
			t.Errorf("%+v: %q", fine, got.lines())
		}
	}
}

// A clock that is ahead is seen to be, through answers that take their time.
func TestClock(t *testing.T) {
	at := func(ms int) time.Time {
		return time.UnixMilli(1_700_000_000_000).Add(time.Duration(ms) * time.Millisecond)
	}
	got := clock(at(0), at(700), Facts{Began: at(5300).UnixNano(), Ended: at(5500).UnixNano()})
	if want := (Clock{5050 * time.Millisecond, 250 * time.Millisecond}); *got != want {
		t.Errorf("%+v, want %+v", *got, want)
	}
	if got := clock(at(0), at(100), Facts{Began: at(0).UnixNano(), Ended: at(200).UnixNano()}); got != nil {
		t.Errorf("a clock that was set: %+v", got)
	}
}
