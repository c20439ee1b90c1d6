package raftrounds

import (
	"slices"
	"sync"
	"time"
)

// record is what was seen of a zone, in the order of time: who had the address, and
// who should have had it.
type record struct {
	mu    sync.Mutex
	looks []span  // of equal looks at the holders
	gaps  []span  // between looks that were too far apart to tell anything
	right []reign // leaders by right
}

// span is a time in which something stayed as it was. The next span begins with the
// first look that saw something else, so that a span lasts until then.
type span struct {
	from, to time.Time
	holders  []int
}

// reign is a time in which a server was leader by right.
type reign struct {
	from, to     time.Time
	leader, term int
}

// maxGap is how far apart looks may be without making a figure doubtful: ten times
// what they should be.
const maxGap = 200 * time.Millisecond

func newRecord(now time.Time) *record {
	return &record{looks: []span{{from: now, to: now}}}
}

// look adds what the sampler saw.
func (r *record) look(at time.Time, holders []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := &r.looks[len(r.looks)-1]
	if at.Sub(last.to) > maxGap {
		r.gaps = append(r.gaps, span{from: last.to, to: at})
	}
	last.to = at
	if !slices.Equal(last.holders, holders) {
		r.looks = append(r.looks, span{from: at, to: at, holders: slices.Clone(holders)})
	}
}

// maxBlind is how far apart two looks of the observer may be: nobody can say that a
// leader was one all the time between.
const maxBlind = time.Second

// rightful adds what the observer found; leader -1 is nobody.
func (r *record) rightful(at time.Time, leader, term int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.right); n > 0 {
		last := &r.right[n-1]
		if last.leader == leader && last.term == term && at.Sub(last.to) <= maxBlind {
			last.to = at
			return
		}
	}
	r.right = append(r.right, reign{from: at, to: at, leader: leader, term: term})
}

// figures are what a record shows between two times.
type figures struct {
	two      time.Duration   // with two holders or more, in all
	none     time.Duration   // without any holder, in all
	away     []time.Duration // how long a leader by right was without the address, each time
	excluded int             // of those, times that gaps make doubtful
	gap      time.Duration   // the longest
	reigns   int
}

// between reads the figures of a time.
func (r *record) between(from, to time.Time) figures {
	r.mu.Lock()
	defer r.mu.Unlock()
	var f figures
	for _, s := range r.looks {
		lasted := overlap(s.from, s.to, from, to)
		switch len(s.holders) {
		case 0:
			f.none += lasted
		case 1:
		default:
			// One look that saw two counts, however short it was until the next.
			if !s.from.Before(from) && s.from.Before(to) {
				lasted = max(lasted, time.Nanosecond)
			}
			f.two += lasted
		}
	}
	for _, g := range r.gaps {
		if overlap(g.from, g.to, from, to) > 0 {
			f.gap = max(f.gap, g.to.Sub(g.from))
		}
	}
	for _, reign := range r.right {
		if reign.leader < 0 || overlap(reign.from, reign.to, from, to) <= 0 {
			continue
		}
		f.reigns++
		for _, away := range r.awayIn(later(reign.from, from), earlier(reign.to, to), reign.leader) {
			if r.doubtful(away) {
				f.excluded++
				continue
			}
			f.away = append(f.away, away.to.Sub(away.from))
		}
	}
	return f
}

// awayIn are the times in which a server did not have the address, or not alone; one
// of length 0 says that it had it from the beginning.
func (r *record) awayIn(from, to time.Time, server int) []span {
	all := []span{{from: from, to: from}}
	for _, s := range r.looks {
		begin, end := later(s.from, from), earlier(s.to, to)
		if !begin.Before(end) || len(s.holders) == 1 && s.holders[0] == server {
			continue
		}
		if last := &all[len(all)-1]; last.to.Equal(begin) {
			last.to = end
			continue
		}
		all = append(all, span{from: begin, to: end})
	}
	return all
}

// doubtful reports whether the sampler did not look for a part of a time.
func (r *record) doubtful(s span) bool {
	return slices.ContainsFunc(r.gaps, func(g span) bool { return overlap(g.from, g.to, s.from, s.to) > 0 })
}

func overlap(a, b, from, to time.Time) time.Duration {
	return max(0, earlier(b, to).Sub(later(a, from)))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
