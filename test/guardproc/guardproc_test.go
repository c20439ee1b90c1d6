package guardproc

import (
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/raft/guard/control"
	"github.com/oneha/oneha/internal/raft/lease"
	"github.com/oneha/oneha/test/fakezone"
)

func (l *lab) has(id int) (has bool) {
	l.ok(l.zone.In(id, func() error {
		all, err := net.InterfaceAddrs()
		for _, a := range all {
			has = has || a.String() == l.zone.VIP().String()
		}
		return err
	}))
	return has
}

// The leader has the address, and tells those who ask.
func TestLeaderHasAddress(t *testing.T) {
	l := up(t, 3)
	says := func(id int, path string, status int, text string) bool {
		got, body, err := l.guards[id].Get(l.ctx, path)
		return err == nil && got == status && strings.Contains(body, text)
	}
	// A busy machine may cost the leader its lease, or its place, for a moment.
	l.await("the guard of the leader, and no other, says that it leads", func() bool {
		leader := l.leader()
		for id := range l.guards {
			status, metric := 503, "oneha_guard_leader 0\n"
			if id == leader {
				status, metric = 200, "oneha_guard_leader 1\n"
			}
			if !says(id, "/leader", status, "") || !says(id, "/metrics", 200, metric) || !says(id, "/health", 200, `"version":1,"server":`) {
				return false
			}
		}
		return true
	})
	poked := func(id int, role string, reached bool, text string) bool {
		reply, err := l.guards[id].Poke(l.ctx, role)
		return err == nil && reply.Reached == reached && strings.Contains(reply.Text, text)
	}
	l.await("hooks are told what is so", func() bool {
		leader := l.leader()
		follower := (leader + 1) % 3
		return poked(leader, control.Leader, true, "leader of term") && poked(follower, control.Follower, true, "not here") &&
			poked(follower, control.Leader, false, "follower")
	})
}

// When oned of the leader is killed, the address goes, and comes to the next leader.
func TestOnedKilled(t *testing.T) {
	l := up(t, 3)
	old, s := l.holder(), l.sample()
	l.ok(l.zone.Kill(old))
	gone := l.await("the address leaves a server whose oned is dead", func() bool { return !l.has(old) })
	l.await("the next leader has the address", func() bool { h := l.holder(); return h >= 0 && h != old && h == l.leader() })
	l.once(s)
	t.Logf("gone %s after SIGKILL of oned", gone.Round(time.Millisecond))
}

// A leader without a majority loses the address although its oned stays leader.
func TestLeaderIsolated(t *testing.T) {
	l := up(t, 3)
	old, s := l.holder(), l.sample()
	l.zone.Cut(l.zone.Isolate(old)...)
	gone := l.await("an isolated leader loses the address", func() bool { return !l.has(old) })
	if st, err := l.zone.Status(l.ctx, old); err == nil && st.State != fakezone.Leader {
		t.Logf("oned of the isolated server is %s", st.State)
	}
	l.await("the other side has a leader with the address", func() bool { h := l.holder(); return h >= 0 && h != old })
	l.zone.Heal()
	l.await("all is well again", func() bool { h := l.holder(); return h >= 0 && h == l.leader() })
	l.once(s)
	t.Logf("gone %s after the partition; a lease is %s", gone.Round(time.Millisecond), lease.Default().Lease)
}

// When oned and guard both hang, the kernel removes the address.
func TestEverythingFrozen(t *testing.T) {
	l := up(t, 3)
	old, s := l.holder(), l.sample()
	l.ok(l.zone.Freeze(old))
	l.ok(l.guards[old].Signal(syscall.SIGSTOP))
	gone := l.await("the kernel removes the address", func() bool { return !l.has(old) })
	l.await("the next leader has the address", func() bool { h := l.holder(); return h >= 0 && h != old })
	l.ok(l.guards[old].Signal(syscall.SIGCONT))
	l.ok(l.zone.Thaw(old))
	l.await("all is well again", func() bool { h := l.holder(); return h >= 0 && h == l.leader() })
	l.once(s)
	t.Logf("the kernel removed the address %s after both were stopped", gone.Round(time.Millisecond))
}

// A guard that is killed and started again keeps the address without a gap.
func TestGuardRestarted(t *testing.T) {
	withoutGap(t, func(l *lab) (int, fakezone.Sightings) {
		old := l.holder()
		l.await("everybody votes", l.everybodyVotes)
		s := l.sample()
		l.ok(l.guards[old].Kill())
		l.ok(l.guards[old].Start())
		l.await("the new guard holds the lease", func() bool { return l.status(old).Leader })
		l.pass(3 * time.Second)
		return old, l.once(s)
	})
}

// A guard that is told to end gives the address up at once.
func TestGuardStopped(t *testing.T) {
	l := up(t, 3)
	old, s := l.holder(), l.sample()
	begin := time.Now()
	l.ok(l.guards[old].Stop(l.ctx))
	took := time.Since(begin)
	if l.has(old) {
		t.Error("the address is still there")
	}
	if log := l.guards[old].Log(); !strings.Contains(log, "ends, holding nothing") {
		t.Errorf("it does not say that it holds nothing:\n%s", log)
	}
	l.ok(l.zone.Kill(old))
	l.await("the next leader has the address", func() bool { h := l.holder(); return h >= 0 && h != old })
	l.once(s)
	t.Logf("ended %s after SIGTERM", took.Round(time.Millisecond))
}

// Servers come and go one at a time, and the leader keeps the address all the time. The
// second change has to wait, and comes by itself.
func TestMembership(t *testing.T) {
	withoutGap(t, membership)
}

func membership(l *lab) (int, fakezone.Sightings) {
	old := l.holder()
	l.await("everybody votes", l.everybodyVotes)
	s := l.sample()
	gone := (old + 1) % 3
	left := slices.DeleteFunc([]int{0, 1, 2}, func(id int) bool { return id == gone })
	haveList := func(want []int) func() bool {
		return func() bool {
			return !slices.ContainsFunc(left, func(id int) bool { return !slices.Equal(l.status(id).Servers, want) })
		}
	}
	_, err := l.zone.Call(l.ctx, old, "one.zone.delserver", 0, gone)
	l.ok(err)
	l.ok(l.zone.Kill(gone)) // it would go on asking for votes, with terms that make the leader step down
	took := l.await("the guards have the shorter list", haveList(left))
	l.Logf("one server less: heard by all after %s", took.Round(time.Millisecond))

	_, err = l.zone.Call(l.ctx, old, "one.zone.addserver", 0, `SERVER = [ NAME = "new", ENDPOINT = "http://10.99.0.77:2633/RPC2" ]`)
	l.ok(err)
	var longer []int
	l.await("the longer list waits", func() bool { longer = l.status(old).Pending; return longer != nil })
	took = l.await("the guards have the longer list", haveList(longer))
	l.Logf("%v, one server more: heard by all after %s", longer, took.Round(time.Millisecond))
	l.pass(4 * time.Second)
	return old, l.once(s)
}

// pass lets some time pass.
func (l *lab) pass(d time.Duration) {
	end := time.Now().Add(d)
	l.await("time to pass", func() bool { return time.Now().After(end) })
}

func (l *lab) everybodyVotes() bool {
	for id := range l.guards {
		if st := l.status(id); st.Server < 0 || st.Idle != "" || st.Lease.QuietMS > 0 {
			return false
		}
	}
	return true
}
