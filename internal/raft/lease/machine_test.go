package lease

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func guardOf(t *testing.T, server int, now Time) *Machine {
	t.Helper()
	m, err := New(Config{Server: server, Servers: []int{4, 0, 1}, Incarnation: 1, Timers: Default()}, now)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// grant is a promise of server to what m asked last.
func grant(m *Machine, server int, q *Ask) Answer {
	return Answer{Zone: m.name, From: server, Mark: q.Mark, Term: q.Term, Sent: q.Sent, Granted: true}
}

const second = Time(time.Second)

// holding is a leader that has the addresses since 100 s.
func holding(t *testing.T) *Machine {
	t.Helper()
	m := guardOf(t, 0, 0)
	o := m.Oned(100*second, Status{Asked: 100 * second, Leader: true, Term: 5})
	if o.Address != Drop || o.Ask != nil { // what an earlier guard left has expired long ago
		t.Fatalf("leader: %+v", o)
	}
	if o := m.Dropped(100*second, true); o.Release == nil || o.Ask == nil {
		t.Fatalf("dropped: %+v", o)
	}
	o = m.Oned(101*second, Status{Asked: 101 * second, Leader: true, Term: 5})
	if o.Ask == nil {
		t.Fatalf("leader: %+v", o)
	}
	want := Orders{Address: Hold, Until: 104 * second}
	if diff := cmp.Diff(want, m.Answered(101*second+second/10, grant(m, 4, o.Ask))); diff != "" {
		t.Fatalf("a majority, with the own vote:\n%s", diff)
	}
	if diff := cmp.Diff(Orders{Services: Start}, m.Held(101*second+second/5, true)); diff != "" {
		t.Fatalf("held:\n%s", diff)
	}
	return m
}

func TestLoss(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(m *Machine) Orders
	}{
		{"oned is follower", func(m *Machine) Orders {
			return m.Oned(102*second, Status{Asked: 102 * second, Follow: true, Term: 6})
		}},
		{"oned is dead", func(m *Machine) Orders { return m.Oned(102*second, Status{Asked: 102 * second}) }},
		{"another leads a later term", func(m *Machine) Orders {
			_, o := m.Asked(102*second, Ask{Zone: m.name, From: 1, Mark: Mark{1, 1}, Term: 6, Promise: m.Promise()})
			return o
		}},
		{"the lease is over", func(m *Machine) Orders { return m.Tick(104 * second) }},
		{"maintenance", func(m *Machine) Orders { return m.Stop(102 * second) }},
		{"a majority refuses", func(m *Machine) Orders {
			o := m.Oned(102*second, Status{Asked: 102 * second, Leader: true, Term: 5})
			a := grant(m, 1, o.Ask)
			a.Granted, a.Why = false, OldTerm
			if o := m.Answered(102*second, a); o.Address != Leave {
				t.Errorf("one of three refuses: %+v", o)
			}
			a.From = 4
			return m.Answered(102*second, a)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := holding(t)
			o := test.do(m)
			if o.Address != Drop || o.Services != Stop {
				t.Fatalf("orders %+v, want drop and stop", o)
			}
			if again := m.Tick(105 * second); again.Address != Leave {
				t.Errorf("a second order before the first was carried out: %+v", again)
			}
			if o = m.Dropped(105*second, false); o.Address != Leave {
				t.Errorf("again without a pause: %+v", o)
			}
			if o = m.Tick(m.Next()); o.Address != Drop {
				t.Fatalf("a drop that failed is not tried again: %+v", o)
			}
			if o = m.Dropped(106*second, true); o.Release == nil || o.Release.Voids[0].Number == 0 {
				t.Errorf("the release is not told: %+v", o)
			}
			if !m.Idle() {
				t.Error("not idle")
			}
		})
	}
}

// An oned that does not answer loses the addresses at the end of the lease, however
// many guards vote.
func TestSilentOned(t *testing.T) {
	m := holding(t)
	o := m.Tick(103 * second)
	if !o.Query || o.Ask != nil || o.Address != Leave {
		t.Errorf("orders %+v, want a query", o)
	}
	if o = m.Tick(104 * second); o.Address != Drop {
		t.Errorf("orders %+v, want drop", o)
	}
}

// A guard that starts while its oned leads takes over the addresses that it finds,
// without a drop between.
func TestRestartUnderLeader(t *testing.T) {
	m := guardOf(t, 0, 100*second)
	o := m.Oned(100*second+second/10, Status{Asked: 100*second + second/20, Leader: true, Term: 5})
	if o.Ask == nil || o.Address != Leave {
		t.Fatalf("orders %+v, want a question only", o)
	}
	if own := m.View(101 * second); own.Promised != -1 {
		t.Errorf("a guard that just started promised itself: %s", own)
	}
	if got := m.Answered(100*second+second/5, grant(m, 1, o.Ask)); got.Address != Leave {
		t.Errorf("one vote of three: %+v", got)
	}
	if got := m.Answered(100*second+second/5, grant(m, 4, o.Ask)); got.Address != Hold || got.Until != 103*second+second/20 {
		t.Errorf("two votes of three: %+v", got)
	}
}

