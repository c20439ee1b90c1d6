package soak

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
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

// longestLine is more than a result has.
const longestLine = 4 << 20

// ReadResults reads a file of results, oldest first.
func ReadResults(path string) ([]Result, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	defer file.Close()
	var all []Result
	in := bufio.NewScanner(file)
	in.Buffer(nil, longestLine)
	for in.Scan() {
		var r Result
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("read results: %s, line %d: %w", path, len(all)+1, err)
		}
		all = append(all, r)
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("read results: %s: %w", path, err)
	}
	return all, nil
}
