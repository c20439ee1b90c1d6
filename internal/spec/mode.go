package spec

import (
	"fmt"
	"slices"
)

// Mode is who decides where OpenNebula runs.
type Mode string

const (
	Pacemaker Mode = "pacemaker" // one active node, one database
	Raft      Mode = "raft"      // the servers of a zone elect a leader, a database each
)

var modes = []Mode{Pacemaker, Raft}

// readMode finds the mode before anything else is looked at: other keys are right in
// another one. It is false when the file has one that nobody knows.
func (r *reader) readMode(root value) bool {
	for _, f := range root.fields {
		if f.key != "mode" {
			continue
		}
		text, ok := r.text(f.value, "mode")
		if !ok {
			return false
		}
		if r.mode = Mode(text); !slices.Contains(modes, r.mode) {
			r.error(f.value.at, fmt.Sprintf("unknown mode %q", clip(text)), suggest(text, []string{string(Pacemaker), string(Raft)}))
			return false
		}
	}
	return true
}

// instead says what the other mode has in the place of a key of one mode.
var instead = map[string]string{
	"nodes.*.bmc": "a zone under Raft needs no fencing, a majority of its servers decides; remove it",
	"bmc":         "a zone under Raft needs no fencing, a majority of its servers decides; remove it",
	"fencing":     "a zone under Raft needs no fencing, a majority of its servers decides; remove it",
	"fence_delay": "a zone under Raft needs no fencing, a majority of its servers decides; remove it",
	"qdevice":     "in a zone under Raft a third server is the third vote; remove it",
	"timing":      "the timeouts of a zone under Raft are timers; remove it",
	"token":       "the timeouts of a zone under Raft are timers; remove it",
	"prefer":      "the servers of a zone under Raft elect their leader; remove it",
	"layout":      "in a zone under Raft the services follow the leader, all at once; remove it",
	"timers":      "the timeouts of a cluster of Pacemaker are timing or token; remove it, or write mode: raft",
}

// otherMode reports a key that only the other mode knows.
func (s *section) otherMode(f field) bool {
	for _, k := range Keys {
		if k.Path != join(s.path, f.key) || k.fits(s.r.mode) {
			continue
		}
		fix, ok := instead[k.Path]
		if !ok {
			fix = fmt.Sprintf("remove it, or write mode: %s", k.Only())
		}
		what := fmt.Sprintf("%q is a key of mode: %s", f.key, k.Only())
		if s.label != "" {
			what += ", in " + s.label
		}
		s.r.excused[k.Path] = true
		s.r.error(f.at, what, fix)
		return true
	}
	return false
}
