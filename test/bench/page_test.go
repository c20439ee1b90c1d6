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
		if p.name != failoverPart && len(r.of(p.name)) == 0 || p.name == failoverPart && len(r.Failovers) == 0 {
			t.Errorf("nothing is known of %s: make benchmarks ONLY=%s", p.name, p.name)
		}
	}
}

// Every part has its place on the page.
func TestSections(t *testing.T) {
	for _, p := range parts {
		r := result{Lines: table{{What: "a figure", Ours: "1", Part: p.name}}}
		if p.name == failoverPart {
			r = result{Failovers: []failover.Round{
				{Pair: 1, Side: failover.Ours, Fault: failover.Hang, Oned: 1},
				{Pair: 1, Side: failover.Stock, Fault: failover.Hang, Oned: 2},
			}}
		}
		if got := r.page(); !strings.Contains(got, "ONLY="+p.name) {
			t.Errorf("%s is not on the page", p.name)
		}
	}
}

// A part that is measured again takes the place of what was known of it, and of nothing else.
func TestResultIsKeptByPart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	r, err := readResult(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range []string{"vip", failoverPart, "fence", "vip"} {
		r.forget(part, run{Part: part, Time: time.Unix(int64(i), 0).UTC()})
		r.Lines = append(r.Lines, line{What: part, Part: part})
		r.Failovers = append(r.Failovers, failover.Round{Pair: i})
	}
	if err := r.write(file); err != nil {
		t.Fatal(err)
	}
	got, err := readResult(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.of("vip")) != 1 || len(got.Lines) != 3 || len(got.Failovers) != 3 {
		t.Errorf("%+v", got)
	}
	if len(got.Runs) != 3 || got.Runs[0].Part != "vip" || got.Runs[0].Time.Unix() != 3 || got.Runs[2].Part != failoverPart {
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
