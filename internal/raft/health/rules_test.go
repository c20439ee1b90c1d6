package health

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/raft/guard/control"
)

var now = time.Date(2026, 11, 22, 3, 12, 0, 0, time.UTC)

func endpoint(id int) string {
	return "http://192.168.150." + string(rune('1'+id)) + ":2633/RPC2"
}

func name(id int) string { return "server-" + string(rune('0'+id)) }

// healthy is a zone of three, where server 1 leads.
func healthy() *Picture { return zoneOf(3) }

func zoneOf(n int) *Picture {
	p := &Picture{Version: Format, Time: now, Described: true, Guarded: true, Election: Millis(5 * time.Second), Retention: 250000}
	list := List{Name: "OpenNebula", Endpoint: "http://192.168.150.10:2633/RPC2"}
	var ids []int
	for id := range n {
		list.Servers = append(list.Servers, Member{ID: id, Name: name(id), Endpoint: endpoint(id)})
		ids = append(ids, id)
	}
	for id := range n {
		own := list
		own.Servers = slices.Clone(list.Servers)
		p.Servers = append(p.Servers, Server{
			ID: id, Name: name(id), Addr: netip.AddrFrom4([4]byte{192, 168, 150, byte(id + 1)}), Endpoint: endpoint(id), Described: true,
			Oned: Oned{Answer: Answers, Took: Millis(800 * time.Microsecond), Raft: &Raft{ServerID: id, State: Follower, Term: 7, VotedFor: 1, Commit: 18421, Index: 18421}, List: &own},
			Guard: Guard{Answer: Answers, Clock: &Offset{By: Millis(time.Duration(id-1) * 3 * time.Millisecond), Error: Millis(time.Millisecond)}, State: &control.State{
				Version: 1, Server: id, Name: name(id), Servers: slices.Clone(ids), Now: now, Oned: control.Oned{State: "follower", Term: 7},
				Lease: control.Lease{Term: 7, PromisedTo: 1, LengthMS: 3000, PromiseMS: 4335},
				VIPs:  []control.VIP{{Address: "192.168.150.10/24", NIC: "eth0"}}, Service: control.Services{Want: "stopped", Reached: true},
			}},
		})
	}
	p.Servers[min(1, n-1)].lead(7)
	one := min(1, n-1)
	p.VIPs = []VIP{{Address: netip.MustParsePrefix("192.168.150.10/24"), NIC: "eth0", Answer: Answers, Server: &one}}
	p.claim()
	return p
}

// lead makes a server leader, with the floating IP.
func (s *Server) lead(term uint64) {
	s.Oned.Raft.State, s.Oned.Raft.Term, s.Oned.Raft.VotedFor = Leader, term, s.ID
	g := s.Guard.State
	g.Leader, g.Oned, g.Lease.Term = true, control.Oned{State: "leader", Term: term}, term
	g.Lease.Holding, g.Lease.LeftMS, g.Lease.PromisedTo, g.VIPs[0].Here = true, 2350, s.ID, true
	g.Service = control.Services{Want: "started", Reached: true}
}

// follow makes a server a follower without the floating IP.
func (s *Server) follow(term uint64) {
	s.Oned.Raft.State, s.Oned.Raft.Term = Follower, term
	g := s.Guard.State
	g.Leader, g.Lease.Holding, g.Lease.LeftMS, g.VIPs[0].Here = false, false, 0, false
	g.Oned, g.Service = control.Oned{State: "follower", Term: term}, control.Services{Want: "stopped", Reached: true}
}

// die makes a server's oned give no answer, and its guard neither when it is the machine's.
func (s *Server) die(a Answer, machine bool) {
	s.Oned = Oned{Answer: a, Error: "ask oned at " + s.Endpoint + ": " + string(a), Took: Millis(2 * time.Second)}
	if machine {
		s.Guard = Guard{Answer: a, Error: "ask guard: " + string(a)}
	}
}

// nowhere takes the floating IP away.
func (p *Picture) nowhere() {
	for i := range p.Servers {
		if g := p.Servers[i].Guard.State; g != nil {
			g.VIPs[0].Here, g.Lease.Holding, g.Lease.LeftMS = false, false, 0
		}
	}
	p.VIPs[0].Answer, p.VIPs[0].Server, p.VIPs[0].Error = Unreachable, nil, "no answer"
}

// at says who answers at the floating IP.
func (p *Picture) at(id int) { p.VIPs[0].Answer, p.VIPs[0].Server, p.VIPs[0].Error = Answers, &id, "" }

