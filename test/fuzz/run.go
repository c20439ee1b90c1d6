package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"
)

// runner runs targets of the module in dir.
type runner struct {
	dir, tags string
	each      time.Duration // of a target
	limit     time.Duration // of a target with what compiling takes
	progress  io.Writer
}

// all runs the targets, those of so many packages at once, and has their outcomes in the
// same order. A context that ends ends what runs; what has not begun then never does.
func (r runner) all(ctx context.Context, targets []target, jobs int) []outcome {
	done := make([]outcome, len(targets))
	for i, t := range targets {
		done[i] = outcome{Target: t, Result: never}
	}
	packages := make(chan []int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	ended := 0
	for range jobs {
		wg.Go(func() {
			for targetsOfOne := range packages {
				for _, i := range targetsOfOne {
					if ctx.Err() != nil {
						break
					}
					done[i] = r.one(ctx, targets[i])
					mu.Lock()
					ended++
					fmt.Fprintf(r.progress, "%d/%d %s: %d execs, %d new, %s\n",
						ended, len(targets), targets[i], done[i].Execs, done[i].New, done[i].Result)
					mu.Unlock()
				}
			}
		})
	}
	for _, p := range byPackage(targets) {
		packages <- p // it is taken soon also when ctx has ended
	}
	close(packages)
	wg.Wait()
	return done
}

// byPackage has the places of each package's targets, the packages with the most of them
// first. Two targets of one package at once would have everything compiled twice.
func byPackage(targets []target) (packages [][]int) {
	place := map[string]int{}
	for i, t := range targets {
		at, known := place[t.Package]
		if !known {
			at = len(packages)
			place[t.Package], packages = at, append(packages, nil)
		}
		packages[at] = append(packages[at], i)
	}
	slices.SortStableFunc(packages, func(a, b []int) int { return cmp.Compare(len(b), len(a)) })
	return packages
}

// one runs a target by go test, which keeps what it finds.
func (r runner) one(ctx context.Context, t target) outcome {
	ctx, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	// -parallel 1: targets beside each other find more than the inputs of one target do.
	// Shrinking each new input may take a minute, by default, and with files of many KB for
	// inputs it takes all the time there is (cib.FuzzCanonical: 25 inputs in 20 s, and with
	// 20 tries for each more than ten thousand).
	cmd := exec.CommandContext(ctx, "go", "test", "-tags", r.tags, "-run", "^$",
		"-fuzz", "^"+t.Name+"$", "-fuzztime", r.each.String(), "-fuzzminimizetime", "20x", "-parallel", "1", "./"+t.Package)
	cmd.Dir = r.dir
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	// go test has a child, and that its worker: all of them are of a group of its own, which is ended as one.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	o := judge(t, output.String(), err != nil)
	switch {
	case err == nil || o.Result == crash || o.Result == seed:
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		o.Result, o.Output = late, output.String()
	case ctx.Err() != nil:
		o.Result, o.Output = stopped, ""
	case output.Len() == 0:
		o.Output = err.Error()
	}
	return o
}
