package foresight

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/scenario"
)

// comparison is one failure, as it was foretold and as it came.
type comparison struct {
	name          string
	died          string // the resource that failed by itself, "" for none
	plan          plan
	predicted     outcome
	before, after happened
}

// compare has a failure of a whole cluster foretold, lets it happen, and heals the
// cluster.
func compare(ctx context.Context, w *scenario.Watch, f failure, log func(string, ...any)) (comparison, error) {
	begun := time.Now()
	c := comparison{name: f.name}
	s, err := newStage(w, log)
	if err != nil {
		return c, err
	}
	if c.plan, err = foretell(ctx, s.passive); err != nil {
		return c, err
	}
	if c.predicted, err = c.plan.of(f.id(s)); err != nil {
		return c, err
	}
	if s.before, err = s.look(ctx, s.passive); err != nil {
		return c, err
	}
	log("%s; %s is active, foretold after %.1f s", f.name, s.active.Name, time.Since(begun).Seconds())
	happening, cancel := context.WithTimeout(ctx, failureLimit)
	defer cancel()
	if c.after, err = f.happen(happening, s); err != nil {
		return c, err
	}
	c.before, c.died = s.before, s.died
	if err := s.heal(ctx, f.undo); err != nil {
		return c, fmt.Errorf("heal: %w", err)
	}
	log("%s: %s; whole again after %.1f s", f.name, c.after.measured, time.Since(begun).Seconds())
	return c, nil
}

// differences are the ways in which it came otherwise than foretold.
func (c comparison) differences() (all []string) {
	differ := func(what string, predicted, happened any) {
		if !reflect.DeepEqual(predicted, happened) {
			all = append(all, fmt.Sprintf("%s: predicted %v, happened %v", what, predicted, happened))
		}
	}
	before, after := c.services(c.before.runs), c.services(c.after.runs)
	differ("before", c.predicted.Before, before)
	differ("runs", c.predicted.Runs, after)
	differ("fenced", c.predicted.Fenced, c.after.fenced)
	differ("restarted in place", c.predicted.Restart, c.restarted())
	differ("moved", c.predicted.Moved, changed(before, after, func(was, is string) bool { return was != "" && is != "" && was != is }))
	differ("stopped", c.predicted.Stopped, changed(before, after, func(was, is string) bool { return was != "" && is == "" }))
	differ("blocked", c.predicted.Blocked, c.after.blocked)
	for r, gone := range c.after.gone {
		if _, service := c.predicted.Runs[r]; !service {
			continue
		}
		if foretold, budgeted := c.predicted.Down[r]; !budgeted || gone.Seconds() > foretold.Worst {
			all = append(all, fmt.Sprintf("%s was missing for %.1f s, foretold %s", r, gone.Seconds(), foretold))
		}
	}
	slices.Sort(all)
	return all
}

// services are the places of those resources that the plan speaks of: it leaves out fence
// devices, which serve wherever they are. What the cluster knew nothing of ran nowhere.
func (c comparison) services(runs map[string]string) map[string]string {
	places := map[string]string{}
	for id := range c.predicted.Runs {
		places[id] = runs[id]
	}
	return places
}

func (c comparison) restarted() []string {
	return slices.DeleteFunc(c.after.restarted(c.before), func(id string) bool { _, service := c.predicted.Runs[id]; return !service })
}

func changed(before, after map[string]string, how func(was, is string) bool) []string {
	list := []string{}
	for _, id := range slices.Sorted(maps.Keys(after)) {
		if how(before[id], after[id]) {
			list = append(list, id)
		}
	}
	return list
}

// missing is how long the service was missing that was missing longest.
func (c comparison) missing() (longest time.Duration) {
	for id := range c.predicted.Runs {
		longest = max(longest, c.after.gone[id])
	}
	return longest
}

// describe puts an outcome into words that are the same for what was foretold and for
// what came.
func describe(fenced, restarted []string, before, runs map[string]string, blocked bool) string {
	var words []string
	if len(fenced) > 0 {
		words = append(words, strings.Join(fenced, " and ")+" fenced")
	}
	if len(restarted) > 0 {
		words = append(words, strings.Join(restarted, ", ")+" restarted")
	}
	went := map[string][]string{} // by where
	for _, id := range changed(before, runs, func(was, is string) bool { return was != is }) {
		went[runs[id]] = append(went[runs[id]], id)
	}
	for _, node := range slices.Sorted(maps.Keys(went)) {
		ids := strings.Join(went[node], ", ")
		if len(went[node]) == len(runs) {
			ids = "all"
		}
		if node == "" {
			words = append(words, ids+" stopped")
		} else {
			words = append(words, ids+" to "+node)
		}
	}
	if blocked {
		words = append(words, "blocked")
	}
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, "; ")
}
