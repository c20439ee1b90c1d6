package incident

import (
	"fmt"

	"github.com/oneha/oneha/internal/vmha/recovery"
	"github.com/oneha/oneha/internal/vmha/settings"
)

// Case is a machine of a dead host at one moment, and what is wanted for it.
type Case struct {
	State, LCM  int
	FirstLCM    int // LCM_STATE in which the incident found it, 0 outside ACTIVE
	Resched     bool
	Shared      string // of its system datastore: YES, NO, "" when nobody knows
	Mode        Mode
	Force       bool
	Off         bool // the power of its host was seen off
	NoRecreated bool // oned refuses to recreate a machine that is off: before 6.10
	Settings    settings.Settings
}

// Verb is what is done next.
type Verb string

const (
	Finish  Verb = "done"    // it is where it was to go
	Leave   Verb = "skip"    // nothing is done with it, for a reason
	Await   Verb = "await"   // for UNKNOWN: the monitoring has to say it first
	Tell    Verb = "recover" // with the choice
	Resched Verb = "resched"
)

// Answer is what is done next with a machine, and why.
type Answer struct {
	Verb   Verb
	Choice recovery.Choice // of Tell
	Why    string
}

func finish(why string) Answer { return Answer{Verb: Finish, Why: why} }
func leave(format string, args ...any) Answer {
	return Answer{Verb: Leave, Why: fmt.Sprintf(format, args...)}
}
func tell(c recovery.Choice, why string) Answer {
	return Answer{Verb: Tell, Choice: c, Why: why}
}

// way is what a state allows for a machine that is to run elsewhere.
type way int

const (
	toUnknown   way = iota + 1 // RUNNING: the monitoring says UNKNOWN
	lost                       // UNKNOWN: resched
	starting                   // success makes it RUNNING, and the monitoring UNKNOWN
	was                        // failure makes it what it was, which can be rescheduled
	interrupted                // something was done to it while it ran; failure makes it RUNNING
	fresh                      // it has never run where it was going: nothing is lost
	stoppingOff                // success makes it POWEROFF, as was asked
	cleaning                   // success ends it
	offTouched                 // it is off, and something was done to it; failure makes it POWEROFF
	offHalf                    // it is off, and its disks may be half of one and half of the other
	suspended                  // it is suspended, and something was done to it
	saved                      // its memory is in a checkpoint, which a resched would not read
	ending                     // it was to end or to leave the host; its disks are there
	moving                     // it comes from another host, and may run there
	stored                     // its disks are in the datastore
)

// ways has a row for every LCM_STATE.
var ways = map[int]way{
	0: stored,
	3: toUnknown, 16: lost,
	2: starting, 32: starting, 36: starting, 47: starting, 60: starting, 61: starting,
	19: was, 20: was, 21: was,
	5: interrupted, 6: interrupted, 17: interrupted, 24: interrupted, 25: interrupted, 26: interrupted,
	57: interrupted, 59: interrupted, 62: interrupted, 66: interrupted, 69: interrupted,
	1: fresh, 39: fresh,
	18: stoppingOff,
	15: cleaning, 23: cleaning,
	27: offTouched, 33: offTouched, 34: offTouched, 51: offTouched, 53: offTouched, 63: offTouched, 65: offTouched, 70: offTouched,
	52: offHalf, 71: offHalf,
	28: suspended, 54: suspended, 55: suspended, 56: suspended,
	22: saved, 35: saved, 37: saved, 48: saved,
	10: ending, 11: ending, 12: ending, 29: ending, 30: ending, 40: ending, 41: ending, 42: ending,
	4: moving, 7: moving, 8: moving, 38: moving, 43: moving, 44: moving, 45: moving, 46: moving,
	9: stored, 49: stored, 31: stored, 50: stored, 64: stored, 67: stored, 68: stored,
}

// What is said of a machine that cannot be reached from another host, in the words of
// the original, which begin with its number.
const (
	skipLocal   = "Skipping VM %d deployed on non-shared datastore"
	skipUnasked = "Could not get Datastore ID or SHARED attribute"
)

const seeRecover = "oneha recover says what is right for it"

