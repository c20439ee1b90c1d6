package health

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// host is where a server's machine is reached.
func (s *Server) host() string {
	if s.Addr.IsValid() {
		return s.Addr.String()
	}
	if u, err := url.Parse(s.Endpoint); err == nil {
		return u.Hostname()
	}
	return s.Name
}

func machineDark(v *view) (all []Problem) {
	if len(nobodyAnswers(v)) > 0 {
		return nil // the network between is more probable, and said
	}
	for _, s := range v.of() {
		if s.dark() {
			all = append(all, Problem{
				Server: s.Name, What: "the machine of " + s.Name + " does not answer", Why: "it is off, or the network between is cut",
				Next: "ping " + s.host() + "; when it is gone for good: oneha raft replace " + s.Name,
			})
		}
	}
	return all
}

func onedRefuses(v *view) (all []Problem) {
	for _, s := range v.of() {
		if s.Oned.Answer == Refuses || s.Oned.Answer == Unreachable && !s.dark() {
			all = append(all, Problem{
				Server: s.Name, What: "oned of " + s.Name + " does not run", Why: "it was stopped, ended, or has not opened its port yet (some 10 s)",
				Next: on(s, "systemctl start opennebula; tail /var/log/one/oned.log"),
			})
		}
	}
	return all
}

func onedHangs(v *view) (all []Problem) {
	for _, s := range v.of() {
		if s.Oned.Answer == Hangs {
			all = append(all, Problem{
				Server: s.Name, What: "oned of " + s.Name + " takes connections and does not answer", Why: "it is frozen, waits for its database, or the machine has too much to do",
				Next: on(s, "systemctl kill -s KILL opennebula && systemctl restart opennebula"),
			})
		}
	}
	return all
}

func sameID(v *view) (all []Problem) {
	by := map[int][]string{}
	for _, s := range v.raft() {
		if s.Oned.Raft.ServerID >= 0 {
			by[s.Oned.Raft.ServerID] = append(by[s.Oned.Raft.ServerID], s.Name)
		}
	}
	for _, s := range v.raft() {
		id := s.Oned.Raft.ServerID
		if names := by[id]; len(names) > 1 && s.ID != id {
			all = append(all, Problem{
				Server: s.Name, What: fmt.Sprintf("SERVER_ID %d is that of %s", id, strings.Join(names, " and ")), Why: "oned.conf was copied from another server",
				Next: on(s, fmt.Sprintf("set SERVER_ID = %d in /etc/one/oned.conf, then systemctl restart opennebula", s.ID)),
			})
		}
	}
	return all
}

func soloServer(v *view) (all []Problem) {
	for _, s := range v.of() {
		if r := s.Oned.Raft; r != nil && (r.ServerID < 0 || r.State == Solo) && v.list != nil {
			all = append(all, Problem{
				Server: s.Name, What: s.Name + " is in the zone, but its oned runs alone", Why: "SERVER_ID in its oned.conf is -1; whatever is written there is lost to the others",
				Next: on(s, fmt.Sprintf("set SERVER_ID = %d in /etc/one/oned.conf, then systemctl restart opennebula", s.ID)),
			})
		}
	}
	return all
}

func wrongID(v *view) (all []Problem) {
	for _, s := range v.raft() {
		m, listed := v.at(s.Endpoint)
		id := s.Oned.Raft.ServerID
		if !listed || id < 0 || id == m.ID || v.shared(id) {
			continue
		}
		all = append(all, Problem{
			Server: s.Name, What: fmt.Sprintf("%s runs with SERVER_ID %d, and the zone knows it as %d", s.Name, id, m.ID), Why: "it was added again: a new server gets a new ID",
			Next: on(s, fmt.Sprintf("set SERVER_ID = %d in /etc/one/oned.conf, then systemctl restart opennebula", m.ID)),
		})
	}
	return all
}

// at is the zone's entry for an endpoint.
func (v *view) at(endpoint string) (Member, bool) {
	if v.list == nil {
		return Member{}, false
	}
	i := slices.IndexFunc(v.list.Servers, func(m Member) bool { return m.Endpoint == endpoint })
	if i < 0 {
		return Member{}, false
	}
	return v.list.Servers[i], true
}

// shared reports whether several servers run with an ID: that is said by another rule.
func (v *view) shared(id int) bool {
	n := 0
	for _, s := range v.raft() {
		if s.Oned.Raft.ServerID == id {
			n++
		}
	}
	return n > 1
}

func notInZone(v *view) (all []Problem) {
	if v.list == nil {
		return nil
	}
	for _, s := range v.raft() {
		r := s.Oned.Raft
		if _, listed := v.at(s.Endpoint); listed || r.ServerID < 0 || v.member(r.ServerID) {
			continue
		}
		all = append(all, Problem{
			Server: s.Name, What: fmt.Sprintf("%s runs with SERVER_ID %d, which the zone does not have: it is %s", s.Name, r.ServerID, r.State), Why: "it was removed from the zone and not stopped, or not yet added",
			Next: on(s, "systemctl stop opennebula") + "; to have it in the zone: oneha raft join " + s.Name,
		})
	}
	return all
}

func outOfWindow(v *view) (all []Problem) {
	for _, s := range v.of() {
		if lag, known := v.lag(s); known && v.Retention > 0 && lag > int64(v.Retention) {
			all = append(all, Problem{
				Server: s.Name, What: fmt.Sprintf("%s is %d records behind, and the leader keeps %d", s.Name, lag, v.Retention), Why: "it was away for too long; it cannot catch up any more",
				Next: "oneha raft reset " + s.Name,
			})
		}
	}
	return all
}

func lagging(v *view) (all []Problem) {
	for _, s := range v.of() {
		lag, known := v.lag(s)
		if !known || lag <= v.tolerable() || v.Retention > 0 && lag > int64(v.Retention) {
			continue
		}
		p := Problem{
			Server: s.Name, What: fmt.Sprintf("%s is %d records behind", s.Name, lag), Why: "it was away and catches up, or its disk or the network is too slow",
			Next: "oneha raft status --watch: the lag should shrink; otherwise " + on(s, "tail /var/log/one/oned.log"),
		}
		if v.Retention > 0 {
			p.What += fmt.Sprintf(" of the %d that the leader keeps", v.Retention)
		}
		all = append(all, p)
	}
	return all
}

// unlike is how far clocks may differ: beyond it, logs and sessions cannot be compared.
const unlike = 1000 // ms

func clocksDiffer(v *view) (all []Problem) {
	var known []*Server
	for i := range v.Servers {
		if v.Servers[i].Guard.Clock != nil {
			known = append(known, &v.Servers[i])
		}
	}
	if len(known) < 2 {
		return nil
	}
	ordered := slices.Clone(known)
	slices.SortStableFunc(ordered, func(a, b *Server) int { return int(a.Guard.Clock.By.ms() - b.Guard.Clock.By.ms()) })
	middle := ordered[(len(ordered)-1)/2].Guard.Clock
	for _, s := range known {
		by, doubt := s.Guard.Clock.By.ms()-middle.By.ms(), s.Guard.Clock.Error.ms()+middle.Error.ms()
		if max(by, -by)-doubt <= unlike {
			continue
		}
		side := "ahead of"
		if by < 0 {
			side = "behind"
		}
		all = append(all, Problem{
			Server: s.Name, What: fmt.Sprintf("the clock of %s is %.1f s %s the others", s.Name, float64(max(by, -by))/1000, side), Why: "it is not synchronised; a step of a clock starts an election",
			Next: on(s, "chronyc tracking (or timedatectl)"),
		})
	}
	return all
}
