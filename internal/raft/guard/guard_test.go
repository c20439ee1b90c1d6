package guard

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/floating"
	"github.com/oneha/oneha/internal/raft/lease"
)

// The tests here run a guard without its goroutines: they give it events by hand, with
// a clock of their own, and look at the orders.

const second = lease.Time(time.Second)

// sent is a message to another guard.
type sent struct {
	address string
	message
}

// still is a guard that does nothing by itself.
type still struct {
	*Guard
	t    testing.TB
	at   lease.Time
	sent []sent
	log  strings.Builder
}

func config(t testing.TB, id int) Config {
	t.Helper()
	dir := t.TempDir()
	return Config{
		Paths:  Paths{State: filepath.Join(dir, "guard.json"), Socket: filepath.Join(dir, "guard.sock")},
		Server: id, Timers: lease.Default(), Peers: NewKey([]byte("a secret of tests")), Port: 2645, Log: io.Discard,
		VIPs: []floating.Address{{Prefix: netip.MustParsePrefix("10.0.0.9/24"), NIC: "eth0"}},
	}
}

func newStill(t testing.TB, id int) *still {
	s := &still{t: t, at: 1000 * second}
	c := config(t, id)
	c.Log = &s.log
	s.Guard = newGuard(c)
	s.now = func() lease.Time { return s.at }
	s.send = func(address string, m message, _ int) { s.sent = append(s.sent, sent{address, m}) }
	return s
}

// member is a guard that started long ago and holds nothing.
func member(t testing.TB, id int, servers ...int) *still {
	s := newStill(t, id)
	s.rezone(zone(servers...))
	s.at += 20 * second
	s.says(one.Follower, 1)
	s.carryOut(true)
	return s
}

func zone(ids ...int) (all []server) {
	for _, id := range ids {
		all = append(all, server{id, fmt.Sprintf("s%d", id), fmt.Sprintf("10.0.0.%d", id+1)})
	}
	return all
}

// says is an answer of oned, asked just now.
func (s *still) says(state one.RaftState, term uint64) {
	s.at += second / 100
	s.heardOned(s.at, one.RaftStatus{ServerID: s.c.Server, State: state, Term: term}, nil)
}

// carryOut ends the order that was given, if one was, and returns it.
func (s *still) carryOut(done bool) lease.AddressOrder {
	select {
	case o := <-s.orders:
		s.carriedOut(o, done, nil, nil)
		return o.what
	default:
		return lease.Leave
	}
}

// writeDown writes what is to be remembered.
func (s *still) writeDown() {
	s.t.Helper()
	select {
	case m := <-s.writes:
		s.write(m)
	default:
		s.t.Error("nothing is to be remembered")
	}
}

// exchangeWith takes all messages to the others, and brings back their answers.
func (s *still) exchangeWith(others ...*still) {
	s.t.Helper()
	messages := s.sent
	s.sent = nil
	for _, m := range messages {
		for _, o := range others {
			if o.c.Server != m.To {
				continue
			}
			s.counter()
			m.Number = s.numbers.Load()
			o.at += second / 100
			a, err := o.asked(m.message)
			if err == nil && a.Stale {
				m.Yours, m.Number = a.Life, s.counter()
				a, err = o.asked(m.message)
			}
			s.heardPeer(m.message, a, err)
		}
	}
}

func (s *still) counter() uint64 { return s.numbers.Add(1) }

// holding is three guards, the first of which holds the lease.
func holding(t *testing.T) (leader *still, others []*still) {
	leader = member(t, 0, 0, 1, 2)
	others = []*still{member(t, 1, 0, 1, 2), member(t, 2, 0, 1, 2)}
	leader.says(one.Leader, 2)
	leader.exchangeWith(others...)
	if got := leader.carryOut(true); got != lease.Hold || !leader.leads() {
		t.Fatalf("order %d: want hold\n%s", got, leader.log.String())
	}
	return leader, others
}

func TestTakesAndGivesUp(t *testing.T) {
	leader, others := holding(t)
	if w, _, _, _ := leader.wanted.get(); w != started {
		t.Errorf("services are to be %v", w)
	}
	leader.sent = nil
	leader.heardOned(leader.at+1, one.RaftStatus{}, fmt.Errorf("ask: %w", one.ErrNotListening))
	leader.at += 2
	leader.says(one.Follower, 2)
	if got := leader.carryOut(true); got != lease.Drop {
		t.Fatalf("order %d, want drop", got)
	}
	if w, _, _, _ := leader.wanted.get(); w != stopped {
		t.Errorf("services are to be %v", w)
	}
	if len(leader.sent) != 2 || leader.sent[0].Tell == nil {
		t.Fatalf("sent %+v, want a release to both", leader.sent)
	}
	// The heir is not made to wait for the end of the promise to the old leader.
	leader.exchangeWith(others...)
	heir := others[0]
	heir.says(one.Leader, 3)
	heir.exchangeWith(leader, others[1])
	if got := heir.carryOut(true); got != lease.Hold {
		t.Errorf("the heir's order: %d, want hold\n%s", got, heir.log.String())
	}
}

