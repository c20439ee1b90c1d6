// Package following brings the front-end services that follow the leader of a Raft
// zone where they belong: up on the leader, down everywhere else.
//
// Which they are is what OpenNebula's own hook knows (share/hooks/raft/vip.sh):
// OneFlow, OneGate and OneForm where their units are enabled, the Hook Execution
// Manager and the timer of Showback wherever their units can be started. OneKS,
// which came after that hook, is treated as OneFlow is: two of them would drive the
// same clusters. A description may name the services instead. What every server
// runs (Sunstone, FireEdge and their proxies, the scheduler before 7.0, which asks
// its oned who leads) is never touched unless the description names it.
//
// Everything is level-triggered: Reconcile looks at what is, changes only what
// differs, and looks again before it claims anything. It changes all services at
// the same time; that one fails keeps none of the others.
package following

import (
	"context"
	"fmt"
	"slices"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/unit"
)

// ErrNoSystemd says that this machine's PID 1 is not systemd, so that no service
// can be started or stopped.
var ErrNoSystemd = unit.ErrNoSystemd

// Manager is what is needed of systemd: *unit.Manager. Like that it is used by one
// goroutine at a time.
type Manager interface {
	States(ctx context.Context, units ...string) ([]unit.State, error)
	Enabled(ctx context.Context, unit string) (bool, error)
	Unmet(ctx context.Context, unit string) (string, error)
	Why(ctx context.Context, unit string) string
	Queue(ctx context.Context, unit string, up bool) error
	ResetFailed(ctx context.Context, unit string) error
}

// Names returns the services that follow the leader in a release, such as "6.10",
// where no description names others: names of one.Services. "" is any release.
func Names(release string) []string {
	var names []string
	for _, s := range one.Services {
		if _, follows := rules[s.Name]; follows && s.ShippedIn(release) {
			names = append(names, s.Name)
		}
	}
	return names
}

// rule is on which condition a leader runs a service that no description names.
type rule uint8

const (
	whereEnabled   rule = iota // an administrator chose it by enabling its unit
	wherePossible              // oned cannot do without it: its unit's Wants= starts it too
	whereDescribed             // a description names it
)

var rules = map[string]rule{
	"flow": whereEnabled, "gate": whereEnabled, "form": whereEnabled, "ks": whereEnabled,
	"hem": wherePossible, "showback": wherePossible,
}

// Standing is a service that follows the leader, as it is on this machine.
type Standing struct {
	Service string     // name in one.Services
	State   unit.State // of its unit
	Wanted  bool       // a leader runs it
	Why     string     // why a leader does not run it, "" when Wanted
	listed  bool
}

// Look asks how the services stand and changes nothing. list are the services that
// the description names; none: those that Names says, as far as they are installed.
func Look(ctx context.Context, m Manager, list []string) ([]Standing, error) {
	names := list
	if len(list) == 0 {
		names = Names("") // a unit of another release is not installed
	}
	standings, err := services(names)
	if err != nil || len(standings) == 0 {
		return nil, err
	}
	units := make([]string, len(standings))
	for i, s := range standings {
		units[i] = s.State.Unit
	}
	states, err := m.States(ctx, units...)
	if err != nil {
		return nil, err
	}
	for i := range standings {
		s := &standings[i]
		s.State, s.listed = states[i], len(list) > 0
		if err := s.judge(ctx, m); err != nil {
			return nil, err
		}
	}
	return standings, nil
}

// services finds services by their names, in the order of the table.
func services(names []string) ([]Standing, error) {
	var found []Standing
	for _, s := range one.Services {
		if slices.Contains(names, s.Name) && s.Name != "oned" {
			found = append(found, Standing{Service: s.Name, State: unit.State{Unit: s.Unit}})
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(found, func(s Standing) bool { return s.Service == name }) {
			return nil, fmt.Errorf("find services that follow the leader: %q is none: correct services in the description", name)
		}
	}
	return found, nil
}

// judge decides whether a leader runs the service.
func (s *Standing) judge(ctx context.Context, m Manager) error {
	r := rules[s.Service]
	if s.listed {
		r = whereDescribed
	}
	switch phase := s.State.Phase(); {
	case s.State.Masked():
		s.Why = "it is masked"
	case phase == unit.NotFound:
		s.Why = "it is not installed"
	case r == whereEnabled:
		enabled, err := m.Enabled(ctx, s.State.Unit)
		if err != nil {
			return err
		}
		if !enabled {
			s.Why = "it is not enabled"
		}
	}
	s.Wanted = s.Why == ""
	return nil
}
