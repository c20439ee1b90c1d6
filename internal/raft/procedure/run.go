package procedure

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Event is what happens to a step.
type Event struct {
	Step, Of int // from 1
	Name     string
	What     What
	Took     time.Duration
}

// What happens to a step.
type What string

// Events of a step: one Began, then one of the others, unless it fails.
const (
	Began   What = "began"
	Already What = "already" // nothing to do
	Did     What = "did"
)

// Result is what came of a procedure.
type Result struct {
	Procedure Kind     `json:"procedure"`
	Server    string   `json:"server"`
	ID        int      `json:"server_id"` // that the server has in the zone, -1 for none
	Resumed   string   `json:"resumed,omitempty"`
	Steps     []Ran    `json:"steps"`
	Notes     []string `json:"notes,omitempty"`  // what is left for the operator
	Mended    bool     `json:"mended,omitempty"` // the server was in a zone with others already; what had drifted was made right
	Done      bool     `json:"done"`
	Error     string   `json:"error,omitempty"`
}

// Ran is a step as it went.
type Ran struct {
	Name    string  `json:"name"`
	Already bool    `json:"already,omitempty"`
	Seconds float64 `json:"seconds"`
}

// Procedure is a procedure on a zone as it was found.
type Procedure struct {
	Request
	Steps  []Step
	Before Record // of a run that was interrupted; zero for none

	env     Env
	record  Record
	holders []at       // servers that have the lock and the record
	copies  []at       // servers that have dumps while it is under way
	begun   bool       // the record is written
	mends   bool       // the server was in the zone already
	id      func() int // of the server, for the Result
	notes   func() []string
}

// Careful are the texts that the operator has to agree to, of steps that are not done.
func (p *Procedure) Careful(ctx context.Context) (texts []string, err error) {
	for _, step := range p.Steps {
		if step.Careful == "" {
			continue
		}
		done, err := step.Done(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", step.Name, err)
		}
		if !done {
			texts = append(texts, step.Careful)
		}
	}
	return texts, nil
}

// Planned is a step of a dry run.
type Planned struct {
	Name     string   `json:"name"`
	Done     bool     `json:"done"`
	Careful  string   `json:"careful,omitempty"`
	Commands []string `json:"commands,omitempty"`
}

// DryRun says what would be done now, and changes nothing.
func (p *Procedure) DryRun(ctx context.Context) ([]Planned, error) {
	all := []Planned{}
	undone := map[string]bool{}
	ctx = context.WithValue(ctx, dryKey{}, undone)
	for _, step := range p.Steps {
		planned := Planned{Name: step.Name, Careful: step.Careful}
		var err error
		if planned.Done, err = step.Done(ctx); err != nil {
			return all, fmt.Errorf("%s: %w", step.Name, err)
		}
		if !planned.Done {
			undone[step.Name] = true
			actions, err := step.Actions(ctx)
			if err != nil {
				return all, fmt.Errorf("%s: %w", step.Name, err)
			}
			for _, action := range actions {
				planned.Commands = append(planned.Commands, action.Shown...)
			}
		}
		all = append(all, planned)
	}
	return all, nil
}

// dryKey is the key in a context of the steps that a dry run found undone so far.
type dryKey struct{}

// supposed tells whether this is a dry run, in which a step before would have been
// done; with no name, any step.
func supposed(ctx context.Context, step string) bool {
	undone, _ := ctx.Value(dryKey{}).(map[string]bool)
	return step == "" && len(undone) > 0 || undone[step]
}

// Run does what is not done. After an error, or when it is interrupted, the same
// request goes on where this one stopped.
func (p *Procedure) Run(ctx context.Context, report func(Event)) (r Result, err error) {
	r = Result{Procedure: p.Kind, Server: p.Request.Server, ID: -1, Steps: []Ran{}, Resumed: p.Before.String(), Mended: p.mends}
	release, err := p.hold(ctx)
	if err != nil {
		return r, err
	}
	defer release()
	if err := p.begin(ctx); err != nil {
		return r, err
	}
	for i, step := range p.Steps {
		began := p.env.Now()
		report(Event{Step: i + 1, Of: len(p.Steps), Name: step.Name, What: Began})
		did, err := p.step(ctx, step)
		took := p.env.Now().Sub(began)
		if err != nil {
			r.Error = fmt.Sprintf("step %d of %d, %s: %v", i+1, len(p.Steps), step.Name, err)
			return r, fmt.Errorf("step %d of %d, %s: %w", i+1, len(p.Steps), step.Name, err)
		}
		what := Already
		if did {
			what = Did
		}
		r.Steps = append(r.Steps, Ran{Name: step.Name, Already: !did, Seconds: took.Seconds()})
		report(Event{Step: i + 1, Of: len(p.Steps), Name: step.Name, What: what, Took: took})
	}
	if err := p.dropRecord(ctx); err != nil {
		return r, err
	}
	r.Done = true
	if p.id != nil {
		r.ID = p.id()
	}
	if p.notes != nil {
		r.Notes = p.notes()
	}
	return r, nil
}

// begin writes the record. A procedure that does not go on has no use for what another
// one left: its dump is of another day.
func (p *Procedure) begin(ctx context.Context) error {
	if p.Before.Procedure == "" {
		for _, s := range p.copies {
			if there, err := s.exists(ctx, Dir); err != nil {
				return err
			} else if !there {
				continue
			}
			if _, err := s.host.Run(ctx, append([]string{"rm", "-f"}, litter...)...); err != nil {
				return err
			}
		}
	}
	if err := p.keepRecord(ctx); err != nil {
		return err
	}
	p.begun = true
	return nil
}

// step does one, and looks that it took effect.
func (p *Procedure) step(ctx context.Context, step Step) (did bool, err error) {
	within, cancel := context.WithTimeout(ctx, step.Limit)
	defer cancel()
	defer func() {
		if err != nil && ctx.Err() == nil && errors.Is(within.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("not done within %v: %w", step.Limit, err)
		}
	}()
	done, err := step.Done(within)
	if err != nil || done {
		return false, err
	}
	actions, err := step.Actions(within)
	if err != nil {
		return false, err
	}
	for _, action := range actions {
		if err := action.do(within); err != nil {
			return true, err
		}
	}
	if done, err = step.Done(within); err == nil && !done {
		err = errors.New("all of its commands succeeded, and yet it is not so: look at the server by hand")
	}
	return true, err
}
