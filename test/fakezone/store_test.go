package fakezone

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// A MySQL or MariaDB to try, as DB of oned.conf names it; its database is made anew.
// The zones of package zonelab have one, this machine has not.
const mysqlVariable = "ONEHA_MYSQL"

func TestMySQLStore(t *testing.T) {
	vector := os.Getenv(mysqlVariable)
	if vector == "" {
		t.Skip("give what is in the brackets of DB in " + mysqlVariable)
	}
	all := must[map[string]map[string]string](t)(vectors("DB = [" + vector + "]"))
	db := must[DB](t)(readDB(t.TempDir(), all["DB"]))
	must[string](t)(mysqlClient(db)("DROP DATABASE " + db.Name + "; CREATE DATABASE " + db.Name + ";\n"))
	checkStore(t, db)
}

// What a server does with its database, one after the other, as each kind keeps it.
func TestStores(t *testing.T) {
	for _, backend := range []string{"json", "sqlite"} {
		t.Run(backend, func(t *testing.T) {
			if _, err := exec.LookPath("sqlite3"); backend == "sqlite" && err != nil {
				t.Skip("the command sqlite3 is not here; the machines of package zonelab have it")
			}
			checkStore(t, DB{Backend: backend, File: filepath.Join(t.TempDir(), "var", "one.db")})
		})
	}
}

func checkStore(t *testing.T, db DB) {
	t.Helper()
	store := must[Store](t)(db.Open())
	if _, err := store.Load(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before the first start: %v", err)
	}
	if _, err := loadDatabase(store, 0); err == nil || !strings.Contains(err.Error(), "bootstraped") {
		t.Errorf("a server of a zone makes a database: %v", err)
	}
	d := must[*Database](t)(loadDatabase(store, -1))
	same := func(what string) {
		t.Helper()
		got := must[*Database](t)(must[Store](t)(db.Open()).Load())
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", d) || !got.Equal(d) || !reflect.DeepEqual(got.Log, d.Log) {
			t.Errorf("%s: there is\n%+v\nwant\n%+v", what, got, d)
		}
	}
	same("after the first start")
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"alone", func() {
			d.change(Record{Op: "set", Key: "it's \"quoted\"\t\\n", Value: "line 1\nline 2\r\n<é €>\x01"})
			d.change(Record{Op: "add", Zone: Member{0, "s&1", "http://10.0.0.1:2633/RPC2", ""}})
		}},
		{"nothing new", func() {}},
		{"in a zone", func() { d = must[*Database](t)(loadDatabase(store, 0)) }},
		{"votes", func() { d.Term, d.VotedFor = 7, 2 }},
		{"records, some committed", func() {
			for i := range 9 {
				d.put(Record{Index: i + 1, Term: 7, Op: "set", Key: fmt.Sprint(i % 4), Value: strings.Repeat("v", i)})
			}
			d.apply(4)
		}},
		{"another leader's records", func() {
			d.put(Record{Index: 6, Term: 8, Op: "add", Zone: Member{1, "s2", "http://10.0.0.2:2633/RPC2", "10.0.0.2:2634"}})
			d.put(Record{Index: 7, Term: 8, Op: "template", Template: Template{"ENDPOINT": "http://10.0.0.9:2633/RPC2", "OTHER": "]]&gt;"}})
			d.apply(7)
		}},
		{"a purge", func() {
			if d.purge(3, 100) == 0 {
				t.Error("nothing is purged")
			}
		}},
		{"a server leaves", func() {
			d.put(Record{Index: 8, Term: 8, Op: "delete", Zone: Member{ID: 0}})
			d.apply(8)
		}},
	} {
		step.do()
		ok(t, store.Save(d))
		same(step.name)
	}
	if err := must[Store](t)(db.Open()).Save(d); err != nil { // one that knows nothing
		t.Error(err)
	}
	same("written anew")
}

func TestSQLiteIsARealOne(t *testing.T) {
	if _, err := exec.LookPath("sqlite3"); err != nil {
		t.Skip("the command sqlite3 is not here; the machines of package zonelab have it")
	}
	file := filepath.Join(t.TempDir(), "one.db")
	store := must[Store](t)(DB{Backend: "sqlite", File: file}.Open())
	must[*Database](t)(loadDatabase(store, -1))
	d := must[*Database](t)(loadDatabase(store, 3))
	d.put(Record{Index: 1, Term: 5, Op: "set", Key: "k", Value: "v"})
	d.Term, d.VotedFor = 5, 3
	d.apply(1)
	ok(t, store.Save(d))
	query := func(sql string) string {
		t.Helper()
		out, err := exec.Command("sqlite3", file, sql).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	for sql, want := range map[string]string{
		"SELECT log_index, term, applied FROM logdb ORDER BY 1":               "0|0|1\n1|5|1",
		"SELECT body FROM system_attributes WHERE name = 'RAFT_STATE'":        "<RAFT_STATE><TERM>5</TERM><VOTEDFOR>3</VOTEDFOR></RAFT_STATE>",
		"SELECT oid, name, body FROM document_pool":                           "0|k|v",
		"SELECT COUNT(*) FROM zone_pool WHERE body LIKE '%<ZONE><ID>0</ID>%'": "1",
		"PRAGMA integrity_check":                                              "ok",
	} {
		if got := query(sql); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info.Mode(), err)
	}
	query("DELETE FROM system_attributes") // half of a backup
	if _, err := must[Store](t)(DB{Backend: "sqlite", File: file}.Open()).Load(); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a database: %v", err)
	}
	ok(t, os.WriteFile(file, []byte("this is no database, and long enough to be sure of that"), 0o600))
	if _, err := must[Store](t)(DB{Backend: "sqlite", File: file}.Open()).Load(); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("another file: %v", err)
	}
}

