package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

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
	Away        float64   `json:"away"`                   // seconds: the longest time between two acknowledged writes
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

// appendTo adds the result to a file of results, as one line at once.
func (r Result) appendTo(path string) error {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	_, err = file.Write(append(line, '\n'))
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// ReadResults reads a file of results.
func ReadResults(path string) ([]Result, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	defer file.Close()
	var all []Result
	for in := json.NewDecoder(file); ; {
		var r Result
		switch err := in.Decode(&r); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("read results: %s, after %d of them: %w", path, len(all), err)
		}
		all = append(all, r)
	}
}
