// Command bench measures what the agents cost, beside the stock agents and beside
// the least that a Go program could do (./floor), and what the configuration costs,
// beside the shells of the field; and it says of each figure that the project has set
// itself a limit for whether it is met.
//
// Everything is measured in one run, in two machines of the lab: one without
// systemd, and one with it for what needs it. The contestants of a line run in turn,
// so that whatever else the computer does falls on all of them; a line shows their
// medians and the median of the ratios of the rounds. Figures of single runs depend
// on the computer; the ratios much less.
package main

import (
	"context"
	"encoding/json"
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
	inside := flag.String("inside", "", "measure the lines of this place here, which changes the machine")
	bin := flag.String("bin", "bin", "directory with the programs, as make bench builds them")
	only := flag.String("only", "", "measure this part only: "+strings.Join(partNames(), ", "))
	var to keeping
	flag.StringVar(&to.file, "results", "", "keep the results in this file, too; a part that is measured again takes the place of what is there")
	flag.StringVar(&to.page, "page", "", "write the page that -results makes")
	flag.BoolVar(&to.render, "render", false, "measure nothing, only write the page")
	flag.BoolVar(&to.all, "all", false, "measure the part failover, too, which takes the better part of an hour")
	flag.IntVar(&to.pairs, "pairs", 20, "pairs of failovers of each fault")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch {
	case *only != "" && !slices.Contains(partNames(), *only):
		err = fmt.Errorf("there is no part %q: use one of %s", *only, strings.Join(partNames(), ", "))
	case *inside == "":
		err = outside(ctx, *bin, *only, to)
	default:
		err = measure(ctx, *inside, *only)
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

// outside takes this same program into each of the places, prints what it found there, and
// keeps it.
func outside(ctx context.Context, bin, only string, to keeping) error {
	kept := result{}
	if to.file != "" {
		var err error
		if kept, err = readResult(to.file); err != nil {
			return err
		}
	}
	var all table
	if !to.render {
		var err error
		if all, err = to.measure(ctx, bin, only, &kept); err != nil {
			return err
		}
	}
	if to.page != "" {
		if err := os.WriteFile(to.page, []byte(kept.page()), 0o644); err != nil {
			return err
		}
	}
	if to.render {
		return nil
	}
	return all.print(os.Stdout)
}

// measure measures, and keeps each part as soon as it is measured.
func (to keeping) measure(ctx context.Context, bin, only string, kept *result) (all table, err error) {
	keep := func() error {
		if to.file == "" {
			return nil
		}
		return kept.write(to.file)
	}
	if only != failoverPart {
		err := visit(ctx, bin, only, func(place, found string) error {
			var t table
			if err := json.Unmarshal([]byte(found), &t); err != nil {
				return err
			}
			for _, p := range partsOf(place, only) {
				kept.forget(p.name, newRun(p.name))
			}
			all, kept.Lines = append(all, t...), append(kept.Lines, t...)
			return keep()
		})
		if err != nil {
			return nil, err
		}
	}
	if only == failoverPart || only == "" && to.all {
		kept.forget(failoverPart, newRun(failoverPart))
		err := failovers(ctx, to.pairs, func(r failover.Round) error {
			kept.Failovers = append(kept.Failovers, r)
			return keep()
		})
		if err != nil {
			return nil, err
		}
		all = append(all, failoverLines(kept.Failovers)...)
	}
	return all, nil
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
}

func partNames() (names []string) {
	for _, p := range parts {
		names = append(names, p.name)
	}
	return names
}

// partsOf returns what is measured in a place, all of it when only is empty.
func partsOf(place, only string) (of []part) {
	for _, p := range parts {
		if p.place == place && (only == "" || only == p.name) {
			of = append(of, p)
		}
	}
	return of
}

// measure runs in a machine of the lab: it may add links, addresses, units and a
// simulated BMC there.
func measure(ctx context.Context, place, only string) error {
	var t table
	for _, p := range partsOf(place, only) {
		before := len(t)
		if err := p.lines(ctx, &t); err != nil {
			return err
		}
		for i := range t[before:] {
			t[before+i].Part = p.name
		}
	}
	return json.NewEncoder(os.Stdout).Encode(t)
}
