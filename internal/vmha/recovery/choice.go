package recovery

import "fmt"

// Choice is an operation of one.vm.recover, with oned's numbers.
type Choice int

const (
	Failure  Choice = 0 // what the state waits for has failed
	Success  Choice = 1 // what the state waits for has succeeded
	Retry    Choice = 2 // do it again
	Delete   Choice = 3 // end the virtual machine, its disks too
	Recreate Choice = 4 // delete, and deploy it anew from its template (5.0 and later)
	DeleteDB Choice = 5 // forget it: nothing outside the database is touched (5.8 and later)
)

// Choices are all of them in the order in which people think of them.
var Choices = []Choice{Success, Failure, Retry, Recreate, Delete, DeleteDB}

var choiceNames = [...]string{"failure", "success", "retry", "delete", "recreate", "delete-db"}

// String is the flag of onevm recover without its dashes.
func (c Choice) String() string {
	if c < 0 || int(c) >= len(choiceNames) {
		return fmt.Sprintf("operation %d", int(c))
	}
	return choiceNames[c]
}

// Flag is how a person types it.
func (c Choice) Flag() string { return "--" + c.String() }

// Outcome is what oned does with a choice in a state.
type Outcome struct {
	// To is the state that follows, by its name; "" with Again, Nothing or Refused.
	To string
	// Then says what happens beside the change of state: what becomes of a disk, a NIC,
	// an image or a snapshot, and what a driver is asked to do.
	Then string
	// Again: the state stays, and the driver is asked once more.
	Again bool
	// Nothing: oned says success and does nothing.
	Nothing bool
	// Refused: oned answers with an error (code 2048).
	Refused bool
	// Trap says why the choice does harm, or does not do what its name says; "" if it
	// is what it seems to be. Nothing with a Trap is ever done without being told to.
	Trap string
}

// String is the outcome in a line, without its trap.
func (o Outcome) String() string {
	var s string
	switch {
	case o.Refused:
		return "refused by oned"
	case o.Nothing:
		return "accepted, and nothing happens"
	case o.Again:
		s = "stays, and is tried again"
	default:
		s = o.To
	}
	if o.Then != "" {
		s += ": " + o.Then
	}
	return s
}
