package fakezone

import (
	"context"
	"errors"
	"slices"

	"time"
)

// actionError is oned's code for a call that cannot be done now.
const actionError = 2048

// elect asks for votes, round after round, until the server is a candidate no
// more. ctx is not what ends it: see CandidateIgnoresTerm.
func (s *server) elect(ctx context.Context) {
	for {
		s.mu.Lock()
		if s.state != Candidate || s.c.left(CandidateIgnoresTerm) && ctx.Err() != nil {
			s.mu.Unlock()
			return
		}
		s.db.Term++
		s.db.VotedFor, s.leader = s.conf.serverID, -1
		s.save()
		term := s.db.Term
		index, lastTerm := s.db.Last()
		members := slices.Clone(s.db.Members)
		s.journal.event(term, "round", "starts")
		s.notify()
		s.mu.Unlock()
		time.Sleep(saveTime)

		if s.askAll(members, term, index, lastTerm) {
			s.mu.Lock()
			s.lead(ctx, term)
			s.mu.Unlock()
			return
		}
		s.mu.Lock()
		if s.state != Candidate {
			s.mu.Unlock()
			return
		}
		s.db.VotedFor = -1
		s.save()
		wait := s.wait()
		if len(s.retries) > 0 {
			wait, s.retries = s.retries[0], s.retries[1:]
		}
		s.journal.say("RCM", "No leader found, starting new election in %dms", wait.Milliseconds())
		s.mu.Unlock()
		if s.c.left(CandidateIgnoresTerm) {
			pause(ctx, wait)
		} else {
			time.Sleep(wait)
		}
	}
}

// askAll asks the other servers one after the other, so that a dead one delays the
// rest by the time of a call, and reports whether enough of them voted.
func (s *server) askAll(members []Member, term, index, lastTerm int) bool {
	missing := len(members) / 2
	slices.SortFunc(members, func(a, b Member) int { return a.ID - b.ID })
	for _, m := range members {
		if m.ID == s.conf.serverID || missing <= 0 {
			continue
		}
		_, err := s.ask(context.Background(), m, "one.fake.vote", term, s.conf.serverID, index, lastTerm)
		var no *Refusal
		switch {
		case err == nil:
			missing--
		case errors.As(err, &no) && no.Object > term:
			s.mu.Lock()
			s.follow(max(no.Object, s.db.Term))
			s.mu.Unlock()
			return false
		default:
			s.journal.say("RCM", "Vote not granted from follower %d: %v", m.ID, err)
		}
	}
	return missing <= 0
}

// ask calls a method of another server, within XMLRPC_TIMEOUT_MS.
func (s *server) ask(ctx context.Context, m Member, method string, params ...any) (string, error) {
	if limit := s.conf.raft.xmlrpc; limit > 0 { // 0 is no limit
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	return s.peers.call(ctx, m.Endpoint, method, append([]any{s.session}, params...)...)
}

// lead makes the candidate that won term the leader; s.mu is held. Heartbeats
// begin with the next tick.
func (s *server) lead(ctx context.Context, term int) {
	if s.state != Candidate || s.db.Term != term {
		s.journal.say("RCM", "Cannot become leader, no longer candidate")
		return
	}
	s.hook("LEADER", s.conf.leader)
	index, _ := s.db.Last()
	l := lead{next: map[int]int{}, match: map[int]int{}, stop: map[int]context.CancelFunc{}, reconciled: index, beat: make(chan struct{})}
	l.ctx, l.end = context.WithCancel(context.WithoutCancel(ctx))
	s.leading, s.leader = l, s.conf.serverID
	s.commit, s.heard = s.db.Applied, time.Time{}
	s.answered = map[int]time.Time{}
	s.become(Leader)
	s.joinFollowers()
	s.advance()
}

// vote answers a candidate: the own term, and why not, if not.
func (s *server) vote(term, candidate, index, lastTerm int) (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Solo {
		return s.db.Term, "oned is alone"
	}
	if term < s.db.Term {
		return s.db.Term, "Candidate's term is outdated"
	}
	if term > s.db.Term {
		s.follow(term)
	}
	ownIndex, ownTerm := s.db.Last()
	if ownTerm > lastTerm || ownTerm == lastTerm && ownIndex > index {
		return s.db.Term, "Candidate's log is outdated"
	}
	if s.db.VotedFor != -1 && s.db.VotedFor != candidate {
		return s.db.Term, "Already voted for another candidate"
	}
	s.db.VotedFor, s.heard = candidate, s.now()
	s.save()
	s.journal.event(term, "vote", "%d", candidate)
	return s.db.Term, ""
}