// Every rule has a picture in which it finds something, by a text of what it says.
var fires = map[string]struct {
	change func(p *Picture)
	server string
	says   string
	with   string // other rules that find something too, sorted
}{
	"Z01": {func(p *Picture) {
		p.nowhere()
		for i := range p.Servers {
			p.Servers[i].die(Unreachable, true)
		}
	}, "", "none of 3 servers answers", ""},
	"Z02": {func(p *Picture) { p.Servers[0].die(Denies, false) }, "server-0", "does not say how it is", "Z22"},
	"Z03": {func(p *Picture) {
		p.nowhere()
		p.Servers[0].die(Refuses, false)
		p.Servers[1].die(Unreachable, true)
		p.Servers[2].Oned.Raft.State, p.Servers[2].Oned.Raft.Term = Candidate, 41
	}, "", "1 of 3 servers answer; a leader needs 2", "Z10 Z11"},
	"Z04": {func(p *Picture) {
		p.nowhere()
		p.Servers[0].die(Refuses, false)
		p.Servers[2].die(Refuses, false)
	}, "server-1", "only 0 are seen to follow in term 7; it needs 1", "Z11"},
	"Z05": {func(p *Picture) {
		p.nowhere()
		p.Servers[1].die(Refuses, false)
		p.Servers[0].Oned.Raft.State = Candidate
	}, "", "nobody leads: server-0 is candidate in term 7, server-2 is follower in term 7", "Z11"},
	"Z06": {func(p *Picture) {
		p.Servers[0].lead(8)
		p.Servers[2].follow(8)
		old := p.Servers[1].Guard.State
		old.VIPs[0].Here, old.Lease.Holding, old.Service.Want = false, false, "stopped"
		p.at(0)
	}, "server-1", "server-1 says that it leads too, in term 7; the leader is server-0, in term 8", "Z22"},
	"Z07": {func(p *Picture) { p.Servers[0].Guard.State.VIPs[0].Here = true }, "", "is on server-0 and server-1", "Z08"},
	"Z08": {func(p *Picture) {
		p.Servers[1].Guard.State.VIPs[0].Here = false
		p.Servers[2].Guard.State.VIPs[0].Here = true
		p.at(2)
	}, "server-2", "192.168.150.10/24 is on server-2, and server-1 leads", ""},
	"Z09": {func(p *Picture) { p.nowhere() }, "", "nobody has 192.168.150.10/24, and server-1 leads", ""},
	"Z10": {func(p *Picture) { p.Servers[2].die(Unreachable, true) }, "server-2", "the machine of server-2 does not answer", "Z22"},
	"Z11": {func(p *Picture) { p.Servers[2].die(Refuses, false) }, "server-2", "oned of server-2 does not run", "Z22"},
	"Z12": {func(p *Picture) { p.Servers[2].die(Hangs, false) }, "server-2", "oned of server-2 takes connections and does not answer", "Z22"},
	"Z13": {func(p *Picture) { p.Servers[2].Oned.Raft.ServerID = 0 }, "server-2", "SERVER_ID 0 is that of server-0 and server-2", "Z22 Z25"},
	"Z14": {func(p *Picture) {
		*p.Servers[2].Oned.Raft = Raft{ServerID: -1, State: Solo, VotedFor: -1, Index: -1}
		p.Servers[2].Guard.State.Service.Want = ""
	}, "server-2", "server-2 is in the zone, but its oned runs alone", "Z22"},
	"Z15": {func(p *Picture) {
		for i := range p.Servers {
			p.Servers[i].Oned.List.Servers[2].ID = 3
			p.Servers[i].Guard.State.Servers = []int{0, 1, 3}
		}
	}, "server-2", "server-2 runs with SERVER_ID 2, and the zone knows it as 3", "Z22"},
	"Z16": {func(p *Picture) {
		for i := range p.Servers {
			p.Servers[i].Oned.List.Servers = p.Servers[i].Oned.List.Servers[:3]
			p.Servers[i].Guard.State.Servers = []int{0, 1, 2}
		}
		p.Servers[3].Oned.Raft.State = Candidate
	}, "server-3", "server-3 runs with SERVER_ID 3, which the zone does not have: it is candidate", ""},
	"Z17": {func(p *Picture) { p.Servers[0].Oned.Raft.State, p.Servers[0].Oned.Raft.Term = Candidate, 12 }, "server-0", "server-0 is candidate in term 12 while server-1 leads in term 7", "Z22"},
	"Z18": {func(p *Picture) { p.Servers[0].Oned.Raft.Term = 5 }, "server-0", "server-0 follows in term 5, and server-1 leads in term 7", "Z22"},
	"Z19": {func(p *Picture) { p.Servers[1].Oned.Raft.Index += 250001 }, "server-0", "server-0 is 250001 records behind, and the leader keeps 250000", ""},
	"Z20": {func(p *Picture) { p.Servers[0].Oned.Raft.Index -= 2501 }, "server-0", "server-0 is 2501 records behind of the 250000 that the leader keeps", ""},
	"Z21": {func(p *Picture) { p.Servers[0].Oned.List.Servers = p.Servers[0].Oned.List.Servers[:2] }, "server-0", "server-0 counts the servers 0, 1, and the zone has 0, 1, 2", ""},
	"Z22": {func(p *Picture) { *p = *zoneOf(2) }, "", "the zone has 2 servers: the next failure stops it", ""},
	"Z23": {func(p *Picture) { p.Servers[0].Guard = Guard{Answer: Refuses, Error: "connection refused"} }, "server-0", "the guard of server-0 does not answer", ""},
	"Z24": {func(p *Picture) { p.Servers[0].Guard = Guard{Answer: Hangs, Error: "timeout"} }, "server-0", "the guard of server-0 takes connections and does not answer", ""},
	"Z25": {func(p *Picture) { p.Servers[0].Guard.State.Server = 2 }, "server-0", "the guard of server-0 works for server 2, and its oned is server 0", ""},
	"Z26": {func(p *Picture) { p.Servers[0].Guard.State.Idle = "SERVER_ID is -1" }, "server-0", "the guard of server-0 takes no part: SERVER_ID is -1", ""},
	"Z27": {func(p *Picture) {
		p.Servers[0].Guard.State.Servers, p.Servers[0].Guard.State.Pending = []int{0, 1}, []int{0, 1, 2}
	}, "server-0", "the guard of server-0 counts the servers 0, 1, and the zone has 0, 1, 2", ""},
	"Z28": {func(p *Picture) {
		p.Servers[1].Guard.State.Service = control.Services{Want: "started", Trouble: "flow: it ended at once"}
	}, "server-1", "server-1 leads, and not all services that follow the leader run there", ""},
	"Z29": {func(p *Picture) { p.VIPs[0].Answer, p.VIPs[0].Server, p.VIPs[0].Error = Unreachable, nil, "no answer" }, "", "server-1 has 192.168.150.10/24, but oned does not answer there", ""},
	"Z30": {func(p *Picture) { p.Servers[1].Oned.List.Disabled = true }, "", "the zone is disabled", ""},
	"Z31": {func(p *Picture) {
		p.Servers[1].Oned.List.Endpoint = "http://localhost:2633/RPC2"
		p.Servers[1].Oned.List.Endpoint = "http://192.168.150.1:2633/RPC2"
	}, "", "the zone's endpoint is http://192.168.150.1:2633/RPC2, which is no floating IP", ""},
	"Z32": {func(p *Picture) { p.Servers[0].Endpoint = "http://192.168.150.9:2633/RPC2" }, "server-0", "server-0 is at http://192.168.150.1:2633/RPC2 in the zone, and at http://192.168.150.9:2633/RPC2 in the description", ""},
	"Z33": {func(p *Picture) {
		p.Servers = append(p.Servers, Server{ID: 3, Name: "server-3", Endpoint: endpoint(3), Described: true, Oned: Oned{Answer: Refuses}, Guard: Guard{Answer: Refuses}})
	}, "server-3", "server-3 is described, but not in the zone", ""},
	"Z34": {func(p *Picture) { p.Servers[2].Described = false }, "server-2", "the zone has server-2 (server 2), and the description does not", ""},
	"Z35": {func(p *Picture) { *p = *zoneOf(4) }, "", "the zone has 4 servers: it tolerates as many failures as one of 3", ""},
	"Z36": {func(p *Picture) { p.Servers[2].Guard.Clock.By = Millis(-4200 * time.Millisecond) }, "server-2", "the clock of server-2 is 4.2 s behind the others", ""},
	"Z37": {func(p *Picture) { p.Servers[2].Guard.State.Trouble = []string{"eth0 is down"} }, "server-2", "the guard of server-2 says: eth0 is down", ""},
	"Z38": {func(p *Picture) { p.again(1, 3) }, "server-1", "server-1 is server 3 in the zone, and 1 in the description", ""},
	"Z39": {func(p *Picture) {
		p.nowhere()
		p.Servers[0].die(Unreachable, true)
		p.Servers[1].Oned.Raft = &Raft{ServerID: -1, State: Solo, VotedFor: -1, Index: -1}
		p.Servers[1].Oned.List.Servers = nil
		p.Servers[1].Guard = Guard{Answer: Refuses}
		p.Servers[2].die(Refuses, true)
	}, "server-1", "there is no zone yet: oned of server-1 runs alone", ""},
}

