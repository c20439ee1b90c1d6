package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/oneha/oneha/internal/diag"
)

// Corosync is a corosync.conf, of corosync 1, 2 or 3, with the places of
// everything in it.
type Corosync struct {
	root *section

	nodes      []corosyncNode
	interfaces []*section
}

// section is a block in braces. As in corosync, of a key that is there twice the
// last one counts.
type section struct {
	name     string
	place    Place
	values   []pair
	sections []*section
}

type corosyncNode struct {
	name, id string
	rings    map[int]pair // by link
	votes    pair
	place    Place
}

// maxSections bounds the nesting; corosync's own configuration has three levels.
const maxSections = 16

// ReadCorosync reads a corosync.conf(5) line by line as corosync does. What it
// cannot read is a finding, and the rest counts.
func ReadCorosync(file string, text []byte) (*Corosync, diag.Findings) {
	root, findings := readSections(file, text)
	return newCorosync(root), findings
}

func readSections(file string, text []byte) (*section, diag.Findings) {
	root := &section{place: Place{file, 1, 1}}
	var findings diag.Findings
	open := []*section{root}
	deeper := 0 // sections too deep to be kept
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		body := strings.TrimSpace(line)
		at := Place{file, number, utf8.RuneCountInString(line[:len(line)-len(strings.TrimLeft(line, " \t\r\n\v\f"))]) + 1}
		wrong := func(what, fix string) {
			findings = append(findings, diag.Finding{File: file, Line: at.Line, Column: at.Column, Severity: diag.Error, What: what, Fix: fix})
		}
		top := open[len(open)-1]
		switch {
		case body == "" || body[0] == '#':
		case strings.HasSuffix(body, "{"):
			name := strings.TrimSpace(strings.TrimSuffix(body, "{"))
			if len(open) > maxSections {
				deeper++
				continue
			}
			s := &section{name: name, place: at}
			top.sections = append(top.sections, s)
			open = append(open, s)
		case body == "}" && deeper > 0:
			deeper--
		case body == "}":
			if len(open) == 1 {
				wrong("a closing brace without an opening one", "remove it")
				continue
			}
			open = open[:len(open)-1]
		default:
			key, value, ok := strings.Cut(body, ":")
			if !ok {
				wrong("the line is neither KEY: VALUE nor NAME { nor }", "see corosync.conf(5); corosync reads one of them on each line")
				continue
			}
			if deeper == 0 {
				top.values = append(top.values, pair{strings.TrimSpace(key), strings.TrimSpace(value), at, false})
			}
		}
	}
	if len(open)+deeper > 1 {
		at := open[len(open)-1].place
		findings = append(findings, diag.Finding{File: file, Line: at.Line, Column: at.Column, Severity: diag.Error,
			What: fmt.Sprintf("section %s is not closed", clip(open[len(open)-1].name)), Fix: "add a line with }"})
	}
	return root, findings
}

var ringKey = regexp.MustCompile(`^ring([0-7])_addr$`)

// newCorosync finds the nodes and the interfaces.
func newCorosync(root *section) *Corosync {
	c := &Corosync{root: root}
	for _, list := range c.root.all("nodelist") {
		for _, s := range list.all("node") {
			n := corosyncNode{rings: map[int]pair{}, place: s.place}
			for _, v := range s.values {
				if m := ringKey.FindStringSubmatch(v.name); m != nil {
					ring, _ := strconv.Atoi(m[1])
					n.rings[ring] = v
				}
			}
			n.name, n.id = s.last("name").value, s.last("nodeid").value
			if n.name == "" { // then Pacemaker takes the first address that is a name
				if addr := n.rings[0].value; addr != "" && !isAddress(addr) {
					n.name = addr
				}
			}
			n.votes = s.last("quorum_votes")
			c.nodes = append(c.nodes, n)
		}
	}
	for _, totem := range c.root.all("totem") {
		c.interfaces = append(c.interfaces, totem.all("interface")...)
	}
	return c
}

// all returns the sections of that name in s.
func (s *section) all(name string) (found []*section) {
	for _, sub := range s.sections {
		if sub.name == name {
			found = append(found, sub)
		}
	}
	return found
}

// last returns a value; the zero pair when it is not there.
func (s *section) last(key string) pair {
	for i := len(s.values) - 1; i >= 0; i-- {
		if s.values[i].name == key {
			return s.values[i]
		}
	}
	return pair{}
}

// get returns a value of a top level section, the last where there are several.
func (c *Corosync) get(name, key string) (found pair) {
	for _, s := range c.root.all(name) {
		if p := s.last(key); p.name != "" {
			found = p
		}
	}
	return found
}

// place is where a value stands, or else its section, or else the file's beginning.
func (c *Corosync) place(name, key string) Place {
	if p := c.get(name, key); p.name != "" {
		return p.place
	}
	if s := c.root.all(name); len(s) > 0 {
		return s[0].place
	}
	return c.root.place
}

// milliseconds reads a time of totem; 0 when it is not there or no number.
func (c *Corosync) milliseconds(key string) time.Duration {
	n, err := strconv.ParseUint(c.get("totem", key).value, 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Millisecond
}

// device reports whether a quorum device takes part in votes.
func (c *Corosync) device() bool {
	return slices.ContainsFunc(c.root.all("quorum"), func(q *section) bool {
		return slices.ContainsFunc(q.all("device"), func(d *section) bool { return d.last("model").name != "" })
	})
}

// plugin reports whether this is the configuration of corosync 1, whose plugin was
// Pacemaker's membership and quorum.
func (c *Corosync) plugin() bool {
	return c.get("quorum", "provider").name == "" && len(c.root.all("service")) > 0
}

// transport is what carries the packets: as written, or what the rest implies.
func (c *Corosync) transport() string {
	t := c.get("totem", "transport").value
	switch {
	case t != "":
		return t
	case slices.ContainsFunc(c.interfaces, func(i *section) bool { return i.last("mcastaddr").name != "" || i.last("bindnetaddr").name != "" }):
		return "udp"
	}
	return "knet"
}

// links counts the networks that the nodes have in common.
func (c *Corosync) links() int {
	rings := map[string]bool{}
	for _, n := range c.nodes {
		for ring := range n.rings {
			rings[strconv.Itoa(ring)] = true
		}
	}
	if len(c.nodes) > 0 {
		return len(rings)
	}
	for _, i := range c.interfaces {
		rings[i.last("ringnumber").value+i.last("linknumber").value] = true
	}
	return len(rings)
}

// names are those of the nodes that have one.
func (c *Corosync) names() (names []string) {
	for _, n := range c.nodes {
		if n.name != "" {
			names = append(names, n.name)
		}
	}
	return names
}
