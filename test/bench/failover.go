package main

import (
	"context"
	"fmt"
	"os"

	"github.com/oneha/oneha/test/failover"
)

// The parts that are measured from outside.
const (
	failoverPart = "failover"
	largePart    = "failover-large"
)

// Of the clusters of largePart: how many floating IPs they have beside the usual one, and how
// many pairs are enough to see what those add.
const (
	moreIPs    = 20
	largePairs = 5
)

// failovers loses the active nodes of two clusters in turn, pairs times each, and gives
// each round to done.
func failovers(ctx context.Context, part string, pairs int, done func(failover.Round) error) error {
	floatingIPs, faults := 1, []string{failover.Hang, failover.Power}
	if part == largePart {
		floatingIPs, faults, pairs = 1+moreIPs, []string{failover.Hang}, min(pairs, largePairs)
	}
	return failover.Run(ctx, failover.Options{
		Pairs: pairs, Faults: faults, FloatingIPs: floatingIPs, Prefix: "bench", CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: ".",
		Log: func(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) },
	}, done)
}

// failoverLines are the rounds as lines of the table.
func failoverLines(part string, rounds []failover.Round) (t table) {
	for _, fault := range failover.Faults {
		for _, m := range failover.Measures {
			c := failover.Compare(rounds, fault, m)
			if c.Pairs == 0 {
				continue
			}
			l := line{
				What: fault + ofPart(part) + ": " + m.Name, Ours: inSeconds(c.Ours.Median), Beside: "stock agents", Its: inSeconds(c.Stock.Median),
				Ratio: fmt.Sprintf("%.2f", c.Ratio), Spread: fmt.Sprintf("%.2f to %.2f", c.Low, c.High), Part: part,
			}
			if m.Name == failover.OnedAnswers.Name {
				l.Target, l.Met = "at most the stock agents'", c.Ours.Median <= c.Stock.Median
			}
			t = append(t, l)
		}
	}
	return t
}

// ofPart says which clusters a part has, "" for the usual ones.
func ofPart(part string) string {
	if part == largePart {
		return fmt.Sprintf(", %d floating IPs", 1+moreIPs)
	}
	return ""
}

func inSeconds(s float64) string { return fmt.Sprintf("%.2f s", s) }
