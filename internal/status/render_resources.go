package status

import (
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/pacemaker"
)

func (s *screen) addresses() {
	if len(s.Addresses) == 0 {
		return
	}
	s.section("Floating IP", "", plain)
	var rows []row
	for _, a := range s.Addresses {
		r := row{tone: good, cells: []string{a.IP, place(pacemaker.ResourceStatus{Role: a.Role, Nodes: a.Nodes})}}
		switch {
		case a.conflict() != "":
			r.tone, r.loud = bad, true
			r.text = "in truth: " + holders(a)
		case a.Unknown != "" && len(a.Holders) == 0:
			r.tone, r.text = poor, "cannot be told: "+a.Unknown
		case len(a.Holders) == 0:
			r.tone, r.text = bad, "nobody has it"
		default:
			r.text = "really " + holders(a)
			if a.Holders[0].Hardware != "" {
				r.text = "really there, " + a.Holders[0].Hardware + " answers"
			}
			if where := s.away(a.Nodes); where != "" {
				r.tone, r.text = poor, where+"; "+a.Holders[0].Hardware+" still answers"
			}
			if a.Holders[0].Why != "" {
				r.tone, r.loud = bad, true
			}
		}
		rows = append(rows, r)
	}
	s.rows(rows)
}

// holders says who has an address, and how that is known.
func holders(a Address) string {
	if len(a.Holders) == 0 {
		return "nobody has it"
	}
	var words []string
	for _, h := range a.Holders {
		switch {
		case h.Place != "" && h.Why != "":
			words = append(words, "here, "+h.Place+": "+h.Why)
		case h.Place != "":
			words = append(words, "here, "+h.Place)
		case h.Node != "":
			words = append(words, h.Node+" answers, "+h.Hardware)
		case h.Stranger:
			words = append(words, h.Hardware+" answers, which is no node")
		default:
			words = append(words, h.Hardware+" answers")
		}
	}
	return strings.Join(words, "; and ")
}

func (s *screen) services() {
	if len(s.Services) == 0 {
		return
	}
	s.section("Services", "", plain)
	var rows []row
	for _, v := range s.Services {
		r := row{tone: good, cells: []string{v.ID, place(v.ResourceStatus)}}
		var words []string
		if v.Active && v.Role != "Started" { // of a promotable clone
			words = append(words, strings.ToLower(v.Role))
		}
		switch {
		case v.Failed || v.Blocked || len(v.Nodes) > 1:
			r.tone, r.loud = bad, true
		case !v.Active && v.TargetRole == stopped, !v.Managed:
			r.tone = poor
		case !v.Active && v.Role == unknownRole:
			r.tone = plain
		case !v.Active:
			r.tone = bad
		}
		if v.Failed {
			words = append(words, "FAILED")
		}
		if v.Blocked {
			words = append(words, "BLOCKED")
		}
		if !v.Managed {
			words = append(words, "unmanaged")
		}
		if v.Pending != "" {
			words = append(words, strings.ToLower(v.Pending))
		}
		lost := s.away(v.Nodes)
		if lost != "" {
			r.tone, words = bad, append(words, lost)
		}
		for _, c := range v.Checks {
			if lost != "" && c.By == ByMonitor {
				continue // it was before
			}
			text, t := s.check(c)
			words = append(words, text)
			if r.tone == good && t != good {
				r.tone = t
			}
			if c.By == ByProbe && !c.OK {
				r.loud = true
			}
		}
		r.text = strings.Join(words, "; ")
		rows = append(rows, r)
	}
	s.rows(rows)
}

// place is where a resource is, or that it is not.
func place(r pacemaker.ResourceStatus) string {
	if len(r.Nodes) == 0 {
		return strings.ToLower(r.Role)
	}
	return join(r.Nodes)
}

// check says how an answer was.
func (s *screen) check(c Check) (string, tone) {
	t := good
	switch {
	case !c.Works:
		t = bad
	case !c.OK:
		t = poor
	}
	text := map[string]string{ByProbe: "answers now", ByVIP: "answers at " + c.Where, ByMonitor: "monitor ok"}[c.By]
	switch {
	case c.OK:
	case c.By == ByMonitor:
		text = "monitor: " + c.Says
	case c.By == ByVIP:
		text = "no answer at " + c.Where
	case c.Works:
		text = "works, but: " + c.Says
	default:
		text = "does not work: " + c.Says
	}
	if c.By == ByMonitor && !c.Since.IsZero() {
		text += " for " + within(s.Time.Sub(c.Since))
	}
	return text, t
}

func (s *screen) fencing() {
	if len(s.Devices) == 0 && len(s.Fencing) == 0 {
		return
	}
	about, t := "no fencing is remembered", faint
	if len(s.Fencing) > 0 {
		about, t = s.event(s.Fencing[0])
	}
	s.section("Fencing", about, t)
	var rows []row
	for _, d := range s.Devices {
		r := row{tone: good, cells: []string{d.ID, place(d.ResourceStatus)}, text: "monitor ok"}
		if !d.Since.IsZero() {
			r.text += " for " + within(s.Time.Sub(d.Since))
		}
		switch {
		case d.Failed:
			r.tone, r.text = poor, "FAILED"
		case d.Pending != "":
			r.tone, r.text = plain, strings.ToLower(d.Pending)
		case !d.Active:
			r.tone, r.text = poor, ""
			if s.DCState != "S_IDLE" || slices.ContainsFunc(s.Nodes, func(n Node) bool { return !n.Ready() }) { // it may have no place
				r.tone = plain
			}
		}
		if where := s.away(d.Nodes); where != "" {
			r.tone, r.text = plain, where
		}
		rows = append(rows, r)
	}
	s.rows(rows)
}

// event says how a fencing went.
func (s *screen) event(e pacemaker.FenceEvent) (string, tone) {
	text := e.Action + " of " + e.Target
	if e.Delegate != "" {
		text += " by " + e.Delegate
	} else if e.Origin != "" {
		text += " for " + e.Origin
	}
	if !e.Time.IsZero() {
		text += ", " + within(s.Time.Sub(e.Time)) + " ago"
	}
	switch e.Status {
	case pacemaker.FencePending:
		return "UNDER WAY: " + text, bad
	case pacemaker.FenceFailed:
		if e.Reason != "" {
			text += " (" + e.Reason + ")"
		}
		return "FAILED: " + text, bad
	}
	return "last: " + text + ", ok", plain
}
