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
)

func main() {
	inside := flag.String("inside", "", "measure the lines of this place here, which changes the machine")
	bin := flag.String("bin", "bin", "directory with the programs, as make bench builds them")
	only := flag.String("only", "", "measure this part only: "+strings.Join(partNames(), ", "))
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch {
	case *only != "" && !slices.Contains(partNames(), *only):
		err = fmt.Errorf("there is no part %q: use one of %s", *only, strings.Join(partNames(), ", "))
	case *inside == "":
		err = outside(ctx, *bin, *only)
	default:
		err = measure(ctx, *inside, *only)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// outside takes this same program into each of the places and prints what it
// found there.
func outside(ctx context.Context, bin, only string) error {
	var all table
	err := visit(ctx, bin, only, func(found string) error {
		var t table
		if err := json.Unmarshal([]byte(found), &t); err != nil {
			return err
		}
		all = append(all, t...)
		return nil
	})
	if err != nil {
		return err
	}
	return all.print(os.Stdout)
}

// part measures some lines and adds them to the table.
type part struct {
	name  string
	place string
	lines func(context.Context, *table) error
}

// Places where lines are measured.
const (
	plainPlace   = "plain"   // no systemd
	systemdPlace = "systemd" // systemd as PID 1
)

// parts are in the order of the result.
var parts = []part{
	{"vip", plainPlace, vipLines},
	{"fence", plainPlace, fenceLines},
	{"size", plainPlace, sizeLines},
	{"config", plainPlace, configLines},
	{"service", systemdPlace, serviceLines},
	{"memory", systemdPlace, memoryLines},
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
		if err := p.lines(ctx, &t); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(t)
}
