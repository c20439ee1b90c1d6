package chaos

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sample is a campaign with one of everything that the page shows.
func sample() (all []Result) {
	add := func(field, fault string, away, settled float64, change func(*Result)) {
		r := Result{
			At: time.Date(2026, 1, 2, 3, 4, len(all), 0, time.UTC), Seed: 7, Round: len(all) + 1, Field: field, Fault: fault, Before: "one-server1", After: "one-server2",
			Fenced: []string{"one-server1"}, FencedAfter: 8.5 + away/10, Away: away, Settled: settled, Violations: []string{}, Expected: "one-server2",
			Version: "1.2.3", Commit: "0123456789abcdef0123", Release: "bookworm",
		}
		if change != nil {
			change(&r)
		}
		all = append(all, r)
	}
	for _, away := range []float64{9.7, 14.5, 10.1, 9.9} {
		add("two-node", "active node hangs", away, 20+away, nil)
	}
	add("two-node", "oned killed", 11.2, 15, func(r *Result) { r.CleanedUp = true })
	add("two-node", "passive node hangs", 0.4, 17.3, func(r *Result) {
		r.Violations = []string{"one oned at most: there were\ntwo", "nothing is left behind: a process"}
	})
	add("three-node", "active node hangs", 0, 240, func(r *Result) { r.Error, r.Seed = "did not settle: it hangs", 8 })
	add("split-delay", "link cut, both nodes live", 5, 40, nil)
	add("split-delay", "link cut, both nodes live", 5, 40, func(r *Result) { r.After = "one-server1" })
	add("split-delay", "link cut, both nodes live", 0, 0, func(r *Result) { r.Error, r.Fenced, r.FencedAfter = "do it: nothing was cut", []string{}, 0 })
	return all
}

func TestReport(t *testing.T) {
	if got := rendered(t, sample()); !*update {
		golden(t, "report.md", got)
	} else if err := os.WriteFile(filepath.Join("testdata", "report.md"), []byte(got), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestReportWithoutViolations(t *testing.T) {
	all := sample()[:4]
	got := rendered(t, all)
	for _, unwanted := range []string{"## Violations", "## Split brain", "A star"} {
		if strings.Contains(got, unwanted) {
			t.Errorf("the page has %q:\n%s", unwanted, got)
		}
	}
	if !strings.Contains(got, "**4 rounds, 0 violations.**") {
		t.Errorf("the page does not say that all is well:\n%s", got)
	}
}

// rendered is the page without what changes with the auditors.
func rendered(t *testing.T, all []Result) string {
	t.Helper()
	var b strings.Builder
	if err := report(&b, all, "- **A fault**: its cause.\n"); err != nil {
		t.Fatal(err)
	}
	for _, a := range auditors {
		if !strings.Contains(b.String(), "- "+a.Rule+"\n") {
			t.Errorf("the page does not name the rule %q", a.Rule)
		}
	}
	before, rest, found := strings.Cut(b.String(), "## What the auditors look for\n")
	_, after, foundToo := strings.Cut(rest, "## Found")
	if !found || !foundToo {
		t.Fatalf("the page lacks a part:\n%s", &b)
	}
	return before + "## Found" + after
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update ./test/chaos rewrites it):\n%s", name, got)
	}
}

func TestResultsSurviveTheirFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.jsonl")
	all := sample()
	for _, r := range all {
		if err := r.appendTo(path); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadResults(path)
	if err != nil || !reflect.DeepEqual(got, all) {
		t.Errorf("read back: %v\n%+v", err, got)
	}
	if text, err := os.ReadFile(path); err != nil || strings.Count(string(text), "\n") != len(all) {
		t.Errorf("%d results are not %d lines: %v\n%s", len(all), len(all), err, text)
	}
	if err := os.WriteFile(path, []byte("{}\n{\"seed\":"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadResults(path); err == nil || !strings.Contains(err.Error(), "after 1 of them") {
		t.Errorf("half a line: %v", err)
	}
}

func TestReplay(t *testing.T) {
	s := Settings{Rounds: 200, Fields: []string{"two-node", "two-links"}, Only: []string{"oned killed, its port taken"}}
	want := "make chaos SEED=7 ROUNDS=200 ROUND=31 BEFORE=one-server2 FIELD='two-node,two-links' ONLY='oned killed, its port taken' DEBIAN=trixie"
	if got := s.replay(Result{Seed: 7, Round: 31, Field: "two-links", Before: "one-server2", Release: "trixie"}); got != want {
		t.Errorf("replay is %s\nwant %s", got, want)
	}
	want = `make chaos SEED=7 ROUNDS=200 ROUND=31 ONLY='clients'\'' network'`
	if got := (Settings{Rounds: 200, Only: []string{"clients' network"}}).replay(Result{Seed: 7, Round: 31, Release: "bookworm"}); got != want {
		t.Errorf("replay is %s\nwant %s", got, want)
	}
	want = "make chaos SEED=7 ROUNDS=200 ROUND=31"
	if got := (Settings{Rounds: 200}).replay(Result{Seed: 7, Round: 31, Field: "raft", Before: "server 2", Release: "bookworm"}); got != want {
		t.Errorf("replay is %s\nwant %s", got, want)
	}
}

func TestQuantile(t *testing.T) {
	all := []float64{5, 1, 4, 2, 3}
	for _, c := range []struct{ part, want float64 }{{0, 1}, {0.2, 1}, {0.5, 3}, {0.95, 5}, {1, 5}} {
		if got := quantile(all, c.part); got != c.want {
			t.Errorf("quantile %v is %v, want %v", c.part, got, c.want)
		}
	}
	if quantile(nil, 0.5) != 0 {
		t.Error("the quantile of nothing is something")
	}
}
