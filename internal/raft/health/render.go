package health

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/screen"
)

// Render draws a zone: the verdict, a table of the servers, the floating addresses,
// and what needs attention. A healthy zone of three fits on 80 columns; with more
// room the table has more columns. No line is wider than the style.
func Render(p Picture, style screen.Style) string {
	style.Width = max(style.Width, 40)
	d := drawing{Style: style, view: p.view(), verdict: p.Judge()}
	d.head()
	d.servers()
	d.addresses()
	d.problems()
	return d.text.String()
}

type drawing struct {
	screen.Style
	*view
	verdict Verdict
	text    strings.Builder
}

func (d *drawing) head() {
	tone := map[Condition]screen.Tone{Good: screen.Strong, Degraded: screen.Strong, Down: screen.Bad}[d.verdict.State]
	d.Line(&d.text, "", 0, d.verdict.Summary, tone)
	var about []string
	if d.list != nil && d.list.Name != "" {
		about = append(about, d.list.Name)
	}
	about = append(about, diag.Count(len(d.members), "server"))
	if d.Election > 0 {
		about = append(about, fmt.Sprintf("election timeout %g s", d.Election.Duration().Seconds()))
	}
	about = append(about, "seen at "+d.Time.Format("15:04:05"))
	d.Line(&d.text, "", 0, strings.Join(about, ", "), screen.Faint)
}

// The columns, with what goes first when there is no room.
var columns = []screen.Column{
	{Head: "SERVER", Least: 16}, {Head: "ID", Right: true, Drop: 5}, {Head: "STATE"}, {Head: "TERM", Right: true}, {Head: "INDEX", Right: true}, {Head: "COMMIT", Right: true, Drop: 6},
	{Head: "LAG", Right: true}, {Head: "VOTED FOR", Drop: 8}, {Head: "VIP"}, {Head: "LEASE", Right: true, Drop: 2}, {Head: "SERVICES", Drop: 3}, {Head: "CLOCK", Right: true, Drop: 1},
	{Head: "GUARD", Drop: 4}, {Head: "TOOK", Right: true, Drop: 9}, {Head: "ADDRESS", Drop: 7},
}

func (d *drawing) servers() {
	if len(d.Servers) == 0 {
		return
	}
	d.text.WriteString("\n")
	var rows []screen.Row
	for i := range d.Servers {
		rows = append(rows, d.server(&d.Servers[i]))
	}
	d.Table(&d.text, columns, rows)
}

// unknown stands where nobody said anything, none where there is nothing to say.
const (
	unknown = "?"
	none    = "-"
)

func (d *drawing) server(s *Server) screen.Row {
	r := screen.Row{Mark: d.mark(s)}
	plain := func(text string) {
		tone := screen.Plain
		if text == unknown || text == none {
			tone = screen.Faint
		}
		r.Cells = append(r.Cells, screen.Cell{Text: text, Tone: tone})
	}
	name := screen.Cell{Text: s.Name}
	if r.Mark == screen.Bad {
		name.Tone = screen.Bad
	}
	r.Cells = append(r.Cells, name)
	plain(strconv.Itoa(s.ID))
	state := screen.Cell{Text: d.state(s), Tone: name.Tone}
	if s == d.leader {
		state.Tone = screen.Strong
	}
	r.Cells = append(r.Cells, state)
	if o := s.Oned.Raft; o != nil {
		plain(strconv.FormatUint(o.Term, 10))
		plain(strconv.FormatInt(o.Index, 10))
		plain(strconv.FormatInt(o.Commit, 10))
		lag, known := d.lag(s)
		plain(pick(known, strconv.FormatInt(lag, 10)))
		plain(d.vote(o.VotedFor))
	} else {
		for range 5 {
			plain(unknown)
		}
	}
	plain(d.vip(s))
	plain(d.lease(s))
	plain(d.service(s))
	plain(clock(s.Guard.Clock))
	plain(guard(s.Guard))
	plain(pick(s.Oned.Answer == Answers, short(s.Oned.Took.Duration())))
	plain(s.host())
	return r
}

// pick is a text when it is known.
func pick(known bool, text string) string {
	if known {
		return text
	}
	return unknown
}

// mark is how a server is, by what was found about it.
func (d *drawing) mark(s *Server) screen.Tone {
	tone := screen.Good
	for _, p := range d.verdict.Problems {
		if p.Server != s.Name {
			continue
		}
		if p.Severity == diag.Error {
			return screen.Bad
		}
		tone = screen.Poor
	}
	return tone
}

