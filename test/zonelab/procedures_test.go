package zonelab

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/fakezone"
)

// changed is what oneha raft init, join and so on print with --json.
type changed struct {
	Procedure string `json:"procedure"`
	ID        int    `json:"server_id"`
	Done      bool   `json:"done"`
	Error     string `json:"error"`
	Steps     []struct {
		Name    string  `json:"name"`
		Already bool    `json:"already"`
		Seconds float64 `json:"seconds"`
	} `json:"steps"`
}

// change runs oneha raft on a server, to the end.
func (l *Lab) change(ctx context.Context, t *testing.T, on string, words ...string) changed {
	t.Helper()
	start := time.Now()
	r, err := l.Exec(ctx, on, append(append([]string{"oneha", "raft"}, words...), "--yes", "--json")...)
	if err != nil {
		t.Fatalf("oneha raft %s: %v\n%s", strings.Join(words, " "), err, r.Stderr)
	}
	var c changed
	if err := json.Unmarshal([]byte(r.Stdout), &c); err != nil || !c.Done {
		t.Fatalf("oneha raft %s: %v\n%s\n%s", strings.Join(words, " "), err, r.Stdout, r.Stderr)
	}
	t.Logf("oneha raft %s: %d steps, %.1f s", strings.Join(words, " "), len(c.Steps), time.Since(start).Seconds())
	return c
}

// Data that no oned knows of, to see whether all of a database arrives: some megabytes
// in rows of many sizes.
const (
	sqliteFill = `systemctl stop opennebula && sudo -u oneadmin sqlite3 /var/lib/one/one.db "CREATE TABLE freight (n INTEGER PRIMARY KEY, body BLOB);
WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000) INSERT INTO freight SELECT n, randomblob(n % 2000) FROM c;" && systemctl start opennebula`
	mysqlFill = `mariadb opennebula -e "CREATE TABLE freight (n INT PRIMARY KEY, body LONGTEXT);
INSERT INTO freight SELECT seq, REPEAT(SHA2(RAND(), 512), seq % 20) FROM seq_1_to_3000;"`
	sqliteSum = `sqlite3 -readonly -cmd '.timeout 10000' /var/lib/one/one.db "SELECT n, hex(body) FROM freight ORDER BY n" | sha256sum`
	mysqlSum  = `mariadb -N opennebula -e "SELECT n, body FROM freight ORDER BY n" | sha256sum`
)

func (l *Lab) fill() string {
	if l.opt.Database == MySQL {
		return mysqlFill
	}
	return sqliteFill
}

func (l *Lab) sum() string {
	if l.opt.Database == MySQL {
		return mysqlSum
	}
	return sqliteSum
}

// id is the SERVER_ID that a server runs with. A busy machine may keep one answer for
// longer than a call waits.
func (l *Lab) id(ctx context.Context, t *testing.T, server string) (id int) {
	t.Helper()
	ok(t, l.Wait(ctx, "an answer of "+server, func(ctx context.Context) string {
		r, err := l.Raft(ctx, server)
		id = r.ServerID
		return text(err)
	}))
	return id
}

// whole demands that these servers are the zone: one leads, the others follow, with the
// IDs that it gave them, all have the freight, one has the floating IP, and nothing of a
// procedure is left.
func (l *Lab) whole(ctx context.Context, t *testing.T, freight string, want map[string]int) {
	t.Helper()
	var names []string
	for _, name := range l.Servers() {
		if _, in := want[name]; in {
			names = append(names, name)
		}
	}
	leader := must[string](t)(l.WaitLeader(ctx, names...))
	ok(t, l.Wait(ctx, "the floating IP on "+leader, func(context.Context) string {
		holders, err := l.Holders()
		if err == nil && (len(holders) != 1 || holders[0] != leader) {
			return fmt.Sprintf("it is on %v", holders)
		}
		return text(err)
	}))
	for _, name := range l.Servers() {
		if left, err := l.Shell(ctx, name, "ls -A /var/lib/oneha/raft 2>/dev/null | grep -v -e '^lock$' -e '^before.sql$'; ls -A /var/lib/one | grep incoming; ls -d /tmp/oneha-ssh-* 2>/dev/null; true"); err != nil || left != "" {
			t.Errorf("%s: left over: %q, %v", name, left, err)
		}
		id, in := want[name]
		if !in {
			if out, _ := l.Shell(ctx, name, "systemctl is-active opennebula; systemctl is-enabled opennebula"); out != "inactive\ndisabled\n" {
				t.Errorf("%s is not in the zone, and oned is %q", name, out)
			}
			continue
		}
		if got := l.id(ctx, t, name); got != id {
			t.Errorf("%s runs as server %d, want %d", name, got, id)
		}
		if got, err := l.Shell(ctx, name, l.sum()); err != nil || got != freight {
			t.Errorf("%s: the data is %q, %v, want %q", name, got, err, freight)
		}
		if got := must[string](t)(l.Shell(ctx, name, "cd /var/lib/one/.one && stat -c '%n %U:%G %a' . one_auth one_key && sha256sum one_auth one_key")); got != must[string](t)(l.Shell(ctx, names[0], "cd /var/lib/one/.one && stat -c '%n %U:%G %a' . one_auth one_key && sha256sum one_auth one_key")) {
			t.Errorf("%s has other keys, or with other owners, than %s:\n%s", name, names[0], got)
		}
		if r, err := l.Exec(ctx, name, "systemctl", "is-enabled", "opennebula", "oneha-raft-guard"); err != nil {
			t.Errorf("%s: not enabled: %s", name, r.Stdout)
		}
	}
}

