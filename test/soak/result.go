package soak

import (
	"fmt"
	"time"
)

// Result is what became of one run: a line of the file of results.
type Result struct {
	At       time.Time      `json:"at"` // when it began
	Minutes  float64        `json:"minutes"`
	Seed     uint64         `json:"seed"`
	Done     map[string]int `json:"done"`    // how often each fault was done
	Rotated  map[string]int `json:"rotated"` // how often the log of events was, by node
	Journal  map[string]int `json:"journal"` // lines of ours in the journal, by node
	Others   map[string]int `json:"others"`  // lines of all others there
	Output   map[string]int `json:"output"`  // lines that the commands have printed
	Figures  []Figure       `json:"figures"`
	Troubles []string       `json:"troubles"` // what went wrong beside the figures
	Load     float64        `json:"load"`     // of the computer while it ran, its mean
	Version  string         `json:"version"`
	Commit   string         `json:"commit,omitempty"`
	Release  string         `json:"release"` // of Debian
}

// Bad are the reasons for which the run was not flat, none when it was.
func (r Result) Bad() []string {
	bad := append([]string{}, r.Troubles...)
	for _, f := range r.Figures {
		if f.Judged && !f.Flat {
			bad = append(bad, fmt.Sprintf("%s: %s, %s: %s", f.Where, f.What, f.Measure, f.Why))
		}
	}
	return bad
}
