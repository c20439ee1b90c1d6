package health

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
)

// guarded are the servers of the zone whose guards should answer.
func (v *view) guarded() (all []*Server) {
	if !v.Guarded {
		return nil
	}
	for _, s := range v.of() {
		if !s.dark() { // that is said already
			all = append(all, s)
		}
	}
	return all
}

func guardMissing(v *view) (all []Problem) {
	for _, s := range v.guarded() {
		why := ""
		switch s.Guard.Answer {
		case Refuses:
			why = "it is not enabled, was stopped, or refuses to start"
		case Unreachable:
			why = "a firewall drops what goes to its port"
		case Denies:
			why = s.Guard.Error
		default:
			continue
		}
		all = append(all, Problem{
			Server: s.Name, What: "the guard of " + s.Name + " does not answer: it neither holds the floating IP nor votes", Why: why,
			Next: on(s, "systemctl enable --now oneha-raft-guard; journalctl -u oneha-raft-guard"),
		})
	}
	return all
}

func guardHangs(v *view) (all []Problem) {
	for _, s := range v.guarded() {
		if s.Guard.Answer == Hangs {
			all = append(all, Problem{
				Server: s.Name, What: "the guard of " + s.Name + " takes connections and does not answer", Why: "it is frozen; its watchdog ends it after 5 s, and the kernel drops the address before",
				Next: on(s, "systemctl restart oneha-raft-guard"),
			})
		}
	}
	return all
}

func guardOtherID(v *view) (all []Problem) {
	for _, s := range v.guarded() {
		l, r := s.Guard.State, s.Oned.Raft
		if l != nil && l.Idle == "" && r != nil && r.ServerID >= 0 && l.Server != r.ServerID {
			all = append(all, Problem{
				Server: s.Name, What: fmt.Sprintf("the guard of %s works for server %d, and its oned is server %d", s.Name, l.Server, r.ServerID), Why: "SERVER_ID was changed and one of the two not restarted",
				Next: on(s, "systemctl restart oneha-raft-guard"),
			})
		}
	}
	return all
}

func vipTwice(v *view) (all []Problem) {
	for i := range v.VIPs {
		if f := &v.VIPs[i]; len(f.Claims) > 1 {
			all = append(all, Problem{
				What: fmt.Sprintf("%s is on %s", f.Address, v.names(f.Claims)), Why: "the guards of the two do not agree on the zone's servers, or it moved at this moment",
				Next: "oneha raft status again; if it stays: systemctl stop oneha-raft-guard on the one that does not lead",
			})
		}
	}
	return all
}

func vipElsewhere(v *view) (all []Problem) {
	if v.leader == nil {
		return nil
	}
	leads := v.leader.Oned.Raft.ServerID
	for i := range v.VIPs {
		f := &v.VIPs[i]
		for _, id := range f.holders() {
			if id == leads || len(f.Claims) > 1 && f.Server == nil { // the latter is said already
				continue
			}
			why := "it moves at this moment, or the server does not know yet that it no longer leads"
			if s := v.byID(id); s != nil && s.Guard.State == nil {
				why = "its guard does not answer, and nothing else takes the address away"
			}
			all = append(all, Problem{
				Server: v.name(id), What: fmt.Sprintf("%s is on %s, and %s leads", f.Address, v.name(id), v.leader.Name), Why: why,
				Next: "on " + v.name(id) + ": systemctl restart oneha-raft-guard; ip address show",
			})
		}
	}
	return all
}

// byID is the server that runs with an ID, nil without one.
func (v *view) byID(id int) *Server {
	for i := range v.Servers {
		s := &v.Servers[i]
		if r := s.Oned.Raft; r != nil && r.ServerID == id || r == nil && s.ID == id {
			return s
		}
	}
	return nil
}

func vipNowhere(v *view) (all []Problem) {
	if v.leader == nil {
		return nil
	}
	for i := range v.VIPs {
		f := &v.VIPs[i]
		if len(f.holders()) > 0 || f.Answer == Hangs {
			continue
		}
		p := Problem{What: fmt.Sprintf("nobody has %s, and %s leads", f.Address, v.leader.Name)}
		switch l := v.leader.Guard.State; {
		case l == nil:
			p.Why, p.Next = "the guard of the leader does not answer", on(v.leader, "systemctl enable --now oneha-raft-guard; journalctl -u oneha-raft-guard")
		case v.votes() < v.majority:
			p.Why, p.Next = fmt.Sprintf("%d of %s answer here, and the address needs %d", v.votes(), diag.Count(len(v.members), "guard"), v.majority), "systemctl start oneha-raft-guard on the servers whose guard is missing"
		case l.Idle != "":
			p.Why, p.Next = "the guard of the leader takes no part: "+l.Idle, on(v.leader, "journalctl -u oneha-raft-guard")
		case v.quiet() != "":
			p.Why, p.Next = "a guard that started a moment ago does not vote yet: "+v.quiet(), "oneha raft status --watch: the address comes by itself"
		case len(l.Trouble) > 0:
			p.Why, p.Next = "the guard of the leader says: "+strings.Join(l.Trouble, "; "), on(v.leader, "journalctl -u oneha-raft-guard")
		default:
			p.Why, p.Next = "it moves at this moment, or the interface is missing or down", on(v.leader, "journalctl -u oneha-raft-guard; ip -brief link")
		}
		all = append(all, p)
	}
	return all
}

