package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// program is one way to do a thing: a command with its input, environment and the
// exit code that counts as success.
type program struct {
	name   string
	args   []string
	env    []string
	stdin  string
	code   int
	before func(ctx context.Context) error                           // not measured; nil for nothing
	after  func(ctx context.Context, began time.Time, c *cost) error // not measured; may add to the cost, and undo what was done; nil for nothing
}

// cost is what one run took.
type cost struct {
	wall  time.Duration // from just before its start to its end
	cpu   time.Duration // user and system time of the process and all that it waited for
	frame time.Duration // from just before its start to its first announcement on the wire
}

// runLimit ends a run that hangs. It measures nothing: the shells of the field take long for a
// large cluster on a busy machine.
const runLimit = 3 * time.Minute

// once runs p unmeasured.
func once(ctx context.Context, p program) error {
	_, err := contest(ctx, p.name, 0, p)
	return err
}

// run runs p once; another exit code than the expected one is an error, so that
// a program that fails fast is never reported as quick.
func (p program) run(ctx context.Context, said *os.File) (c cost, err error) {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	if p.before != nil {
		if err := p.before(ctx); err != nil {
			return c, fmt.Errorf("before %s: %w", p.name, err)
		}
	}
	_, err = said.Seek(0, io.SeekStart)
	if err = errors.Join(err, said.Truncate(0)); err != nil {
		return c, err
	}
	cmd := exec.CommandContext(ctx, p.args[0], p.args[1:]...)
	cmd.Env = append([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}, p.env...)
	if p.stdin != "" {
		cmd.Stdin = strings.NewReader(p.stdin)
	}
	cmd.Stdout, cmd.Stderr = said, said // a file: a pipe would be held open by what IPaddr2 leaves behind
	began := time.Now()
	err = cmd.Run()
	c.wall = time.Since(began)
	if cmd.ProcessState == nil {
		return c, fmt.Errorf("run %s: %w", p.name, err)
	}
	if got := cmd.ProcessState.ExitCode(); got != p.code {
		text, _ := os.ReadFile(said.Name())
		return c, fmt.Errorf("run %s: exit %d, want %d: %s", p.name, got, p.code, strings.TrimSpace(string(text)))
	}
	c.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if p.after != nil {
		if err := p.after(ctx, began, &c); err != nil {
			return c, fmt.Errorf("after %s: %w", p.name, err)
		}
	}
	return c, nil
}

// contest runs the programs in turn, and each once before to warm up. It returns
// the costs of each program, one for each round.
func contest(ctx context.Context, what string, rounds int, programs ...program) ([][]cost, error) {
	if rounds > 0 {
		fmt.Fprintf(os.Stderr, "bench: %s, %d rounds ...\n", what, rounds)
	}
	said, err := os.CreateTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.Remove(said.Name())
	defer said.Close()
	costs := make([][]cost, len(programs))
	for round := range rounds + 1 {
		for i, p := range programs {
			c, err := p.run(ctx, said)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				costs[i] = append(costs[i], c)
			}
		}
	}
	return costs, nil
}

// Figures of a cost.
func wall(c cost) time.Duration  { return c.wall }
func cpu(c cost) time.Duration   { return c.cpu }
func frame(c cost) time.Duration { return c.frame }

// medianOf is the median of one figure.
func medianOf(costs []cost, of func(cost) time.Duration) time.Duration {
	figures := make([]time.Duration, len(costs))
	for i, c := range costs {
		figures[i] = of(c)
	}
	return median(figures)
}

// ratioOf is the median of the ratios of a to b in the same round.
func ratioOf(a, b []cost, of func(cost) time.Duration) float64 {
	return median(ratios(a, b, of))
}

func ratios(a, b []cost, of func(cost) time.Duration) []float64 {
	all := make([]float64, len(a))
	for i := range a {
		all[i] = float64(of(a[i])) / float64(of(b[i]))
	}
	return all
}

// times is what each run would have cost done n times over.
func times(costs []cost, n int) []cost {
	all := make([]cost, len(costs))
	for i, c := range costs {
		all[i] = cost{c.wall * time.Duration(n), c.cpu * time.Duration(n), c.frame * time.Duration(n)}
	}
	return all
}

// spreadOf are the quartiles of the ratios of a to b in the same round.
func spreadOf(a, b []cost, of func(cost) time.Duration) (low, high float64) {
	ratios := ratios(a, b, of)
	slices.Sort(ratios)
	return ratios[len(ratios)/4], ratios[len(ratios)*3/4]
}

func median[T time.Duration | float64](figures []T) T {
	slices.Sort(figures)
	return figures[len(figures)/2]
}
