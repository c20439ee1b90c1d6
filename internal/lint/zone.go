package lint

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/raft/lease"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/spec"
)

// Rules about what oned.conf of a server of a zone under Raft says.

// inDescription is the check of a rule that spec.Parse applies: Number gives its
// findings their id.
func inDescription(*world, *report) {}

// zone is what the description says of a zone, nil when it describes none.
func (w *world) zone() *spec.Zone {
	if w.Description == nil {
		return nil
	}
	return w.Description.zone
}

// inCluster reports whether a cluster of Pacemaker runs oned. That a server has anything
// of Raft at all is the mistake then, which O01 reports.
func (w *world) inCluster() bool {
	return slices.ContainsFunc(w.sides, func(s *side) bool { return s.runsOned() })
}

// settings gives the rule what this server's files say otherwise than the description,
// as far as the names that about takes.
func (w *world) settings(r *report, about func(file, name string) bool) {
	if w.Node.Zone == nil {
		return
	}
	const whole = "; oneha generate shows the whole"
	lacking := map[string][]string{} // keys by their vector
	for _, s := range w.Node.Zone.Settings {
		if vector, key, ok := strings.Cut(s.Name, " "); ok && about(s.File, s.Name) && s.Is == notSet {
			lacking[vector] = append(lacking[vector], key)
		}
	}
	for _, s := range w.Node.Zone.Settings {
		if !about(s.File, s.Name) {
			continue
		}
		at := Place{File: s.File, Line: s.Line, Column: min(s.Line, 1)}
		vector, key, _ := strings.Cut(s.Name, " ")
		keys := lacking[vector]
		switch {
		case s.Is == notSet && len(keys) > 1:
			if key == keys[0] { // one finding for all of them
				r.add(at, fmt.Sprintf("%s lacks %s", vector, and(keys)), "set it as oneha generate shows")
			}
		case s.Want == notSet:
			r.add(at, fmt.Sprintf("%s is %s, and the description has none", s.Name, clipTo(160, s.Is)), "remove "+vector)
		default:
			r.add(at, fmt.Sprintf("%s is %s, and the description makes it %s", s.Name, clipTo(160, s.Is), clipTo(160, s.Want)), "set it to "+clipTo(160, s.Want)+whole)
		}
	}
}

// notSet is how package confedit calls the value of what is not there.
const notSet = "not set"

// hookCommand is the command of a hook with sudo and its options taken off.
func hookCommand(words []string) []string {
	if len(words) > 0 && strings.HasSuffix(words[0], "/sudo") {
		words = words[1:]
		for len(words) > 0 && strings.HasPrefix(words[0], "-") {
			words = words[1:]
		}
	}
	return words
}

// isOurHook reports whether a hook calls this program.
func isOurHook(hook string) bool {
	words := hookCommand(strings.Fields(hook))
	return len(words) > 2 && strings.HasSuffix(words[0], "oneha") && words[1] == "raft" && words[2] == "hook"
}

func raftHooks(w *world, r *report) {
	o := w.Node.Oned
	if o == nil || o.ServerID < 0 {
		return
	}
	at := Place{File: o.Config}
	if z := w.zone(); z != nil && w.Node.Zone != nil {
		w.settings(r, func(_, name string) bool { return strings.HasPrefix(name, "RAFT_") })
		return
	}
	for _, hook := range []string{o.LeaderHook, o.FollowerHook} {
		words := hookCommand(strings.Fields(hook))
		if guard, ok := w.Node.unit(zoneconf.GuardUnit); ok && guard.Boot == "enabled" && len(words) > 0 && !isOurHook(hook) {
			r.add(at, fmt.Sprintf("the hook %s moves the floating IP beside the guard", clip(words[0])), "")
		}
	}
}

