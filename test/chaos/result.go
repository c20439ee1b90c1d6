package chaos

import "time"

// Result is what became of one round: a line of the file of results.
type Result struct {
	At          time.Time `json:"at"` // when the fault began
	Seed        uint64    `json:"seed"`
	Round       int       `json:"round"`
	Field       string    `json:"field"`
	Fault       string    `json:"fault"`
	Note        string    `json:"note,omitempty"`         // what became of the fault, where that is not always the same
	Before      string    `json:"before"`                 // active before the fault
	After       string    `json:"after"`                  // and when the field had settled
	Fenced      []string  `json:"fenced"`                 // nodes that lost their power by their BMC, in order
	FencedAfter float64   `json:"fenced_after,omitempty"` // seconds from the fault to the first of them
	Away        float64   `json:"away"`                   // seconds: the longest time without an answer to the client (Writer, or zone.ask)
	Settled     float64   `json:"settled"`                // seconds from the fault until all was well, the fault's own time included
	CleanedUp   bool      `json:"cleaned_up"`             // it settled only when failed actions had been cleaned up
	Violations  []string  `json:"violations"`             // what auditors found
	Error       string    `json:"error,omitempty"`        // why the round was not done, or did not settle
	Expected    string    `json:"expected,omitempty"`     // node that had to be active afterwards, "" for any
	Version     string    `json:"version"`
	Commit      string    `json:"commit,omitempty"`
	Release     string    `json:"release"` // of Debian
}

// Bad reports whether anything was wrong.
func (r Result) Bad() bool { return r.Error != "" || len(r.Violations) > 0 }
