package soak

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"
)

// Key names what is measured.
type Key struct {
	Where   string `json:"where"`   // "one-server1", "zone server 1"
	What    string `json:"what"`    // "oneha status --watch", "/run"
	Measure string `json:"measure"` // one of the measures below
}

// Measures, with their units.
const (
	resident    = "resident"       // KiB: VmRSS
	share       = "share"          // KiB: Pss of smaps_rollup, pages of several processes divided among them
	anonymous   = "anonymous"      // KiB: of that what no file is behind, so that it is kept for good
	descriptors = "descriptors"    // open ones
	threads     = "threads"        //
	processes   = "processes"      // of that name
	zombies     = "zombies"        // processes that ended and nobody waited for
	size        = "size"           // KiB of the files below a directory
	files       = "files"          // below a directory
	lines       = "lines in total" // written since the beginning
)

// Point is one look: how long after the beginning, and what was seen.
type Point struct {
	At    time.Duration
	Value float64
}

// Series is what was seen of a Key, in the order of time.
type Series struct {
	Key
	Points []Point
	Lives  int // how often it began anew: a process that ended and was started again
}

// record collects series. Its methods may be called concurrently.
type record struct {
	mu    sync.Mutex
	began time.Time
	all   map[Key]*Series
	lives map[Key]string
}

func newRecord() *record {
	return &record{began: time.Now(), all: map[Key]*Series{}, lives: map[Key]string{}}
}

// restart forgets everything; the run begins now.
func (r *record) restart() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began, r.all, r.lives = time.Now(), map[Key]*Series{}, map[Key]string{}
}

// add adds what was seen now. life tells one process from the next of its kind: with
// another one the series begins again, since the memory of the one before is gone.
func (r *record) add(k Key, life string, value float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.all[k]
	if s == nil {
		s = &Series{Key: k}
		r.all[k] = s
	}
	if s.Lives == 0 || r.lives[k] != life {
		s.Points, s.Lives = nil, s.Lives+1
		r.lives[k] = life
	}
	s.Points = append(s.Points, Point{time.Since(r.began), value})
}

// seen is what was seen somewhere by a measure.
func (r *record) seen(where, measure string) (what []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k := range r.all {
		if k.Where == where && k.Measure == measure {
			what = append(what, k.What)
		}
	}
	return what
}

// series are all of them, in the order of their keys.
func (r *record) series() []Series {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Series
	for _, k := range slices.SortedFunc(maps.Keys(r.all), compare) {
		s := *r.all[k]
		s.Points = slices.Clone(s.Points)
		all = append(all, s)
	}
	return all
}

func compare(a, b Key) int {
	return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.What, b.What), cmp.Compare(a.Measure, b.Measure))
}