// TestProcedures takes a zone through its life with our commands, on machines.
func TestProcedures(t *testing.T) {
	l, ctx := up(t, Options{Prefix: "zone-life"})
	a, b, c := Name(0), Name(1), Name(2)
	must[string](t)(l.Shell(ctx, a, l.fill()))
	freight := must[string](t)(l.Shell(ctx, a, l.sum()))
	ok(t, l.Wait(ctx, "oned alone", func(ctx context.Context) string {
		_, err := l.Raft(ctx, a)
		return text(err)
	}))

	l.change(ctx, t, a, "init")
	l.whole(ctx, t, freight, map[string]int{a: 0})
	if r := l.change(ctx, t, a, "join", b); r.ID != 1 {
		t.Errorf("%s has the ID %d", b, r.ID)
	}
	l.whole(ctx, t, freight, map[string]int{a: 0, b: 1})
	l.change(ctx, t, a, "join", c)
	l.whole(ctx, t, freight, map[string]int{a: 0, b: 1, c: 2})
	for _, s := range l.change(ctx, t, a, "join", c).Steps {
		if !s.Already {
			t.Errorf("join of a server that is in did something: %s", s.Name)
		}
	}

	// The leader leaves; from its own machine, too.
	l.change(ctx, t, a, "leave", a)
	l.whole(ctx, t, freight, map[string]int{b: 1, c: 2})
	l.change(ctx, t, b, "join", a)
	l.whole(ctx, t, freight, map[string]int{a: 3, b: 1, c: 2})

	// A dead server, and its machine installed anew.
	ok(t, l.Reinstall(ctx, c))
	leader := must[string](t)(l.WaitLeader(ctx, a, b))
	l.change(ctx, t, leader, "replace", c)
	l.whole(ctx, t, freight, map[string]int{a: 3, b: 1, c: l.id(ctx, t, c)})

	// A server whose database is lost.
	var behind string
	leader = must[string](t)(l.WaitLeader(ctx))
	for _, name := range l.Servers() {
		if name != leader {
			behind = name
		}
	}
	ids := map[string]int{}
	for _, name := range l.Servers() {
		ids[name] = l.id(ctx, t, name)
	}
	must[string](t)(l.Shell(ctx, behind, "systemctl stop opennebula; truncate -s 4096 /var/lib/one/one.db"))
	ok(t, l.Wait(ctx, behind+" to be down", func(ctx context.Context) string {
		if r, err := l.Raft(ctx, behind); err == nil {
			return fmt.Sprintf("it is %v", fakezone.State(r.State))
		}
		return ""
	}))
	l.change(ctx, t, leader, "reset", behind)
	l.whole(ctx, t, freight, ids)

	// The leader's configuration has drifted: its oned starts anew, and another leads.
	leader = must[string](t)(l.WaitLeader(ctx))
	must[string](t)(l.Shell(ctx, leader, "sed -i 's/^\\( *MONITOR_ADDRESS *=\\).*/\\1 \"auto\",/' /etc/one/monitord.conf && grep -q 'MONITOR_ADDRESS *= *\"auto\"' /etc/one/monitord.conf"))
	l.change(ctx, t, leader, "init")
	must[string](t)(l.Shell(ctx, leader, "! grep -q 'MONITOR_ADDRESS *= *\"auto\"' /etc/one/monitord.conf"))
	l.whole(ctx, t, freight, ids)
	for _, s := range l.change(ctx, t, leader, "init").Steps {
		if !s.Already {
			t.Errorf("init of a server that is in did something: %s", s.Name)
		}
	}
}