// Next says what is done next with a machine. It is asked again after every change.
func Next(c Case) Answer {
	s := recovery.Find(c.State, c.LCM)
	switch {
	case c.State != recovery.Active && c.State != recovery.Suspended && c.State != recovery.Poweroff:
		return finish("it is " + s.Name)
	case c.Resched && c.Mode == Migrate && (c.State == recovery.Poweroff || c.State == recovery.Active && c.LCM == 16):
		return finish("the scheduler brings it to another host")
	case c.State == recovery.Active && ways[c.LCM] == cleaning:
		return c.clean(s)
	case c.State == recovery.Active && ways[c.LCM] == moving:
		return leave("%s: it comes from another host and may be there; %s", s.Name, seeRecover)
	case c.State == recovery.Active && ways[c.LCM] == stored:
		return leave("%s: its disks are in the datastore, not on the host; %s", s.Name, seeRecover)
	case c.State == recovery.Active && ways[c.LCM] == 0:
		return leave("%s is not known to this version of oneha", s.Name)
	case c.off() && !c.Force && c.FirstLCM != 20:
		return leave("%s: it did not run; with -f it is handled, too", s.Name)
	}
	act, why := c.wanted(s)
	switch act {
	case settings.Recreate:
		return c.recreate(s)
	case settings.Delete:
		return tell(recovery.Delete, "")
	case settings.Skip:
		return Answer{Verb: Leave, Why: why}
	}
	return c.migrate(s)
}

// off reports whether the machine is off or suspended, whatever is done to it.
func (c Case) off() bool {
	if c.State != recovery.Active {
		return true
	}
	w := ways[c.LCM]
	return w == offTouched || w == offHalf || w == suspended
}

// wanted is what the mode, the settings and the storage make of it.
func (c Case) wanted(s recovery.State) (settings.Act, string) {
	if act, given := c.Settings.States[s.Name]; given && act != settings.Handle {
		return act, s.Name + ": the settings say so"
	}
	switch {
	case c.Mode == Recreate:
		return settings.Recreate, ""
	case c.Mode == Delete:
		return settings.Delete, ""
	case c.Shared == "NO":
		return c.Settings.Storage.Local, skipLocal
	case c.Shared != "YES":
		return c.Settings.Storage.Unasked, skipUnasked
	}
	return settings.Handle, ""
}

// clean is for what CLEANUP waits for, which no dead host answers.
func (c Case) clean(s recovery.State) Answer {
	switch {
	case c.Mode == Delete && s.LCM == 15:
		return tell(recovery.Delete, "")
	case c.Off:
		return tell(recovery.Success, "its host is off: there is nothing to clean up")
	case s.LCM == 23:
		return finish("its host is being cleaned up; when that hangs, " + seeRecover)
	}
	return finish("its host is being cleaned up, then it is deployed anew; when that hangs, " + seeRecover)
}

// recreate is delete-recreate: what is on disks that are not persistent is lost.
func (c Case) recreate(s recovery.State) Answer {
	switch {
	case c.State == recovery.Active && ways[c.LCM] == ending:
		return leave("%s: it was to end or to leave the host, and would begin anew; %s", s.Name, seeRecover)
	case c.State == recovery.Active && ways[c.LCM] == stoppingOff && c.Off:
		return tell(recovery.Success, "its host is off, and so is it")
	case c.State != recovery.Active && c.NoRecreated:
		return leave("%s: OpenNebula before 6.10 refuses to recreate a machine that is off", s.Name)
	}
	return tell(recovery.Recreate, "")
}

// migrate brings a machine to where oned takes a resched: UNKNOWN or POWEROFF.
func (c Case) migrate(s recovery.State) Answer {
	switch c.State {
	case recovery.Poweroff:
		return Answer{Verb: Resched}
	case recovery.Suspended:
		return leave("SUSPENDED: oned reschedules no suspended machine; its checkpoint is read by onevm migrate or onevm resume")
	}
	switch ways[c.LCM] {
	case lost:
		return Answer{Verb: Resched}
	case toUnknown:
		return Answer{Verb: Await, Why: "oned forgets a resched when it becomes UNKNOWN"}
	case starting:
		return tell(recovery.Success, "oned reschedules it when the monitoring does not find it")
	case was, interrupted, offTouched:
		return tell(recovery.Failure, "what was under way ended with its host")
	case stoppingOff:
		return tell(recovery.Success, "its host is off, and so is it")
	case fresh:
		return c.recreate(s)
	case offHalf:
		return leave("%s: its disks may be half of one and half of the other; %s", s.Name, seeRecover)
	case suspended:
		return leave("%s: oned reschedules no suspended machine; %s", s.Name, seeRecover)
	case saved:
		return leave("%s: its memory is in a checkpoint, and a resched would boot it without; %s", s.Name, seeRecover)
	case ending:
		return leave("%s: it was to leave its host, and its disks are still there; %s", s.Name, seeRecover)
	}
	return leave("%s is not known to this version of oneha", s.Name)
}
