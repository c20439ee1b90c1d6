package raftrounds

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// table is what many rounds showed, a line for each kind of zone.
func table(all map[string][]result) string {
	var b strings.Builder
	line := "%-18s %6s %12s %10s %9s %9s %9s %9s %8s %8s %8s\n"
	fmt.Fprintf(&b, line, "zone", "rounds", "two holders", "nobody", "reigns", "wait p50", "wait p90", "longest", ">1.5 s", "doubtful", "gap")
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		s := sum(all[name])
		fmt.Fprintf(&b, line, name, fmt.Sprint(len(all[name])), s.two.Round(time.Millisecond), s.none.Round(100*time.Millisecond), fmt.Sprint(s.reigns),
			quantile(s.away, 0.5), quantile(s.away, 0.9), quantile(s.away, 1), fmt.Sprint(over(s.away)), fmt.Sprint(s.excluded), s.gap.Round(time.Millisecond))
	}
	b.WriteString("wait: how long a leader by right was without the address, or not alone with it, each time; 0 when it had it from the start.\n" +
		"doubtful: times in which the sampler was kept from looking for more than " + maxGap.String() + "; they are not in the waits.\n")
	return b.String()
}

// sum adds up figures.
func sum(all []result) figures {
	var s figures
	for _, r := range all {
		s.two += r.two
		s.none += r.none
		s.away = append(s.away, r.away...)
		s.excluded += r.excluded
		s.reigns += r.reigns
		s.gap = max(s.gap, r.gap)
	}
	return s
}

// promised is how long a leader may be without the address, as the guard's
// documentation has it for faults that do not hit it at once twice.
const promised = 1500 * time.Millisecond

// over counts those that are longer than promised.
func over(all []time.Duration) int {
	n := 0
	for _, d := range all {
		if d > promised {
			n++
		}
	}
	return n
}

// quantile is the value that a part of all do not exceed.
func quantile(all []time.Duration, part float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	i := min(len(sorted)-1, int(part*float64(len(sorted))))
	return sorted[i].Round(time.Millisecond)
}
