package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	onehaPath = "/usr/bin/oneha"

	// The crm shell and pcs take seconds.
	shellRounds      = 7
	largeShellRounds = 3
	growthRounds     = 15

	largeMemoryLimit = 100e6 // bytes
)

// resourceCounts are the sizes of the growth lines; the limits are of the first.
var resourceCounts = []int{500, 1000, 2000}

// configLines measures the generator and the checks on whole processes, beside the
// crm shell, pcs and crm_verify.
func configLines(ctx context.Context, t *table) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := loadLines(ctx, t, dir, "classic layout", classicResources, shellRounds, within(30*time.Millisecond)); err != nil {
		return err
	}
	what := fmt.Sprintf("%d resources", resourceCounts[0])
	if err := loadLines(ctx, t, dir, what, resourceCounts[0], largeShellRounds, within(100*time.Millisecond)); err != nil {
		return err
	}
	return growthLines(ctx, t, dir)
}

// loadLines measures what it takes from a description to the files, beside what it
// takes the shells from a file to a CIB. The whole script for pcs would take minutes:
// it is estimated from below, as so many times the least of its commands.
func loadLines(ctx context.Context, t *table, dir, layout string, resources, rounds int, l limit) error {
	g, err := newGeneration(dir, resources)
	if err != nil {
		return err
	}
	if err := once(ctx, g.generate()); err != nil {
		return err
	}
	commands, err := g.pcsCommands()
	if err != nil {
		return err
	}
	empty, err := exec.CommandContext(ctx, "cibadmin", "--empty").Output()
	if err != nil {
		return fmt.Errorf("cibadmin --empty: %w", err)
	}
	crm, err := g.intoCIB("crm.xml", string(empty), g.resources, program{
		name: "crm load", args: []string{"crm", "configure", "load", "update", g.path("cluster.crm")},
		env: []string{"CIB_file=" + g.path("crm.xml"), "HOME=" + dir},
	})
	if err != nil {
		return err
	}
	pcs, err := g.intoCIB("pcs.xml", string(empty), 0, program{
		name: "pcs property set", args: []string{"pcs", "-f", g.path("pcs.xml"), "property", "set", "stonith-enabled=true"},
	})
	if err != nil {
		return err
	}

	what := "generate, " + layout
	costs, err := contest(ctx, what, rounds, g.generate(), crm, pcs)
	if err != nil {
		return err
	}
	t.beside(what+", wall", wall, costs[0], crm.name, costs[1], l)
	t.beside(what+", CPU", cpu, costs[0], crm.name, costs[1], limit{})
	t.beside(what+", wall", wall, costs[0], fmt.Sprintf("estimate: %d times %s", commands, pcs.name), times(costs[2], commands), limit{})
	return nil
}

// growthLines measures checks beside crm_verify, how the time of checks and of the
// generator grows with the number of resources, and their memory at the first. What
// is linear takes n times as long for n times as many, and less for what it takes to
// start.
func growthLines(ctx context.Context, t *table, dir string) error {
	var generate, check []program
	crmVerify := program{name: "crm_verify"}
	for _, n := range resourceCounts {
		g, err := newGeneration(dir, n)
		if err != nil {
			return err
		}
		if err := once(ctx, g.generate()); err != nil {
			return err
		}
		generate, check = append(generate, g.generate()), append(check, g.check())
		if crmVerify.args == nil {
			crmVerify.args = []string{"crm_verify", "-x", g.path("cib.xml")}
		}
	}
	costs, err := contest(ctx, "check of a CIB", growthRounds, append(check, crmVerify)...)
	if err != nil {
		return err
	}
	t.beside(fmt.Sprintf("check, CIB of %d resources, wall", resourceCounts[0]), wall, costs[0], crmVerify.name, costs[len(check)], within(200*time.Millisecond))
	growth(t, "check, CIB of", costs[:len(check)])
	if costs, err = contest(ctx, "generate", growthRounds, generate...); err != nil {
		return err
	}
	growth(t, "generate,", costs)

	var most peak
	if err := most.of(ctx, generate[0], check[0]); err != nil {
		return err
	}
	t.alone("peak memory, most: "+most.name, mb(most.bytes), "at most 100 MB", most.bytes <= largeMemoryLimit)
	return nil
}

// growth adds the lines of each further size beside the first.
func growth(t *table, what string, costs [][]cost) {
	first := resourceCounts[0]
	for i, n := range resourceCounts[1:] {
		t.beside(fmt.Sprintf("%s %d resources, CPU", what, n), cpu, costs[i+1], fmt.Sprintf("%d resources", first), costs[0], atMost(float64(n)/float64(first)))
	}
}

// generation is a description with a directory for what is made of it.
type generation struct {
	resources int
	dir       string
}

// newGeneration writes the description.
func newGeneration(parent string, resources int) (generation, error) {
	g := generation{resources, filepath.Join(parent, fmt.Sprint(resources))}
	err := os.MkdirAll(g.dir, 0o755)
	return g, errors.Join(err, os.WriteFile(g.path("oneha.yaml"), []byte(description(resources)), 0o644))
}

func (g generation) path(name string) string { return filepath.Join(g.dir, name) }

// generate makes all dialects, corosync.conf and the runbook.
func (g generation) generate() program {
	return program{name: fmt.Sprintf("oneha generate, %d resources", g.resources), args: []string{onehaPath, "generate", g.path("oneha.yaml"), "-o", g.dir}}
}

func (g generation) check() program {
	return program{name: fmt.Sprintf("oneha check, %d resources", g.resources), args: []string{onehaPath, "check", "--cib", g.path("cib.xml")}}
}

// pcsCommands is how often the script for pcs runs pcs, apart from reading the
// configuration and from putting it in place.
func (g generation) pcsCommands() (int, error) {
	script, err := os.ReadFile(g.path("cluster.pcs.sh"))
	return countEdits(string(script)), err
}

// intoCIB is a program that changes the CIB in a file: each run finds it empty, and
// has to leave that many resources in it.
func (g generation) intoCIB(file, empty string, resources int, p program) (program, error) {
	reset := func() error { return os.WriteFile(g.path(file), []byte(empty), 0o600) }
	p.after = func(context.Context, time.Time, *cost) error {
		text, err := os.ReadFile(g.path(file))
		if err != nil {
			return err
		}
		if got := strings.Count(string(text), "<primitive "); got != resources || string(text) == empty {
			return fmt.Errorf("the CIB has %d resources, want %d, or was not changed", got, resources)
		}
		return reset()
	}
	return p, reset()
}
