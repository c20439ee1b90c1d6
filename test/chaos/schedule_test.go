package chaos

import (
	"reflect"
	"slices"
	"testing"
)

var twoFields = []choice{{"a", []string{"hang", "crash", "cut"}}, {"b", []string{"hang", "reboot"}}}

func TestScheduleIsTheSameForTheSameSeed(t *testing.T) {
	one, again, other := schedule(7, 50, twoFields), schedule(7, 50, twoFields), schedule(8, 50, twoFields)
	if !reflect.DeepEqual(one, again) {
		t.Error("seed 7 gives two schedules")
	}
	if reflect.DeepEqual(faultsIn(one), faultsIn(other)) {
		t.Error("seeds 7 and 8 give the same schedule")
	}
	for i := range one {
		a, b := one[i].rand(), again[i].rand()
		for range 3 {
			if x, y := a.Uint64(), b.Uint64(); x != y {
				t.Fatalf("round %d: chance gives %d and %d", one[i].number, x, y)
			}
		}
	}
	if one[0].rand().Uint64() == one[1].rand().Uint64() {
		t.Error("two rounds have the same chance")
	}
}

func faultsIn(deeds []deed) (names []string) {
	for _, d := range deeds {
		names = append(names, d.field+"/"+d.fault)
	}
	return names
}

func TestScheduleCountsEveryFaultEqually(t *testing.T) {
	for _, rounds := range []int{1, 4, 5, 50, 52} {
		for seed := range uint64(20) {
			deeds := schedule(seed, rounds, twoFields)
			count := map[string]int{}
			var fields []string
			for i, d := range deeds {
				if d.number != i+1 {
					t.Fatalf("round %d has number %d", i+1, d.number)
				}
				count[d.field+"/"+d.fault]++
				fields = append(fields, d.field)
			}
			if len(deeds) != rounds || !slices.IsSorted(fields) {
				t.Fatalf("%d rounds of seed %d: %d rounds, fields %v: want those of a field together", rounds, seed, len(deeds), fields)
			}
			for _, c := range twoFields {
				for _, fault := range c.faults {
					if n := count[c.field+"/"+fault]; n < rounds/5 || n > (rounds+4)/5 {
						t.Errorf("%d rounds of seed %d: %s on %s %d times", rounds, seed, fault, c.field, n)
					}
				}
			}
		}
	}
	if schedule(1, 5, nil) != nil {
		t.Error("no fault gives rounds")
	}
}

// Rounds that are too few for every fault of every field are enough for every fault.
func TestScheduleHasAllFaultsFirst(t *testing.T) {
	for seed := range uint64(20) {
		kinds := map[string]bool{}
		for _, d := range schedule(seed, 4, twoFields) {
			kinds[d.fault] = true
		}
		if len(kinds) != 4 {
			t.Errorf("4 rounds of seed %d have %d of 4 faults", seed, len(kinds))
		}
	}
	chosen, err := choose(fields(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	missing := map[string]bool{}
	for _, c := range chosen {
		for _, fault := range c.faults {
			missing[fault] = true
		}
	}
	for _, d := range schedule(7, 200, chosen) {
		delete(missing, d.fault)
	}
	if len(missing) > 0 {
		t.Errorf("200 rounds leave faults out: %v", missing)
	}
}

func TestSplitKeepsAllRoundsInOrder(t *testing.T) {
	deeds := schedule(7, 50, twoFields)
	for n, pieces := range map[int]int{1: 2, 2: 3, 3: 4, 60: 50} {
		got := split(deeds, n)
		if !reflect.DeepEqual(slices.Concat(got...), deeds) {
			t.Errorf("%d at once: rounds are lost or in another order", n)
		}
		if len(got) != pieces {
			t.Errorf("%d at once: %d pieces, want %d", n, len(got), pieces)
		}
		for _, piece := range got {
			for _, d := range piece {
				if d.field != piece[0].field {
					t.Errorf("%d at once: fields %s and %s in one piece", n, piece[0].field, d.field)
				}
			}
		}
	}
}

func TestChoose(t *testing.T) {
	of := func(names ...string) func() []string { return func() []string { return slices.Clone(names) } }
	all := []field{
		{name: "pair", faults: of("oned killed", "oned killed, its port taken", "link cut")},
		{name: "three", faults: of("oned killed", "link cut")},
		{name: "split", faults: of("link cut"), extra: true},
	}
	for _, c := range []struct {
		name        string
		fields      []string
		only        []string
		want        []choice
		wantFailure bool
	}{
		{"everything but extra fields", nil, nil, []choice{{"pair", all[0].faults()}, {"three", all[1].faults()}}, false},
		{"an extra field", []string{"split"}, nil, []choice{{"split", []string{"link cut"}}}, false},
		{"a part of names", nil, []string{"ONED"}, []choice{{"pair", []string{"oned killed", "oned killed, its port taken"}}, {"three", []string{"oned killed"}}}, false},
		{"a whole name", []string{"pair"}, []string{"oned killed"}, []choice{{"pair", []string{"oned killed"}}}, false},
		{"a name with a comma", nil, []string{"oned killed, its port taken"}, []choice{{"pair", []string{"oned killed, its port taken"}}}, false},
		{"several", []string{"three"}, []string{"cut, killed"}, []choice{{"three", []string{"oned killed", "link cut"}}}, false},
		{"no such field", []string{"four"}, nil, nil, true},
		{"no such fault", nil, []string{"cut, flood"}, nil, true},
	} {
		got, err := choose(all, c.fields, c.only)
		if !reflect.DeepEqual(got, c.want) || (err != nil) != c.wantFailure {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}

// A fault that is in no field, or has the name of another, would never be done, or be
// replayed as another one.
func TestEveryFaultHasAPlaceAndAName(t *testing.T) {
	known := map[string]bool{}
	for _, f := range fields() {
		if known[f.name] {
			t.Errorf("two fields are called %s", f.name)
		}
		known[f.name] = true
		if len(f.faults()) == 0 {
			t.Errorf("nothing can be done to %s", f.name)
		}
	}
	seen := map[string]bool{}
	for _, f := range faults() {
		if seen[f.Name] {
			t.Errorf("two faults are called %q", f.Name)
		}
		seen[f.Name] = true
		if len(f.Fields) == 0 || f.Do == nil {
			t.Errorf("%q cannot be done to any field", f.Name)
		}
		for _, name := range f.Fields {
			if !known[name] {
				t.Errorf("%q can be done to field %s, which there is not", f.Name, name)
			}
		}
	}
}
