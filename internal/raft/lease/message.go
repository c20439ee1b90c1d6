package lease

import "time"

// Mark numbers the questions of one server through all its incarnations.
type Mark struct {
	Incarnation uint64
	Number      uint64
}

func (m Mark) before(o Mark) bool {
	return m.Incarnation < o.Incarnation || m.Incarnation == o.Incarnation && m.Number < o.Number
}

// Voids tells of each server up to which mark its questions are void: nothing is
// held on account of them and no answer to them will be used. Such a statement is
// true for ever, whoever passes it on. The places are those of the sorted list of
// servers.
type Voids [MaxServers]Mark

// Ask is the question of a leader: promise not to vote for anybody else.
type Ask struct {
	Zone    string // the list of servers, as the asker has it
	From    int    // server ID
	Mark    Mark
	Term    uint64        // of the leader
	Sent    Time          // on the asker's clock, comes back in the answer
	Promise time.Duration // on the clock of whoever promises, from its answer on
	Voids   Voids
}

// Answer is what a guard says to an Ask.
type Answer struct {
	Zone    string
	From    int
	Mark    Mark   // of the question
	Term    uint64 // of the question
	Sent    Time   // of the question
	Granted bool
	Why     Refusal
	Wait    time.Duration // refused: how long at least; 0: nobody knows
	Voids   Voids
}

// Release tells all guards that this server holds nothing.
type Release struct {
	Zone  string
	From  int
	Voids Voids
}

// Refusal is why a guard does not promise.
type Refusal string

// The reasons.
const (
	OtherZone   Refusal = "lists of servers differ"
	OldTerm     Refusal = "a leader of a later term is known"
	OldQuestion Refusal = "the question was withdrawn"
	TooLong     Refusal = "the promise asked for is too long: timers differ"
	JustStarted Refusal = "started a moment ago, may have promised before"
	Promised    Refusal = "promised to another server"
)
