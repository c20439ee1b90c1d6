package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
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
}

// run is when and on what a part was measured.
type run struct {
	Part   string    `json:"part"`
	Time   time.Time `json:"time"`
	Commit string    `json:"commit"`
	Cores  int       `json:"cores"`
	Kernel string    `json:"kernel"`
}

// newRun says of a part that it is measured now, here.
func newRun(part string) run {
	r := run{Part: part, Time: time.Now().UTC().Truncate(time.Second), Cores: runtime.NumCPU(), Commit: "unknown"}
	if out, err := exec.Command("git", "describe", "--tags", "--always", "--dirty").Output(); err == nil {
		r.Commit = strings.TrimSpace(string(out))
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		r.Kernel, _, _ = strings.Cut(strings.TrimSpace(string(text)), "-") // without whose build it is
	}
	return r
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
func (r *result) forget(part string, now run) {
	r.Runs = append(slices.DeleteFunc(r.Runs, func(old run) bool { return old.Part == part }), now)
	slices.SortStableFunc(r.Runs, func(a, b run) int {
		return slices.Index(partNames(), a.Part) - slices.Index(partNames(), b.Part)
	})
	r.Lines = slices.DeleteFunc(r.Lines, func(l line) bool { return l.Part == part })
	if part == failoverPart {
		r.Failovers = nil
	}
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