// again is a zone to which a server was added again: it has another ID than described.
func (p *Picture) again(at, id int) {
	old := p.Servers[at].ID
	for i := range p.Servers {
		s := &p.Servers[i]
		s.Oned.List.Servers[at].ID = id
		s.Guard.State.Servers[at] = id
		if s.Oned.Raft.ServerID == old {
			s.Oned.Raft.ServerID, s.Guard.State.Server = id, id
		}
	}
	if p.VIPs[0].Server != nil && *p.VIPs[0].Server == old {
		p.VIPs[0].Server = &id
	}
	p.number()
}

// A leader that was added again is known by its new ID, and has the floating IP.
func TestLeaderAddedAgain(t *testing.T) {
	p := healthy()
	p.again(1, 3)
	p.claim()
	v := p.Judge()
	if v.State != Good || v.Leader == nil || *v.Leader != 3 || p.Servers[1].ID != 3 || !strings.HasSuffix(v.Summary, "server-1 leads since term 7, VIP there") {
		t.Errorf("%+v", v)
	}
}

// After a start guards do not vote: that nobody has the address then is no riddle.
func TestQuietGuards(t *testing.T) {
	p := healthy()
	p.nowhere()
	p.claim()
	p.Servers[0].Guard.State.Lease.QuietMS, p.Servers[2].Guard.State.Lease.QuietMS = 4200, 100
	for _, f := range p.Judge().Problems {
		if f.ID == "Z09" && !strings.Contains(f.Why, "does not vote yet: server-0 for 5 s, server-2 for 1 s") {
			t.Errorf("%+v", f)
		}
	}
	p.Servers[0].Guard.State.Lease.QuietMS = 0
	for _, f := range p.Judge().Problems {
		if f.ID == "Z09" && strings.Contains(f.Why, "does not vote yet") {
			t.Errorf("two of three vote: %+v", f)
		}
	}
}

