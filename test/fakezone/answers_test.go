package fakezone

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// What a real oned of a zone of three, and of none, was seen to answer.
func TestAnswersAreThoseOfARealZone(t *testing.T) {
	three := []Member{{ID: 0, Name: "s1", Endpoint: "http://127.0.0.1:2633/RPC2"}, {ID: 1, Name: "s2", Endpoint: "http://127.0.0.2:2633/RPC2"}, {ID: 2, Name: "s3", Endpoint: "http://127.0.0.3:2633/RPC2"}}
	zone := func(s *server) { s.db.Members = three }
	const version, status, info = "one.system.version", "one.zone.raftstatus", "one.zone.info"
	for _, tt := range []struct {
		file    string
		id      int
		set     func(*server)
		request []byte
	}{
		{"raftstatus_solo", -1, func(*server) {}, encodeCall(status, Session)},
		{"raftstatus_candidate", 0, func(s *server) {
			s.state, s.db.Term, s.commit, s.db.Log = Candidate, 11, 3, []Record{{}, {Index: 1}, {Index: 2}, {Index: 3, Term: 6}}
		}, encodeCall(status, Session)},
		{"raftstatus_follower", 1, func(s *server) { s.db.Term, s.db.VotedFor = 2, 0 }, encodeCall(status, Session)},
		{"raftstatus_leader", 0, func(s *server) { s.state, s.db.Term, s.db.VotedFor = Leader, 2, 0 }, encodeCall(status, Session)},
		{"nomajority_one.zone.raftstatus", 1, func(s *server) { s.state, s.db.Term, s.db.VotedFor = Leader, 6, 1 }, encodeCall(status, Session)},
		{"zone_info", -1, func(*server) {}, encodeCall(info, Session, 0)},
		{"zone_info_r1", 0, zone, encodeCall(info, Session, 0)},
		{"zone_info_leaderdead", 0, func(s *server) { zone(s); s.state = Candidate }, encodeCall(info, Session, 0)},
		{"zone_info_badid", 0, zone, encodeCall(info, Session, 7)},
		{"survivor_one.system.version", 0, func(s *server) { s.state = Candidate }, encodeCall(version, Session)},
		{"system_version_ok", 0, func(s *server) { s.state = Leader }, encodeCall(version, Session)},
		{"system_version_badpw", 0, zone, encodeCall(version, "oneadmin:wrong")},
		{"system_version_noarg", 0, zone, encodeCall(version)},
		{"nomethod", 0, zone, encodeCall("one.foo.bar", Session)},
	} {
		t.Run(tt.file, func(t *testing.T) {
			s := testServer(t, tt.id)
			tt.set(s)
			want, err := os.ReadFile(filepath.Join("testdata", "captured", tt.file+".xml"))
			if err != nil {
				t.Fatal(err)
			}
			if got := ask(t, s, tt.request); got != string(want) {
				t.Errorf("got\n%q\nwant\n%q", got, want)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	member := Member{ID: 0, Name: "s1", Endpoint: "http://127.0.0.1:2633/RPC2"}
	for _, tt := range []struct {
		name    string
		set     func(*server)
		request []byte
		want    string
	}{
		{"no leader yet", func(*server) {}, encodeCall("one.system.version", Session), "[one.system.version] Cannot process request, no leader found"},
		{"a server that is incomplete", func(s *server) { s.state = Leader }, encodeCall("one.zone.addserver", Session, 0, "SERVER = [ NAME = x ]"), "[one.zone.addserver] Missing NAME or ENDPOINT in the server"},
		{"no such server", func(s *server) { s.state = Leader; s.db.Members = []Member{member} }, encodeCall("one.zone.delserver", Session, 0, 5), "[one.zone.delserver] Server 5 is not in the zone"},
		{"an update that is none", func(s *server) { s.state = Leader }, encodeCall("one.zone.update", Session, 0, "= x", 1), "[one.zone.update] Cannot update template. Parse error"},
		{"an update of no zone", func(s *server) { s.state = Leader }, encodeCall("one.zone.update", Session, 1, "A = x", 1), "[one.zone.update] Error getting zone [1]."},
		{"no such zone", func(s *server) { s.state = Leader }, encodeCall("one.zone.resetserver", Session, 3, 5), "[one.zone.resetserver] Error getting zone [3]."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := testServer(t, 0)
			tt.set(s)
			_, err := parseAnswer(ask(t, s, tt.request))
			no, ok := err.(*Refusal)
			if !ok || no.Message != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// testServer is a server with an empty database that no thread runs.
func testServer(t *testing.T, id int) *server {
	t.Helper()
	dir := t.TempDir()
	events, err := os.Create(filepath.Join(dir, "events"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { events.Close() })
	store := jsonStore(filepath.Join(dir, DatabaseFile))
	db, err := loadDatabase(store, -1)
	if err != nil {
		t.Fatal(err)
	}
	if id >= 0 {
		db.Log = []Record{{}}
	}
	return newServer(Config{Location: dir}, conf{serverID: id, raft: compiled}, db, store, Session, journal{log.New(io.Discard, "", 0), events})
}

func ask(t *testing.T, s *server, body []byte) string {
	t.Helper()
	web := httptest.NewServer(s.handler())
	defer web.Close()
	text, err := newCaller(nil).post(t.Context(), web.URL+"/RPC2", body)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
