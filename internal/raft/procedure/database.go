package procedure

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/oneha/oneha/internal/confedit"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/remote"
	"github.com/oneha/oneha/internal/shell"
)

// database is that of one server.
type database interface {
	// dumped writes the whole of it into the file part while oned runs.
	dumped(a at) []Action
	// kept puts it out of the way of one that comes; what it is kept as.
	kept(a at) ([]Action, string)
	// made makes it out of the file dump, while oned is stopped.
	made(a at) []Action
	// whole compares it with the file dump.
	whole(a at) Action
	// size is how many bytes it has, 0 when there is none.
	size(ctx context.Context, a at) (int64, error)
	// takes says what the target needs, by directory, for one of this size beside its
	// own.
	takes(size, own int64) map[string]int64
}

// databaseOf reads oned.conf of a server. Secrets of it stay in memory.
func databaseOf(ctx context.Context, a at) (database, error) {
	text, err := a.host.ReadFile(ctx, zoneconf.OnedConf)
	if err != nil {
		return nil, err
	}
	f, findings := confedit.Parse(zoneconf.OnedConf, text)
	if findings.HasErrors() {
		return nil, fmt.Errorf("%s: %s", a.Name, firstError(findings))
	}
	get := func(key string) string { v, _ := f.Get("DB", key); return v }
	switch backend := strings.ToLower(get("BACKEND")); backend {
	case "", "sqlite":
		return sqlite{}, nil
	case "mysql", "mariadb":
		return newMySQL(ctx, a, get)
	default:
		return nil, fmt.Errorf("%s: the database %q of %s is none that a zone can have: use mysql or sqlite", a.Name, backend, zoneconf.OnedConf)
	}
}

func firstError(findings diag.Findings) string {
	for _, f := range findings {
		if f.Severity == diag.Error {
			return f.String()
		}
	}
	return ""
}

// sqlite is the file that oned keeps its data in.
type sqlite struct{}

const (
	sqliteFile = onedData + "/one.db"
	sqliteNew  = sqliteFile + ".incoming"
	sqliteOld  = sqliteFile + ".before"
)

// dumped uses SQLite's own backup, which is consistent while oned writes.
func (sqlite) dumped(a at) []Action {
	return []Action{
		a.run("rm", "-f", part),
		a.run("sqlite3", "-readonly", "-cmd", ".timeout 30000", sqliteFile, ".backup '"+part+"'"),
		a.says("ok", "sqlite3", "-readonly", part, "PRAGMA quick_check"),
	}
}

// keepSQLite moves a database with its journal: without that it may not be whole, and
// beside another database the journal would damage that. The database itself goes
// last, and what was kept before goes first, so that it can be interrupted anywhere.
const keepSQLite = `if test -e ` + sqliteFile + `; then ` +
	`if test -e ` + sqliteOld + `; then rm -f ` + sqliteOld + `-journal ` + sqliteOld + `-wal ` + sqliteOld + `-shm ` + sqliteOld + `; fi; ` +
	`for end in -journal -wal -shm ''; do if test -e ` + sqliteFile + `$end; then mv -f ` + sqliteFile + `$end ` + sqliteOld + `$end; fi; done; fi`

func (sqlite) kept(a at) ([]Action, string) {
	return []Action{a.run("sh", "-c", keepSQLite)}, sqliteOld
}

// made gives the database its name when it is on the disk.
func (sqlite) made(a at) []Action {
	return []Action{
		a.run("install", "-o", owner, "-g", owner, "-m", "0640", dump, sqliteNew),
		a.run("sync", sqliteNew),
		a.run("rm", "-f", sqliteFile+"-journal", sqliteFile+"-wal", sqliteFile+"-shm"),
		a.run("mv", "-f", sqliteNew, sqliteFile),
		a.run("sync", onedData),
	}
}

func (sqlite) whole(a at) Action {
	return same("the database", a, []string{"sh", "-c", "sha256sum < " + dump}, a, []string{"sh", "-c", "sha256sum < " + sqliteFile})
}

// mysql is a database of MySQL or MariaDB. User and password go to its programs by a
// file that only root can read.
type mysql struct {
	name        string // of the database
	options     string // content of the file client
	dump, shell string // MariaDB's newer releases have no programs of MySQL's names
}

