package fakezone

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// joinFollowers starts the threads of followers that are new and ends those of
// servers that left the zone; s.mu is held.
func (s *server) joinFollowers() {
	l := &s.leading
	for id, stop := range l.stop {
		if _, stays := s.db.member(id); !stays {
			stop()
			delete(l.stop, id)
			delete(l.match, id)
		}
	}
	for _, m := range s.db.Members {
		if _, has := l.stop[m.ID]; has || m.ID == s.conf.serverID {
			continue
		}
		last, _ := s.db.Last()
		l.next[m.ID], l.match[m.ID] = last+1, 0
		ctx, stop := context.WithCancel(l.ctx)
		l.stop[m.ID] = stop
		go s.heartbeats(ctx, m)
		go s.replicate(ctx, m)
	}
}

// heartbeats sends one at each beat, and none while one is on its way.
func (s *server) heartbeats(ctx context.Context, m Member) {
	s.mu.Lock()
	beat := s.leading.beat
	s.mu.Unlock()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat:
		}
		s.mu.Lock()
		beat = s.leading.beat
		// Only what this follower surely has may be committed there.
		term, commit := s.db.Term, min(s.commit, s.leading.match[m.ID])
		s.mu.Unlock()
		s.send(ctx, m, term, commit, Record{}, Record{})
	}
}

// send sends a record with the one before it, or a heartbeat, and reports whether
// the follower took it; refused says that it is there and did not.
func (s *server) send(ctx context.Context, m Member, term, commit int, r, previous Record) (ok, refused bool) {
	if ctx.Err() != nil {
		return false, false
	}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // a Record is texts and numbers
	}
	_, err = s.ask(ctx, m, "one.fake.replicate", s.conf.serverID, commit, term, previous.Index, previous.Term, string(text))
	var no *Refusal
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil { // no leader any more
		return false, false
	}
	refused = errors.As(err, &no)
	if err == nil || refused {
		s.answered[m.ID] = s.now()
	}
	if refused && no.Object > s.db.Term {
		s.journal.say("RCM", "Follower %d term (%d) is higher than current (%d)", m.ID, no.Object, s.db.Term)
		s.follow(no.Object)
	}
	return err == nil, refused
}

// replicate brings a follower's log up to the leader's, one record at a time.
func (s *server) replicate(ctx context.Context, m Member) {
	lacks := -1 // the record that this follower was last found to need in vain
	for ctx.Err() == nil {
		s.mu.Lock()
		changed, term, commit := s.changed, s.db.Term, s.commit
		next := s.leading.next[m.ID]
		r, has := s.db.record(next)
		previous, follows := s.db.record(next - 1)
		if last, _ := s.db.Last(); next <= last && !follows && next != lacks {
			lacks = next
			s.journal.event(term, "window", "%d", m.ID)
			s.journal.say("RCM", "Follower %d needs record %d, which was purged", m.ID, next-1)
		}
		s.mu.Unlock()
		if !has || !follows { // up to date, or out of the log's window: it needs a reset
			select {
			case <-ctx.Done():
			case <-changed:
			}
			continue
		}
		ok, refused := s.send(ctx, m, term, commit, r, previous)
		switch {
		case ok:
			s.mu.Lock()
			if ctx.Err() == nil && s.leading.next[m.ID] == next { // no reset meanwhile
				s.leading.next[m.ID], s.leading.match[m.ID] = next+1, next
				s.advance()
			}
			s.mu.Unlock()
		case refused:
			s.mu.Lock()
			if ctx.Err() == nil && s.leading.next[m.ID] == next {
				s.leading.next[m.ID]--
			}
			s.mu.Unlock()
		default:
			pause(ctx, s.conf.raft.broadcast)
		}
	}
}

// advance commits what a majority has; s.mu is held.
func (s *server) advance() {
	last, _ := s.db.Last()
	for index := s.commit + 1; index <= last; index++ {
		have := 0
		for _, match := range s.leading.match {
			if match >= index {
				have++
			}
		}
		if have < len(s.db.Members)/2 {
			break
		}
		s.commit = index
		if s.db.apply(index) {
			s.save()
			s.joinFollowers()
		}
	}
	s.notify()
}

// countAnswers steps down when LeaderStaysWithoutMajority is left out and too few
// followers answered within an election timeout; s.mu is held.
func (s *server) countAnswers(now time.Time) {
	if !s.c.left(LeaderStaysWithoutMajority) {
		return
	}
	there := 0
	for id := range s.leading.stop {
		if _, asked := s.answered[id]; !asked {
			s.answered[id] = now // from the first beat on
		}
		if now.Sub(s.answered[id]) < s.conf.raft.election {
			there++
		}
	}
	if there < len(s.db.Members)/2 {
		s.journal.say("RCM", "No majority answers")
		s.follow(s.db.Term)
	}
}

// receive takes a record or a heartbeat (index 0): the own term, and why not, if
// not.
func (s *server) receive(leader, commit, term, previousIndex, previousTerm int, r Record) (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Solo {
		return s.db.Term, "oned is alone"
	}
	if term < s.db.Term {
		return s.db.Term, "Leader term is outdated"
	}
	if term > s.db.Term || s.state == Candidate {
		s.follow(term)
	}
	s.leader, s.heard = leader, s.now()
	saved := r.Index == 0
	if !saved {
		previous, has := s.db.record(previousIndex)
		switch {
		case !has:
			return s.db.Term, "Error loading previous log record"
		case previous.Term != previousTerm:
			return s.db.Term, "Previous log record missmatch"
		}
		if own, has := s.db.record(r.Index); !has || own.Term != r.Term {
			s.db.put(r)
		}
		commit = min(commit, r.Index)
	}
	if last, _ := s.db.Last(); commit > s.commit {
		s.commit = min(commit, last)
	}
	if s.db.apply(s.commit) || !saved {
		s.save()
	}
	s.notify()
	return s.db.Term, ""
}

// errFollower says that a leader stepped down before it had replicated a write.
var errFollower = errors.New("oned is now follower")

// write appends a record and waits until it is committed, however long that
// takes. When ctx ends first, the record stays and may be committed later.
func (s *server) write(ctx context.Context, r Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Solo {
		s.db.change(r)
		s.save()
		return nil
	}
	if s.state != Leader {
		return errFollower
	}
	last, _ := s.db.Last()
	r.Index, r.Term = last+1, s.db.Term
	s.db.put(r)
	s.save()
	s.advance()
	for s.commit < r.Index {
		if s.state != Leader || s.db.Term != r.Term {
			return errFollower
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-changed:
		}
		s.mu.Lock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}
