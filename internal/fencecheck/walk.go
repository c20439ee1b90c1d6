package fencecheck

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/oneha/oneha/fence"
)

// Result is what came of a step.
type Result string

const (
	OK      Result = "ok"
	Failed  Result = "FAILED"
	Unknown Result = "unknown"   // cannot be told without switching something
	Skipped Result = "not tried" // an earlier step failed
)

// Step is one thing that was tried.
type Step struct {
	Name   string
	Result Result
	Took   time.Duration
	Text   string // what was found, or what is wrong and what to do
}

// step is how a step is tried. It returns its result and what it found.
type step struct {
	name string
	try  func(context.Context) (Result, string, error)
}

// Walk tries everything about a device that can be tried without harm, in the
// order in which a fencing needs it, and reports each step as it ends. After a
// step that failed the others are reported as skipped. It returns whether none
// failed. Every step has the agent's own time limit; it logs in once.
func Walk(ctx context.Context, d Device, report func(Step)) bool {
	w := walk{device: d}
	defer w.logout(ctx)
	good := true
	for _, s := range w.steps() {
		if !good {
			report(Step{Name: s.name, Result: Skipped})
			continue
		}
		begin := time.Now()
		result, text, err := s.try(ctx)
		if err != nil {
			good, result, text = false, Failed, err.Error()
		}
		report(Step{Name: s.name, Result: result, Took: time.Since(begin), Text: text})
	}
	return good
}

// walk is what steps leave for later ones.
type walk struct {
	device Device
	probe  *fence.Probe
	state  fence.State
}

func (w *walk) steps() []step {
	return []step{
		{"settings", w.settings},
		{"resolve", w.resolve},
		{"reach", w.reach},
		{"login", w.login},
		{"privileges", w.privileges},
		{"power", w.power},
		{"power again", w.powerAgain},
	}
}

func (w *walk) settings(ctx context.Context) (result Result, text string, err error) {
	if w.probe, err = fence.NewProbe(ctx, w.device.Agent, w.device.Input(fence.ActionStatus)); err != nil {
		return "", "", err
	}
	text = "the options are valid"
	switch {
	case w.device.Option("password_file") != "":
		text += "; only its owner may access " + w.device.Option("password_file")
	case w.device.Option("password_script") != "":
		text += "; password_script printed a password"
	}
	return OK, text, nil
}

func (w *walk) resolve(ctx context.Context) (Result, string, error) {
	text, err := resolve(ctx, w.probe.Request())
	return OK, text, err
}

func (w *walk) reach(ctx context.Context) (Result, string, error) {
	if isIPMI(w.device.Agent) {
		return Unknown, "IPMI has no connection: the login shows it", nil
	}
	return OK, "connected to " + endpoint(w.probe.Request()), connect(ctx, w.probe.Request())
}

func (w *walk) login(ctx context.Context) (Result, string, error) {
	text := "logged in"
	if user := w.probe.Request().String("username"); user != "" {
		text += " as " + user
	}
	return OK, text, w.probe.Login(ctx)
}

// privileges says what a login proves about the right to switch: over IPMI a
// session is granted for a level or not at all.
func (w *walk) privileges(context.Context) (Result, string, error) {
	if !isIPMI(w.device.Agent) {
		return Unknown, "whether the user may switch the power shows when it is switched: give it the BMC's role for power control", nil
	}
	level := w.probe.Request().String("privlvl")
	if level != "administrator" && level != "operator" {
		return "", "", fmt.Errorf("privlvl=%s may not switch the power: set it to operator or administrator", level)
	}
	return OK, "the BMC granted the level " + level + ", which may switch the power", nil
}

func (w *walk) power(ctx context.Context) (_ Result, _ string, err error) {
	w.state, err = w.probe.Power(ctx)
	return OK, string(w.state), err
}

// powerAgain reads once more: a state that changes by itself, or a BMC that
// answers only once, would lead a fencing astray.
func (w *walk) powerAgain(ctx context.Context) (Result, string, error) {
	state, err := w.probe.Power(ctx)
	if err == nil && state != w.state {
		err = errors.New("it said " + string(w.state) + " before and says " + string(state) + " now: somebody switched the machine, or the BMC is not sure; try again")
	}
	return OK, string(state), err
}

func (w *walk) logout(ctx context.Context) {
	if w.probe != nil {
		w.probe.Logout(ctx)
	}
}
