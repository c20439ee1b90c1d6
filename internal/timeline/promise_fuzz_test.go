package timeline

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A plan may come from anywhere: what is read of it is times that are none below zero, and
// a page and figures can be made with it.
func FuzzReadPromise(f *testing.F) {
	f.Add([]byte(`{"budget":{"lines":[{"phase":"detect","what":"node lost","time":{"typical":3,"worst":6.6}},{"phase":"fence","what":"x","of":["one-server1"],"time":{"typical":5,"worst":60}}]},"outcomes":[{"failure":"node-lost:one-server1","down":{"oned":{"typical":20,"worst":90}}}]}`))
	f.Add([]byte(`{"budget":{"lines":[{"phase":"detect","what":"node ","time":{"typical":1e300,"worst":-1}}]}}`))
	f.Add([]byte(`{"budget":null}`))
	plan, err := os.ReadFile("testdata/events/plan.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plan)
	logs, err := filepath.Glob("testdata/bookworm/*")
	if err != nil || len(logs) == 0 {
		f.Fatalf("no log of a failover: %v", err)
	}
	log, err := os.ReadFile(logs[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ReadPromise(text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("error %q", err)
			}
			return
		}
		for _, l := range p.Budget.Lines {
			if l.Time.Typical < 0 || l.Time.Worst < 0 {
				t.Fatalf("%q promises %+v", text, l)
			}
		}
		facts, err := Reader{Ref: zero, Zone: time.UTC}.Scan(strings.NewReader(string(log)), "h")
		if err != nil {
			t.Fatal(err)
		}
		episodes := Episodes(facts, p)
		if _, err := json.Marshal(episodes); err != nil {
			t.Error(err)
		}
		if len(HTML(episodes, time.UTC)) == 0 {
			t.Error("no page")
		}
	})
}
