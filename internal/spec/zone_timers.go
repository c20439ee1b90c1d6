package spec

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/oneha/oneha/internal/one"
)

// zoneTimers are the six values of RAFT.
type zoneTimers struct {
	election, heartbeat time.Duration
	rest                RaftTimers
}

// The values that oned.conf is shipped with, since 5.8 and before.
var (
	modernTimers = zoneTimers{5 * time.Second, 500 * time.Millisecond,
		RaftTimers{LimitPurge: 100_000, LogRetention: 250_000, LogPurge: time.Minute, XMLRPC: time.Second}}
	classicTimers = zoneTimers{2500 * time.Millisecond, 500 * time.Millisecond,
		RaftTimers{LimitPurge: 100_000, LogRetention: 500_000, LogPurge: 10 * time.Minute, XMLRPC: 450 * time.Millisecond}}
)

const (
	timersDefault = "default"
	timersClassic = "classic"
)

// timersOf are the values of a release; those of today for "".
func timersOf(release string) zoneTimers {
	if release != "" && one.Before(release, "5.8") {
		return classicTimers
	}
	return modernTimers
}

// timers reads the values by their name, or each.
func (r *reader) timers(v value, release string) zoneTimers {
	t := timersOf(release)
	switch v.kind {
	case absent, broken:
		return t
	case mapping:
	default:
		name, ok := r.text(v, "timers")
		switch {
		case name == timersDefault:
			return modernTimers
		case name == timersClassic:
			return classicTimers
		case ok:
			r.error(v.at, fmt.Sprintf("unknown timers %q", clip(name)), suggest(name, []string{timersDefault, timersClassic})+"; or a map such as {election: 4s}")
		}
		return t
	}
	s := r.section("timers", "timers", v)
	before := r.errors()
	period := func(key string, low, high, unit time.Duration, to *time.Duration) value {
		given := s.get(key)
		if d, ok := r.duration(given, s.name(key), low, high, unit); ok {
			*to = d
		}
		return given
	}
	records := func(key string, to *int) {
		if n, ok := r.number(s.get(key), s.name(key), 1, math.MaxInt32); ok {
			*to = n
		}
	}
	election := period("election", time.Second, time.Minute, time.Millisecond, &t.election)
	heartbeat := period("heartbeat", 50*time.Millisecond, 10*time.Second, time.Millisecond, &t.heartbeat)
	rpc := period("rpc", 50*time.Millisecond, 30*time.Second, time.Millisecond, &t.rest.XMLRPC)
	period("log_purge", time.Second, 24*time.Hour, time.Second, &t.rest.LogPurge)
	records("log_retention", &t.rest.LogRetention)
	records("limit_purge", &t.rest.LimitPurge)
	if r.errors() > before {
		return t
	}
	if 2*t.heartbeat > t.election {
		r.error(firstOf(heartbeat, election).at, fmt.Sprintf("a heartbeat every %s is too seldom for an election after %s", t.heartbeat, t.election),
			"give election five times the heartbeat: followers would stand for election when one heartbeat is lost")
	} else if t.rest.XMLRPC >= t.election {
		r.error(firstOf(rpc, election).at, fmt.Sprintf("rpc %s is not shorter than election %s", t.rest.XMLRPC, t.election),
			"lower rpc: a server that does not answer would use up the time of an election")
	}
	return t
}

// firstOf is the first value that the file has.
func firstOf(values ...value) value {
	for _, v := range values {
		if v.kind != absent {
			return v
		}
	}
	return value{}
}

// number reads a whole number between low and high.
func (r *reader) number(v value, what string, low, high int) (int, bool) {
	text, ok := r.text(v, what)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high || !digits.MatchString(text) {
		r.error(v.at, fmt.Sprintf("%s is %q", what, clip(text)), fmt.Sprintf("give a whole number from %d to %d", low, high))
		return 0, false
	}
	return n, true
}
