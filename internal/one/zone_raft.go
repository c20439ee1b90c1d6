package one

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// RaftState is the role of an oned in its zone, STATE of one.zone.raftstatus.
type RaftState int

// The roles.
const (
	Solo RaftState = iota // not under Raft: SERVER_ID is -1
	Candidate
	Follower
	Leader
)

// String is the name that the onezone command prints.
func (s RaftState) String() string {
	if s < Solo || s > Leader {
		return "error"
	}
	return [...]string{"solo", "candidate", "follower", "leader"}[s]
}

// RaftStatus is what one.zone.raftstatus says. Every oned answers it for itself,
// in every state. That it says leader proves nothing about a majority: a leader
// that lost its followers stays one, and the highest term of the zone is right.
type RaftStatus struct {
	Asked       time.Time // when it was asked
	Took        time.Duration
	ServerID    int // -1 when solo
	State       RaftState
	Term        uint64
	VotedFor    int   // -1 for nobody
	Commit      int64 // index of the last record that a majority has
	LogIndex    int64 // of the last record in the log; -1 for none
	LogTerm     int64
	FedLogIndex int64
}

// AskRaft asks the oned at e for its place in Raft. ctx bounds the call; errors are
// those of Version.
func AskRaft(ctx context.Context, e Endpoint, c Credentials) (RaftStatus, error) {
	var s RaftStatus
	asked := time.Now()
	err := e.post(ctx, call("one.zone.raftstatus", c.session), func(body io.Reader) error {
		document, err := resultOf(body)
		if err != nil {
			return err
		}
		s, err = readRaft(document)
		return err
	})
	if err != nil {
		return RaftStatus{}, fmt.Errorf("ask oned at %s for its state in Raft: %w", e, err)
	}
	s.Asked, s.Took = asked, time.Since(asked)
	return s, nil
}

// readRaft reads a RAFT document. SERVER_ID, STATE and TERM must be there and make
// sense, because addresses are moved on account of them; the rest is -1 when a
// release has none, and what it does not know it passes over.
func readRaft(r io.Reader) (RaftStatus, error) {
	s := RaftStatus{VotedFor: -1, Commit: -1, LogIndex: -1, LogTerm: -1, FedLogIndex: -1}
	missing := []string{"SERVER_ID", "STATE", "TERM"}
	err := eachElement(r, "RAFT", func(path []string, text string) error {
		if len(path) != 1 {
			return nil
		}
		ok := true
		missing = slices.DeleteFunc(missing, func(name string) bool { return name == path[0] })
		switch path[0] {
		case "SERVER_ID":
			s.ServerID, ok = serverID(text)
		case "STATE":
			n, err := strconv.ParseUint(text, 10, 8)
			s.State, ok = RaftState(n), err == nil && n <= uint64(Leader)
		case "TERM":
			n, err := strconv.ParseUint(text, 10, 63)
			s.Term, ok = n, err == nil
		case "VOTEDFOR":
			s.VotedFor, ok = serverID(text)
		case "COMMIT":
			s.Commit, ok = index(text)
		case "LOG_INDEX":
			s.LogIndex, ok = index(text)
		case "LOG_TERM":
			s.LogTerm, ok = index(text)
		case "FEDLOG_INDEX":
			s.FedLogIndex, ok = index(text)
		}
		if !ok {
			return fmt.Errorf("read RAFT document: %s cannot be %.20q", path[0], text)
		}
		return nil
	})
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("read RAFT document: it has no %s", strings.Join(missing, ", "))
	}
	if err != nil {
		return RaftStatus{}, err
	}
	return s, nil
}

// serverID reads the ID of a server, -1 for none.
func serverID(text string) (int, bool) {
	n, err := strconv.ParseInt(text, 10, 32)
	return int(n), err == nil && n >= -1
}
