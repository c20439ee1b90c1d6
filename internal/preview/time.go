package preview

import "time"

// ends tells for each action of a transition when it is done, given how long each takes:
// it begins when all that it waits for is done. A cycle, which no scheduler makes,
// is cut.
func (t transition) ends(takes func(action) time.Duration) []time.Duration {
	ends := make([]time.Duration, len(t))
	state := make([]byte, len(t)) // 0 not seen, 1 being visited, 2 known
	var visit func(i int) time.Duration
	visit = func(i int) time.Duration {
		if state[i] != 0 {
			return ends[i]
		}
		state[i] = 1
		var begin time.Duration
		for _, from := range t[i].after {
			begin = max(begin, visit(from))
		}
		ends[i], state[i] = begin+takes(t[i]), 2
		return ends[i]
	}
	for i := range t {
		visit(i)
	}
	return ends
}

// depths counts for each action how many operations on resources it waits for, one after
// the other.
func (t transition) depths() []int {
	depths := make([]int, len(t))
	for i, d := range t.ends(func(a action) time.Duration {
		if a.op == "start" {
			return 1
		}
		return 0
	}) {
		depths[i] = int(d)
	}
	return depths
}

// when counts along the transitions of an outcome, from a time on, with a pause between
// two of them: for each resource when its first stop begins, and when its last start is
// done.
func (o *Outcome) when(from, pause time.Duration, takes func(action) time.Duration) (stopped, started map[string]time.Duration) {
	stopped, started = map[string]time.Duration{}, map[string]time.Duration{}
	for n, t := range o.transitions {
		if n > 0 {
			from += pause
		}
		end := from
		for i, e := range t.ends(takes) {
			a := t[i]
			if a.repeats {
				continue
			}
			switch a.op {
			case "stop":
				if _, ok := stopped[a.resource]; !ok {
					stopped[a.resource] = from + e - takes(a)
				}
			case "start":
				started[a.resource] = from + e
			}
			end = max(end, from+e)
		}
		from = end
	}
	return stopped, started
}
