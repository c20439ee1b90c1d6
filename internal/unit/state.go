package unit

import "fmt"

// State is what systemd says of a unit.
type State struct {
	Unit   string
	Load   string // LoadState: loaded, not-found, masked, bad-setting, error
	Active string // ActiveState: active, reloading, activating, deactivating, inactive, failed, ...
	Sub    string // SubState: running, start-post, auto-restart, stop-sigterm, dead, ...
	Job    uint32 // id of a queued or running job, 0 for none
	Verb   string // what that job does: start, stop, restart, ...
}

// Phase is a State reduced to what a decision needs.
type Phase string

const (
	Active       Phase = "active"
	Reloading    Phase = "reloading"    // active, and reading its configuration again
	Activating   Phase = "activating"   // on its way up, also between two automatic restarts, or with a start queued
	Deactivating Phase = "deactivating" // on its way down
	Inactive     Phase = "inactive"
	Failed       Phase = "failed"    // down, and not by request
	NotFound     Phase = "not found" // no such unit file
	Masked       Phase = "masked"
	Broken       Phase = "not loadable" // systemd cannot load the unit file
)

// Phase reduces the state. What the unit does counts before how its file looks:
// a unit whose file was removed or masked meanwhile may well be running.
func (s State) Phase() Phase {
	switch s.Active {
	case "active":
		return Active
	case "reloading", "refreshing", "maintenance": // the latter two since systemd 257 and 244
		return Reloading
	case "activating":
		return Activating
	case "deactivating":
		return Deactivating
	}
	switch s.Load {
	case "not-found":
		return NotFound
	case "masked":
		return Masked
	case "error", "bad-setting":
		return Broken
	}
	if s.Job != 0 && (s.Verb == "start" || s.Verb == "restart") {
		return Activating // down for now: systemd will start it without being asked again
	}
	if s.Active == "failed" {
		return Failed
	}
	return Inactive
}

// Masked reports whether the unit is masked, which one that runs can be too: then
// systemd knows nothing of its unit file any more.
func (s State) Masked() bool { return s.Load == "masked" }

// Up reports whether the unit is in service.
func (p Phase) Up() bool { return p == Active || p == Reloading }

// Pending reports whether the unit is on its way to another phase.
func (p Phase) Pending() bool { return p == Activating || p == Deactivating }

// Startable reports whether a start job can be asked for.
func (p Phase) Startable() bool { return p != NotFound && p != Masked && p != Broken }

// String names the unit, its phase and systemd's own word for the details.
func (s State) String() string {
	p := s.Phase()
	if p.Startable() && s.Sub != "" && s.Sub != "dead" && s.Sub != string(p) {
		return fmt.Sprintf("%s is %s (%s)", s.Unit, p, s.Sub)
	}
	return fmt.Sprintf("%s is %s", s.Unit, p)
}
