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

// names reports whether a row is one of those that are meant. A slash in a name is
// a character like others.
func (d deliberate) names(row string) bool {
	match, err := path.Match(plain(d.rows), plain(row))
	if err != nil {
		panic(fmt.Sprintf("%q: %v", d.rows, err))
	}
	return match
}

// compare returns what is wrong with one row: columns that differ and are not meant
// to, and columns that are meant to and do not.
func compare(row string, p pair, meant []deliberate) (wrong []string) {
	found, excused := p.differs(), []string(nil)
	for _, d := range meant {
		if d.names(row) {
			excused = append(excused, strings.Fields(d.columns)...)
		}
	}
	for _, c := range found {
		if !slices.Contains(excused, c) {
			wrong = append(wrong, fmt.Sprintf("%s, %s: stock %q, ours %q: not a deliberate difference", row, c, p.Stock[c], p.Ours[c]))
		}
	}
	for _, c := range excused {
		if !slices.Contains(found, c) {
			wrong = append(wrong, fmt.Sprintf("%s, %s: said to differ, but both give %q", row, c, p.Stock[c]))
		}
	}
	return wrong
}

// judge compares the differences that were found with those that are meant and
// returns what is wrong.
func judge(r results, meant []deliberate) (wrong []string) {
	for _, row := range slices.Sorted(maps.Keys(r)) {
		wrong = append(wrong, compare(row, r[row], meant)...)
	}
	for _, d := range meant {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(r)), d.names) {
			wrong = append(wrong, fmt.Sprintf("%q: a deliberate difference, but no such row", d.rows))
		}
	}
	return wrong
}

// plain makes a slash a character like others.
func plain(name string) string { return strings.ReplaceAll(name, "/", "|") }

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
	for _, p := range parts {
		for _, d := range p.meant {
			if d.why == "" || d.columns == "" {
				t.Errorf("%s: %+v", p.name, d)
			}
		}
	}
}
