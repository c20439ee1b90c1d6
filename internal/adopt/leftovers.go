package adopt

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/oneha/oneha/cib"
)

// leftovers says what the cluster and the description have not in common: one for each
// change that applying the description would be, in the words of cib.Compare, with the
// facts behind it. What would only be added is one for each thing that it is added to.
func (a attempt) leftovers(src Source) (all []Leftover, err error) {
	changes, err := a.changes()
	if err != nil {
		return nil, err
	}
	w := words{attempt: a, raw: "import --raw keeps it as it is"}
	if src.KeepRaw {
		w.raw = "raw: {xml: ...} cannot hold it beside what is generated"
	}
	if !a.draft.frontEnd {
		w.raw = "without oned there is no front-end to describe"
	}
	lost, added := count(missing(a.have, a.made)), count(missing(a.made, a.have))
	var differ []difference
	for _, ch := range changes {
		d := difference{Change: ch}
		minus, plus := ch.Facts()
		d.minus, d.plus = taken(lost, minus), taken(added, plus)
		if len(d.minus)+len(d.plus) > 0 {
			differ = append(differ, d)
		}
	}
	differ = a.joinOldNames(differ)
	at := map[string]int{}
	for _, d := range differ {
		here := a.given.place(d.Change, d.minus)
		l := Leftover{Kind: Lost, File: src.Name, Line: here.Line, Column: here.Column, What: d.Sentence, Facts: d.minus, Instead: d.plus}
		if l.Why = w.why(d, &l); len(d.minus) > 0 {
			all = append(all, l)
			continue
		}
		l.Kind, l.Line, l.Column = Added, 0, 0
		about := d.about()
		if i, begun := at[about]; begun {
			all[i].What += "; " + strings.TrimPrefix(l.What, about)
			all[i].Instead = append(all[i].Instead, l.Instead...)
			if l.Why != addedWhy {
				all[i].Why = l.Why
			}
			continue
		}
		at[about] = len(all)
		all = append(all, l)
	}
	all = append(all, w.rest(src, lost, added)...)
	slices.SortStableFunc(all, func(a, b Leftover) int { return slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind) })
	return append(all, a.renamed(src)...), nil
}

// rest is about the facts that no change stands for: above all the order of resources
// where some of them go.
func (w words) rest(src Source, lost, added map[string]int) (all []Leftover) {
	list := func(order string) string { return strings.ReplaceAll(strings.TrimPrefix(order, orderFact), " ", ", ") }
	for _, f := range slices.Sorted(maps.Keys(lost)) {
		for range lost[f] {
			l := Leftover{Kind: Lost, File: src.Name, What: "has " + f, Facts: []string{f}, Why: w.restWhy(f)}
			if hasPrefix(f, orderFact) {
				l.What = "resources are listed as " + list(f)
				for _, other := range slices.Sorted(maps.Keys(added)) {
					if l.Instead == nil && hasPrefix(other, orderFact) && added[other] > 0 {
						added[other]--
						l.What, l.Instead = fmt.Sprintf("resources are listed as %s, was %s", list(other), list(f)), []string{other}
					}
				}
			}
			all = append(all, l)
		}
	}
	for _, f := range slices.Sorted(maps.Keys(added)) {
		for range added[f] {
			all = append(all, Leftover{Kind: Added, File: src.Name, What: "adds " + f, Instead: []string{f}, Why: w.restWhy(f)})
		}
	}
	return all
}

// orderFact begins the fact that is the order of the resources that are in no other.
const orderFact = "resources "

var kinds = []Kind{Lost, Renamed, Added, Kept}

// difference is a change with those of its facts that are no others' yet.
type difference struct {
	cib.Change
	minus, plus []string
	newName     string // of a parameter whose old one is deprecated
}

// changes is what makes the given configuration what the description makes; where that
// is not known, everything goes.
func (a attempt) changes() (cib.Changes, error) {
	given, err := a.given.doc.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("write CIB: %w", err)
	}
	makes := []byte("<cib><configuration/></cib>")
	if a.makes != nil {
		if makes, err = a.makes.doc.WriteToBytes(); err != nil {
			return nil, fmt.Errorf("write CIB: %w", err)
		}
	}
	return cib.Compare(given, makes)
}

// about is the beginning that the sentences about one thing share.
func (d difference) about() string {
	switch d.Thing {
	case cib.ThingParameter, cib.ThingMeta, cib.ThingOperation:
		return "resource " + d.Of + ": "
	case cib.ThingResource, cib.ThingGroup, cib.ThingOther:
		return d.Sentence
	}
	return string(d.Thing)
}

// joinOldNames makes one of a parameter that goes and of the one that comes because the
// first is the old name of the second.
func (a attempt) joinOldNames(differ []difference) (all []difference) {
	isParameter := func(d difference, action cib.Action) bool { return d.Thing == cib.ThingParameter && d.Action == action }
	gone := map[int]bool{}
	for i, d := range differ {
		name, old := oldNames[d.Name]
		if !old && strings.HasPrefix(d.Name, "passw") && len(d.minus) > 0 {
			name, old = "password", true
		}
		if !old || !isParameter(d, cib.Remove) {
			continue
		}
		j := slices.IndexFunc(differ, func(o difference) bool {
			return isParameter(o, cib.Add) && o.Of == d.Of && (o.Name == name || name == "password" && strings.HasPrefix(o.Name, "password_"))
		})
		if j >= 0 && !gone[j] {
			gone[j] = true
			differ[i].plus, differ[i].newName = differ[j].plus, differ[j].Name
		}
	}
	for i, d := range differ {
		if !gone[i] {
			all = append(all, d)
		}
	}
	return all
}

func count(facts []string) map[string]int {
	n := map[string]int{}
	for _, f := range facts {
		n[f]++
	}
	return n
}

// taken takes facts of a change from those that are left, as this package writes them.
func taken(left map[string]int, facts []string) (all []string) {
	for _, f := range facts {
		f = inGroup.ReplaceAllString(f, "primitive ")
		if before, hidden := strings.CutSuffix(f, "="+secretValue); hidden {
			f = before + `="` + secretValue + `"`
		}
		if left[f] > 0 {
			left[f]--
			all = append(all, f)
		}
	}
	return all
}

// renamed is about resources that are the same under another name.
func (a attempt) renamed(src Source) []Leftover {
	if a.makes == nil {
		return nil
	}
	var pairs []string
	l := Leftover{Kind: Renamed, File: src.Name, Why: "to Pacemaker they are other resources: applying the description stops the old ones and starts the new ones"}
	for _, id := range slices.Sorted(maps.Keys(a.draft.names)) {
		if a.makes.byID(id) != nil {
			pairs = append(pairs, id+" is "+a.draft.names[id])
			if at := a.given.at[id]; l.Line == 0 || at.Line < l.Line {
				l.Line, l.Column = at.Line, at.Column
			}
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	l.What = "resources have other names in the description: " + strings.Join(pairs, ", ")
	return []Leftover{l}
}
