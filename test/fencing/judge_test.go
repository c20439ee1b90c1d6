package fencing

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// outcome is what was seen of one call, by column: exit (code), stdout, stderr
// (silent or speaks; the texts differ), power (what was asked of the machine),
// login (what the BMC saw of the logins), and, in rows that ask for them, waits
// and file.
type outcome map[string]string

// pair is one row with both agents.
type pair struct{ Stock, Ours outcome }

// differs returns the columns in which the agents differ, sorted.
func (p pair) differs() []string {
	var columns []string
	for _, c := range slices.Sorted(maps.Keys(p.Stock)) {
		if p.Stock[c] != p.Ours[c] {
			columns = append(columns, c)
		}
	}
	return columns
}

// results are all pairs by the name of their row.
type results map[string]pair

// deliberate is a difference that is meant.
type deliberate struct {
	rows    string // pattern of path.Match for the names of rows; all of them must differ
	columns string // that differ in these rows, separated by spaces
	why     string
}

// judge compares the differences that were found with those that are meant and
// returns what is wrong.
func judge(r results, meant []deliberate) (wrong []string) {
	used := make([]bool, len(meant))
	for _, name := range slices.Sorted(maps.Keys(r)) {
		p := r[name]
		found, excused := p.differs(), []string(nil)
		for i, d := range meant {
			// A slash in a name is a character like others.
			match, err := path.Match(strings.ReplaceAll(d.rows, "/", "|"), strings.ReplaceAll(name, "/", "|"))
			if err != nil {
				return []string{fmt.Sprintf("%q: %v", d.rows, err)}
			}
			if match {
				used[i] = true
				excused = append(excused, strings.Fields(d.columns)...)
			}
		}
		for _, c := range found {
			if !slices.Contains(excused, c) {
				wrong = append(wrong, fmt.Sprintf("%s, %s: stock %q, ours %q: not a deliberate difference", name, c, p.Stock[c], p.Ours[c]))
			}
		}
		for _, c := range excused {
			if !slices.Contains(found, c) {
				wrong = append(wrong, fmt.Sprintf("%s, %s: said to differ, but both give %q", name, c, p.Stock[c]))
			}
		}
	}
	for i, d := range meant {
		if !used[i] {
			wrong = append(wrong, fmt.Sprintf("%q: a deliberate difference, but no such row", d.rows))
		}
	}
	return wrong
}

func TestJudge(t *testing.T) {
	same := pair{outcome{"exit": "0"}, outcome{"exit": "0"}}
	other := pair{outcome{"exit": "0", "power": ""}, outcome{"exit": "1", "power": ""}}
	tests := []struct {
		name  string
		found results
		meant []deliberate
		want  string // "" is nothing wrong
	}{
		{"none", results{"a": same}, nil, ""},
		{"meant", results{"a": other, "b": same}, []deliberate{{"a", "exit", "why"}}, ""},
		{"meant by pattern", results{"a/1 by -o": other, "a/2": other}, []deliberate{{"a/*", "exit", "why"}}, ""},
		{"not meant", results{"a": other}, nil, "not a deliberate difference"},
		{"another column is meant", results{"a": other}, []deliberate{{"a", "power", "why"}}, "not a deliberate difference"},
		{"stale", results{"a": same}, []deliberate{{"a", "exit", "why"}}, "said to differ"},
		{"stale in part", results{"a1": other, "a2": same}, []deliberate{{"a*", "exit", "why"}}, "said to differ"},
		{"no such row", results{"a": same}, []deliberate{{"b", "exit", "why"}}, "no such row"},
	}
	for _, tt := range tests {
		got := strings.Join(judge(tt.found, tt.meant), "\n")
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A difference without a reason is no deliberate one.
func TestEveryDifferenceHasAReason(t *testing.T) {
	for _, d := range deliberates {
		if d.why == "" || d.columns == "" {
			t.Errorf("%+v", d)
		}
	}
}
