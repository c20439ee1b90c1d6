package fence

import (
	"context"
	"time"
)

// Stage is how far a change of power is.
type Stage string

// The stages of a change, in their order; Seen or Failed is the last.
const (
	Begun  Stage = "begun"  // the delay is over, the device has not been asked for anything yet
	Asked  Stage = "asked"  // it is told; heard of after the command, with the time before it
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
func (c *control) tell(stage Stage, want State, err error) { c.tellAt(c.env.Now(), stage, want, err) }

func (c *control) tellAt(at time.Time, stage Stage, want State, err error) {
	if c.agent.Tell != nil {
		c.agent.Tell(Change{Time: at, Stage: stage, Action: c.req.Action, Want: want, Node: c.req.Node, Err: err})
	}
}

// changesPower reports whether an action is told of.
func changesPower(action string) bool {
	return action == ActionOn || action == ActionOff || action == ActionReboot
}

// changes carries out the action, and tells of a failure to change the power.
func (c *control) changes(ctx context.Context, do func(context.Context) (int, error)) (int, error) {
	code, err := do(ctx)
	if err != nil && changesPower(c.req.Action) {
		c.tell(Failed, "", err)
	}
	return code, err
}
