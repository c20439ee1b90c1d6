package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/failover"
)

// result is what is kept of runs: the page is made of it. Parts may be measured at
// different times; a part that is measured again takes the place of what was known of it.
type result struct {
	Runs      []run            `json:"runs"` // one for each part
	Lines     table            `json:"lines"`
	Failovers []failover.Round `json:"failovers"`
	Large     []failover.Round `json:"failovers_large,omitempty"` // with moreIPs
}

// rounds are where the rounds of a part that has such are kept.
func (r *result) rounds(part string) *[]failover.Round {
	switch part {
	case failoverPart:
		return &r.Failovers
	case largePart:
		return &r.Large
	}
	return nil
}

// run is when and on what a part was measured.
type run struct {
	Part   string    `json:"part"`
	Time   time.Time `json:"time"`
	Commit string    `json:"commit"`
	Cores  int       `json:"cores"`
	Kernel string    `json:"kernel"`
	// Processes that wanted to run, over a minute, for each core: when the part began or when
	// it ended, whichever was more; 0 when nobody looked.
	Load    float64 `json:"load,omitempty"`
	Seconds float64 `json:"seconds,omitempty"` // that it took; 0 while it runs
}

// busy is the load above which processes had to wait for each other.
const busy = 1

// newRun says of a part that its measuring begins now, here.
func newRun(part string) run {
	r := run{Part: part, Time: time.Now().UTC().Truncate(time.Second), Cores: runtime.NumCPU(), Commit: "unknown", Load: failover.Load()}
	if out, err := exec.Command("git", "describe", "--tags", "--always", "--dirty").Output(); err == nil {
		r.Commit = strings.TrimSpace(string(out))
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		r.Kernel, _, _ = strings.Cut(strings.TrimSpace(string(text)), "-") // without whose build it is
	}
	return r
}

// end says that the part has been measured now.
func (r *run) end() {
	r.Load, r.Seconds = max(r.Load, failover.Load()), math.Ceil(time.Since(r.Time).Seconds())
}

// readResult reads the file; without one nothing is known yet.
func readResult(file string) (r result, err error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("read %s: %w; remove it to begin anew", file, err)
	}
	return r, nil
}

func (r result) write(file string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// forget removes what is known of a part, and notes that it is measured now.
func (r *result) forget(now run) {
	r.measured(now)
	r.Lines = slices.DeleteFunc(r.Lines, func(l line) bool { return l.Part == now.Part })
	if rounds := r.rounds(now.Part); rounds != nil {
		*rounds = nil
	}
}

// measured puts a run in the place of an older one of the same part.
func (r *result) measured(now run) {
	r.Runs = append(slices.DeleteFunc(r.Runs, func(old run) bool { return old.Part == now.Part }), now)
	slices.SortStableFunc(r.Runs, func(a, b run) int {
		return slices.Index(partNames(), a.Part) - slices.Index(partNames(), b.Part)
	})
}

// toGo says how long the parts from this one on took the last time, "" when that is not
// known of this one.
func (r result) toGo(todo []string, from string) string {
	var known time.Duration
	unknown := 0
	for _, name := range todo[slices.Index(todo, from):] {
		i := slices.IndexFunc(r.Runs, func(old run) bool { return old.Part == name && old.Seconds > 0 })
		switch {
		case i >= 0:
			known += time.Duration(r.Runs[i].Seconds) * time.Second
		case name == from:
			return ""
		default:
			unknown++
		}
	}
	text := fmt.Sprintf("; about %.0f min to go, as it took before", math.Ceil(known.Minutes()))
	if unknown > 0 {
		text += fmt.Sprintf(", and parts of which nothing is known: %d", unknown)
	}
	return text
}

// of are the lines of a part.
func (r result) of(part string) (t table) {
	for _, l := range r.Lines {
		if l.Part == part {
			t = append(t, l)
		}
	}
	return t
}
