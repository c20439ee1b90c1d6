package procedure

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/raft/zoneconf"
)

var update = flag.Bool("update", false, "write the golden files anew")

// scene is a procedure and what was before it.
type scene struct {
	name    string
	request Request
	before  []Request
	spoil   func(w *world)        // after these
	want    func(w *world) string // what is wrong with the end, "" for nothing
}

func join(name string) Request { return Request{Kind: Join, Server: name} }

var first = Request{Kind: Init, Server: "server-0"}

var scenes = []scene{
	{name: "init", request: first, want: zoneOf("server-0=0")},
	{name: "init-blank", request: first, spoil: func(w *world) { w.machines["server-0"].install() }, want: zoneOf("server-0=0")},
	{name: "init-drifted", request: first, before: []Request{first}, spoil: drift("server-0"), want: zoneOf("server-0=0")},
	{name: "init-drifted-in-two", request: first, before: []Request{first, join("server-1")}, spoil: drift("server-0"), want: zoneBehindWrite("server-0=0 server-1=1")},
	{name: "init-drifted-in-three", request: first, before: []Request{first, join("server-1"), join("server-2")}, spoil: drift("server-0"), want: zoneBehindWrite("server-0=0 server-1=1 server-2=2")},
	{name: "init-drifted-beside-leader", request: first, before: []Request{first, join("server-1"), join("server-2")}, spoil: drift("server-0", restarted), want: zoneBehindWrite("server-0=0 server-1=1 server-2=2")},
	{name: "join-drifted", request: join("server-1"), before: []Request{first, join("server-1"), join("server-2")}, spoil: drift("server-1", restarted), want: zoneBehindWrite("server-0=0 server-1=1 server-2=2")},
	{name: "join-second", request: join("server-1"), before: []Request{first}, want: zoneOf("server-0=0 server-1=1")},
	{name: "join-third", request: join("server-2"), before: []Request{first, join("server-1")}, want: zoneOf("server-0=0 server-1=1 server-2=2")},
	{name: "join-with-data", request: join("server-1"), before: []Request{first}, spoil: func(w *world) {
		m := w.machines["server-1"]
		_ = m.start(onedUnit)
		m.running.Index = 77
		m.save()
		if w.backend == "sqlite" {
			m.files[sqliteFile+"-journal"] = "hot"
		}
	}, want: func(w *world) string {
		m := w.machines["server-1"]
		kept := m.files[Before]
		if w.backend == "sqlite" {
			kept = m.files[sqliteOld]
			if m.files[sqliteOld+"-journal"] != "hot" || m.files[sqliteFile+"-journal"] != "" {
				return "the journal of the old database is not with it"
			}
		}
		if d, ok := parseDB(kept); !ok || d.Lineage != "server-1" || d.Index != 77 {
			return fmt.Sprintf("the old database was kept as %q", kept)
		}
		return zoneOf("server-0=0 server-1=1")(w)
	}},
	{name: "leave-follower", request: Request{Kind: Leave, Server: "server-1"}, before: []Request{first, join("server-1"), join("server-2")}, want: zoneOf("server-0=0 server-2=2")},
	{name: "leave-leader", request: Request{Kind: Leave, Server: "server-0"}, before: []Request{first, join("server-1"), join("server-2")}, want: zoneOf("server-1=1 server-2=2")},
	{name: "leave-one-of-two", request: Request{Kind: Leave, Server: "server-1"}, before: []Request{first, join("server-1")}, want: zoneOf("server-0=0")},
	{name: "replace-itself", request: Request{Kind: Replace, Server: "server-2"}, before: []Request{first, join("server-1"), join("server-2")}, spoil: func(w *world) {
		w.machines["server-2"].install() // its highest ID is given again
		w.settle()
	}, want: zoneOf("server-0=0 server-1=1 server-2=2")},
	{name: "replace-middle", request: Request{Kind: Replace, Server: "server-1"}, before: []Request{first, join("server-1"), join("server-2")}, spoil: func(w *world) {
		w.machines["server-1"].install()
		w.settle()
	}, want: zoneOf("server-0=0 server-1=3 server-2=2")},
	{name: "reset-of-two", request: Request{Kind: Reset, Server: "server-1"}, before: []Request{first, join("server-1")}, spoil: func(w *world) {
		w.machines["server-1"].stop(onedUnit)
	}, want: zoneOf("server-0=0 server-1=1")},
	{name: "reset", request: Request{Kind: Reset, Server: "server-1"}, before: []Request{first, join("server-1"), join("server-2")}, spoil: func(w *world) {
		w.machines["server-1"].stop(onedUnit)
		for range 6 {
			w.machines["server-0"].running.Index += w.window
			w.machines["server-0"].save()
			w.replicate()
		}
		_ = w.machines["server-1"].start(onedUnit)
	}, want: zoneOf("server-0=0 server-1=1 server-2=2")},
}