// Two guards over JSON: the one that released is followed at once, and a refusal
// says why.
func TestHandoverOverJSON(t *testing.T) {
	old, voter, heir := holding(t), guardOf(t, 4, 0), guardOf(t, 1, 0)
	over := func(from, to any) {
		t.Helper()
		b, err := json.Marshal(from)
		if err == nil {
			err = json.Unmarshal(b, to)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	o := old.Oned(102*second, Status{Asked: 102 * second, Leader: true, Term: 5})
	var q Ask
	over(o.Ask, &q)
	if a, _ := voter.Asked(200*second, q); !a.Granted {
		t.Fatalf("refused: %+v", a)
	}
	heir.Oned(50*second, Status{Asked: 50 * second, Follow: true, Term: 5})
	heir.Dropped(50*second, true)
	o = heir.Oned(51*second, Status{Asked: 51 * second, Leader: true, Term: 6})
	over(o.Ask, &q)
	refused, _ := voter.Asked(201*second, q)
	if refused.Granted || refused.Why != Promised || refused.Wait != old.Promise()-time.Second {
		t.Errorf("answer %+v, want refused for the rest of the promise", refused)
	}
	heir.Answered(51*second, refused)
	old.Oned(103*second, Status{Asked: 103 * second, Follow: true, Term: 6})
	var r Release
	over(old.Dropped(103*second, true).Release, &r)
	if o = heir.Told(52*second, r); o.Ask == nil {
		t.Fatalf("the heir does not ask again at once: %+v", o)
	}
	over(o.Ask, &q)
	// The voter never heard the release itself: the heir passes it on.
	a, _ := voter.Asked(202*second, q)
	if got := heir.Answered(52*second, a); got.Address != Hold {
		t.Errorf("answer %+v, orders %+v, want hold", a, got)
	}
}

func TestRefusals(t *testing.T) {
	m := guardOf(t, 0, 0)
	good := Ask{Zone: m.name, From: 1, Mark: Mark{1, 1}, Term: 5, Promise: m.Promise()}
	for _, test := range []struct {
		name   string
		now    Time
		change func(*Ask)
		want   Refusal
	}{
		{"just started", 7 * second, func(*Ask) {}, JustStarted},
		{"other servers", 9 * second, func(q *Ask) { q.Zone = "[0 1]" }, OtherZone},
		{"from nobody", 9 * second, func(q *Ask) { q.From = 7 }, OtherZone},
		{"from itself", 9 * second, func(q *Ask) { q.From = 0 }, OtherZone},
		{"too long", 9 * second, func(q *Ask) { q.Promise = time.Hour }, TooLong},
		{"good", 9 * second, func(*Ask) {}, ""},
		{"promised", 10 * second, func(q *Ask) { q.From = 4 }, Promised},
		{"withdrawn", 10 * second, func(q *Ask) { q.Voids[1] = Mark{1, 1} }, OldQuestion},
		{"old term", 30 * second, func(q *Ask) { q.Term = 4 }, OldTerm},
	} {
		q := good
		test.change(&q)
		if a, _ := m.Asked(test.now, q); a.Why != test.want || a.Granted != (test.want == "") {
			t.Errorf("%s: %+v", test.name, a)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		config Config
		want   string
	}{
		{"not a member", Config{Server: 3, Servers: []int{0, 1, 2}, Incarnation: 1, Timers: Default()}, "correct SERVER_ID"},
		{"twice", Config{Servers: []int{0, 1, 1}, Incarnation: 1, Timers: Default()}, "listed twice"},
		{"too many", Config{Servers: []int{0, 1, 2, 3, 4, 5}, Incarnation: 1, Timers: Default()}, "the most is 5"},
		{"no incarnation", Config{Servers: []int{0}, Timers: Default()}, "incarnation"},
		{"timers", Config{Servers: []int{0}, Incarnation: 1}, "must be positive"},
	} {
		if _, err := New(test.config, 0); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// Messages come from the network: whatever they hold, nothing panics, and a guard
// never promises to two servers.
func FuzzMessages(f *testing.F) {
	m := &Machine{zone: &zone{ids: []int{0, 1, 4}, name: "[0 1 4]"}}
	for _, v := range []any{Ask{Zone: m.name, From: 1, Mark: Mark{1, 1}, Term: 5, Promise: time.Second}, Answer{Zone: m.name, From: 4, Granted: true, Mark: Mark{1, 2}, Sent: 1 << 40}, Release{Zone: m.name, From: 4}} {
		b, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m := holding(t)
		var q Ask
		if json.Unmarshal(b, &q) == nil {
			if a, _ := m.Asked(102*second, q); a.Granted {
				t.Errorf("promised while it holds the address: %+v", a)
			}
		}
		var a Answer
		if json.Unmarshal(b, &a) == nil {
			if o := m.Answered(102*second, a); o.Address == Hold && o.Until > 105*second {
				t.Errorf("hold until %d", o.Until)
			}
		}
		var r Release
		if json.Unmarshal(b, &r) == nil {
			m.Told(102*second, r)
		}
	})
}
