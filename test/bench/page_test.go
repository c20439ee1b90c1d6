package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/failover"
)

const resultsFile, pageFile = "results.json", "../../docs/benchmarks.md"

// The page is what the kept results make: figures are not edited by hand.
func TestPage(t *testing.T) {
	r, err := readResult(resultsFile)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	if r.page() != string(page) {
		t.Errorf("%s is not what %s makes: go run ./test/bench -render -results test/bench/results.json -page docs/benchmarks.md", pageFile, resultsFile)
	}
	for _, p := range parts {
		rounds := r.rounds(p.name)
		if rounds == nil && len(r.of(p.name)) == 0 || rounds != nil && len(*rounds) == 0 {
			t.Errorf("nothing is known of %s: make benchmarks ONLY=%s", p.name, p.name)
		}
	}
}

// Every part has its place on the page.
func TestSections(t *testing.T) {
	for _, p := range parts {
		r := result{Lines: table{{What: "a figure", Ours: "1", Part: p.name}}}
		if rounds := r.rounds(p.name); rounds != nil {
			*rounds = []failover.Round{
				{Pair: 1, Side: failover.Ours, Fault: failover.Hang, Oned: 1},
				{Pair: 1, Side: failover.Stock, Fault: failover.Hang, Oned: 2},
			}
		}
		if got := r.page(); !strings.Contains(got, "ONLY="+p.name) {
			t.Errorf("%s is not on the page", p.name)
		}
	}
}

// A load at which programs waited for each other is said, whoever measured.
func TestWhere(t *testing.T) {
	rounds := []failover.Round{{Load: 0.5}, {Load: 3}, {Load: 2.25}}
	r := result{Failovers: rounds, Runs: []run{
		{Part: "vip", Load: 0.94, Seconds: 90}, {Part: "fence", Load: 1.04}, {Part: "size"}, {Part: failoverPart, Load: 0.2},
	}}
	page := r.page()
	for _, want := range []string{
		"| vip | 0001-01-01 |  | 0 |  | 0.9 | 1.5 min |\n",
		"| fence | 0001-01-01 |  | 0 |  | **1.0: busy** |  |\n",
		"| size | 0001-01-01 |  | 0 |  | not noted |  |\n",
		"| failover | 0001-01-01 |  | 0 |  | **2.2: busy** |  |\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no line %q", want)
		}
	}
	if !strings.Contains(page, "\n## Failover\n") || strings.Contains(page, "## Failover with") {
		t.Error("a section of failovers that were not measured, or none of those that were")
	}
}

// What is left to do takes as long as it took before.
func TestToGo(t *testing.T) {
	r := result{Runs: []run{{Part: "vip", Seconds: 90}, {Part: "fence", Seconds: 100}, {Part: "size"}}}
	todo := []string{"vip", "fence", "size"}
	for from, want := range map[string]string{
		"vip":   "; about 4 min to go, as it took before, and parts of which nothing is known: 1",
		"fence": "; about 2 min to go, as it took before, and parts of which nothing is known: 1",
		"size":  "",
	} {
		if got := r.toGo(todo, from); got != want {
			t.Errorf("from %s: %q, want %q", from, got, want)
		}
	}
}

// largeText says how many floating IPs there are.
func TestLargeText(t *testing.T) {
	if moreIPs != 20 || !strings.Contains(largeText, "twenty floating IPs more") {
		t.Errorf("%d floating IPs more, and the page says: %s", moreIPs, largeText)
	}
}

// A part that is measured again takes the place of what was known of it, and of nothing else.
func TestResultIsKeptByPart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	r, err := readResult(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range []string{"vip", failoverPart, largePart, "fence", largePart, "vip"} {
		r.forget(run{Part: part, Time: time.Unix(int64(i), 0).UTC()})
		if rounds := r.rounds(part); rounds != nil {
			*rounds = append(*rounds, failover.Round{Pair: i})
			continue
		}
		r.Lines = append(r.Lines, line{What: part, Part: part})
	}
	if err := r.write(file); err != nil {
		t.Fatal(err)
	}
	got, err := readResult(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.of("vip")) != 1 || len(got.Lines) != 2 || len(got.Failovers) != 1 || len(got.Large) != 1 || got.Large[0].Pair != 4 {
		t.Errorf("%+v", got)
	}
	if len(got.Runs) != 4 || got.Runs[0].Part != "vip" || got.Runs[0].Time.Unix() != 5 || got.Runs[2].Part != failoverPart {
		t.Errorf("runs %+v", got.Runs)
	}
	if err := os.WriteFile(file, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readResult(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("broken results: %v", err)
	}
}

func TestHistogram(t *testing.T) {
	got := histogram([]float64{9.0, 9.4, 9.6}, []float64{10.1, 13})
	want := `seconds       ours  stock agents
  9.0 to  9.5 ##
  9.5 to 10.0 #
 10.0 to 10.5       #
 10.5 to 11.0
 11.0 to 11.5
 11.5 to 12.0
 12.0 to 12.5
 12.5 to 13.0
 13.0 to 13.5       #
`
	if got != want {
		t.Errorf("got:\n%s", got)
	}
}

// Columns that say nothing are left out.
func TestMarkdown(t *testing.T) {
	var b strings.Builder
	table{{What: "size", Ours: "5 MB", Target: "below 8 MB", Met: true}, {What: "weight", Ours: "9 MB", Target: "below 8 MB"}}.markdown(&b)
	want := "| what | ours | target |\n|---|---|---|\n| size | 5 MB | below 8 MB: met |\n| weight | 9 MB | below 8 MB: **missed** |\n"
	if b.String() != want {
		t.Errorf("got:\n%s", b.String())
	}
}