func TestEveryRuleFires(t *testing.T) {
	var seen []string
	for _, r := range Rules() {
		seen = append(seen, r.ID())
		t.Run(r.ID(), func(t *testing.T) {
			test, ok := fires[r.ID()]
			if !ok {
				t.Fatal("no picture shows that it finds anything")
			}
			if r.About() == "" || r.Source() == "" {
				t.Error("it does not say what it looks for, or where that is known from")
			}
			p := healthy()
			if r.ID() == "Z16" {
				p = zoneOf(4)
			}
			test.change(p)
			p.claim()
			verdict := p.Judge()
			found := false
			var with []string
			for _, f := range verdict.Problems {
				if f.ID != r.ID() {
					with = append(with, f.ID)
					continue
				}
				if f.Server == test.server && strings.Contains(f.What, test.says) {
					found = true
				}
				if f.Severity != r.severity {
					t.Errorf("severity %s, want %s", f.Severity, r.severity)
				}
				if f.Next == "" {
					t.Error("it does not say what to do")
				}
			}
			if !found {
				t.Errorf("not found for %q: %q among\n%+v", test.server, test.says, verdict.Problems)
			}
			slices.Sort(with)
			if got := strings.Join(slices.Compact(with), " "); got != test.with {
				t.Errorf("other rules that find something: %q, want %q: %+v", got, test.with, verdict.Problems)
			}
			if (verdict.Err() != nil) != slices.ContainsFunc(verdict.Problems, func(f Problem) bool { return f.Severity == diag.Error }) {
				t.Errorf("error %v and problems %+v", verdict.Err(), verdict.Problems)
			}
		})
	}
	if !slices.IsSorted(seen) || len(slices.Compact(slices.Clone(seen))) != len(seen) || len(seen) != len(fires) {
		t.Errorf("the rules are not numbered one after the other: %v", seen)
	}
}

