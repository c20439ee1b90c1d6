package recovery

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/oneha/oneha/internal/one"
)

// States of a virtual machine outside ACTIVE (include/VirtualMachine.h, VmState).
const (
	Init           = 0
	Pending        = 1
	Hold           = 2
	Active         = 3
	Stopped        = 4
	Suspended      = 5
	Done           = 6
	Poweroff       = 8
	Undeployed     = 9
	Cloning        = 10
	CloningFailure = 11
)

// Kind is what a state waits for.
type Kind int

const (
	Rest      Kind = iota // nothing: it is where somebody wanted it
	Waits                 // the answer of a driver; it is lost when oned dies, and oned never asks again
	Failed                // a person
	Monitored             // the monitoring, which comes again by itself
)

// State is a row of the table.
type State struct {
	State, LCM int    // LCM is 0 outside ACTIVE
	Name       string // as `onevm show` has it
	Short      string // as `onevm list` has it
	Kind       Kind
	Since      string // first release that has it, "" for all since 4.14
	Until      string // last release that has it, "" for all to 7.4
	Doing      string // what happens in it, as a sentence without its end
	success    Outcome
	failure    Outcome
	retry      Outcome
}

// Key is how people name a state: its name, its number or, of ACTIVE ones, LCM_STATE.
func (s State) Key() string {
	if s.State == Active {
		return fmt.Sprintf("%s (LCM_STATE %d)", s.Name, s.LCM)
	}
	return fmt.Sprintf("%s (STATE %d)", s.Name, s.State)
}

// Find returns the state with these numbers. One that no release has yet is said to
// wait: better to name a machine too many than to miss one.
func Find(state, lcm int) State {
	for _, s := range States {
		if s.State == state && (state != Active || s.LCM == lcm) {
			return s
		}
	}
	name, _ := one.StateOf(state, lcm)
	return State{State: state, LCM: lcm, Name: name, Short: "?", Kind: Waits, Doing: "is not known to this version of oneha"}
}

// Named returns the states that a word of a person may mean: a name in any case, a
// number as LCM_STATE, or the short form of onevm list, which stands for several.
func Named(word string) []State {
	word = strings.ToUpper(strings.TrimSpace(word))
	word = strings.NewReplacer("-", "_", " ", "_").Replace(word)
	word = strings.TrimPrefix(word, "LCM_STATE_")
	var short []State
	for _, s := range States {
		if s.Name == word || s.State == Active && strconv.Itoa(s.LCM) == word {
			return []State{s}
		}
		if strings.ToUpper(s.Short) == word {
			short = append(short, s)
		}
	}
	return short
}

// Outcome is what oned does with a choice in this state.
func (s State) Outcome(c Choice) Outcome {
	switch c {
	case Success:
		return s.success
	case Failure:
		return s.failure
	case Retry:
		return s.retry
	case Delete:
		return s.deleted()
	case Recreate:
		return s.recreated()
	}
	return Outcome{To: "DONE", Then: "only the database forgets it; the domain, its disks and its leases stay", Trap: "a domain that still runs is not known to anybody any more"}
}

// deleted is what `onevm recover --delete` does.
func (s State) deleted() Outcome {
	const gone = "the disks are deleted, images go back to their datastore"
	switch {
	case s.State == Done:
		return Outcome{Nothing: true}
	case s.State == Active:
		return Outcome{To: "DONE", Then: gone + "; the host is cleaned up in the background, and nobody says how it went", Trap: "what it has on disks that are not persistent is lost"}
	case s.State == Stopped, s.State == Undeployed, s.State == Poweroff, s.State == Suspended:
		return Outcome{To: "DONE", Then: gone, Trap: "what it has on disks that are not persistent is lost"}
	}
	return Outcome{To: "DONE"}
}

// recreated is what `onevm recover --recreate` does. The host's driver answers the
// clean-up also when it failed, as on a host that is dead, after its connection was
// given up (src/vmm/VirtualMachineManagerProtocol.cc, CLEANUP).
func (s State) recreated() Outcome {
	const (
		lost  = "it begins anew from its image: what it has on disks that are not persistent is lost"
		clean = "PENDING follows when the host was cleaned up, or the driver has given up on it"
	)
	switch {
	case s.State == Done:
		return Outcome{Refused: true}
	case s.State == Active && (s.LCM == 0 || s.LCM == 23):
		return Outcome{Nothing: true}
	case s.State == Active && s.LCM == 15:
		return Outcome{To: "PENDING", Then: "nobody waits for the clean-up of its host any more", Trap: lost}
	case s.State == Active && (s.LCM == 67 || s.LCM == 68):
		return Outcome{To: "CLEANUP_RESUBMIT", Then: "it stays there: no driver is asked, so none answers; recreate once more, or success", Trap: lost}
	case s.State == Active:
		return Outcome{To: "CLEANUP_RESUBMIT", Then: clean, Trap: lost}
	case s.State == Poweroff, s.State == Suspended:
		return Outcome{To: "CLEANUP_RESUBMIT", Then: clean + "; before 6.10 oned refuses it", Trap: lost}
	case s.State == Stopped, s.State == Undeployed:
		return Outcome{To: "PENDING", Then: "from 7.0 on refused when a quota is full", Trap: lost}
	case s.State == Hold:
		return Outcome{To: "PENDING", Trap: lost}
	}
	return Outcome{Nothing: true}
}
