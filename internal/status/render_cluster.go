package status

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
)

// verdicts are the words of the first line.
var verdicts = map[Verdict]struct {
	word string
	sgr  string // on a ground of its own, so that it can be read on any
}{OK: {"OK", "1;30;42"}, Degraded: {"DEGRADED", "1;30;43"}, Down: {"DOWN", "1;37;41"}, Unknown: {"UNKNOWN", "1;37;41"}}

func (s *screen) head() {
	v := verdicts[s.Verdict]
	word := v.word + " "
	if s.Color { // as much as a terminal can shout
		word = " " + word
	}
	s.line(s.SGR(v.sgr, word)+" ", len(word)+1, s.Summary, strong)
	var about []string
	if s.Cluster != "" {
		about = append(about, s.Cluster)
	}
	if s.Version != "" {
		version, _, _ := strings.Cut(s.Version, "-")
		about = append(about, "Pacemaker "+version)
	}
	about = append(about, "seen from "+s.Node+" at "+s.Time.Format("15:04:05"))
	s.line("", 0, strings.Join(about, ", "), faint)
	if len(s.NotSeen) > 0 {
		s.line("", 0, "not root, and so not seen: "+strings.Join(s.NotSeen, ", "), plain)
	}
	if s.Busy != "" && s.DCState != "" && !s.lost() { // else the problems say it
		s.line("under way: ", 11, s.Busy, plain)
	}
}

// lost reports whether a node is lost and not yet fenced.
func (s *screen) lost() bool {
	return slices.ContainsFunc(s.Nodes, func(n Node) bool { return n.Unclean })
}

// away says that one of the nodes is lost or silent, so that what the cluster remembers
// of it says nothing.
func (s *screen) away(nodes []string) string {
	switch {
	case slices.ContainsFunc(s.Nodes, func(n Node) bool { return n.Unclean && slices.Contains(nodes, n.Name) }):
		return "on a lost node"
	case s.silent(nodes...):
		return "on a silent node"
	}
	return ""
}

func (s *screen) problems() {
	if len(s.Problems) == 0 {
		return
	}
	s.text.WriteString("\n")
	for _, p := range s.Problems {
		t := poor
		if p.Severity == diag.Error {
			t = bad
		}
		s.line("  "+s.Mark(t)+" ", 4, p.What, t)
		if p.Fix != "" {
			s.line("      ", 6, p.Fix, plain)
		}
	}
}

func (s *screen) units() {
	s.section("Units", "of this machine", faint)
	var rows []row
	for _, u := range s.Units {
		r := row{tone: good, cells: []string{u.Name}, text: u.State}
		if !u.Up {
			r.tone = poor
		}
		rows = append(rows, r)
	}
	s.rows(rows)
}

func (s *screen) nodes() {
	if len(s.Nodes) == 0 {
		return
	}
	about, t := "quorum", plain
	if !s.Quorum {
		about, t = "NO QUORUM", bad
	}
	if s.DC != "" {
		about += ", DC " + s.DC
	} else {
		about += ", no DC"
	}
	if len(s.Links) > 0 {
		faults := slices.ContainsFunc(s.Links, func(l Link) bool { return l.Fault })
		switch {
		case faults:
			about += ", " + linkWords(s.Links)
		case len(s.Links) == 1:
			about += ", corosync link ok"
		default:
			about += fmt.Sprintf(", %d corosync links ok", len(s.Links))
		}
	}
	s.section("Nodes", about, t)
	var rows []row
	for _, n := range s.Nodes {
		t, state := good, n.state()
		switch {
		case n.Unclean:
			t = bad
		case !n.Ready() || n.Maintenance || s.silent(n.Name):
			t = poor
		}
		text := diag.Count(n.Running, "resource")
		if n.Unclean || !n.Online {
			text = ""
			if n.Running > 0 {
				text = "ran " + diag.Count(n.Running, "resource")
			}
		}
		if s.silent(n.Name) {
			text += ", but it does not answer"
		}
		if n.Here {
			text += " (this node)"
		}
		rows = append(rows, row{tone: t, cells: []string{n.Name, state}, text: text})
	}
	s.rows(rows)
}

// linkWords names the links that have a fault.
func linkWords(links []Link) string {
	var words []string
	for _, l := range links {
		if l.Fault {
			words = append(words, fmt.Sprintf("link %d without %s", l.Number, join(l.Lost)))
		}
	}
	return strings.Replace(strings.Join(words, ", "), " without nowhere", " faulty", 1)
}

// changed says what oneha did last, and so what oneha rollback would undo.
func (s *screen) changed() {
	c := s.Changed
	if c == nil {
		return
	}
	text := "last change here: oneha " + c.Command
	if c.Description != "" {
		text += " of " + c.Description
	}
	text += ", " + within(s.Time.Sub(c.Time)) + " ago"
	if c.Since {
		text += ", and changed otherwise since"
	}
	s.text.WriteString("\n")
	s.line("", 0, text+" (oneha rollback undoes it)", faint)
}
