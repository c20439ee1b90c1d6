package chaos

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
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
	add("three-node", "active node hangs", 8.2, 21, nil)
	add("two-links", "passive node hangs", 0, 0, func(r *Result) { r.Error = "before the fault: nobody answers" })
	add("two-links", "a fault of an earlier day", 1, 2, nil)
	add("raft", "kill of oned", 5.3, 14.5, nil)
	add("raft", "kill of oned", 4.2, 9, func(r *Result) { r.Violations = []string{"two had the address"} })
	add("raft", "flood", 1.2, 3, nil)
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
	for _, unwanted := range []string{"## Violations", "## Split brain", "under Raft", "A star", "earlier campaign"} {
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
	text := b.String()
	for _, part := range [][2]string{{"## What the auditors look for\n", "## Found"}, {"violations.**\n\n", "`make reliability`"}} {
		before, rest, found := strings.Cut(text, part[0])
		_, after, foundToo := strings.Cut(rest, part[1])
		if !found || !foundToo {
			t.Fatalf("the page lacks a part:\n%s", &b)
		}
		text = before + part[0] + part[1] + after
	}
	return text
}

func TestDone(t *testing.T) {
	names := func(all ...string) func() []string { return func() []string { return all } }
	of := []field{{name: "one", faults: names("a", "b", "c")}, {name: "two", faults: names("b", "d"), extra: true}}
	result := func(field, fault, err string) Result { return Result{Field: field, Fault: fault, Error: err} }
	for _, c := range []struct {
		all  []Result
		want []string
	}{
		{[]Result{result("one", "a", ""), result("one", "a", ""), result("two", "b", ""), result("one", "c", "it hung")},
			[]string{"2 of 4 kinds of faults were done, in 2 of 5 combinations of a fault and a cluster.", "Not done: c; d."}},
		{[]Result{result("one", "a", ""), result("one", "b", ""), result("one", "c", ""), result("two", "d", ""), result("one", "gone", "")},
			[]string{"4 of 4 kinds of faults were done, in 4 of 5 combinations of a fault and a cluster."}},
	} {
		p := &page{}
		p.done(c.all, of)
		if got := strings.Join(p.lines, "\n"); got != strings.Join(append(c.want, ""), "\n") {
			t.Errorf("of %d results the page says\n%s", len(c.all), got)
		}
	}
	var many []string
	for i := range mostNamed + 2 {
		many = append(many, fmt.Sprint("fault ", i))
	}
	p := &page{}
	p.done([]Result{result("one", "fault 0", "")}, []field{{name: "one", faults: names(many...)}})
	if got := strings.Join(p.lines, "\n"); !strings.Contains(got, "21 kinds were not") || strings.Contains(got, "fault 3") {
		t.Errorf("of many the page says\n%s", got)
	}
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
	if part(nil, 0.5) != "-" {
		t.Error("the quantile of nothing is something")
	}
}
