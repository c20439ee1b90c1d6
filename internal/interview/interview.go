package interview

import (
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/spec"
)

// Interview is a conversation that is under way: the answers so far, and what is
// still to be asked. It is a value for one caller.
type Interview struct {
	m        Machine
	a        Answers
	given    Given
	advanced bool
	done     map[string]bool // by path of the key
	told     []string        // warnings that were given already
}

// Prompt is a question that is to be asked.
type Prompt struct {
	Key      string // path of the key, with the node's name
	About    string // path of the key as spec.Keys has it
	Why      string // what the key is for, one line
	Hint     string // what was seen on this machine that helps, one line; "" for nothing
	Label    string
	Default  string // what an empty answer stands for; "" for nothing
	Optional bool
}

// step is a question, of a node where it is about one.
type step struct {
	question
	node int
	name string // of the node
}

func (s step) path() string { return ofNode(s.key, s.name) }

func ofNode(key, name string) string { return strings.Replace(key, "*", name, 1) }

// New begins an interview with what is known of the machine. The findings are what
// is wrong with the answers that were given; with an error among them it is of no use.
func New(m Machine, given Given, advanced bool) (*Interview, diag.Findings) {
	i := &Interview{m: m, given: given, advanced: advanced, done: map[string]bool{}}
	return i, append(i.take(), i.foresee()...)
}

// judge is what package spec finds in a description with these answers, without the
// places.
func judge(a Answers) (found diag.Findings) {
	_, all := spec.Parse(standin, []byte(a.whole().text()))
	for _, f := range all {
		found = append(found, diag.Finding{ID: f.ID, Severity: f.Severity, What: f.What, Fix: f.Fix})
	}
	return found
}

// Answers are those so far.
func (i *Interview) Answers() Answers { return i.a }

// steps are all questions, as far as the nodes are known.
func (i *Interview) steps() (all []step) {
	for _, q := range questions {
		if !q.perNode {
			all = append(all, step{question: q})
			continue
		}
		for n, node := range i.a.Nodes {
			all = append(all, step{q, n, node.Name})
		}
	}
	return all
}

// Next is the question to ask now; there is none when everything was answered.
func (i *Interview) Next() (Prompt, bool) {
	for _, s := range i.steps() {
		if i.done[s.path()] {
			continue
		}
		if s.advanced && !i.advanced {
			i.silently(s)
			continue
		}
		return i.prompt(s), true
	}
	return Prompt{}, false
}

// silently takes what a question that is not asked would propose. A proposal that
// does not fit the other answers is left out.
func (i *Interview) silently(s step) {
	i.done[s.path()] = true
	if proposal := i.proposal(s); proposal != "" {
		i.try(s, proposal)
	}
}

func (i *Interview) prompt(s step) Prompt {
	p := Prompt{Key: s.path(), About: s.key, Why: Why(s.key), Label: s.label, Default: i.proposal(s), Optional: s.optional}
	if s.perNode {
		p.Label += " " + s.name
	}
	if s.hint != nil {
		p.Hint = s.hint(i.m, i.a, s.name)
	}
	return p
}

func (i *Interview) proposal(s step) string {
	if s.propose == nil {
		return ""
	}
	return s.propose(i.m, i.a, s.name)
}

// Answer answers the question that Next returned. An empty answer takes the default,
// "-" is no answer to a question that may go without one. Findings with an error mean
// that it is to be asked again; others are for the person to know. The answer's
// findings repeat no text that may hold a password.
func (i *Interview) Answer(text string) diag.Findings {
	for _, s := range i.steps() {
		if i.done[s.path()] || s.advanced && !i.advanced {
			continue
		}
		if text = strings.TrimSpace(text); text == "" {
			text = i.proposal(s)
		}
		if s.optional && (text == "" || text == "-") {
			i.done[s.path()] = true
			return nil
		}
		found := i.try(s, text)
		if s.key == "nodes" && !found.HasErrors() {
			for _, f := range i.take() { // what was given for nodes whose names are known now
				f.Severity = diag.Warning // these are answered; what is wrong is asked for
				found = append(found, f)
			}
		}
		return found
	}
	return nil
}

// try judges an answer as a part of the whole description, and keeps it when there is
// no error in it.
func (i *Interview) try(s step, text string) diag.Findings {
	switch {
	case len(words(text)) == 0:
		return diag.Findings{{Severity: diag.Error, What: "nothing was answered", Fix: "give " + keyOf(s.key).Form}}
	case strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r == '\ufffd'
	}):
		return diag.Findings{{Severity: diag.Error, What: "the answer has a control character in it, or is not UTF-8", Fix: "type it anew"}}
	}
	a := i.a.clone()
	s.set(&a, s.node, text)
	found := slices.DeleteFunc(judge(a), func(f diag.Finding) bool { return f.Severity != diag.Error && slices.Contains(i.told, f.What) })
	if found.HasErrors() {
		return found
	}
	for _, f := range found {
		i.told = append(i.told, f.What)
	}
	i.a, i.done[s.path()] = a, true
	return found
}

// Missing is an answer without which there is no description.
type Missing struct {
	Label string
	Flag  string // that gives it, as it would be written
}

// Missing are the answers that are still wanted and have no default.
func (i *Interview) Missing() []Missing {
	return i.open(func(s step) bool { return i.proposal(s) == "" })
}

// Open are all answers that are still wanted.
func (i *Interview) Open() []Missing { return i.open(func(step) bool { return true }) }

func (i *Interview) open(of func(step) bool) (all []Missing) {
	for _, s := range i.steps() {
		if i.done[s.path()] || s.optional || !of(s) {
			continue
		}
		m := Missing{s.label, strings.ReplaceAll(s.flag, "%s", s.name)}
		if s.perNode {
			m.Label += " " + s.name
		}
		all = append(all, m)
	}
	if !i.done["nodes"] { // whose names are not known, so their steps are not there
		for _, q := range questions {
			if q.perNode && q.key != "nodes.*.addr" { // --node has the address too
				all = append(all, Missing{q.label + " each node", strings.ReplaceAll(q.flag, "%s", "NAME")})
			}
		}
	}
	return all
}

// Defaults answers everything that has a default. It returns what is missing then,
// and what is wrong with defaults that contradict the answers that were given.
func (i *Interview) Defaults() ([]Missing, diag.Findings) {
	var found diag.Findings
	tried := map[string]bool{}
	for again := true; again; {
		again = false
		for _, s := range i.steps() {
			if i.done[s.path()] || tried[s.path()] {
				continue
			}
			tried[s.path()] = true
			proposal := i.proposal(s)
			if proposal == "" && s.optional {
				i.done[s.path()] = true
			}
			if proposal != "" {
				for _, f := range i.try(s, proposal) {
					f.What = "found for the " + s.label + ": " + f.What
					found = append(found, f)
				}
				if s.key == "nodes" && i.done["nodes"] {
					found = append(found, i.take()...)
					again = true
					break
				}
			}
		}
	}
	return i.Missing(), found
}

func keyOf(path string) spec.Key {
	i := slices.IndexFunc(spec.Keys, func(k spec.Key) bool { return k.Path == path })
	if i < 0 {
		return spec.Key{Path: path}
	}
	return spec.Keys[i]
}
