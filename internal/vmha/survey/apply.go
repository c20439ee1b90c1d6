package survey

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/recovery"
)

// Outcome is what became of a machine that was recovered.
type Outcome struct {
	Machine
	Told  []recovery.Choice // what oned was told and took
	State recovery.State    // that it was in at the end
	Err   error             // nil: it is where the proposal leads, or asked once more and under way
	seen  int               // how many of Told were seen to have happened
}

// Pace is how long to wait for what oned has announced.
type Pace struct {
	Every time.Duration // before the first look at all machines; each further pause is twice as long
	Limit time.Duration // for each step of a proposal
	Call  time.Duration // for one call; after one that hangs nothing more is done
	Fresh time.Duration // no answer is given by a look that is older
}

// Default is for a real oned.
var Default = Pace{Every: 2 * time.Second, Limit: 30 * time.Second, Call: time.Minute, Fresh: 10 * time.Second}

// Apply carries out the safe proposals of a report, one call after the other, and looks
// afterwards whether oned did what it said. A machine that is not in the state of
// the report any more, or has been in another since, is left alone. oned is asked for all
// machines at once, so the calls are those that change something and a few others, however
// many machines there are: with the Default pace at most five for each step of the longest
// proposal, and one for every ten seconds in which answers are given.
//
// said is called for every call that changes something, when it was answered. An error
// is one that ended all; what became of each machine is in its Outcome.
func Apply(ctx context.Context, s Source, r Report, pace Pace, said func(Machine, recovery.Choice, error)) ([]Outcome, error) {
	var list []Outcome
	for _, m := range r.Machines {
		if m.Proposal.Verdict == recovery.Safe {
			list = append(list, Outcome{Machine: m, State: m.State})
		}
	}
	for step := 0; ; step++ {
		var due []int
		for i, o := range list {
			if o.Err == nil && step < len(o.Proposal.Choices) {
				due = append(due, i)
			}
		}
		if len(due) == 0 {
			return list, nil
		}
		if err := applyStep(ctx, s, list, due, step, pace, said); err != nil {
			for i := range list {
				if o := &list[i]; o.Err == nil && o.seen < len(o.Proposal.Choices) {
					o.Err = unfinished(*o, err)
				}
			}
			return list, err
		}
	}
}

// unfinished says how far a machine got when all was ended.
func unfinished(o Outcome, err error) error {
	if len(o.Told) == o.seen {
		return fmt.Errorf("nothing more was done: %w", err)
	}
	return fmt.Errorf("oned took %s, and nobody looked what became of it: %w", o.Told[len(o.Told)-1], err)
}

// errMoved says that somebody else, or oned itself, was faster.
var errMoved = errors.New("it is in another state by now: nothing was done")

// applyStep gives all that are due their choice of this step and waits for what
// follows.
func applyStep(ctx context.Context, s Source, list []Outcome, due []int, step int, pace Pace, said func(Machine, recovery.Choice, error)) error {
	var now map[int]position
	var looked time.Time
	waiting := map[int]int{} // by ID, place in the list
	for _, i := range due {
		if now == nil || time.Since(looked) > pace.Fresh {
			var err error
			looked = time.Now()
			if now, err = states(ctx, s, pace.Call); err != nil {
				return err
			}
		}
		o := &list[i]
		choice := o.Proposal.Choices[step]
		if at, there := now[o.ID]; !there || at != (position{o.State.State, o.State.LCM, o.Seq, o.Since.Unix()}) {
			if there {
				o.State = recovery.Find(at.state, at.lcm)
			}
			o.Err = errMoved
			continue
		}
		call, cancel := context.WithTimeout(ctx, pace.Call)
		err := one.RecoverVM(call, s.Endpoint, s.Credentials, o.ID, int(choice))
		late := call.Err()
		cancel()
		said(o.Machine, choice, err)
		switch {
		case err != nil && late != nil:
			o.Err = fmt.Errorf("whether oned took the answer is not known: %w", late)
			return late
		case err != nil && !answered(err): // oned may be gone, and another one in its place
			o.Err = fmt.Errorf("whether oned took the answer is not known: %w", err)
			return err
		case err != nil:
			o.Err = err
		default:
			o.Told = append(o.Told, choice)
			waiting[o.ID] = i
		}
	}
	return verify(ctx, s, list, waiting, step, pace)
}

// answered reports whether an error is what oned said, and not that it said nothing.
func answered(err error) bool {
	fault, refusal := (*one.Fault)(nil), (*one.APIError)(nil)
	return errors.As(err, &fault) || errors.As(err, &refusal)
}

// verify waits until the machines are where the choices of this step lead.
func verify(ctx context.Context, s Source, list []Outcome, waiting map[int]int, step int, pace Pace) error {
	pause := pace.Every
	for limit := time.Now().Add(pace.Limit); len(waiting) > 0; pause *= 2 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(pause, max(time.Until(limit), pace.Every))):
		}
		now, err := states(ctx, s, pace.Call)
		if err != nil {
			return err
		}
		for id, i := range waiting {
			o := &list[i]
			at, there := now[id]
			if !there {
				at = position{state: recovery.Done}
			}
			from := o.State
			end := recovery.Find(at.state, at.lcm)
			outcome := from.Outcome(o.Proposal.Choices[step])
			switch {
			case end.Name != from.Name, outcome.Again: // left it, or is at it once more
				o.State, o.Seq, o.Since, o.seen = end, at.seq, time.Unix(at.since, 0), o.seen+1
				if outcome.To == "RUNNING" && end.Kind == recovery.Failed {
					o.Err = fmt.Errorf("it is in %s", end.Name)
				}
				delete(waiting, id)
			}
		}
		if !time.Now().Before(limit) {
			for _, i := range waiting {
				list[i].Err = fmt.Errorf("oned took the answer, and it is still in %s", list[i].State.Name)
			}
			return nil
		}
	}
	return nil
}

// position is where a machine is, and since when: one that has left a state and come back
// is not where it was.
type position struct {
	state, lcm, seq int
	since           int64 // Unix seconds
}

// states asks oned where all machines are.
func states(ctx context.Context, s Source, limit time.Duration) (map[int]position, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	now := map[int]position{}
	err := one.EachVM(ctx, s.Endpoint, s.Credentials, func(vm one.PoolVM) {
		now[vm.ID] = position{vm.State, vm.LCM, vm.Seq, vm.Since.Unix()}
	})
	return now, err
}