// Silence of oned is no answer; a refused connection is one.
func TestOnedSilentAndRefused(t *testing.T) {
	leader, _ := holding(t)
	leader.at += second / 10
	leader.heardOned(leader.at, one.RaftStatus{}, one.ErrHung)
	if got := leader.carryOut(true); got != lease.Leave || !leader.leads() {
		t.Errorf("silent: order %d", got)
	}
	leader.at += second / 10
	leader.heardOned(leader.at, one.RaftStatus{}, fmt.Errorf("ask: %w", one.ErrNotListening))
	if got := leader.carryOut(true); got != lease.Drop {
		t.Errorf("refused: order %d, want drop", got)
	}
	if s := leader.state(); s.Oned.State != "refused" || len(s.Trouble) == 0 {
		t.Errorf("state %+v", s)
	}
}

// An oned that has another SERVER_ID than its file is not believed.
func TestOnedIsAnother(t *testing.T) {
	g := member(t, 0, 0, 1, 2)
	g.sent = nil
	g.at += second
	g.heardOned(g.at, one.RaftStatus{ServerID: 1, State: one.Leader, Term: 9}, nil)
	if len(g.sent) > 0 || !strings.Contains(g.log.String(), "restart oned") {
		t.Errorf("sent %+v, log:\n%s", g.sent, g.log.String())
	}
}

// One server more or less changes nothing for the leader; the guards that hear of it
// later vote as soon as they have.
func TestMembershipWithoutGap(t *testing.T) {
	for _, test := range []struct {
		name  string
		after []int
	}{{"one more", []int{0, 1, 2, 3}}, {"one less", []int{0, 1}}} {
		t.Run(test.name, func(t *testing.T) {
			leader, others := holding(t)
			leader.at += second / 10
			leader.rezone(zone(test.after...))
			leader.exchangeWith(others...)
			if got := leader.carryOut(true); got != lease.Leave || !leader.leads() {
				t.Errorf("order %d: the others have the old list still, and that is no reason", got)
			}
			for _, o := range others {
				if !slices.Contains(test.after, o.c.Server) {
					continue
				}
				select {
				case <-o.looks:
				default:
					t.Errorf("guard %d does not look at the list although another guard has a different one", o.c.Server)
				}
				o.rezone(zone(test.after...))
			}
			leader.at += second / 2
			leader.says(one.Leader, 2)
			leader.exchangeWith(others...)
			if got := leader.carryOut(true); got != lease.Hold || !leader.leads() {
				t.Errorf("order %d, want hold\n%s", got, leader.log.String())
			}
			if _, there := leader.peers[test.after[len(test.after)-1]]; !there {
				t.Errorf("peers %v", leader.peers)
			}
			leader.writeDown()
			m, err := recall(leader.c.State)
			if err != nil || !slices.Equal(ids(m.Servers), test.after) {
				t.Errorf("remembered %+v, %v", m, err)
			}
			leader.rezone(zone(0, 1, 2)) // back again, at once
			if !slices.Equal(leader.machine.Servers(), test.after) || !slices.Equal(leader.state().Pending, []int{0, 1, 2}) || leader.ended != nil {
				t.Errorf("a second change: servers %v, pending %v, %v", leader.machine.Servers(), leader.pending, leader.ended)
			}
			leader.at += 9 * second
			leader.rezone(zone(0, 1, 2))
			if !slices.Equal(leader.machine.Servers(), []int{0, 1, 2}) || leader.pending != nil {
				t.Errorf("after the quiet time: servers %v, pending %v", leader.machine.Servers(), leader.pending)
			}
		})
	}
}

// A change by two servers, and to a list without this one, needs a new guard.
func TestMembershipBegunAnew(t *testing.T) {
	for _, after := range [][]int{{0, 1, 2, 3, 4}, {1, 2}} {
		leader, _ := holding(t)
		leader.rezone(zone(after...))
		if leader.ended != ErrChanged {
			t.Errorf("%v: ended with %v", after, leader.ended)
		}
	}
	out := newStill(t, 5)
	out.rezone(zone(0, 1, 2))
	if out.machine != nil || out.ended != nil || !strings.Contains(out.idle, "not in the zone") {
		t.Errorf("idle %q, ended %v", out.idle, out.ended)
	}
	out.rezone(zone(0, 1, 2, 5))
	if out.machine == nil || out.idle != "" {
		t.Errorf("joined: idle %q", out.idle)
	}
}

// A guard whose oned does not run votes by the list that was known last.
func TestVotesWithoutOned(t *testing.T) {
	g := newStill(t, 1)
	g.memory = memory{Incarnation: 7, Server: 1, Servers: zone(0, 1, 2)}
	g.heardZone(one.Zone{}, one.ErrNotListening)
	if g.machine == nil || !slices.Equal(g.machine.Servers(), []int{0, 1, 2}) || g.memory.Incarnation <= 7 {
		t.Errorf("takes no part: %s", g.idle)
	}
	other := newStill(t, 2)
	other.memory = memory{Incarnation: 7, Server: 1, Servers: zone(0, 1, 2)} // of a machine that was server 1
	other.heardZone(one.Zone{}, one.ErrNotListening)
	if other.machine != nil {
		t.Error("took over what another server remembered")
	}
}

