package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// histogram shows how the seconds of both sides are distributed: a line for each step of
// time, with a mark for each round.
func histogram(ours, stock []float64) string {
	all := slices.Concat(ours, stock)
	least, most := slices.Min(all), slices.Max(all)
	step := stepFor(most - least)
	width := len("ours")
	count := func(figures []float64, from float64) string {
		n := 0
		for _, f := range figures {
			if f >= from && f < from+step {
				n++
			}
		}
		return strings.Repeat("#", n)
	}
	type row struct {
		from        float64
		ours, stock string
	}
	var rows []row
	for i := math.Floor(least / step); i*step <= most; i++ {
		r := row{i * step, count(ours, i*step), count(stock, i*step)}
		rows, width = append(rows, r), max(width, len(r.ours))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "seconds       %-*s  stock agents\n", width, "ours")
	for _, r := range rows {
		fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("%5.1f to %4.1f %-*s  %s", r.from, r.from+step, width, r.ours, r.stock), " "))
	}
	return b.String()
}

// stepFor is a round number of seconds that divides a range into 15 lines at most.
func stepFor(seconds float64) float64 {
	for _, step := range []float64{0.1, 0.2, 0.5, 1, 2, 5, 10} {
		if seconds/step <= 14 {
			return step
		}
	}
	return 60
}
