package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/oneha/oneha/internal/version"
	"github.com/oneha/oneha/test/results"
)

// Settings say what a campaign does, and how it is replayed.
type Settings struct {
	Seed     uint64
	Rounds   int
	Round    int      // do only this one; 0 for all
	Before   string   // node that is to be active when it begins, "" for any; with Round
	Fields   []string // by name; none for all
	Only     []string // faults, by a part of their names; none for all
	AtOnce   int      // clusters at the same time; at least 1
	Prefix   string   // of the lab, or of the labs
	Release  string   // of Debian
	CacheDir string   // of the lab, "" for its own
	Source   string   // checkout whose programs are installed
	Results  string   // file to which results are added
	Logs     string   // directory for the logs of rounds that failed
	Detail   func(string, ...any)
	Progress func(string, ...any)
}

// roundLimit ends a round, whatever hangs; the limits of its parts are in round.go.
const roundLimit = 20 * time.Minute

// Campaign does its rounds and returns their results, in the order of their numbers. It
// goes on after a round that failed, with a new cluster; its error says that it could not
// go on.
func Campaign(ctx context.Context, s Settings) ([]Result, error) {
	deeds, err := s.deeds()
	if err != nil {
		return nil, err
	}
	for _, dir := range []string{filepath.Dir(s.Results), s.Logs} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("make directory: %w", err)
		}
	}
	s.Progress("%d rounds of seed %d", len(deeds), s.Seed)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lanes := make(chan []deed)
	var mu sync.Mutex
	var results []Result
	var errs []error
	var wg sync.WaitGroup
	for i := range s.AtOnce {
		own := s
		if s.AtOnce > 1 {
			own.Prefix += fmt.Sprint(i)
		}
		wg.Go(func() {
			for lane := range lanes {
				err := own.lane(ctx, lane, func(r Result) {
					mu.Lock()
					defer mu.Unlock()
					results = append(results, r)
					s.Progress("%*d/%d  %s", len(fmt.Sprint(len(deeds))), len(results), len(deeds), r.line())
				})
				if err == nil {
					continue
				}
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
				cancel() // and what the others say then is of no interest
			}
		})
	}
	for _, lane := range split(deeds, s.AtOnce) {
		lanes <- lane
	}
	close(lanes)
	wg.Wait()
	slices.SortFunc(results, func(a, b Result) int { return a.Round - b.Round })
	if len(errs) > 0 {
		return results, errs[0]
	}
	return results, nil
}

// lane does rounds of one field, one after the other, on one cluster as long as it lasts.
func (s Settings) lane(ctx context.Context, deeds []deed, done func(Result)) (err error) {
	var up bed
	down := func() error {
		if up == nil {
			return nil
		}
		defer func() { up = nil }()
		return up.close()
	}
	defer func() { err = errors.Join(err, down()) }()
	for _, d := range deeds {
		if up == nil {
			if up, err = s.up(ctx, d.field); err != nil {
				return fmt.Errorf("bring up %s: %w", d.field, err)
			}
		}
		r, err := s.round(ctx, up, d)
		if err != nil {
			return err
		}
		done(r)
		if !r.Bad() {
			continue
		}
		s.tell(ctx, up, r)
		if err := down(); err != nil {
			return err
		}
	}
	return nil
}

// deeds are the rounds to do.
func (s Settings) deeds() ([]deed, error) {
	var names []string // a field's name has no comma
	for _, text := range s.Fields {
		names = append(names, strings.Split(text, ",")...)
	}
	chosen, err := choose(fields(), names, s.Only)
	if err != nil {
		return nil, err
	}
	all := schedule(s.Seed, s.Rounds, chosen)
	switch {
	case s.Round == 0:
		return all, nil
	case s.Round < 0 || s.Round > len(all):
		return nil, fmt.Errorf("there is no round %d of %d", s.Round, len(all))
	}
	one := all[s.Round-1]
	one.before = s.Before
	return []deed{one}, nil
}

// up brings a field up.
func (s Settings) up(ctx context.Context, name string) (bed, error) {
	for _, f := range fields() {
		if f.name == name {
			begin := time.Now()
			b, err := f.up(ctx, s, s.Detail)
			if err != nil {
				return nil, err // what is not up has ended itself
			}
			s.Progress("%s: %s, up after %.0f s", f.name, f.about, time.Since(begin).Seconds())
			return b, nil
		}
	}
	panic("chaos: no field " + name) // deeds come from fields
}

// round does a round and keeps its result. It fails when the campaign was interrupted,
// which says nothing about the round.
func (s Settings) round(ctx context.Context, b bed, d deed) (Result, error) {
	limited, cancel := context.WithTimeout(ctx, roundLimit)
	defer cancel()
	s.Detail("round %d: %s on %s", d.number, d.fault, d.field)
	r := b.round(limited, d, s.Detail)
	if err := ctx.Err(); err != nil {
		return r, fmt.Errorf("round %d: %w", d.number, err)
	}
	r.Seed, r.Round, r.Field, r.Fault = d.seed, d.number, d.field, d.fault
	r.Version, r.Commit, r.Release = version.String(), version.Commit(), s.Release
	return r, results.Append(s.Results, r)
}

// tell says what was wrong, keeps the logs, and says how to do it again.
func (s Settings) tell(ctx context.Context, b bed, r Result) {
	for _, what := range r.wrong() {
		s.Progress("    %s", strings.ReplaceAll(what, "\n", "\n    "))
	}
	dir := filepath.Join(s.Logs, fmt.Sprintf("seed-%d-round-%d", r.Seed, r.Round))
	if err := b.collect(ctx, dir); err != nil {
		s.Progress("    %v", err)
	}
	s.Progress("    logs: %s", dir)
	s.Progress("    replay: %s", s.replay(r))
}

// line is the result for people, in one line.
func (r Result) line() string {
	verdict := "ok"
	if r.Bad() {
		verdict = fmt.Sprintf("%d VIOLATIONS", len(r.wrong()))
	}
	return fmt.Sprintf("%-10s %-45s away %5.1f s  settled %6.1f s  %s", r.Field, r.Fault, r.Away, r.Settled, verdict)
}

// wrong is all that was wrong.
func (r Result) wrong() []string {
	if r.Error == "" {
		return r.Violations
	}
	return append([]string{r.Error}, r.Violations...)
}

// replay is the command that does the round of a result again, on a new cluster.
func (s Settings) replay(r Result) string {
	command := fmt.Sprintf("make chaos SEED=%d ROUNDS=%d ROUND=%d", r.Seed, s.Rounds, r.Round)
	if r.Before != "" && r.Field != raft().name { // who leads there cannot be chosen
		command += " BEFORE=" + r.Before
	}
	if len(s.Fields) > 0 {
		command += " FIELD=" + quoted(s.Fields)
	}
	if len(s.Only) > 0 {
		command += " ONLY=" + quoted(s.Only)
	}
	if r.Release != "bookworm" {
		command += " DEBIAN=" + r.Release
	}
	return command
}

// quoted is a list for a shell: a fault is "clients' network of the active node cut".
func quoted(list []string) string {
	return "'" + strings.ReplaceAll(strings.Join(list, ","), "'", `'\''`) + "'"
}
