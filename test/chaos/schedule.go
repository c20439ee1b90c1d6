package chaos

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
)

// deed is one round of a schedule.
type deed struct {
	number int // from 1
	field  string
	fault  string
	seed   uint64
	before string // node that is to be active when it begins, "" for any
}

// rand is the deed's own source of chance, the same for the same campaign.
func (d deed) rand() *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d\x00%s\x00%s", d.number, d.field, d.fault)
	return rand.New(rand.NewPCG(d.seed, h.Sum64()))
}

// choice is a field with those of its faults that were asked for.
type choice struct {
	field  string
	faults []string
}

// schedule says what is done in which order. It depends on nothing but its arguments.
// Every fault of every field happens equally often, or once more than another where the
// rounds do not divide; and where there are too few of them for that, every fault in one of
// its fields before any in a second one. Rounds of a field are together, so that its cluster
// is brought up once, and shuffled.
func schedule(seed uint64, rounds int, from []choice) []deed {
	chance := rand.New(rand.NewPCG(seed, 0))
	type pair struct{ field, fault int }
	var pairs []pair
	for i, c := range from {
		for j := range c.faults {
			pairs = append(pairs, pair{i, j})
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	chance.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
	var first, others []pair
	seen := map[string]bool{}
	for _, p := range pairs {
		if name := from[p.field].faults[p.fault]; seen[name] {
			others = append(others, p)
		} else {
			seen[name], first = true, append(first, p)
		}
	}
	pairs = append(first, others...)
	of := make([][]int, len(from)) // faults of each field, as often as they happen
	for n := range rounds {
		p := pairs[n%len(pairs)]
		of[p.field] = append(of[p.field], p.fault)
	}
	var deeds []deed
	for i, c := range from {
		chance.Shuffle(len(of[i]), func(a, b int) { of[i][a], of[i][b] = of[i][b], of[i][a] })
		for _, fault := range of[i] {
			deeds = append(deeds, deed{number: len(deeds) + 1, field: c.field, fault: c.faults[fault], seed: seed})
		}
	}
	return deeds
}

// split parts a schedule into pieces of one field each, at least n of them where there are
// as many rounds, of about the same size.
func split(deeds []deed, n int) (pieces [][]deed) {
	size := (len(deeds) + n - 1) / n
	for rest := deeds; len(rest) > 0; {
		end := 1
		for end < len(rest) && end < size && rest[end].field == rest[0].field {
			end++
		}
		pieces = append(pieces, rest[:end])
		rest = rest[end:]
	}
	return pieces
}

// choose returns the fields called names (all but the extra ones for none) with those of
// their faults that only names (all for none).
func choose(all []field, names, only []string) ([]choice, error) {
	for _, name := range names {
		if !slices.ContainsFunc(all, func(f field) bool { return f.name == name }) {
			return nil, fmt.Errorf("there is no field %q: chaos -list names them", name)
		}
	}
	var asked []choice
	var known []string
	for _, f := range all {
		if len(names) == 0 && !f.extra || slices.Contains(names, f.name) {
			asked = append(asked, choice{f.name, f.faults()})
			known = append(known, f.faults()...)
		}
	}
	wanted, err := named(known, only)
	if err != nil {
		return nil, err
	}
	var chosen []choice
	for _, c := range asked {
		c.faults = slices.DeleteFunc(c.faults, func(name string) bool { return !wanted[name] })
		if len(c.faults) > 0 {
			chosen = append(chosen, c)
		}
	}
	return chosen, nil
}

// named are the faults that are asked for. A whole name means that fault alone, a part of
// names all of them; what is neither is several, with commas between.
func named(known, only []string) (map[string]bool, error) {
	found := map[string]bool{}
	if len(only) == 0 {
		only = []string{""}
	}
	for _, text := range only {
		parts := []string{text}
		if len(matching(known, text)) == 0 {
			parts = strings.Split(text, ",")
		}
		for _, part := range parts {
			names := matching(known, strings.TrimSpace(part))
			if len(names) == 0 {
				return nil, fmt.Errorf("no fault of these fields is called like %q: chaos -list names them", part)
			}
			for _, name := range names {
				found[name] = true
			}
		}
	}
	return found, nil
}

// matching are the names that contain part, case aside; or the one that it is.
func matching(names []string, part string) (some []string) {
	if slices.Contains(names, part) {
		return []string{part}
	}
	for _, name := range names {
		if strings.Contains(strings.ToLower(name), strings.ToLower(part)) {
			some = append(some, name)
		}
	}
	return some
}
