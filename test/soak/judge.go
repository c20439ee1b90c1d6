package soak

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// bound is what a series may do and still be flat. A rule that is 0 is not looked at,
// but for Step, of which none is the rule where counts is set.
type bound struct {
	rise   float64 // the fitted line may climb less than this over the second half
	counts bool    // whole things: the floor of the last quarter is compared with that of the second
	step   float64 // by so much it may be higher
	most   float64 // no value may be above
	zero   bool    // the floor of the last quarter is nothing at all
}

// bounds of the measures.
//
// Memory: what no file is behind, since a leak can be nowhere else; the shares of pages of
// files change with who else has them. 512 KiB over a quarter of an hour, the second half of half an hour. What is
// watched looks every 2 seconds, 450 times in that time: 1.1 KiB for a look. The least
// that a look could keep is the report that it made, 4 KiB, which would be four times
// the bound. Below it is noise: Go lets a heap of 2 MiB grow to 4 before it collects, so
// that single values sway by more than the bound, and the median of all slopes does not.
//
// Descriptors, processes, zombies, files: a leak never gives back, so that the floor of
// the last quarter (its first quartile: what is short-lived is above, what is being
// restarted below) would be higher than that of the second, and the mean of what is
// usual as well; one for each fault would be ten. Both have to be, since either alone
// may fall to one side between two whole numbers. Threads: Go keeps those that it made,
// and two may be made late.
var bounds = map[string]bound{
	anonymous:   {rise: 512},
	descriptors: {rise: 1, counts: true},
	threads:     {rise: 2, counts: true, step: 2},
	processes:   {rise: 1, counts: true},
	zombies:     {rise: 1, counts: true, zero: true},
	files:       {rise: 1, counts: true},
	size:        {rise: 512},
}

// fewest are the looks that a quarter needs to be judged.
const fewest = 5

// Figure is what became of a series.
type Figure struct {
	Key
	Judged bool    `json:"judged"`           // by a bound; else it is shown for comparison
	Looks  int     `json:"looks"`            // of the last life
	Lives  int     `json:"lives,omitempty"`  // how often it began: more than once when it was started again
	Before float64 `json:"before"`           // median of the second quarter
	After  float64 `json:"after"`            // median of the last quarter
	Most   float64 `json:"most"`             //
	Rise   float64 `json:"rise"`             // of the fitted line over the second half
	Bound  float64 `json:"bound,omitempty"`  // that Rise has to be below
	Within float64 `json:"within,omitempty"` // that Most may not be above
	Flat   bool    `json:"flat"`             //
	Why    string  `json:"why,omitempty"`    // it is not flat
}

// judge says what became of a series in a run of that length.
func judge(s Series, b bound, run time.Duration) Figure {
	f := Figure{Key: s.Key, Judged: true, Looks: len(s.Points), Lives: s.Lives, Bound: b.rise, Within: b.most, Flat: true}
	second, last := between(s.Points, run/4, run/2), between(s.Points, run*3/4, run+time.Hour)
	half := between(s.Points, run/2, run+time.Hour)
	f.Before, f.After, f.Most = quantile(second, 0.5), quantile(last, 0.5), quantile(s.Points, 1)
	no := func(format string, args ...any) {
		f.Flat = false
		if f.Why == "" {
			f.Why = fmt.Sprintf(format, args...)
		}
	}
	if b.most > 0 && f.Most > b.most {
		no("%s, more than %s", number(f.Most), number(b.most))
	}
	if len(second) < fewest || len(last) < fewest {
		no("seen %d times in the second quarter and %d times in the last: it did not live for the whole time", len(second), len(last))
		return f
	}
	f.Rise = slope(half) * (run / 2).Seconds()
	if b.rise > 0 && f.Rise >= b.rise {
		no("it climbs by %s in the second half, %s are too much", number(f.Rise), number(b.rise))
	}
	was, is := quantile(second, 0.25), quantile(last, 0.25)
	if b.counts && is > was+b.step && middle(last) > middle(second)+b.step+0.5 {
		no("%s in the second quarter, %s in the last", number(middle(second)), number(middle(last)))
	}
	if b.zero && is > 0 {
		no("%s at the end", number(is))
	}
	return f
}

// between are the points from one time to before another.
func between(points []Point, from, to time.Duration) []Point {
	var some []Point
	for _, p := range points {
		if p.At >= from && p.At < to {
			some = append(some, p)
		}
	}
	return some
}

// quantile is the value below which a part of all lie; NaN is never returned, since
// JSON does not know it: of no points it is 0.
func quantile(points []Point, part float64) float64 {
	if len(points) == 0 {
		return 0
	}
	var values []float64
	for _, p := range points {
		values = append(values, p.Value)
	}
	slices.Sort(values)
	return values[int(math.Round(part*float64(len(values)-1)))]
}

// middle is the mean without the lowest and the highest tenth.
func middle(points []Point) float64 {
	var values []float64
	for _, p := range points {
		values = append(values, p.Value)
	}
	slices.Sort(values)
	tenth := len(values) / 10
	sum, n := 0.0, 0
	for _, v := range values[tenth : len(values)-tenth] {
		sum, n = sum+v, n+1
	}
	return sum / float64(max(n, 1))
}

// mostPoints are so many that their pairs are counted at once.
const mostPoints = 600

// slope is the median of the slopes of all pairs of points, per second: the estimate of
// Theil and Sen, which a quarter of the points cannot bend however wild they are.
func slope(points []Point) float64 {
	if every := len(points)/mostPoints + 1; every > 1 { // neighbours by their median: one of them alone may be in step with a fault
		thinned := points[:0:0]
		for group := range slices.Chunk(points, every) {
			thinned = append(thinned, Point{group[len(group)/2].At, quantile(group, 0.5)})
		}
		points = thinned
	}
	var all []float64
	for i, a := range points {
		for _, b := range points[i+1:] {
			if d := (b.At - a.At).Seconds(); d > 0 {
				all = append(all, (b.Value-a.Value)/d)
			}
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	if n := len(all); n%2 == 0 {
		return (all[n/2-1] + all[n/2]) / 2
	}
	return all[len(all)/2]
}

// number is a figure for people.
func number(v float64) string {
	if math.Abs(v-math.Round(v)) < 0.05 {
		return fmt.Sprintf("%.0f", math.Round(v)+0) // no -0
	}
	return fmt.Sprintf("%.1f", v)
}
