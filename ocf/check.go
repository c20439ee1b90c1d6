package ocf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// dtdActions are the action names that ra-api-1.dtd, which ocf-tester validates
// against, allows in metadata. reload-agent of OCF 1.1 is not among them.
var dtdActions = []string{
	"start", "stop", "recover", "monitor", "restart", "migrate_to", "migrate_from", "promote", "demote", "notify",
	"status", "reload", "meta-data", "usage", "methods", "validate-all",
}

// provided are the actions that Run answers itself.
var provided = []string{MetaData, ValidateAll, "status", "usage", "help"}

// Check reports everything that is wrong with the declaration, nil if it is
// sound. It is for an agent's tests: Run does not spend time on it.
func (a Agent) Check() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("agent %s: %w", a.Name, fmt.Errorf(format, args...)))
	}

	if a.Name == "" || a.Short == "" || a.Long == "" {
		bad("the agent needs Name, Short and Long")
	}
	if len(a.Params) == 0 {
		bad("metadata.rng asks for at least one parameter")
	}
	a.checkParams(bad)
	a.checkActions(bad)
	return errors.Join(errs...)
}

// checkParams reports what is wrong with the parameters.
func (a Agent) checkParams(bad func(string, ...any)) {
	seen := map[string]bool{}
	for _, p := range a.Params {
		for _, name := range append([]string{p.Name}, p.Aliases...) {
			if !isVariableName(name) {
				bad("parameter %q cannot be part of an environment variable's name", name)
			}
			if seen[name] {
				bad("parameter or alias %s is declared twice", name)
			}
			seen[name] = true
		}
		if p.Short == "" || p.Long == "" {
			bad("parameter %s needs Short and Long", p.Name)
		}
		if p.Required && p.Default != "" {
			bad("parameter %s is required, so its default is never used", p.Name)
		}
		if p.Type != String && p.Type != Integer && p.Type != Boolean {
			bad("parameter %s has unknown type %q", p.Name, p.Type)
		} else if err := p.accepts(p.Default); p.Default != "" && err != nil {
			bad("default of %w", err)
		}
	}
}

// checkActions reports what is wrong with the actions.
func (a Agent) checkActions(bad func(string, ...any)) {
	depths, intervals := map[int]bool{}, map[time.Duration]bool{}
	for i, act := range a.Actions {
		if slices.Contains(provided, act.Name) {
			bad("action %s is provided by the contract", act.Name)
		} else if !slices.Contains(dtdActions, act.Name) {
			bad("action %s is not known to ra-api-1.dtd", act.Name)
		}
		if act.Run == nil {
			bad("action %s has nothing to run", act.Name)
		}
		if act.Timeout <= 0 {
			bad("action %s needs a timeout", act.Name)
		}
		if act.Name != Monitor {
			if act.Interval != 0 || act.Depth != 0 || act.OnRequest {
				bad("action %s has an interval, a depth or OnRequest, which only a monitor has", act.Name)
			}
			if slices.ContainsFunc(a.Actions[:i], func(o Action) bool { return o.Name == act.Name }) {
				bad("action %s is declared twice", act.Name)
			}
			continue
		}
		if depths[act.Depth] || intervals[act.Interval] {
			bad("two monitors share depth %d or interval %s", act.Depth, act.Interval)
		}
		depths[act.Depth], intervals[act.Interval] = true, true
		if act.Interval <= 0 || act.Depth < 0 {
			bad("monitor at depth %d needs an interval, and a depth from 0", act.Depth)
		}
		if act.OnRequest && act.Depth == 0 {
			bad("the monitor at depth 0 must be listed")
		}
	}
	for _, name := range []string{Start, Stop, Monitor} {
		if _, ok := a.action(name, 0); !ok {
			bad("action %s (at depth 0) is missing", name)
		}
	}
}

// isVariableName reports whether s may follow OCF_RESKEY_ in a name that every
// shell and Pacemaker can handle. CRM_meta_ is Pacemaker's own.
func isVariableName(s string) bool {
	if s == "" || strings.HasPrefix(s, "CRM_meta_") {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}
