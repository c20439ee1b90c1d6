package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// program is one way to ask a question: a command with its input, environment
// and the exit code that counts as an answer.
type program struct {
	name  string
	args  []string
	env   []string
	stdin string
	code  int
}

// cost is what one run took, the process and everything it waited for.
type cost struct{ wall, cpu time.Duration }

// run runs p once; another exit code than the expected one is an error, so that
// a program that fails fast is never reported as quick.
func (p program) run(ctx context.Context) (cost, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.args[0], p.args[1:]...)
	cmd.Env = append([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}, p.env...)
	cmd.Stdin = strings.NewReader(p.stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if cmd.ProcessState == nil {
		return cost{}, fmt.Errorf("run %s: %w", p.name, err)
	}
	if got := cmd.ProcessState.ExitCode(); got != p.code {
		return cost{}, fmt.Errorf("run %s: exit %d, want %d: %s", p.name, got, p.code, strings.TrimSpace(out.String()))
	}
	return cost{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, nil
}

// compare runs both programs in turn, so that whatever else the machine does
// falls on both, and returns the medians.
func compare(ctx context.Context, ours, stock program, rounds int) (a, b cost, err error) {
	var as, bs []cost
	for range rounds {
		for _, side := range []struct {
			p    program
			into *[]cost
		}{{ours, &as}, {stock, &bs}} {
			c, err := side.p.run(ctx)
			if err != nil {
				return a, b, err
			}
			*side.into = append(*side.into, c)
		}
	}
	return medianOf(as), medianOf(bs), nil
}

// medianOf is the median of each figure.
func medianOf(cs []cost) cost {
	return cost{
		wall: median(cs, func(c cost) time.Duration { return c.wall }),
		cpu:  median(cs, func(c cost) time.Duration { return c.cpu }),
	}
}

func median(cs []cost, of func(cost) time.Duration) time.Duration {
	ds := make([]time.Duration, len(cs))
	for i, c := range cs {
		ds[i] = of(c)
	}
	slices.Sort(ds)
	return ds[len(ds)/2]
}
