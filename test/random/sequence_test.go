package random

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// sequence is what a seed stands for: a setting, which is the same for all
// steps, and the steps. Any part of the steps can be played too, in a world made
// anew.
type sequence[S fmt.Stringer] struct {
	setting string
	steps   []S
	play    func(ctx context.Context, steps []S) *failure
	simpler func(S) (S, bool) // the step without what may not matter; nil for none
}

// failure is a step whose outcome the model does not allow. A step after the
// last one is the end of the sequence: the final stop and the look at what is left.
type failure struct {
	step int
	rule string // what was broken, in the same words for every such case
	text string // the details
}

// ownFault is the rule of failures that say nothing of an agent.
const ownFault = "the test itself"

func broken(rule, format string, args ...any) *failure {
	return &failure{rule: rule, text: fmt.Sprintf(format, args...)}
}

// finding is a failing sequence after shortening.
type finding struct {
	seed    uint64
	setting string
	steps   []string
	full    int // steps before shortening
	failure
}

// String describes the finding for a person who wants to see it again.
func (f finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %s\n  %s\n", f.seed, f.rule, strings.ReplaceAll(strings.TrimRight(f.text, "\n"), "\n", "\n  "))
	fmt.Fprintf(&b, "  setting: %s\n", f.setting)
	fmt.Fprintf(&b, "  %d of its %d steps are enough:\n", len(f.steps), f.full)
	for i, s := range f.steps {
		mark := " "
		if i == f.step {
			mark = ">"
		}
		fmt.Fprintf(&b, "  %s %2d. %s\n", mark, i+1, s)
	}
	if f.step >= len(f.steps) {
		fmt.Fprintf(&b, "  >     end of the sequence: the final stop and what is left\n")
	}
	return b.String()
}

// campaign is how many sequences are played.
type campaign struct {
	first   uint64 // seed
	count   int
	workers int // sequences at once
	enough  int // findings after which it ends: more of them are mostly the same
	plays   int // of parts of a sequence, at most, to shorten it
}

// play plays the sequences of a campaign and returns what was found, sorted by
// seed.
func play[S fmt.Stringer](ctx context.Context, c campaign, compose func(seed uint64) sequence[S]) []finding {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		mu       sync.Mutex
		findings []finding
		wg       sync.WaitGroup
	)
	next := make(chan uint64)
	for range c.workers {
		wg.Go(func() {
			for seed := range next {
				s := compose(seed)
				fail := s.play(ctx, s.steps)
				if fail == nil || ctx.Err() != nil {
					continue
				}
				steps := s.steps
				if fail.rule != ownFault {
					steps, fail = shorten(ctx, s, fail, c.plays)
				}
				if ctx.Err() != nil { // others were faster; this one is not short yet
					continue
				}
				f := finding{seed: seed, setting: s.setting, full: len(s.steps), failure: *fail}
				for _, step := range steps {
					f.steps = append(f.steps, step.String())
				}
				mu.Lock()
				if findings = append(findings, f); len(findings) >= c.enough {
					cancel()
				}
				mu.Unlock()
			}
		})
	}
	for i := range c.count {
		select {
		case next <- c.first + uint64(i):
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	wg.Wait()
	slices.SortFunc(findings, func(a, b finding) int { return int(int64(a.seed) - int64(b.seed)) })
	return findings
}

const (
	// shortenFor bounds the time that a finding costs.
	shortenFor = 40 * time.Second
	// shortenTries is how often a candidate is played until it fails: what a kill
	// in the middle does is a matter of luck.
	shortenTries = 2
)

// shorten leaves out steps as long as the same rule stays broken: delta
// debugging, in ever smaller pieces down to single steps. Before and after that
// the steps are made simpler where they can be, all at once and one by one.
func shorten[S fmt.Stringer](ctx context.Context, s sequence[S], found *failure, limit int) ([]S, *failure) {
	end := time.Now().Add(shortenFor)
	plays := 0
	try := func(candidate []S) *failure { // the failure if it is the same
		for range shortenTries {
			if plays++; plays > limit || time.Now().After(end) || ctx.Err() != nil {
				return nil
			}
			if f := s.play(ctx, candidate); f != nil && f.rule == found.rule {
				return f
			}
		}
		return nil
	}
	simpler := func(steps []S, from, to int) []S {
		steps = slices.Clone(steps)
		changed := false
		for i := from; i < to && s.simpler != nil; i++ {
			if simple, ok := s.simpler(steps[i]); ok {
				steps[i], changed = simple, true
			}
		}
		if !changed {
			return nil
		}
		return steps
	}
	steps := s.steps[:min(found.step+1, len(s.steps))]
	if candidate := simpler(steps, 0, len(steps)); candidate != nil {
		if f := try(candidate); f != nil {
			steps, found = candidate, f
		}
	}
	for size := max(len(steps)/2, 1); size > 0; size /= 2 {
		for shorter := true; shorter; {
			shorter = false
			for from := 0; from < len(steps); {
				candidate := slices.Concat(steps[:from], steps[min(from+size, len(steps)):])
				if f := try(candidate); f != nil {
					steps, found, shorter = candidate, f, true
				} else {
					from += size
				}
			}
		}
	}
	for i := 0; i < len(steps); i++ {
		if candidate := simpler(steps, i, i+1); candidate != nil {
			if f := try(candidate); f != nil {
				steps, found = candidate, f
			}
		}
	}
	return steps, found
}

// tally counts what the steps came to, to show that a campaign went everywhere.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *tally) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[what]++
}

// String lists the counts, sorted.
func (c *tally) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for what, n := range c.n {
		list = append(list, fmt.Sprintf("%s: %d", what, n))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// missing returns those of the outcomes that never came.
func (c *tally) missing(outcomes []string) (never []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, what := range outcomes {
		if c.n[what] == 0 {
			never = append(never, what)
		}
	}
	return never
}

type word string

func (w word) String() string { return string(w) }

// A sequence that needs two of its steps, in order, is shortened to those.
func TestShorten(t *testing.T) {
	var steps []word
	for _, w := range strings.Split("abcdefghijklmnopqrst", "") {
		steps = append(steps, word(w))
	}
	compose := func(uint64) sequence[word] {
		return sequence[word]{setting: "none", steps: steps, play: func(_ context.Context, steps []word) *failure {
			if i := slices.Index(steps, "d"); i >= 0 {
				if j := slices.Index(steps, "n"); j > i {
					return &failure{step: j, rule: "d and n"}
				}
			}
			if slices.Contains(steps, "a") {
				return nil
			}
			return &failure{step: 0, rule: "another one"}
		}}
	}
	found := play(t.Context(), campaign{first: 3, count: 1, workers: 2, enough: 1, plays: 100}, compose)
	if len(found) != 1 || found[0].seed != 3 || found[0].full != 20 || !slices.Equal(found[0].steps, []string{"d", "n"}) || found[0].step != 1 {
		t.Errorf("found %+v", found)
	}
}
