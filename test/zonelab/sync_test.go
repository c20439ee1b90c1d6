package zonelab

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/oneha/oneha/test/lab/labtest"
)

// drift changes files of a server so that it is no twin of the others any more: a value
// that oned.conf may not have of its own, a credential, a mode, a driver that is missing
// and some hundred that are different, so that a copy takes a while.
const drift = `set -e
sed -i 's/^LOG = \[/LOG = [ DRIFTED = "YES",/' /etc/one/oned.conf
printf 'oneadmin:another\n' >/var/lib/one/.one/sunstone_auth
chown oneadmin:oneadmin /var/lib/one/.one/sunstone_auth && chmod 600 /var/lib/one/.one/sunstone_auth
chmod 644 /etc/one/monitord.conf
rm /var/lib/one/remotes/drift/1
for n in $(seq 2 300); do echo old $n >/var/lib/one/remotes/drift/$n; done
echo mine >/etc/one/only-here`

// drivers are files that all servers have, the same everywhere.
const drivers = `install -d -o oneadmin -g oneadmin /var/lib/one/remotes /var/lib/one/remotes/drift
for n in $(seq 300); do echo new $n >/var/lib/one/remotes/drift/$n; chown oneadmin:oneadmin /var/lib/one/remotes/drift/$n; done
printf 'oneadmin:the same\n' >/var/lib/one/.one/sunstone_auth
chown oneadmin:oneadmin /var/lib/one/.one/sunstone_auth && chmod 600 /var/lib/one/.one/sunstone_auth`

// killedCopy runs oneha sync and kills it, with SIGKILL, when so many of the drivers are
// new as the first argument says. It prints "killed", or the program's exit code.
const killedCopy = `oneha sync --from "$2" --delete /etc/one/only-here --yes >/run/sync-said 2>&1 & p=$!
while kill -0 $p 2>/dev/null; do
  if test "$(cat /var/lib/one/remotes/drift/* 2>/dev/null | grep -c new)" -ge "$1"; then
    if kill -KILL $p 2>/dev/null; then wait $p; echo killed; exit; fi
  fi
done
wait $p; echo $?; cat /run/sync-said >&2`

// leftovers are temporary files of a copy, wherever they are.
const leftovers = `find / -xdev -name '.oneha-sync-*'; ls -d /tmp/oneha-ssh-* 2>/dev/null; ls -A /var/lib/oneha/sync | grep -v -e '^backup$' -e '^lock$' || true`

// TestSync has one server of a zone drift, and makes it a twin of the others again with
// a copy that is killed in the middle and run again.
func TestSync(t *testing.T) {
	if !labtest.All("ONEHA_ZONELAB") {
		t.Skip("takes a minute: use ONEHA_ZONELAB=all, as make zonelab does")
	}
	l, ctx := up(t, Options{Prefix: "zone-sync", Formed: true})
	leader := must[string](t)(l.WaitLeader(ctx))
	drifted := l.Servers()[slices.IndexFunc(l.Servers(), func(s string) bool { return s != leader })]
	for _, s := range l.Servers() {
		must[string](t)(l.Shell(ctx, s, drivers))
	}
	if found, code := l.checked(ctx, t, drifted); code != 0 {
		t.Fatalf("servers that were made alike differ: exit %d: %q", code, found)
	}
	serverID := must[string](t)(l.Shell(ctx, drifted, "grep -n 'SERVER_ID *=' /etc/one/oned.conf"))
	must[string](t)(l.Shell(ctx, drifted, drift))

	found, code := l.checked(ctx, t, drifted)
	if code != 1 {
		t.Errorf("a server drifted, and the check ends with %d", code)
	}
	for _, want := range []string{"/etc/one/oned.conf", "/etc/one/monitord.conf", "/etc/one/only-here", "/var/lib/one/.one/sunstone_auth", "/var/lib/one/remotes/drift/1", "/var/lib/one/remotes/drift/300"} {
		if !slices.Contains(found, want) {
			t.Errorf("the check does not name %s", want)
		}
	}

	outcomes := map[string]int{}
	for _, at := range []int{1, 100, 200} {
		out := must[string](t)(l.Shell(ctx, drifted, "set -- "+strconv.Itoa(at)+" "+leader+"\n"+killedCopy))
		outcomes[strings.TrimSpace(out)]++
	}
	t.Logf("outcomes of copies that were to be killed: %v", outcomes)
	if outcomes["killed"] == 0 {
		t.Error("no copy was killed: this test shows nothing")
	}
	if outcomes["killed"]+outcomes["0"] != 3 {
		t.Errorf("copies ended with %v, want killed or 0", outcomes)
	}
	// Each file is the old one or the new one, whenever it was killed.
	if out := must[string](t)(l.Shell(ctx, drifted, `cd /var/lib/one/remotes/drift; for n in *; do case "$(cat $n)" in "old $n"|"new $n") ;; *) echo $n;; esac; done`)); out != "" {
		t.Errorf("files that are neither the old nor the new ones: %s", out)
	}

	if r, err := l.Exec(ctx, drifted, "oneha", "sync", "--from", leader, "--delete", "/etc/one/only-here", "--yes"); err != nil {
		t.Fatalf("the copy, run again: %v\n%s%s", err, r.Stdout, r.Stderr)
	}
	if found, code := l.checked(ctx, t, drifted); code != 0 {
		t.Errorf("after the copy: exit %d: %q differ", code, found)
	}
	if out := must[string](t)(l.Shell(ctx, drifted, leftovers)); out != "" {
		t.Errorf("left over: %s", out)
	}
	if got := must[string](t)(l.Shell(ctx, drifted, "grep -n 'SERVER_ID *=' /etc/one/oned.conf")); got != serverID {
		t.Errorf("SERVER_ID was %q and is %q", serverID, got)
	}
	if got := must[string](t)(l.Shell(ctx, drifted, "stat -c '%U:%G %a' /etc/one/oned.conf /etc/one/monitord.conf /var/lib/one/.one/sunstone_auth /var/lib/one/remotes/drift/1")); got !=
		must[string](t)(l.Shell(ctx, leader, "stat -c '%U:%G %a' /etc/one/oned.conf /etc/one/monitord.conf /var/lib/one/.one/sunstone_auth /var/lib/one/remotes/drift/1")) {
		t.Errorf("owners and modes: %s", got)
	}
}

// checked runs oneha sync --check on a server, against the leader and the others, and
// returns what differs and the exit code.
func (l *Lab) checked(ctx context.Context, t *testing.T, on string) (items []string, code int) {
	t.Helper()
	out := must[string](t)(l.Shell(ctx, on, `oneha sync --check --json >/run/sync-check 2>/run/sync-error; echo $?; cat /run/sync-check`))
	first, report, _ := strings.Cut(out, "\n")
	if _, err := fmt.Sscan(first, &code); err != nil {
		t.Fatalf("oneha sync --check: %q", out)
	}
	var r struct {
		Servers []struct {
			Differences []struct {
				Item string `json:"item"`
			} `json:"differences"`
		} `json:"servers"`
	}
	if err := json.Unmarshal([]byte(report), &r); err != nil || len(r.Servers) != len(l.Servers())-1 {
		said, _ := l.Shell(ctx, on, "cat /run/sync-error")
		t.Fatalf("oneha sync --check: %v, exit %d\n%s%s", err, code, report, said)
	}
	for _, s := range r.Servers {
		for _, d := range s.Differences {
			items = append(items, d.Item)
		}
	}
	return items, code
}