func TestStoreThatIsUnknown(t *testing.T) {
	if _, err := (DB{Backend: "postgresql"}).Open(); err == nil {
		t.Error("a backend that there is not was opened")
	}
}

func TestOptionsOfTheClientAreQuoted(t *testing.T) {
	f := must[*os.File](t)(DB{User: "one", Password: `a"b\c d#`, Server: "localhost", Port: 3307}.options())
	defer f.Close()
	text := read(t, fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
	for _, want := range []string{"[client]\n", `password="a\"b\\c d#"`, `user="one"`, "port=3307"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in the options", want)
		}
	}
	if said := fmt.Sprintf("%v %+v %#v", DB{Password: "hidden"}, DB{Password: "hidden"}, DB{Password: "hidden"}); strings.Contains(said, "hidden") {
		t.Errorf("a password prints: %s", said)
	}
}

func FuzzRows(f *testing.F) {
	f.Add("raft\t3C413E3C2F413E\nzone\t3C413E3C2F413E\nlog\t0\t0\t7B7D\t1\n")
	f.Add("document\t41\t42\n")
	f.Fuzz(func(t *testing.T, rows string) {
		if d, err := parseRows(rows); err == nil && (d.Applied < 0 || d.Members != nil && d.Template == nil) {
			t.Errorf("%q became %+v", rows, d)
		}
	})
}

// failing is a Store that can be taken away.
type failing struct {
	Store
	fails bool
}

func (f *failing) Save(d *Database) error {
	if f.fails {
		return errors.New("no connection")
	}
	return f.Store.Save(d)
}

// A oned without its database takes every password for wrong, and goes on when the
// database is back.
func TestDatabaseLostAndFound(t *testing.T) {
	s := testServer(t, -1)
	store := &failing{Store: s.store, fails: true}
	s.store = store
	_, err := parseAnswer(ask(t, s, encodeCall("one.fake.write", Session, "k", "v")))
	ok(t, err)
	_, err = parseAnswer(ask(t, s, encodeCall("one.zone.raftstatus", Session)))
	want := "[one.zone.raftstatus] User couldn't be authenticated, aborting call."
	if no, is := err.(*Refusal); !is || no.Code != authentication || no.Message != want {
		t.Errorf("without a database: %v", err)
	}
	store.fails = false
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan struct{})
	go func() { defer close(done); s.run(ctx) }()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, err = parseAnswer(ask(t, s, encodeCall("one.zone.raftstatus", Session))); err == nil {
			break
		}
	}
	ok(t, err)
	cancel()
	<-done
	if d := must[*Database](t)(store.Load()); d.Table["k"] != "v" {
		t.Errorf("the database that came back: %+v", d)
	}
}

// A zone whose servers keep their data in SQLite, one of which gets another's file.
func TestZoneWithSQLite(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sqlite3"); err != nil {
		t.Skip("the command sqlite3 is not here; the machines of package zonelab have it")
	}
	z, ctx := up(t, Options{Seed: 9, DB: func(int) string { return `BACKEND = "sqlite"` }})
	leader := must[int](t)(z.WaitLeader(ctx))
	write(ctx, t, z, leader, "before", "1")
	ok(t, z.Same(ctx, 0, 1, 2))
	behind := (leader + 1) % 3
	ok(t, z.Kill(behind))
	write(ctx, t, z, leader, "after", "2")
	out, err := exec.Command("sqlite3", z.Path(leader, DatabaseFile), ".backup '"+z.Path(behind, DatabaseFile)+"'").CombinedOutput()
	if err != nil {
		t.Fatalf("backup: %v: %s", err, out)
	}
	ok(t, z.Start(behind))
	ok(t, z.Same(ctx, 0, 1, 2))
	ok(t, z.Wait(ctx, "an update of the zone", func(ctx context.Context) bool { // an election may be in the way
		_, err := z.Call(ctx, behind, "one.zone.update", 0, "ENDPOINT = \"http://10.99.0.100:2633/RPC2\"", 1)
		if err != nil && refusalCode(err) != internal {
			t.Error(err)
		}
		return err == nil
	}))
	ok(t, z.Same(ctx, 0, 1, 2))
	if text := must[string](t)(z.Call(ctx, leader, "one.zone.info", 0)); !strings.Contains(text, "<ENDPOINT><![CDATA[http://10.99.0.100:2633/RPC2]]></ENDPOINT></TEMPLATE>") {
		t.Errorf("zone after one.zone.update: %s", text)
	}
}

// A server of a zone that lost its database ends itself, in good order.
func TestServerEndsWithoutDatabase(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sqlite3"); err != nil {
		t.Skip("the command sqlite3 is not here; the machines of package zonelab have it")
	}
	z, ctx := up(t, Options{Seed: 11, DB: func(int) string { return `BACKEND = "sqlite"` }})
	leader := must[int](t)(z.WaitLeader(ctx))
	follower := (leader + 1) % 3
	ok(t, os.WriteFile(z.Path(follower, DatabaseFile), []byte("this is no database, and long enough to be sure of that"), 0o600))
	write(ctx, t, z, leader, "k", "v")
	if code := must[int](t)(z.Ended(ctx, follower)); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if got := words(since(t, z, follower, time.Time{}, "stop")); !strings.Contains(got, "no database") {
		t.Errorf("it stopped for another reason: %s", got)
	}
}
