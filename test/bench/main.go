// Command bench measures what the agents cost, beside the stock agents and beside
// the least that a Go program could do (./floor), and what the configuration costs,
// beside the shells of the field; and it says of each figure that the project has set
// itself a limit for whether it is met.
//
// Each part is measured in a machine of the lab of its own: one without systemd, or one
// with it for what needs it. The contestants of a line run in turn,
// so that whatever else the computer does falls on all of them; a line shows their
// medians and the median of the ratios of the rounds. Figures of single runs depend
// on the computer; the ratios much less.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/oneha/oneha/test/failover"
)

func main() {
	inside := flag.String("inside", "", "measure the lines of this part here, which changes the machine")
	bin := flag.String("bin", "bin", "directory with the programs, as make bench builds them")
	only := flag.String("only", "", "measure this part only: "+strings.Join(partNames(), ", "))
	var to keeping
	flag.StringVar(&to.file, "results", "", "keep the results in this file, too; a part that is measured again takes the place of what is there")
	flag.StringVar(&to.page, "page", "", "write the page that -results makes")
	flag.BoolVar(&to.render, "render", false, "measure nothing, only write the page")
	flag.BoolVar(&to.all, "all", false, "measure the parts failover and failover-large, too, which take the better part of an hour")
	flag.IntVar(&to.pairs, "pairs", 20, fmt.Sprintf("pairs of failovers of each fault; of failover-large %d at most", largePairs))
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch {
	case *only != "" && !slices.Contains(partNames(), *only):
		err = fmt.Errorf("there is no part %q: use one of %s", *only, strings.Join(partNames(), ", "))
	case to.pairs < 1:
		err = fmt.Errorf("-pairs %d: want one pair or more", to.pairs)
	case *inside == "":
		err = outside(ctx, *bin, *only, to)
	default:
		err = measure(ctx, *inside)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// keeping is what becomes of the results.
type keeping struct {
	file, page  string // "" for none
	render, all bool
	pairs       int
}

// outside takes this same program into a machine for each part, prints what it found there,
// and keeps it; of parts that failed the errors come last.
func outside(ctx context.Context, bin, only string, to keeping) error {
	kept := result{}
	if to.file != "" {
		var err error
		if kept, err = readResult(to.file); err != nil {
			return err
		}
	}
	var all table
	var err error
	if !to.render {
		all, err = to.measure(ctx, bin, only, &kept)
	}
	if to.page != "" {
		err = errors.Join(err, os.WriteFile(to.page, []byte(kept.page()), 0o644))
	}
	if len(all) > 0 {
		err = errors.Join(all.print(os.Stdout), err)
	}
	return err
}

// measure measures, and keeps each part as soon as it is measured. A part that fails does
// not keep the next ones from being measured.
func (to keeping) measure(ctx context.Context, bin, only string, kept *result) (all table, err error) {
	todo := to.todo(only)
	keep := func() error {
		if to.file == "" {
			return nil
		}
		return kept.write(to.file)
	}
	var now run
	begin := func(p part) {
		fmt.Fprintf(os.Stderr, "bench: %s, part %d of %d%s\n", p.name, 1+slices.Index(todo, p.name), len(todo), kept.toGo(todo, p.name))
		now = newRun(p.name)
	}
	err = visit(ctx, bin, partsNamed(todo), begin, func(p part, found string) error {
		var t table
		if err := json.Unmarshal([]byte(found), &t); err != nil {
			return err
		}
		now.end()
		kept.forget(now)
		all, kept.Lines = append(all, t...), append(kept.Lines, t...)
		return keep()
	})
	for _, p := range partsNamed(todo) {
		if p.place != clusterPlace || ctx.Err() != nil {
			continue
		}
		begin(p)
		rounds, began := kept.rounds(p.name), false
		failed := failovers(ctx, p.name, to.pairs, func(r failover.Round) error {
			if !began { // what is known goes when there is something new
				kept.forget(now)
				began = true
			}
			*rounds = append(*rounds, r)
			return keep()
		})
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", p.name, failed))
			continue
		}
		now.end()
		kept.measured(now)
		err = errors.Join(err, keep())
		all = append(all, failoverLines(p.name, *rounds)...)
	}
	return all, err
}

// todo are the names of the parts to measure.
func (to keeping) todo(only string) (names []string) {
	for _, p := range parts {
		if p.name == only || only == "" && (p.place != clusterPlace || to.all) {
			names = append(names, p.name)
		}
	}
	return names
}

// part measures some lines and adds them to the table.
type part struct {
	name  string
	place string
	lines func(context.Context, *table) error // nil for what is measured outside
}

// Places where lines are measured.
const (
	plainPlace   = "plain"   // no systemd
	systemdPlace = "systemd" // systemd as PID 1
	clusterPlace = "cluster" // two clusters, seen from outside
)

// parts are in the order of the result.
var parts = []part{
	{"vip", plainPlace, vipLines},
	{"fence", plainPlace, fenceLines},
	{"size", plainPlace, sizeLines},
	{"config", plainPlace, configLines},
	{"growth", plainPlace, sizesLines},
	{"service", systemdPlace, serviceLines},
	{"actions", systemdPlace, actionLines},
	{"day", systemdPlace, dayLines},
	{"memory", systemdPlace, memoryLines},
	{failoverPart, clusterPlace, nil},
	{largePart, clusterPlace, nil},
}

func partNames() (names []string) {
	for _, p := range parts {
		names = append(names, p.name)
	}
	return names
}

// partsNamed returns the parts of these names.
func partsNamed(names []string) (of []part) {
	for _, p := range parts {
		if slices.Contains(names, p.name) {
			of = append(of, p)
		}
	}
	return of
}

// measure measures a part in a machine of the lab: it may add links, addresses, units and
// a simulated BMC there.
func measure(ctx context.Context, name string) error {
	i := slices.IndexFunc(parts, func(p part) bool { return p.name == name && p.lines != nil })
	if i < 0 {
		return fmt.Errorf("no part %q is measured inside of a machine", name)
	}
	var t table
	if err := parts[i].lines(ctx, &t); err != nil {
		return err
	}
	for j := range t {
		t[j].Part = name
	}
	return json.NewEncoder(os.Stdout).Encode(t)
}
