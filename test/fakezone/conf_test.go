package fakezone

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestVectors(t *testing.T) {
	type all = map[string]map[string]string
	for _, tt := range []struct {
		name, text string
		want       all // nil: an error
	}{
		{"nothing", "# only a comment", all{}},
		{"single values are skipped", "PORT = 2633\nNAME = \"a = [ b\" # x\nV=[A=1]", all{"V": {"A": "1"}}},
		{"lines and comments in a vector", "V = [ # of v\n a = \"x y\", # of a\n B = 2 # of b\n]", all{"V": {"A": "x y", "B": "2"}}},
		{"signs in quotes", `V = [ A = "x, # ]", B = "say \"y\"" ]`, all{"V": {"A": "x, # ]", "B": `say "y"`}}},
		{"nothing in it", "V = [ ]", all{"V": {}}},
		{"the last counts", "V = [ A = 1 ]\nV = [ B = 2 ]", all{"V": {"B": "2"}}},
		{"no end", "V = [ A = 1", nil},
		{"no value", "V = [ A ]", nil},
		{"no name", "= 1", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := vectors(tt.text)
			if (err == nil) != (tt.want != nil) || err == nil && !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

func FuzzVectors(f *testing.F) {
	f.Add(Real().conf(0, "BACKEND = \"json\"", Hook{"a", "b c"}, Hook{}))
	f.Add(`V = [ A = "\"", B = ] = [ #`)
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := vectors(text); err == nil && strings.Count(text, "=") == 0 && strings.TrimSpace(strings.SplitN(text, "#", 2)[0]) != "" {
			t.Error("a text without = is taken")
		}
	})
}

func TestConf(t *testing.T) {
	location := t.TempDir()
	file := filepath.Join(location, ConfFile)
	text := Real().conf(2, `BACKEND = "mysql", SERVER = "db", PORT = 3307, USER = "one", PASSWD = "a b", DB_NAME = "x"`, Hook{"raft/vip.sh", "leader eth0 10.0.0.2/24"}, Hook{"/f", ""})
	ok(t, os.MkdirAll(filepath.Dir(file), 0o755))
	ok(t, os.WriteFile(file, []byte(text), 0o644))
	want := conf{
		listen: "0.0.0.0:2633", serverID: 2, leader: Hook{"raft/vip.sh", "leader eth0 10.0.0.2/24"}, follower: Hook{"/f", ""},
		db:   DB{"mysql", filepath.Join(location, DatabaseFile), "db", 3307, "one", "a b", "x"},
		raft: raftConf{100000, 250000, time.Minute, 5 * time.Second, 500 * time.Millisecond, time.Second},
	}
	if got := must[conf](t)(readConf(location)); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	ok(t, os.WriteFile(file, []byte("PORT = 2633"), 0o644))
	if got := must[conf](t)(readConf(location)); got.raft != compiled || got.serverID != -1 {
		t.Errorf("without RAFT: %+v", got)
	}
	ok(t, os.WriteFile(file, []byte(strings.Replace(text, "XMLRPC_TIMEOUT_MS", "X", 1)), 0o644))
	if _, err := readConf(location); err == nil || !strings.Contains(err.Error(), "XMLRPC_TIMEOUT_MS") {
		t.Errorf("with a part of RAFT missing: %v", err)
	}
}

func TestFlagsAreReadBack(t *testing.T) {
	want := Config{
		Location: "/x", Load: 1, Open: 2, WarmUp: 3, Stop: 4, Seed: 5, Retries: []time.Duration{6, 7},
		Born: time.Unix(8, 9).UTC(), Without: []Deviation{HooksOverlap, SameTimeout}, Leash: true,
	}
	got := must[Config](t)(ParseFlags(want.flags(), os.Stderr))
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	var said strings.Builder
	if _, err := ParseFlags([]string{"-location", "/x", "-without", "reason"}, &said); err == nil {
		t.Error("an unknown deviation is taken")
	}
}

func TestSightings(t *testing.T) {
	r := Sightings{open: map[int]int{}}
	begin := time.Unix(1000, 0)
	for i, holders := range [][]int{{}, {1}, {1}, {0, 1}, {0, 1}, {0, 1}, {0}, {}, {0, 2}, {2, 0}, {2}} {
		r.add(begin.Add(time.Duration(i)*20*time.Millisecond), holders)
	}
	if r.Overlap != 60*time.Millisecond || r.Longest != 40*time.Millisecond || r.Gap != 20*time.Millisecond || r.Samples != 11 {
		t.Errorf("got %+v", r)
	}
	var servers []int
	for _, s := range r.Spans {
		servers = append(servers, s.Server)
	}
	if !slices.Equal(servers, []int{1, 0, 0, 2}) || !slices.Equal(r.Holders(), []int{2}) {
		t.Errorf("spans of %v, holders %v", servers, r.Holders())
	}
}

func TestPurgeKeepsWhatIsNotApplied(t *testing.T) {
	d := NewDatabase()
	for i := range 10 {
		d.put(Record{Index: i, Op: "set", Key: "k", Value: "v"})
	}
	d.apply(3)
	if n := d.purge(2, 100); n != 4 || d.Log[0].Index != 4 {
		t.Errorf("purged %d records, the first is %d; want 4 and 4", n, d.Log[0].Index)
	}
	d.apply(9)
	if n := d.purge(2, 3); n != 3 {
		t.Errorf("purged %d records, want the limit, 3", n)
	}
}
