package random

import (
	"errors"
	"fmt"

	"github.com/google/go-cmp/cmp"
)

// deep is a recurring monitor at depth 10.
const deep = "deep monitor"

// unitOutcome is what the model allows of an operation on a service.
type unitOutcome struct {
	codes []int
	after func(after unitNode) error
}

// expect is the model: what an operation may come to on a machine in that state.
func (s subject) expect(op string, n unitNode) unitOutcome {
	switch op {
	case start:
		return s.expectStart(n)
	case stop:
		return unitOutcome{[]int{success}, func(after unitNode) error { return s.stopped(after) }}
	case validate:
		code := success
		if n.Load == "masked" && !n.up() {
			code = installed
		}
		return unitOutcome{[]int{code}, func(after unitNode) error { return same(n, after) }}
	}
	code := notRunning
	switch {
	case n.up() && op == deep && n.Frozen:
		code = failed
	case n.up():
		code = success
	case n.Outside > 0: // an oned that systemd does not know has to be stopped all the same
		code = failed
	}
	return unitOutcome{[]int{code}, func(after unitNode) error {
		if op != probe && n.up() { // the cluster takes it over, if it can
			if err := managed(after); err != nil && n.Load == "loaded" {
				return err
			}
			n.DropIn, n.Read, n.Restart = after.DropIn, after.Read, after.Restart
		}
		return same(n, after)
	}}
}

func (s subject) expectStart(n unitNode) unitOutcome {
	switch {
	case n.Load == "masked" && !n.up():
		return unitOutcome{[]int{installed}, func(after unitNode) error { return same(n, after) }}
	case n.Outside > 0:
		return unitOutcome{[]int{failed}, func(after unitNode) error {
			n.DropIn, n.Read, n.Restart = after.DropIn, after.Read, after.Restart
			return same(n, after)
		}}
	case n.Frozen: // it never answers
		return unitOutcome{[]int{failed}, func(after unitNode) error {
			if !after.up() || !after.Frozen {
				return errors.New("a start has ended what runs")
			}
			return nil
		}}
	}
	return unitOutcome{[]int{success}, func(after unitNode) error {
		switch {
		case !after.up() || after.Inside == 0:
			return fmt.Errorf("started, but it is %s", after.Active)
		case !after.Answers:
			return errors.New("started, but it does not answer")
		case n.Load == "loaded":
			return managed(after)
		}
		return nil
	}}
}

// stopped says what is wrong after a stop that succeeded.
func (s subject) stopped(after unitNode) error {
	switch {
	case after.up() || after.Inside > 0 || after.Outside > 0:
		return fmt.Errorf("stopped, but it is %s with %d processes inside and %d outside of the unit", after.Active, after.Inside, after.Outside)
	case len(after.DropIn) > 0 || after.Read:
		return fmt.Errorf("stopped, but there is a drop-in: %v, read by systemd: %v", after.DropIn, after.Read)
	case len(after.Companions) > 0:
		return fmt.Errorf("stopped, but there are %v", after.Companions)
	}
	return nil
}

// managed holds when the cluster is in charge of the unit.
func managed(n unitNode) error {
	if len(n.DropIn) != 1 || !n.Read || n.Restart != "no" {
		return fmt.Errorf("the cluster is not in charge: drop-ins %v, read by systemd: %v, Restart=%s", n.DropIn, n.Read, n.Restart)
	}
	return nil
}

// possible says whether a killed start or stop can have left that.
func (s subject) possible(op string, n, after unitNode) error {
	switch {
	case after.Outside > n.Outside:
		return fmt.Errorf("%d processes outside of the unit", after.Outside)
	case after.Load != n.Load:
		return fmt.Errorf("the unit is %s", after.Load)
	case op == start && n.up() && !after.up():
		return errors.New("a start has ended what ran")
	case op == start && after.up() && !n.up() && n.Outside > 0:
		return errors.New("a second oned was started")
	case op == stop && after.up() && !n.up():
		return errors.New("a stop has started it")
	case op == stop && len(after.DropIn) > len(n.DropIn):
		return errors.New("a stop has added a drop-in")
	}
	return nil
}

// same holds when nothing at all has changed.
func same(n, after unitNode) error {
	if diff := cmp.Diff(n.withoutOrder(), after.withoutOrder()); diff != "" {
		return fmt.Errorf("something has changed (-before +after):\n%s", diff)
	}
	return nil
}