// A message can be used once, by the guard to which it goes, in the life to which it
// was sent.
func TestReplay(t *testing.T) {
	leader, others := holding(t)
	other := others[0]
	leader.at += second
	leader.says(one.Leader, 2)
	m := leader.sent[0].message
	m.To, m.Yours, m.Number = 1, other.memory.Incarnation, leader.counter()
	if a, err := other.asked(m); err != nil || a.Answer == nil || !a.Answer.Granted {
		t.Fatalf("answer %+v, %v", a, err)
	}
	if _, err := other.asked(m); err == nil {
		t.Error("taken twice")
	}
	for what, change := range map[string]func(*message){
		"for another server":          func(m *message) { m.To = 2 },
		"of another zone":             func(m *message) { m.Zone = 7 },
		"from itself":                 func(m *message) { m.From = 1 },
		"whose question is another's": func(m *message) { m.From = 2 },
		"of an earlier life":          func(m *message) { m.Life-- },
		"with an answer":              func(m *message) { m.Answer = &lease.Answer{} },
		"with nothing":                func(m *message) { m.Ask = nil },
	} {
		bad := m
		bad.Number = leader.counter()
		change(&bad)
		if a, err := other.asked(bad); err == nil {
			t.Errorf("a message %s: %+v", what, a)
		}
	}
	stale := m
	stale.Yours, stale.Number = 3, leader.counter()
	if a, err := other.asked(stale); err != nil || !a.Stale || a.Answer != nil || a.Life != other.memory.Incarnation {
		t.Errorf("for another life: %+v, %v", a, err)
	}
}

// Hooks are answered when what they wait for is so, or cannot be.
func TestPokes(t *testing.T) {
	leader, others := holding(t)
	ask := func(g *still, role string, later lease.Time) (string, bool) {
		p := &poke{role: role, born: time.Now().Add(-time.Duration(later)), count: g.oned.count - 1, reply: nil}
		r, done := g.judge(p)
		return fmt.Sprint(r.Reached, " ", r.Text), done
	}
	for _, test := range []struct {
		name  string
		guard *still
		role  string
		later lease.Time
		want  string // "" for no answer yet
	}{
		{"leader holds", leader, "leader", 0, "true leader of term 2, 10.0.0.9 here"},
		{"follower has nothing", others[0], "follower", 0, "true not leader, 10.0.0.9 not here"},
		{"follower, at once", others[0], "leader", 0, ""},
		{"follower, later", others[0], "leader", 2 * second, "it is follower of term 1"},
		{"leader, at once", leader, "follower", 0, ""},
		{"leader, later", leader, "follower", 2 * second, "false oned is leader of term 2"},
		{"in no zone", newStill(t, 4), "leader", 0, "false the guard takes no part"},
	} {
		got, done := ask(test.guard, test.role, test.later)
		if done != (test.want != "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, %t, want %q", test.name, got, done, test.want)
		}
	}
}

// What a follower once met with another guard is told for a while, and not for ever: it
// does not ask again.
func TestForgetsTrouble(t *testing.T) {
	g := member(t, 0, 0, 1, 2)
	g.heardPeer(message{To: 2}, message{}, errors.New("connection refused"))
	s := g.state()
	if len(s.Trouble) != 1 || !strings.Contains(s.Trouble[0], "guard of server 2 at 10.0.0.3 does not answer") || s.Peers[1].Trouble == "" || !strings.Contains(g.holdup(), "server 2") {
		t.Errorf("trouble %q, peers %+v, %q", s.Trouble, s.Peers, g.holdup())
	}
	g.at += believed + second
	if s := g.state(); len(s.Trouble) > 0 || s.Peers[1].Trouble != "" || strings.Contains(g.holdup(), "server 2") {
		t.Errorf("long after: trouble %q, peers %+v, %q", s.Trouble, s.Peers, g.holdup())
	}
	g.heardPeer(message{To: 2}, message{}, errors.New("connection refused"))
	if s := g.state(); len(s.Trouble) != 1 {
		t.Errorf("again: trouble %q", s.Trouble)
	}
	if n := strings.Count(g.log.String(), "does not answer"); n != 1 {
		t.Errorf("it is in the log %d times", n)
	}
}

// A guard says a thing once.
func TestSaysOnce(t *testing.T) {
	g := member(t, 0, 0, 1, 2)
	before := g.log.String()
	for range 5 {
		g.at += second
		g.heardOned(g.at, one.RaftStatus{}, one.ErrHung)
	}
	if said := strings.Count(strings.TrimPrefix(g.log.String(), before), "\n"); said != 1 {
		t.Errorf("%d lines, want 1:\n%s", said, g.log.String())
	}
}
