package adopt

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/spec"
)

// attempt is one way to see a configuration.
type attempt struct {
	draft   draft
	given   *given
	cluster spec.Cluster
	errors  diag.Findings
	reasons map[string]string // why a fact is not said, by the beginning of the fact
	have    cib.Facts
	made    cib.Facts // of what the description makes, under the cluster's names
	makes   *given    // nil as long as that is not known
}

// try reads a configuration as one of the given agents and layout.
func try(src Source, g *given, conf *corosync, agents spec.Agents, layout spec.Layout) (attempt, error) {
	a := attempt{draft: recognise(g, conf, src.Hosts, agents, layout), given: g, reasons: map[string]string{}}
	var err error
	if a.have, err = g.facts(); err != nil {
		return a, err
	}
	for { // each time it takes a property, or notes that it cannot
		if a.settle(); a.errors.HasErrors() {
			a.makes, a.made = nil, nil
			return a, nil
		}
		if err := a.generate(); err != nil {
			return a, err
		}
		if !a.takeProperties() {
			return a, nil
		}
	}
}

// distance is how far the description is from the configuration.
func (a attempt) distance() int {
	lost, added := missing(a.have, a.made), missing(a.made, a.have)
	return 4*len(lost) + 2*len(added) + 100*len(a.errors) + len(a.draft.names)
}

// settle reads the draft as the file that it will be, with stand-ins in its gaps, and
// takes away from it what no description may say until nothing is wrong with it.
func (a *attempt) settle() {
	a.cluster, a.errors = a.draft.parse()
	for range 64 {
		if !a.errors.HasErrors() {
			return
		}
		errors := errorsIn(a.errors)
		better, why := draft{}, ""
		for _, less := range a.draft.without() {
			_, findings := less.draft.parse()
			if n := errorsIn(findings); n < errors {
				errors, better, why = n, less.draft, less.part
			}
		}
		if why == "" {
			return
		}
		a.reasons[why] = gone(a.errors, better)
		a.draft = better
		a.cluster, a.errors = a.draft.parse()
	}
}

// gone is the first error that is not there any more without a part.
func gone(before diag.Findings, d draft) string {
	_, after := d.parse()
	for _, f := range before {
		if f.Severity == diag.Error && !slices.ContainsFunc(after, func(g diag.Finding) bool { return g.What == f.What }) {
			return f.What
		}
	}
	return ""
}

func errorsIn(findings diag.Findings) (n int) {
	for _, f := range findings {
		if f.Severity == diag.Error {
			n++
		}
	}
	return n
}

// generate makes the CIB of the candidate and its facts, without the stand-ins.
func (a *attempt) generate() error {
	files, err := cib.Generate(a.cluster, "xml")
	if err != nil {
		return fmt.Errorf("generate what was recognised: %w", err)
	}
	made, err := readCIB(files[0].Data)
	if err != nil {
		return err
	}
	a.draft.takeStandIns(made)
	made.rename(a.draft.back())
	a.makes = made
	a.made, err = made.facts()
	return err
}

// takeProperties puts into the draft the properties that it lacks.
func (a *attempt) takeProperties() (more bool) {
	lost := missing(a.have, a.made)
	for _, o := range a.given.properties() {
		begin := fmt.Sprintf("property option %s=", o.Name)
		if !slices.ContainsFunc(lost, func(f string) bool { return hasPrefix(f, begin) }) {
			continue
		}
		if _, refused := a.reasons[begin]; refused || slices.ContainsFunc(a.draft.cluster.Properties, func(p spec.Option) bool { return p.Name == o.Name }) {
			continue
		}
		a.draft.cluster.Properties = append(slices.Clone(a.draft.cluster.Properties), o)
		more = true
	}
	return more
}

func (a attempt) adoption(src Source, conf *corosync) (Adoption, error) {
	out := Adoption{Names: a.draft.names, FrontEnd: a.draft.frontEnd, Errors: slices.Clone(a.errors)}
	out.Errors = slices.DeleteFunc(out.Errors, func(f diag.Finding) bool { return f.Severity != diag.Error })
	gaps := a.draft.ownGaps()
	for _, path := range slices.Sorted(maps.Keys(gaps)) {
		what, _ := strings.CutPrefix(gaps[path], "MISSING: ")
		what, _, _ = strings.Cut(strings.ReplaceAll(what, "\n", " "), ". ")
		what, _, _ = strings.Cut(what, "; import with")
		out.Errors = append(out.Errors, diag.Finding{File: src.Name, Severity: diag.Error, What: path + " is missing: " + what, Fix: "fill it in where the file says MISSING"})
	}
	if a.errors.HasErrors() {
		a.cluster = a.draft.cluster
	}
	out.Comments = gaps
	var err error
	if out.Leftovers, err = a.leftovers(src); err != nil {
		return Adoption{}, err
	}
	out.Leftovers = append(out.Leftovers, conf.leftovers(a, src)...)
	out.Cluster = a.draft.emptied(a.cluster)
	if src.KeepRaw && !a.errors.HasErrors() && a.draft.frontEnd {
		if err := a.keep(&out, src); err != nil {
			return Adoption{}, err
		}
	}
	out.Facts = len(a.have) + len(conf.facts())
	out.Said = out.Facts
	for _, l := range out.Leftovers {
		if l.Kind == Lost {
			out.Said -= len(l.Facts)
		}
	}
	return out, nil
}
