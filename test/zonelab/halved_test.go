package zonelab

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab/labtest"
)

// Much data, and how to see on the server that joins that it has a part of it.
const (
	sqliteMuch = `systemctl stop opennebula && sudo -u oneadmin sqlite3 /var/lib/one/one.db "CREATE TABLE freight (n INTEGER PRIMARY KEY, body BLOB);
WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 150) INSERT INTO freight SELECT n, randomblob(1000000) FROM c;" && systemctl start opennebula`
	mysqlMuch = `mariadb opennebula -e "CREATE TABLE freight (n INT PRIMARY KEY, body LONGTEXT);
INSERT INTO freight SELECT seq, REPEAT(SHA2(RAND(), 512), 15) FROM seq_1_to_60000;"`

	sqlitePart = `test -s /var/lib/one/one.db.incoming && echo "$(stat -c %s /var/lib/one/one.db.incoming) bytes"`
	// The rows cannot be counted: the restore has the table locked.
	mysqlPart = `n=$(stat -c %s /var/lib/mysql/opennebula/freight.ibd 2>/dev/null) && test "$n" -gt 20000000 && echo "$n bytes"`

	// Everything that oned has in its database, but what it writes of itself.
	sqliteDump = `sqlite3 -readonly -cmd '.timeout 10000' /var/lib/one/one.db .dump | sha256sum`
	mysqlDump  = `mariadb-dump --skip-comments --single-transaction --hex-blob opennebula | sha256sum`
)

// TestHalfADatabase cuts the power of a server in the middle of the restore of a large
// table: systemd does not start oned on what is there, until the run that goes on has
// brought the whole.
func TestHalfADatabase(t *testing.T) {
	if !labtest.All("ONEHA_ZONELAB") {
		t.Skip("takes four minutes: use ONEHA_ZONELAB=all")
	}
	for _, database := range []string{SQLite, MySQL} {
		t.Run(database, func(t *testing.T) {
			much, part, dump := sqliteMuch, sqlitePart, sqliteDump
			if database == MySQL {
				much, part, dump = mysqlMuch, mysqlPart, mysqlDump
			}
			l, ctx := up(t, Options{Prefix: "zone-half-" + database, Database: database})
			a, b := Name(0), Name(1)
			must[string](t)(l.Shell(ctx, a, much))
			freight := must[string](t)(l.Shell(ctx, a, l.sum()))
			l.change(ctx, t, a, "init")

			// The watch is a process of the server that joins, and ends with its power.
			const marker = "/var/lib/oneha/raft/RESTORING"
			seen := make(chan string, 1)
			go func() {
				out, err := l.Shell(ctx, b, "while sleep 0.005; do test -e "+marker+" || continue; "+part+" && exit; done")
				if err != nil {
					out = "nothing: " + err.Error()
				}
				seen <- strings.TrimSpace(out)
			}()
			ended := make(chan string, 1)
			go func() {
				r, err := l.Exec(ctx, a, "oneha", "raft", "join", b, "--yes")
				ended <- fmt.Sprintf("%v\n%s", err, r.Stderr)
			}()
			select {
			case what := <-seen:
				ok(t, l.Off(b))
				if strings.HasPrefix(what, "nothing") {
					t.Fatalf("the restore was not seen: %s", what)
				}
				t.Logf("the power went with %s of the table there", what)
			case said := <-ended:
				t.Fatalf("join ended before the power was cut: %s", said)
			}
			if said := <-ended; strings.HasPrefix(said, "<nil>") {
				t.Fatalf("join did not notice that the power was gone:\n%s", said)
			}

			ok(t, l.On(ctx, b))
			l.refuses(ctx, t, b)
			// Not at boot either.
			must[string](t)(l.Shell(ctx, b, "systemctl enable opennebula"))
			ok(t, l.Off(b))
			ok(t, l.On(ctx, b))
			l.refuses(ctx, t, b)

			start := time.Now()
			l.change(ctx, t, a, "join", b)
			t.Logf("the run that went on took %.1f s", time.Since(start).Seconds())
			l.whole(ctx, t, freight, map[string]int{a: 0, b: 1})
			ok(t, l.Wait(ctx, "equal databases", func(ctx context.Context) string {
				x, err := l.Shell(ctx, a, dump)
				if err != nil {
					return text(err)
				}
				if y, err := l.Shell(ctx, b, dump); err != nil || x != y {
					return fmt.Sprintf("%q, %q, %v", x, y, err)
				}
				return ""
			}))
		})
	}
}

// refuses demands that systemd does not start oned on a server.
func (l *Lab) refuses(ctx context.Context, t *testing.T, server string) {
	t.Helper()
	r, err := l.Exec(ctx, server, "systemctl", "start", "opennebula")
	if err == nil || !strings.Contains(r.Stderr, "Assertion failed") {
		t.Errorf("%s: oned was started on half a database, or not for another reason: %v: %s", server, err, r.Stderr)
	}
	if out, _ := l.Shell(ctx, server, "systemctl is-active opennebula; pgrep -x oned; true"); strings.TrimSpace(out) != "inactive" {
		t.Errorf("%s: oned is %q", server, out)
	}
}