func hooksDiffer(w *world, r *report) {
	o := w.Node.Oned
	if o == nil || o.LeaderHook == "" || o.FollowerHook == "" || w.inCluster() {
		return // one of them alone is reported by O02, both in a cluster by O01
	}
	leader, follower := strings.Fields(o.LeaderHook), strings.Fields(o.FollowerHook)
	role := func(words []string, role string) bool {
		i := slices.Index(words, role)
		if i >= 0 {
			words[i] = "ROLE"
		}
		return i >= 0
	}
	isLeader, isFollower := role(leader, zoneconf.Leader), role(follower, zoneconf.Follower)
	at := Place{File: o.Config}
	switch {
	case len(o.MissingHooks) > 0: // reported by O02
	case !isLeader:
		r.add(at, "RAFT_LEADER_HOOK is not called with the word leader", "")
	case !isFollower:
		r.add(at, "RAFT_FOLLOWER_HOOK is not called with the word follower", "")
	case !slices.Equal(leader, follower):
		r.add(at, "RAFT_LEADER_HOOK and RAFT_FOLLOWER_HOOK differ in more than leader and follower", "")
	}
}

func raftComplete(w *world, r *report) {
	if o := w.Node.Oned; o != nil && o.ServerID >= 0 && len(o.RaftMissing) > 0 {
		r.add(Place{File: o.Config}, "RAFT lacks "+and(o.RaftMissing)+", and oned takes what stands in its memory for it", "")
	}
}

func serverID(w *world, r *report) {
	o := w.Node.Oned
	if w.Peer != nil && w.Peer.Oned != nil && o != nil && o.ServerID >= 0 && o.ServerID == w.Peer.Oned.ServerID {
		r.add(Place{File: o.Config}, fmt.Sprintf("SERVER_ID is %d here and on %s", o.ServerID, clip(w.Peer.Name)), "")
	}
	if w.zone() == nil || w.Node.Zone == nil {
		return
	}
	if w.Node.Zone.Server == "" {
		r.as(diag.Warning, w.Node.place(), "this machine is none of the servers of the description, by its name and its addresses", "run this on a server, or add this machine to nodes")
		return
	}
	if o == nil {
		r.as(diag.Warning, w.Node.place(), "there is no oned.conf that can be read on server "+clip(w.Node.Zone.Server), "install OpenNebula, and run this as root")
	}
	w.settings(r, func(_, name string) bool { return strings.HasPrefix(name, "FEDERATION") })
}

func listens(w *world, r *report) {
	w.settings(r, func(file, name string) bool {
		return strings.HasSuffix(name, "LISTEN_ADDRESS") || file != zoneconf.OnedConf && file != zoneconf.MonitordConf
	})
}

func raftTimers(w *world, r *report) {
	if z := w.zone(); z != nil {
		at := w.Description.where.first([]string{"timers", "election"}, []string{"timers"}, []string{"release"}, []string{"mode"})
		judgeTimers(r, at, z.Election, z.Heartbeat)
	}
	if w.Node == nil || w.Node.Oned == nil || w.Node.Oned.ServerID < 0 {
		return
	}
	if w.zone() == nil {
		o := w.Node.Oned
		judgeTimers(r, Place{File: o.Config}, time.Duration(o.ElectionMS)*time.Millisecond, time.Duration(o.HeartbeatMS)*time.Millisecond)
		return
	}
	w.settings(r, func(_, name string) bool {
		key, of := strings.CutPrefix(name, "RAFT ")
		return of && !slices.Contains(w.Node.Oned.RaftMissing, key) // that is S04
	})
}

// judgeTimers compares the times of oned with each other and with the lease. 0 is for
// what is not known.
func judgeTimers(r *report, at Place, election, heartbeat time.Duration) {
	if election == 0 || heartbeat == 0 {
		return
	}
	if election < 5*heartbeat {
		r.add(at, fmt.Sprintf("an election comes after %s without a heartbeat, and these come every %s: a few that are lost depose a healthy leader", election, heartbeat), "make the election timeout five times the heartbeat at least")
	}
	e := lease.Election{ElectionTimeout: election, BroadcastTimeout: heartbeat}
	if t := lease.For(e); t.CheckElection(e) != nil {
		r.add(at, fmt.Sprintf("a new leader may come %s after the old one vanished, and the promises of the guards last %s: it waits %s for the floating IP", e.Earliest(), t.Promise(), t.Wait(e)),
			fmt.Sprintf("take the default timers, or an election timeout of %s", (t.Promise()+heartbeat).Round(100*time.Millisecond)))
	}
}