func (d *drawing) state(s *Server) string {
	switch r := s.Oned.Raft; {
	case r != nil && r.State == Leader && s != d.leader:
		return "leader?"
	case r != nil:
		return string(r.State)
	case s.Oned.Answer == Refuses:
		return "stopped"
	}
	return string(s.Oned.Answer)
}

func (d *drawing) vote(id int) string {
	if id < 0 {
		return none
	}
	return d.name(id)
}

// vip says whether a server has the floating addresses.
func (d *drawing) vip(s *Server) string {
	if len(d.VIPs) == 0 {
		return none
	}
	has := 0
	for _, f := range d.VIPs {
		if slices.Contains(f.Claims, s.ID) || s.Guard.State == nil && f.Server != nil && *f.Server == s.ID {
			has++
		}
	}
	switch {
	case has == len(d.VIPs):
		return "yes"
	case has > 0:
		return fmt.Sprintf("%d of %d", has, len(d.VIPs))
	case s.Guard.State == nil && s.Guard.Answer != NotAsked:
		return unknown
	}
	return none
}

func (d *drawing) lease(s *Server) string {
	switch g := s.Guard.State; {
	case g == nil:
		return pick(!d.Guarded, none)
	case g.Lease.Holding:
		return fmt.Sprintf("%.1f s", float64(g.Lease.LeftMS)/1000)
	}
	return none
}

func (d *drawing) service(s *Server) string {
	if s.Guard.State == nil {
		return unknown
	}
	switch now := s.Guard.State.Service; {
	case now.Want == "":
		return none
	case now.Want == "started" && now.Reached:
		return "run"
	case now.Want == "started":
		return "not all"
	case now.Reached:
		return "stopped"
	}
	return "not stopped"
}

func (d *drawing) addresses() {
	if len(d.VIPs) == 0 {
		return
	}
	d.text.WriteString("\n")
	for i := range d.VIPs {
		f := &d.VIPs[i]
		tone := screen.Good
		if h := f.holders(); d.leader == nil || len(h) != 1 || h[0] != d.leader.Oned.Raft.ServerID || f.Answer != Answers {
			tone = screen.Bad
		}
		where := f.Address.String()
		if f.NIC != "" {
			where += " on " + f.NIC
		}
		d.Line(&d.text, " "+d.Mark(tone)+" ", 3, where+": "+d.found(f), screen.Plain)
	}
}

// found says what is known of a floating address.
func (d *drawing) found(f *VIP) string {
	var parts []string
	switch {
	case len(f.Claims) > 0:
		parts = append(parts, d.names(f.Claims)+" has it")
	case !d.Guarded:
	case d.votes() == len(d.of()):
		parts = append(parts, "no guard has it")
	default:
		parts = append(parts, "no guard that answers has it")
	}
	switch {
	case f.Server != nil && len(f.Claims) == 1 && f.Claims[0] == *f.Server:
		parts = append(parts, "and answers there")
	case f.Server != nil:
		parts = append(parts, d.vote(*f.Server)+" answers there")
	case f.Answer == Hangs:
		parts = append(parts, "whoever has it hangs")
	case f.Answer == Denies:
		parts = append(parts, "what answers there is not this zone's oned")
	default:
		parts = append(parts, "nobody answers there")
	}
	text := strings.Join(parts, ", ")
	return strings.Replace(text, "has it, and", "has it and", 1)
}

func (d *drawing) problems() {
	if len(d.verdict.Problems) > 0 {
		d.text.WriteString("\n" + Problems(d.verdict.Problems, d.Style))
	}
}

// Problems draws findings, each with its reason and the next step.
func Problems(all []Problem, style screen.Style) string {
	style.Width = max(style.Width, 40)
	var b strings.Builder
	for _, p := range all {
		tone := screen.Poor
		if p.Severity == diag.Error {
			tone = screen.Bad
		}
		style.Line(&b, " "+style.Mark(tone)+" "+style.Paint(screen.Faint, p.ID)+" ", 4+len(p.ID), p.What, tone)
		indent := strings.Repeat(" ", 4+len(p.ID))
		if p.Why != "" {
			style.Line(&b, indent, len(indent), p.Why, screen.Faint)
		}
		if p.Next != "" {
			style.Line(&b, indent+"-> ", len(indent)+3, p.Next, screen.Plain)
		}
	}
	return b.String()
}
