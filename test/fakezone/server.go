package fakezone

import (
	"context"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"time"
)

// State is a server's part in the zone, with the numbers of one.zone.raftstatus.
type State int

// The states.
const (
	Solo State = iota
	Candidate
	Follower
	Leader
)

// String is the name that the onezone command prints.
func (s State) String() string {
	if s < Solo || s > Leader {
		return "error"
	}
	return [...]string{"solo", "candidate", "follower", "leader"}[s]
}

const (
	// tick is how often oned looks at its timers.
	tick = 50 * time.Millisecond
	// saveTime is how long a candidate takes to save its term before it asks for
	// votes. It is why candidates collide that began at the same tick.
	saveTime = 10 * time.Millisecond
)

// server is Raft in one server.
type server struct {
	c       Config
	conf    conf
	journal journal
	session string
	peers   caller

	mu       sync.Mutex // of all below
	db       *Database
	store    Store
	failed   int // attempts to write in a row
	state    State
	leader   int // ID, -1: unknown
	commit   int
	heard    time.Time // of a leader, or when the own heartbeats were sent
	answered map[int]time.Time
	step     time.Duration // of the clock, see one.fake.clock
	random   *rand.Rand
	retries  []time.Duration // the first waits between rounds, before random ones
	lastHook chan struct{}   // without HooksOverlap: closed when the last hook has ended
	leading  lead
	changed  chan struct{} // closed and made anew whenever something changed
}

// lead is what a leader knows of its followers.
type lead struct {
	ctx         context.Context // ends with the leadership
	end         context.CancelFunc
	next, match map[int]int
	stop        map[int]context.CancelFunc // ends the threads of a follower
	reconciled  int                        // until this index is committed, the leader replicates what it found
	beat        chan struct{}              // closed and made anew at each heartbeat
}

func newServer(c Config, conf conf, db *Database, store Store, session string, j journal) *server {
	s := &server{
		c: c, conf: conf, db: db, store: store, session: session, journal: j, peers: newCaller(nil),
		state: Follower, leader: -1, commit: db.Applied, changed: make(chan struct{}),
		random: rand.New(rand.NewPCG(c.Seed, uint64(conf.serverID))), retries: c.Retries,
	}
	if conf.serverID < 0 {
		s.state = Solo
		s.journal.say("ONE", "oned started in solo mode.")
		s.journal.event(db.Term, "state", "%s", s.state)
		return s
	}
	s.journal.say("RCM", "oned started in follower mode")
	s.journal.event(db.Term, "state", "%s", s.state)
	s.heard = s.now().Add(c.WarmUp)
	if !c.Born.IsZero() {
		s.heard = c.Born.Add(c.WarmUp)
	}
	if c.left(SameTimeout) {
		s.heard = s.heard.Add(s.wait())
	}
	s.hook("FOLLOWER", conf.follower)
	return s
}

// now is the wall clock as this server sees it: oned's timers follow its steps.
// Without Round(0), Go would compare by the monotonic clock, which has none.
func (s *server) now() time.Time { return time.Now().Round(0).Add(s.step) }

// wait is a random part of an election timeout.
func (s *server) wait() time.Duration {
	return time.Duration(s.random.Int64N(int64(s.conf.raft.election)))
}

// maxDatabaseErrors is how many failures in a row oned takes from its database
// before a server of a zone ends itself, in good order (ERRORS_LIMIT, 25).
const maxDatabaseErrors = 25

// save writes the database; s.mu is held. While that fails, oned refuses all calls
// as if the password were wrong, and run tries again.
func (s *server) save() {
	err := s.store.Save(s.db)
	if err == nil {
		s.failed = 0
		return
	}
	s.failed++
	s.journal.say("ONE", "SQL command failed: %v", err)
	if s.failed > maxDatabaseErrors && s.conf.serverID >= 0 {
		s.journal.event(s.db.Term, "stop", "no database")
		_ = syscall.Kill(os.Getpid(), syscall.SIGTERM) // to itself
	}
}

// notify wakes whoever waits for a change; s.mu is held.
func (s *server) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// become sets the state; s.mu is held.
func (s *server) become(state State) {
	s.state = state
	s.journal.event(s.db.Term, "state", "%s", state)
	s.notify()
}

// run looks at the timers until ctx ends, and not while an election goes on: that
// holds the thread, as it does in oned.
func (s *server) run(ctx context.Context) {
	purged := s.now()
	for wait := tick; ; {
		if !pause(ctx, wait) {
			break
		}
		wait = tick
		s.mu.Lock()
		if s.failed > 0 {
			s.save()
		}
		now := s.now()
		if now.Sub(purged) >= s.conf.raft.logPurge {
			purged = now
			if n := s.db.purge(s.conf.raft.logRetention, s.conf.raft.limitPurge); n > 0 {
				s.save()
				s.journal.event(s.db.Term, "purge", "%d", n)
			}
		}
		due := s.heard.Add(s.conf.raft.election)
		switch {
		case s.state == Leader && now.Sub(s.heard) >= s.conf.raft.broadcast:
			s.heard = now
			close(s.leading.beat)
			s.leading.beat = make(chan struct{})
			s.countAnswers(now)
		case s.state == Follower && !now.Before(due):
			s.journal.say("RRM", "Failed to get heartbeat from leader. Starting election proccess")
			s.become(Candidate)
			s.mu.Unlock()
			s.elect(ctx)
			continue
		case s.state == Follower && due.Sub(now) < tick:
			wait = due.Sub(now) // to the point, so that candidates collide reproducibly
		}
		s.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Leader {
		s.follow(s.db.Term)
	}
}

// follow makes the server a follower, in a term that may be new; s.mu is held.
// Only a leader's change runs the hook.
func (s *server) follow(term int) {
	if s.state == Leader {
		s.hook("FOLLOWER", s.conf.follower)
		s.leading.end()
	}
	if term > s.db.Term {
		s.db.Term, s.db.VotedFor = term, -1
		s.save()
	}
	s.commit, s.leader, s.heard = s.db.Applied, -1, s.now()
	s.journal.say("RCM", "oned is set to follower mode")
	s.become(Follower)
}

// pause reports whether ctx still lasts after d.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