func TestHealthyZonesHaveNoFindings(t *testing.T) {
	for name, p := range map[string]*Picture{"three": healthy(), "five": zoneOf(5), "no VIP": func() *Picture {
		p := healthy()
		p.VIPs = nil
		for i := range p.Servers {
			p.Servers[i].Guard.State.VIPs = nil
		}
		return p
	}(), "no guards, stock hook": func() *Picture {
		p := healthy()
		p.Guarded = false
		for i := range p.Servers {
			p.Servers[i].Guard = Guard{Answer: NotAsked}
		}
		p.claim()
		return p
	}(), "lag within reason": func() *Picture {
		p := healthy()
		p.Servers[0].Oned.Raft.Index -= 2500
		return p
	}(), "endpoint by name": func() *Picture {
		p := healthy()
		p.Servers[1].Oned.List.Endpoint = "http://one.example.com:2633/RPC2"
		return p
	}(), "zone without a description": func() *Picture {
		p := healthy()
		p.Described = false
		for i := range p.Servers {
			p.Servers[i].Described = false
		}
		return p
	}()} {
		t.Run(name, func(t *testing.T) {
			v := p.Judge()
			if len(v.Problems) > 0 || v.State != Good || p.Healthy() != nil || p.Steady() != nil {
				t.Errorf("%+v, %v, %v", v, p.Healthy(), p.Steady())
			}
			if l, ok := p.Leader(); !ok || l.ID != 1 || v.Leader == nil || *v.Leader != 1 || v.Term != 7 {
				t.Errorf("leader %v, %v", l.ID, v.Leader)
			}
		})
	}
}

func TestSteady(t *testing.T) {
	p := zoneOf(3)
	p.Servers[2].die(Unreachable, true)
	if err := p.Steady(); err == nil || !strings.Contains(err.Error(), "server-2 does not follow server-1") {
		t.Errorf("a dead server: %v", err)
	}
	if err := p.Steady(2); err != nil {
		t.Errorf("a dead server that is to be replaced: %v", err)
	}
	p.Servers[0].Oned.Raft.Index -= 5000
	if err := p.Steady(2); err == nil || !strings.Contains(err.Error(), "server-0 is 5000 records behind") {
		t.Errorf("a lagging one: %v", err)
	}
	p.Servers[0].die(Refuses, false)
	if err := p.Steady(0, 2); err == nil || !strings.Contains(err.Error(), "no leader") {
		t.Errorf("no majority: %v", err)
	}
	if err := zoneOf(1).Steady(); err != nil {
		t.Errorf("a zone of one: %v", err)
	}
	if err := zoneOf(2).Steady(); err != nil {
		t.Errorf("a zone of two: %v", err)
	}
	two := zoneOf(3)
	two.Servers[0].lead(8)
	two.Servers[2].follow(8)
	if err := two.Steady(); err == nil || !strings.Contains(err.Error(), "server-1 says that it is leader too, of term 7") {
		t.Errorf("two leaders: %v", err)
	}
	guards := zoneOf(3)
	guards.nowhere()
	for i := range guards.Servers {
		guards.Servers[i].Guard = Guard{Answer: Refuses}
	}
	if err := guards.Steady(); err != nil {
		t.Errorf("guards do not matter: %v", err)
	}
}

// Whoever answers at the floating IP and is not of the zone has an address that is not
// its own.
func TestVIPOfAnother(t *testing.T) {
	p := healthy()
	p.VIPs[0].Answer, p.VIPs[0].Server, p.VIPs[0].Error = Denies, nil, "HTTP status 404 Not Found: what answers is not oned"
	if v := p.Judge(); len(v.Problems) != 1 || v.Problems[0].ID != "Z29" || !strings.Contains(v.Problems[0].What, "something else answers there") {
		t.Errorf("%+v", v.Problems)
	}
}

// Nobody is the rightful leader by its own word.
func TestRightfulLeader(t *testing.T) {
	p := zoneOf(3)
	p.Servers[1].Oned.Raft.Term = 8 // the others are still in 7, or cannot be reached by it
	if l, ok := p.Leader(); ok {
		t.Errorf("%s leads without anybody who follows in its term", l.Name)
	}
	p = zoneOf(3)
	p.Servers[0].lead(9) // a leader of a later term without followers: the earlier one's time is over
	if l, ok := p.Leader(); ok {
		t.Errorf("%s leads although a later term was won", l.Name)
	}
	p = zoneOf(5)
	for _, id := range []int{0, 2, 3} {
		p.Servers[id].Oned.Raft.ServerID = 4 // all say that they are 4: that is one vote
	}
	if l, ok := p.Leader(); ok {
		t.Errorf("%s leads by the votes of one server", l.Name)
	}
}