// quiet says which guards do not vote yet and for how long, when too few do.
func (v *view) quiet() string {
	var parts []string
	votes := v.votes()
	for _, s := range v.of() {
		if g := s.Guard.State; g != nil && g.Lease.QuietMS > 0 {
			parts = append(parts, fmt.Sprintf("%s for %.0f s", s.Name, math.Ceil(float64(g.Lease.QuietMS)/1000)))
			votes--
		}
	}
	if votes >= v.majority {
		return ""
	}
	return strings.Join(parts, ", ")
}

// votes are the guards that answer.
func (v *view) votes() (n int) {
	for _, s := range v.of() {
		if s.Guard.State != nil {
			n++
		}
	}
	return n
}

func vipUnreached(v *view) (all []Problem) {
	if v.leader == nil || v.leader.Oned.Answer != Answers {
		return nil
	}
	for i := range v.VIPs {
		f := &v.VIPs[i]
		if len(f.Claims) > 0 && f.Answer == Denies {
			all = append(all, Problem{
				What: fmt.Sprintf("%s has %s, but something else answers there", v.names(f.Claims), f.Address), Why: "another machine has the same address: " + f.Error,
				Next: "ip neighbour show " + f.Address.Addr().String() + ", and find who has that hardware address",
			})
			continue
		}
		if len(f.Claims) > 0 && f.Answer != Answers && f.Answer != NotAsked {
			all = append(all, Problem{
				What: fmt.Sprintf("%s has %s, but oned does not answer there", v.names(f.Claims), f.Address), Why: "neighbours still send to the one before, another machine has the address, or the network does not carry it here: " + f.Error,
				Next: "ip neighbour show " + f.Address.Addr().String() + "; oned.conf: LISTEN_ADDRESS must be 0.0.0.0",
			})
		}
	}
	return all
}

func servicesAstray(v *view) (all []Problem) {
	if v.leader == nil {
		return nil
	}
	for _, s := range v.guarded() {
		if s.Guard.State == nil {
			continue
		}
		leads, now := s.ID == v.leader.ID, s.Guard.State.Service
		p := Problem{Server: s.Name, Why: now.Trouble, Next: on(s, "systemctl --failed; journalctl -u oneha-raft-guard")}
		switch {
		case now.Want == "":
			continue
		case leads && !now.Reached:
			p.What = s.Name + " leads, and not all services that follow the leader run there"
		case !leads && now.Want == "started":
			p.What = s.Name + " does not lead, and the services that follow the leader were started there"
		case !leads && !now.Reached:
			p.What = s.Name + " does not lead, and not all services that follow the leader are stopped there"
		default:
			continue
		}
		all = append(all, p)
	}
	return all
}

func guardIdle(v *view) (all []Problem) {
	for _, s := range v.guarded() {
		if l := s.Guard.State; l != nil && l.Idle != "" {
			all = append(all, Problem{
				Server: s.Name, What: "the guard of " + s.Name + " takes no part: " + l.Idle, Why: "a guard needs the description, SERVER_ID in oned.conf and the zone's list of servers",
				Next: on(s, "journalctl -u oneha-raft-guard"),
			})
		}
	}
	return all
}

func guardLists(v *view) (all []Problem) {
	if v.list == nil {
		return nil
	}
	want := ids(v.list)
	for _, s := range v.guarded() {
		l := s.Guard.State
		if l == nil || l.Idle != "" || len(l.Servers) == 0 || slices.Equal(slices.Sorted(slices.Values(l.Servers)), want) {
			continue
		}
		p := Problem{
			Server: s.Name, What: fmt.Sprintf("the guard of %s counts the servers %s, and the zone has %s", s.Name, words(l.Servers), words(want)), Why: "the zone was changed a moment ago",
			Next: "oneha raft status --watch; if it stays: " + on(s, "systemctl restart oneha-raft-guard"),
		}
		if len(l.Pending) > 0 {
			p.Why = fmt.Sprintf("it will count %s as soon as that is safe", words(l.Pending))
		}
		all = append(all, p)
	}
	return all
}

func guardTrouble(v *view) (all []Problem) {
	for _, s := range v.guarded() {
		if l := s.Guard.State; l != nil {
			for _, text := range l.Trouble {
				all = append(all, Problem{Server: s.Name, What: "the guard of " + s.Name + " says: " + text, Next: on(s, "journalctl -u oneha-raft-guard")})
			}
		}
	}
	return all
}