// drift undoes on a server what a procedure wrote, as a package's new file does.
func drift(name string, then ...func(m *machine)) func(w *world) {
	return func(w *world) {
		m := w.machines[name]
		m.files[zoneconf.MonitordConf] = monitor
		for _, do := range then {
			do(m)
		}
	}
}

// restarted is a server whose oned goes by the drifted files; it follows then.
func restarted(m *machine) {
	m.stop(onedUnit)
	_ = m.start(onedUnit)
}

// zoneBehindWrite is zoneOf behind the next write: with that oned sends a server what it missed
// while it was stopped.
func zoneBehindWrite(want string) func(w *world) string {
	return func(w *world) string {
		w.settle()
		if l := w.machines[w.leader]; l != nil {
			l.running.Index++
			l.save()
			w.replicate()
		}
		return zoneOf(want)(w)
	}
}

// zoneOf demands that exactly these servers are in the zone with these IDs, run as
// such with the same database and keys, and that nothing is left over.
func zoneOf(want string) func(w *world) string {
	return func(w *world) string {
		w.settle()
		l := w.machines[w.leader]
		if l == nil {
			return "there is no leader"
		}
		var got []string
		for _, s := range l.running.List {
			got = append(got, fmt.Sprintf("%s=%d", s.Name, s.ID))
			m := w.at(s.Endpoint)
			switch {
			case !m.votes() || m.serverID() != s.ID || !m.active[guardUnit] || !m.enabled[onedUnit] || !m.enabled[guardUnit]:
				return fmt.Sprintf("%s does not run as server %d: %v, enabled %v, SERVER_ID %d", s.Name, s.ID, m.active, m.enabled, m.serverID())
			case m.running.text() != l.running.text():
				return fmt.Sprintf("%s has %s, the leader %s", s.Name, m.running.text(), l.running.text())
			case !maps.Equal(m.below(keys), l.below(keys)):
				return s.Name + " has other keys than the leader"
			case !strings.Contains(m.read, `"192.0.2.10"`):
				return s.Name + " runs with another MONITOR_ADDRESS: " + m.read
			case !strings.Contains(m.files["/etc/one/oned.conf"], "raft hook leader eth0 192.0.2.10/24"):
				return s.Name + " has no hook"
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			return fmt.Sprintf("the zone has %v, want %s", got, want)
		}
		if l.running.Endpoint != "http://192.0.2.10:2633/RPC2" {
			return fmt.Sprintf("the zone's endpoint is %q", l.running.Endpoint)
		}
		for name, m := range w.machines {
			for path := range m.files {
				if strings.HasPrefix(path, Dir+"/") && path != Before || strings.HasSuffix(path, ".incoming") {
					return fmt.Sprintf("%s is left on %s", path, name)
				}
			}
			if m.locked {
				return name + " is still locked"
			}
			if in := strings.Contains(want, name+"="); !in && (m.votes() || m.enabled[guardUnit] || m.serverID() >= 0) {
				return name + " still runs, or starts at boot"
			}
		}
		return ""
	}
}

// perform runs a procedure as one process.
func (w *world) perform(q Request) (Result, error) {
	p, err := New(context.Background(), w.env(), q)
	if err != nil {
		return Result{}, err
	}
	return p.Run(context.Background(), func(Event) {})
}

// stage makes the world of a scene.
func (s scene) stage(t *testing.T, backend string) *world {
	w := newWorld(t, backend)
	for _, q := range s.before {
		if _, err := w.perform(q); err != nil {
			t.Fatalf("%s %s: %v", q.Kind, q.Server, err)
		}
	}
	if s.spoil != nil {
		s.spoil(w)
	}
	w.changes = 0
	return w
}

var backends = []string{"sqlite", "mysql"}

// Each procedure ends as it should, does what its dry run says and nothing else, and
// does nothing when it is run again.
func TestProcedures(t *testing.T) {
	for _, backend := range backends {
		for _, s := range scenes {
			t.Run(backend+"/"+s.name, func(t *testing.T) {
				w := s.stage(t, backend)
				p, err := New(context.Background(), w.env(), s.request)
				if err != nil {
					t.Fatal(err)
				}
				planned, err := p.DryRun(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				if w.changes > 0 {
					t.Errorf("the dry run changed something, %d times", w.changes)
				}
				golden(t, backend+"-"+s.name, Transcript(planned))
				watch(t, w, p, planned)
				if _, err := p.Run(context.Background(), func(Event) {}); err != nil {
					t.Fatal(err)
				}
				if wrong := s.want(w); wrong != "" {
					t.Fatal(wrong)
				}
				s.again(t, w)
			})
		}
	}
}

// again runs a procedure that has ended once more.
func (s scene) again(t *testing.T, w *world) {
	t.Helper()
	if s.request.Kind == Replace { // that is refused: not dead
		if _, err := w.perform(s.request); err == nil {
			t.Errorf("a second %s is not refused", s.request.Kind)
		}
		return
	}
	p, err := New(context.Background(), w.env(), s.request)
	if err != nil {
		t.Fatal(err)
	}
	planned, err := p.DryRun(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range planned {
		if !step.Done {
			t.Errorf("run again it would %s: %q", step.Name, step.Commands)
		}
	}
}

// watch compares what every action does with what it shows, and the steps with the
// dry run.
func watch(t *testing.T, w *world, p *Procedure, planned []Planned) {
	for i := range p.Steps {
		step := &p.Steps[i]
		make := step.Actions
		step.Actions = func(ctx context.Context) ([]Action, error) {
			actions, err := make(ctx)
			var shown []string
			for i := range actions {
				a := &actions[i]
				shown = append(shown, a.Shown...)
				text, do := strings.Join(a.Shown, "\n"), a.do
				a.do = func(ctx context.Context) error {
					count := 0
					w.recorded = func(did string) {
						count++
						if !strings.Contains(text, did) && did != recordFile {
							t.Errorf("%s: does %s\nand shows %s", step.Name, did, text)
						}
					}
					defer func() { w.recorded = nil }()
					err := do(ctx)
					if commands := strings.Count("\n"+text, "\n") - strings.Count("\n"+text, "\n#"); err == nil && count < commands {
						t.Errorf("%s: shows %d commands and does %d:\n%s", step.Name, commands, count, text)
					}
					return err
				}
			}
			if planned[i].Done || !slices.Equal(shown, planned[i].Commands) {
				t.Errorf("%s: %s", step.Name, cmp.Diff(planned[i].Commands, shown))
			}
			return actions, err
		}
	}
}

// Each procedure is killed in the middle of every single change that it makes, which
// is before it where it is atomic, and run again: it ends as it should. Behind a change
// is before the next, so that only some are killed there.
func TestKilledAnywhere(t *testing.T) {
	for _, backend := range backends {
		for _, s := range scenes {
			t.Run(backend+"/"+s.name, func(t *testing.T) {
				w := s.stage(t, backend)
				if _, err := w.perform(s.request); err != nil {
					t.Fatal(err)
				}
				all := w.changes
				for n := range all {
					s.killed(t, backend, n, false)
					if n%5 == 0 || n == all-1 {
						s.killed(t, backend, n, true)
					}
				}
				t.Logf("%d changes", all)
			})
		}
	}
}

func (s scene) killed(t *testing.T, backend string, n int, after bool) {
	t.Helper()
	w := s.stage(t, backend)
	w.budget, w.after = n, after
	_, err := w.perform(s.request)
	if err == nil && w.budget < 0 && n > 0 && after {
		return // its last change was the end
	}
	if !errors.Is(err, errKilled) {
		t.Fatalf("killed at change %d: %v", n, err)
	}
	for _, m := range w.machines {
		m.locked = false // the lock is that of a process
	}
	w.budget = -1
	if _, err := w.perform(s.request); err != nil {
		if wrong := s.want(w); wrong == "" && errors.Is(err, errNothing(s.request.Kind)) {
			return
		}
		t.Errorf("killed at change %d (after: %v) and run again: %v", n, after, err)
		return
	}
	if wrong := s.want(w); wrong != "" {
		t.Errorf("killed at change %d (after: %v) and run again: %s", n, after, wrong)
	}
}

// errNothing is how a procedure says that it has ended already, when it was killed
// behind its last change.
func errNothing(k Kind) error {
	if k == Replace {
		return errAlive
	}
	return errors.New("no such error")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
	if strings.Contains(got, "s3cret") {
		t.Error("the transcript has a password in it")
	}
}

// What must not be begun is refused with the reason.
func TestRefused(t *testing.T) {
	three := []Request{first, join("server-1"), join("server-2")}
	for _, test := range []struct {
		name    string
		before  []Request
		spoil   func(w *world)
		request Request
		want    string
	}{
		{"join without a zone", nil, nil, join("server-1"), "no server says that it leads"},
		{"join of a stranger", []Request{first}, nil, join("server-9"), `no server "server-9"`},
		{"join while another is down", []Request{first, join("server-1")}, func(w *world) { w.machines["server-1"].stop(onedUnit) }, join("server-2"), "not healthy"},
		{"join of a dead machine", []Request{first}, func(w *world) { w.machines["server-1"].alive = false }, join("server-1"), "cannot be reached over ssh"},
		{"join with another database", []Request{first}, func(w *world) {
			m := w.machines["server-1"]
			m.files["/etc/one/oned.conf"] = strings.Replace(m.files["/etc/one/oned.conf"], "sqlite", "mysql", 1)
		}, join("server-1"), "different kinds of database"},
		{"join without room for the dump", []Request{first}, func(w *world) { w.machines["server-0"].free = 60 << 20 }, join("server-1"), "server-0: the filesystem / has 60 MiB free, and 65 MiB are needed"},
		{"join without room to restore", []Request{first}, func(w *world) { w.machines["server-1"].free = 65 << 20 }, join("server-1"), "server-1: the filesystem / has 65 MiB free, and 66 MiB are needed"},
		{"leave of a dead machine", three, func(w *world) { w.machines["server-2"].alive = false; w.settle() }, Request{Kind: Leave, Server: "server-2"}, "onezone server-del 0 2"},
		{"init beside a zone", []Request{first}, nil, Request{Kind: Init, Server: "server-1"}, "server-0 leads a zone already"},
		{"init of one that is installed anew", three, func(w *world) { w.machines["server-0"].install(); w.settle() }, first, "server-1 leads a zone already: use oneha raft join server-0"},
		{"init of one that has drifted, while another is down", three, func(w *world) {
			w.machines["server-1"].stop(onedUnit)
			drift("server-0")(w)
		}, first, "has to start anew, and the zone is not healthy"},
		{"init of one that runs alone and has the zone's list", three, func(w *world) {
			w.machines["server-1"].stop(onedUnit)
			w.machines["server-2"].stop(onedUnit)
			m := w.machines["server-0"]
			m.stop(onedUnit)
			m.files[zoneconf.OnedConf] = strings.Replace(m.files[zoneconf.OnedConf], "SERVER_ID = 0", "SERVER_ID = -1", 1)
			_ = m.start(onedUnit)
		}, first, "its zone has other servers already: [server-0 server-1 server-2]"},
		{"leave of the last", []Request{first}, nil, Request{Kind: Leave, Server: "server-0"}, "last server"},
		{"leave of one that is not in", []Request{first, join("server-1")}, func(w *world) { _ = w.machines["server-2"].start(onedUnit) }, Request{Kind: Leave, Server: "server-2"}, "does not have: server-2"},
		{"replace of one that lives", three, nil, Request{Kind: Replace, Server: "server-1"}, "not dead"},
		{"replace by one that is in", three, func(w *world) { w.machines["server-1"].stop(onedUnit) }, Request{Kind: Replace, Server: "server-1", New: "server-2"}, "already"},
		{"reset of the leader", three, nil, Request{Kind: Reset, Server: "server-0"}, "leads the zone"},
		{"reset of one that is not in", []Request{first, join("server-1")}, nil, Request{Kind: Reset, Server: "server-2"}, "use oneha raft join"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := scene{before: test.before, spoil: test.spoil}.stage(t, "sqlite")
			_, err := w.perform(test.request)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if w.changes > 0 {
				t.Errorf("%d changes were made", w.changes)
			}
		})
	}
}

// While a procedure has not ended no other one begins, from anywhere, until it is given
// up; a half database keeps its marker even then.
func TestOneAtATime(t *testing.T) {
	s := sceneNamed("join-third")
	w := s.stage(t, "mysql")
	w.budget = 30
	if _, err := w.perform(s.request); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	for _, m := range w.machines {
		m.locked = false
	}
	m := w.machines["server-2"]
	if m.files[Marker] == "" {
		t.Fatalf("the kill was at another place than is wanted: %v", slices.Sorted(maps.Keys(m.files)))
	}
	_, err := w.perform(Request{Kind: Leave, Server: "server-1"})
	if !errors.Is(err, ErrUnderWay) || !strings.Contains(err.Error(), "oneha raft join server-2") || !strings.Contains(err.Error(), "--abandon") {
		t.Errorf("another procedure: %v", err)
	}
	what, all, err := Abandon(context.Background(), w.env())
	if err != nil || what.Procedure != Join || len(all) != 3 || !all[2].Half || all[1].Half {
		t.Errorf("abandoned %v, %+v, %v", what, all, err)
	}
	if m.files[Marker] == "" || m.files[dump] != "" || m.files[client] != "" {
		t.Errorf("after it there are %v", slices.Sorted(maps.Keys(m.files)))
	}
	if err := m.start(onedUnit); err == nil {
		t.Error("oned starts on half a database")
	}
	if _, err := w.perform(Request{Kind: Leave, Server: "server-1"}); err != nil {
		t.Errorf("after it was given up: %v", err)
	}
}

// A server that has joined has nothing to do, the leader neither.
func TestJoinedAlready(t *testing.T) {
	w := sceneNamed("join-third").stage(t, "sqlite")
	for id, name := range []string{"server-0", "server-1"} {
		r, err := w.perform(join(name))
		if err != nil || !r.Done || r.ID != id || slices.ContainsFunc(r.Steps, func(s Ran) bool { return !s.Already }) {
			t.Errorf("join of %s: %+v, %v", name, r, err)
		}
		if text, err := json.Marshal(r); err != nil || strings.Contains(string(text), "null") {
			t.Errorf("%s, %v", text, err)
		}
	}
}

// The first server of a zone that has grown has nothing to do either, whoever leads, and
// though another server is down.
func TestBegunAlready(t *testing.T) {
	w := sceneNamed("init-drifted-in-three").stage(t, "sqlite")
	for range 2 { // what drifted is mended by the first, and the second has nothing to do
		if _, err := w.perform(first); err != nil {
			t.Fatal(err)
		}
		w.machines["server-2"].stop(onedUnit)
	}
	r, err := w.perform(first)
	if err != nil || !r.Done || !r.Mended || r.ID != 0 || slices.ContainsFunc(r.Steps, func(s Ran) bool { return !s.Already }) {
		t.Errorf("%+v, %v", r, err)
	}
	if w.leader != "server-1" {
		t.Errorf("%s leads", w.leader)
	}
}

// A dump that another procedure left is of another day: only a run that goes on uses
// what it made itself.
func TestStaleDump(t *testing.T) {
	for _, backend := range backends {
		w := sceneNamed("reset").stage(t, backend)
		old := database1{Lineage: "server-0", Index: 1}.text()
		w.machines["server-0"].files[dump] = old
		w.machines["server-1"].files[dump] = old
		p, err := New(context.Background(), w.env(), sceneNamed("reset").request)
		if err != nil {
			t.Fatal(err)
		}
		planned, err := p.DryRun(context.Background())
		if i := slices.IndexFunc(planned, func(s Planned) bool { return strings.HasPrefix(s.Name, "dump the database") }); err != nil || i < 0 || planned[i].Done {
			t.Errorf("%s: the dry run uses the old dump: %+v, %v", backend, planned, err)
		}
		if _, err := p.Run(context.Background(), func(Event) {}); err != nil {
			t.Errorf("%s: %v", backend, err)
		}
		if wrong := sceneNamed("reset").want(w); wrong != "" {
			t.Errorf("%s: %s", backend, wrong)
		}
	}
}

// A procedure that went on in between, by another's hand, is looked at anew.
func TestWentOn(t *testing.T) {
	s := sceneNamed("replace-middle")
	w := s.stage(t, "sqlite")
	w.budget = 3
	if _, err := w.perform(s.request); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	for _, m := range w.machines {
		m.locked = false
	}
	env := w.env()
	p, err := New(context.Background(), env, s.request)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range w.machines {
		m.files[recordFile] = strings.Replace(m.files[recordFile], `"old_id": 1`, `"old_id": 1, "old_gone": true`, 1)
	}
	if _, err := p.Run(context.Background(), func(Event) {}); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v", err)
	}
}

// From 7.2 on the zone's list has an endpoint for gRPC, too.
func TestGRPC(t *testing.T) {
	w := sceneNamed("join-second").stage(t, "sqlite")
	w.zone().Release = "7.2"
	p, err := New(context.Background(), w.env(), join("server-1"))
	if err != nil {
		t.Fatal(err)
	}
	planned, err := p.DryRun(context.Background())
	if err != nil || !strings.Contains(Transcript(planned), "--rpc http://192.0.2.2:2633/RPC2 -g 192.0.2.2:2634\n") {
		t.Errorf("%v\n%s", err, Transcript(planned))
	}
	if _, err := p.Run(context.Background(), func(Event) {}); err != nil {
		t.Fatal(err)
	}
	if got := w.machines["server-0"].running.List[1].GRPC; got != "192.0.2.2:2634" {
		t.Errorf("it was added with %q", got)
	}
}

// A password is written as the programs of MySQL read it.
func TestOptionFile(t *testing.T) {
	w := newWorld(t, "mysql")
	m := w.machines["server-0"]
	env := w.env()
	db, err := newMySQL(context.Background(), env.at(m.spec), func(key string) string {
		return map[string]string{"PASSWD": `a"b#c\d'e`}[key]
	})
	if want := "[client]\npassword=\"a\\\"b#c\\\\d'e\"\n"; err != nil || db.(mysql).options != want {
		t.Errorf("got %q, %v, want %q", db.(mysql).options, err, want)
	}
}

// Two operators at once: the second is refused.
func TestTwoOperators(t *testing.T) {
	w := sceneNamed("join-third").stage(t, "sqlite")
	w.machines["server-1"].locked = true
	if _, err := w.perform(join("server-2")); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "server-1") {
		t.Errorf("got %v", err)
	}
	if w.machines["server-0"].locked {
		t.Error("the other locks were kept")
	}
}

// What differs from the description is said.
func TestNotes(t *testing.T) {
	s := sceneNamed("replace-middle")
	w := s.stage(t, "sqlite")
	r, err := w.perform(s.request)
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(r.Notes, "\n"); r.ID != 3 || !strings.Contains(notes, "gave server-1 the ID 3, and the description says 1") {
		t.Errorf("ID %d, notes %s", r.ID, notes)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

func sceneNamed(name string) scene {
	return scenes[slices.IndexFunc(scenes, func(s scene) bool { return s.name == name })]
}
