package timeline

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// capture reads the logs of one failover in testdata, which happened in the lab: a frozen
// node of examples/two-node.yaml. They are cut to the lines that say something, and some
// that do not.
func capture(t *testing.T, pattern string) []Fact {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files: %v", pattern, len(files), err)
	}
	var facts []Fact
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		more, err := Reader{Ref: time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC), Zone: time.UTC}.Scan(f, "")
		f.Close()
		if err != nil || len(more) == 0 {
			t.Fatalf("%s: %d facts: %v", name, len(more), err)
		}
		facts = append(facts, more...)
	}
	return facts
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-update rewrites it):\n%s", path, diff)
	}
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

func promised(t *testing.T) Promise {
	t.Helper()
	text, err := os.ReadFile("testdata/events/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	p, err := ReadPromise(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The same failover by each way to know of it: Pacemaker 2.0.5, 2.1.5 and 3.0.0 by their
// logs alone, and with the log of events beside the others and alone.
func TestFailovers(t *testing.T) {
	for _, test := range []struct{ name, pattern string }{
		{"bullseye", "bullseye/*"},
		{"bookworm", "bookworm/*"},
		{"trixie", "trixie/*"},
		{"events", "events/*[lg]"},
		{"events-alone", "events/*.jsonl"},
	} {
		t.Run(test.name, func(t *testing.T) {
			episodes := Episodes(capture(t, test.pattern), promised(t))
			if len(episodes) != 2 {
				t.Fatalf("%d episodes, want the start and the failover", len(episodes))
			}
			last := episodes[1]
			if last.Title != "one-server1 was lost and fenced" || last.Lost != "one-server1" {
				t.Errorf("title %q, lost %q", last.Title, last.Lost)
			}
			back := map[string]string{}
			for _, b := range last.Back {
				back[b.Resource] = b.Node
				if b.Plan == nil || b.Plan.Usual <= 0 {
					t.Errorf("%s: nothing is promised", b.Resource)
				}
			}
			if diff := cmp.Diff(map[string]string{"vip": "one-server2", "oned": "one-server2", "sunstone": "one-server2", "gate": "one-server2", "flow": "one-server2"}, back); diff != "" {
				t.Error(diff)
			}
			golden(t, test.name+".golden.json", asJSON(t, episodes))
		})
	}
}

// The node was frozen at 17:01:08.52, by the clock of who did it.
func TestSilenceIsWhenTheNodeWasFrozen(t *testing.T) {
	e := Episodes(capture(t, "events/*[lg]"), Promise{})[1]
	frozen := time.Date(2026, 11, 22, 17, 1, 8, 521622382, time.UTC)
	if d := e.Zero.Sub(frozen).Abs(); d > 200*time.Millisecond {
		t.Errorf("told to have begun at %s, %s off", e.Zero, d)
	}
}

func TestPage(t *testing.T) {
	golden(t, "page.golden.html", HTML(Episodes(capture(t, "events/*[lg]"), promised(t))[1:], time.UTC))
}

// A start has promises beside its steps, and none of when each served: there was no loss.
func TestPageOfAStart(t *testing.T) {
	page := string(HTML(Episodes(capture(t, "events/*[lg]"), promised(t))[:1], time.UTC))
	for _, head := range []string{"<th>took</th><th>usual</th><th>worst</th></tr>", "<th>seconds</th><th>resource</th></tr>"} {
		if !strings.Contains(page, head) {
			t.Errorf("the page lacks %q:\n%s", head, page)
		}
	}
}

// Without a plan there are no columns for what it promises, and no words about them.
func TestPageWithoutPlan(t *testing.T) {
	episodes := Episodes(capture(t, "events/*[lg]"), Promise{})[1:]
	if steps, back := episodes[0].Promised(); steps || back {
		t.Error("something is promised")
	}
	page := string(HTML(episodes, time.UTC))
	for _, unwanted := range []string{"usual", "worst", "plan promises", "<td></td><td></td>", `class="plan"`} {
		if strings.Contains(page, unwanted) {
			t.Errorf("the page has %q:\n%s", unwanted, page)
		}
	}
	for _, head := range []string{"<th>what happened</th><th>took</th></tr>", "<th>seconds</th><th>resource</th></tr>"} {
		if !strings.Contains(page, head) {
			t.Errorf("the page lacks %q:\n%s", head, page)
		}
	}
}
