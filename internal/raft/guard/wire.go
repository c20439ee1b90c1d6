package guard

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/oneha/oneha/internal/raft/lease"
)

// Guards talk by POST to peerPath. The body is a message in JSON, authenticated as a
// whole. One that was recorded cannot be used again: it names the life of the one to
// whom it goes, and whoever receives it takes each number of a life once.
const (
	peerPath = "/peer/1"
	question = "question"
	answer   = "answer"
)

// message is a question of a guard, or the answer.
type message struct {
	Zone     int    `json:"zone"` // of OpenNebula
	From, To int    // SERVER_IDs
	Life     uint64 // incarnation of the sender
	Yours    uint64 // incarnation of the receiver, 0: not known
	Number   uint64 // counts the questions of a life; in an answer that of the question

	Ask    *lease.Ask     `json:",omitempty"`
	Tell   *lease.Release `json:",omitempty"`
	Answer *lease.Answer  `json:",omitempty"` // to Ask
	Stale  bool           `json:",omitempty"` // in an answer: Yours was wrong, nothing was done
}

// seal encodes and authenticates a message.
func (k Key) seal(kind string, m message) (body []byte, mac string, err error) {
	if body, err = json.Marshal(m); err != nil {
		return nil, "", err
	}
	return body, k.sign(kind, body), nil
}

// open takes a message that is authentic.
func (k Key) open(kind string, body []byte, mac string) (m message, err error) {
	if err := k.check(kind, body, mac); err != nil {
		return m, err
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, fmt.Errorf("read message: %w", err)
	}
	return m, nil
}

var (
	errReplayed = errors.New("it was received before, or is older than what was")
	errMismatch = errors.New("it contradicts itself")
)

// window takes each number of a life once. Numbers may overtake each other by a
// little.
type window struct {
	life, top uint64
	seen      uint64 // bit n: top-n was taken
}

func (w *window) take(life, number uint64) error {
	switch {
	case life < w.life || life == 0 || number == 0:
		return errReplayed
	case life > w.life:
		*w = window{life: life, top: number, seen: 1}
		return nil
	case number > w.top:
		if ahead := number - w.top; ahead < 64 {
			w.seen <<= ahead
		} else {
			w.seen = 0
		}
		w.top = number
		w.seen |= 1
		return nil
	}
	back := w.top - number
	if back >= 64 || w.seen>>back&1 == 1 {
		return errReplayed
	}
	w.seen |= 1 << back
	return nil
}

// check says whether a question is what it says it is, apart from its freshness.
func (m message) check(zone, self int) error {
	switch {
	case m.Zone != zone || m.To != self || m.From == self || m.From < 0:
		return fmt.Errorf("%w: from server %d of zone %d to server %d", errMismatch, m.From, m.Zone, m.To)
	case (m.Ask == nil) == (m.Tell == nil) || m.Answer != nil:
		return errMismatch
	case m.Ask != nil && m.Ask.From != m.From, m.Tell != nil && m.Tell.From != m.From:
		return errMismatch
	}
	return nil
}