// optionQuoted is what a value between double quotes of an option file needs.
var optionQuoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// A name that needs no quotes in SQL but backquotes, nor any in a shell.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func newMySQL(ctx context.Context, a at, get func(string) string) (database, error) {
	m := mysql{name: get("DB_NAME")}
	if m.name == "" {
		m.name = "opennebula"
	}
	if !plainName.MatchString(m.name) {
		return nil, fmt.Errorf("%s: DB_NAME of %s has characters besides letters, digits, _ and -", a.Name, zoneconf.OnedConf)
	}
	var b strings.Builder
	b.WriteString("[client]\n")
	for _, option := range []struct{ name, key string }{{"host", "SERVER"}, {"port", "PORT"}, {"user", "USER"}, {"password", "PASSWD"}} {
		value := get(option.key)
		if value == "" || option.key == "PORT" && value == "0" {
			continue
		}
		if strings.ContainsAny(value, "\n\r") {
			return nil, fmt.Errorf("%s: DB %s of %s has an end of line in it", a.Name, option.key, zoneconf.OnedConf)
		}
		fmt.Fprintf(&b, "%s=\"%s\"\n", option.name, optionQuoted.Replace(value))
	}
	m.options = b.String()
	for _, program := range []struct {
		path  *string
		names []string
	}{{&m.dump, []string{"mysqldump", "mariadb-dump"}}, {&m.shell, []string{"mysql", "mariadb"}}} {
		for _, name := range program.names {
			_, err := a.host.Run(ctx, "sh", "-c", "command -v "+name+" >/dev/null || exit 1")
			if ok, err := answer(err); err != nil {
				return nil, err
			} else if ok {
				*program.path = name
				break
			}
		}
		if *program.path == "" {
			return nil, fmt.Errorf("%s: there is no %s: install the client programs of the database", a.Name, strings.Join(program.names, " or "))
		}
	}
	return m, nil
}

// dumping is the command for a dump that is the same whenever the data is: no dates,
// no name of the database or of the machine.
func (m mysql) dumping(more ...string) []string {
	argv := []string{m.dump, "--defaults-file=" + client, "--single-transaction", "--quick", "--hex-blob", "--skip-comments", "--no-tablespaces"}
	return append(append(argv, more...), m.name)
}

func (m mysql) login(a at) Action { return a.write(client, m.options, remote.Meta{Mode: 0o600}, true) }

func (m mysql) dumped(a at) []Action {
	return []Action{m.login(a), a.run(m.dumping("--result-file=" + part)...), a.run("rm", "-f", client)}
}

func (m mysql) kept(a at) ([]Action, string) {
	there := shell.Quote(m.shell, "--defaults-file="+client, "-N", "-e", "SELECT 1 FROM information_schema.schemata WHERE schema_name = '"+m.name+"'")
	script := `set -e; there=$(` + there + `); if test -n "$there"; then ` + shell.Quote(m.dumping("--result-file="+Before+".part")...) + `; sync ` + Before + `.part; mv -f ` + Before + `.part ` + Before + `; fi`
	return []Action{m.login(a), a.run("sh", "-c", script), a.run("rm", "-f", client)}, Before
}

func (m mysql) made(a at) []Action {
	into := shell.Quote(m.shell, "--defaults-file="+client, m.name) + " < " + dump
	return []Action{
		m.login(a),
		a.run(m.shell, "--defaults-file="+client, "-e", "DROP DATABASE IF EXISTS `"+m.name+"`; CREATE DATABASE `"+m.name+"`"),
		a.run("sh", "-c", into),
	}
}

// whole dumps the new database, which gives the same dump again.
func (m mysql) whole(a at) Action {
	again := shell.Quote(m.dumping()...) + " | sha256sum"
	return same("the database", a, []string{"sh", "-c", "sha256sum < " + dump}, a, []string{"sh", "-c", again})
}

// sameKind tells whether a dump of one fits the other.
func sameKind(a, b database) bool {
	_, x := a.(sqlite)
	_, y := b.(sqlite)
	return x == y
}
