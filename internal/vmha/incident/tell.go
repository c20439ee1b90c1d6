package incident

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/recovery"
)

// tell makes the call that an answer stands for, between two steps of the record.
func (r *round) tell(ctx context.Context, m *machine, a Answer) error {
	what := string(Resched)
	if a.Verb == Tell {
		what = a.Choice.String()
	}
	if a.Why == "" {
		r.Log.Info("%s %d", what, m.ID) // a line of the original
	} else {
		r.Log.Info("VM %d is %s: recover %s, %s", m.ID, recovery.Find(m.State, m.LCM).Name, a.Choice.Flag(), a.Why)
	}
	asked := step{Step: stepTell, VM: m.ID, What: what, State: m.State, LCM: m.LCM, Seq: m.Seq}
	if err := r.record.add(asked); err != nil {
		return err
	}
	r.Point("before call")
	err := within(ctx, func(ctx context.Context) error {
		if a.Verb == Resched {
			return one.Resched(ctx, r.Endpoint, r.Credentials, m.ID)
		}
		return one.RecoverVM(ctx, r.Endpoint, r.Credentials, m.ID, int(a.Choice))
	})
	r.Point("after call")
	m.told++
	m.asked, m.askedAt, m.answered, m.refusal = &asked, time.Now(), err == nil, ""
	if ctx.Err() != nil {
		return fmt.Errorf("VM %d: whether oned took %s is not known: %w", m.ID, what, context.Cause(ctx))
	}
	if err != nil && !refused(err) {
		// Its state will say whether it was done; if not, it is said again.
		r.Log.Error("VM %d: no answer to %s, its state will tell: %s", m.ID, what, line(err.Error()))
		return nil
	}
	told := step{Step: stepTold, VM: m.ID, What: what}
	if err != nil {
		told.Why = line(err.Error())
	}
	// What is refused may be in another state by now, through somebody else: the next look
	// tells, and it is failed when it is not.
	m.refusal = told.Why
	return r.record.add(told)
}

// end writes what became of a machine.
func (r *round) end(m *machine, result, why string) error {
	switch {
	case result == isFailed:
		r.Log.Error("VM %d: %s", m.ID, why)
	case result == isSkipped && why == skipLocal:
		why = fmt.Sprintf(skipLocal, m.ID)
		r.Log.Info("%s", why) // a line of the original
	case result == isSkipped && why == skipUnasked:
		r.Log.Error("%s", skipUnasked) // a line of the original
		r.Log.Error("Skipping VM %d: its datastore %d does not say whether it is shared; settings: storage: unasked", m.ID, m.Datastore)
	case result == isSkipped:
		r.Log.Info("Skipping VM %d, %s", m.ID, why)
	default:
		r.Log.Info("VM %d: %s", m.ID, why)
	}
	m.result = result
	return r.record.add(step{Step: stepMachine, VM: m.ID, What: result, Why: why})
}

// line makes one line of a text, such as that of an error.
func line(text string) string { return strings.Join(strings.Fields(text), " ") }
