package lab

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Kind says what happened to a node.
type Kind string

const (
	PoweredOn  Kind = "powered on"
	PoweredOff Kind = "powered off"
	Rebooted   Kind = "rebooted" // by itself: reboot(2)
	Crashed    Kind = "crashed"  // its PID 1 died; the power stays on
	Froze      Kind = "frozen"
	Thawed     Kind = "thawed"
	LinkCut    Kind = "link cut"
	LinkHealed Kind = "link healed"
	LinkBad    Kind = "link bad"
	BMCLost    Kind = "BMC down"
	BMCBack    Kind = "BMC up"
)

// Who made a power event happen, when it was not a BMC command. A BMC command is
// written "bmc: set power 0" (what ipmi_sim asked its chassis control for).
const (
	ByLab  = "lab"
	ByNode = "node" // the machine itself
)

// Event is something that happened to a node, and who made it happen.
type Event struct {
	Time time.Time
	Node string
	Kind Kind
	By   string
}

// String is the event without its time.
func (e Event) String() string { return fmt.Sprintf("%s %s (%s)", e.Node, e.Kind, e.By) }

// journal collects events; it is safe for concurrent use.
type journal struct {
	mu     sync.Mutex
	events []Event
	log    func(string, ...any)
}

func (j *journal) add(node string, kind Kind, by string) {
	e := Event{Time: time.Now(), Node: node, Kind: kind, By: by}
	j.mu.Lock()
	j.events = append(j.events, e)
	j.mu.Unlock()
	j.log("lab: %s", e)
}

func (j *journal) since(t time.Time) []Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := slices.IndexFunc(j.events, func(e Event) bool { return e.Time.After(t) })
	if i < 0 {
		return nil
	}
	return slices.Clone(j.events[i:])
}
