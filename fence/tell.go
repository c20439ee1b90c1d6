package fence

import (
	"context"
	"time"
)

// Stage is how far a change of power is.
type Stage string

// The stages of a change, in their order; Seen or Failed is the last.
const (
	Begun  Stage = "begun"  // the device has not been asked for anything yet
	Asked  Stage = "asked"  // it is about to be told
	Seen   Stage = "seen"   // it reports the power that was wanted
	Failed Stage = "failed" // the action ends without that
)

// Change is what an Agent's Tell is told.
type Change struct {
	Time   time.Time
	Stage  Stage
	Action string // of the call: ActionOff, ActionOn or ActionReboot
	Want   State  // what the power is to be; "" for Begun and Failed
	Node   string // the machine as the cluster calls it, "" when it did not say
	Err    error  // of Failed
}

// tell tells of a stage. A reboot has two changes, of which the second one is switching on.
func (c *control) tell(stage Stage, want State, err error) {
	if c.agent.Tell != nil {
		c.agent.Tell(Change{Time: c.env.Now(), Stage: stage, Action: c.req.Action, Want: want, Node: c.req.Node, Err: err})
	}
}

// changes is run for the actions that change the power: it tells of the beginning, and
// of a failure.
func (c *control) changes(ctx context.Context, do func(context.Context) (int, error)) (int, error) {
	switch c.req.Action {
	case ActionOn, ActionOff, ActionReboot:
	default:
		return do(ctx)
	}
	c.tell(Begun, "", nil)
	code, err := do(ctx)
	if err != nil {
		c.tell(Failed, "", err)
	}
	return code, err
}
