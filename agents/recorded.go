package agents

import (
	"context"
	"fmt"
	"time"

	"github.com/oneha/oneha/internal/events"
	"github.com/oneha/oneha/ocf"
)

// Recorded returns the agent with every start and stop told to tell, when it begins and
// when it has ended, with what an agent says in between by noteEvent. prepare is called by a probe:
// Pacemaker probes on every node before anything happens, as root. What comes of either
// changes nothing of the action.
func Recorded(a ocf.Agent, tell func(*ocf.Request, events.Event), prepare func(*ocf.Request)) ocf.Agent {
	actions := make([]ocf.Action, len(a.Actions))
	for i, act := range a.Actions {
		run := act.Run
		switch act.Name {
		case ocf.Start, ocf.Stop:
			act.Run = func(ctx context.Context, req *ocf.Request) error { return recorded(ctx, req, run, tell) }
		case ocf.Monitor:
			act.Run = func(ctx context.Context, req *ocf.Request) error {
				if req.Probe() {
					prepare(req)
				}
				return run(ctx, req)
			}
		}
		actions[i] = act
	}
	a.Actions = actions
	return a
}

func recorded(ctx context.Context, req *ocf.Request, run func(context.Context, *ocf.Request) error, tell func(*ocf.Request, events.Event)) error {
	begin := time.Now()
	e := events.Event{Time: begin, From: req.Type, Subject: req.Instance, Node: req.Node, Action: req.Action}
	note := func(what events.What, at time.Time, text string) {
		e := e
		e.Time, e.What, e.Text = at, what, text
		tell(req, e)
	}
	note(events.Begun, begin, "")
	ended := func(err error) {
		code := int(ocf.CodeOf(err))
		e.Time, e.What, e.Code = time.Now(), events.Ended, &code
		e.Took = float64(e.Time.Sub(begin).Milliseconds()) / 1000
		if err != nil {
			e.Text = err.Error()
		}
		tell(req, e)
	}
	defer func() {
		if p := recover(); p != nil { // it has ended, too; ocf makes the exit code of it
			ended(fmt.Errorf("panic: %v", p))
			panic(p)
		}
	}()
	err := run(context.WithValue(ctx, noteKey{}, note), req)
	ended(err)
	return err
}

type noteKey struct{}

// noteEvent tells of a step within an action that is recorded; in others it does nothing.
// It may wait for a disk: what is urgent comes first, and at says when the step was.
func noteEvent(ctx context.Context, what events.What, at time.Time, text string) {
	if note, ok := ctx.Value(noteKey{}).(func(events.What, time.Time, string)); ok {
		note(what, at, text)
	}
}
