package main

import (
	"context"
	"fmt"
	"os"

	"github.com/oneha/oneha/test/failover"
)

const failoverPart = "failover"

// failovers loses the active nodes of two clusters in turn, pairs times each, and gives
// each round to done.
func failovers(ctx context.Context, pairs int, done func(failover.Round) error) error {
	return failover.Run(ctx, failover.Options{
		Pairs: pairs, Prefix: "bench", CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: ".",
		Log: func(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) },
	}, done)
}

// failoverLines are the rounds as lines of the table.
func failoverLines(rounds []failover.Round) (t table) {
	for _, fault := range failover.Faults {
		for _, m := range failover.Measures {
			c := failover.Compare(rounds, fault, m)
			if c.Pairs == 0 {
				continue
			}
			l := line{
				What: fault + ": " + m.Name, Ours: inSeconds(c.Ours.Median), Beside: "stock agents", Its: inSeconds(c.Stock.Median),
				Ratio: fmt.Sprintf("%.2f", c.Ratio), Spread: fmt.Sprintf("%.2f to %.2f", c.Low, c.High), Part: failoverPart,
			}
			if m.Name == failover.OnedAnswers.Name {
				l.Target, l.Met = "at most the stock agents'", c.Ours.Median <= c.Stock.Median
			}
			t = append(t, l)
		}
	}
	return t
}

func inSeconds(s float64) string { return fmt.Sprintf("%.2f s", s) }
