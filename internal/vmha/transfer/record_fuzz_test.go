package transfer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Whatever lies in the place of a progress: it is the progress of this transfer file or
// counts for nothing, and says of each action one of the marks there are.
func FuzzProgress(f *testing.F) {
	actions, findings := Parse("transfer.0.prolog", []byte(example))
	if findings.HasErrors() {
		f.Fatal(findings)
	}
	marks, err := json.Marshal(make([]Mark, len(actions.Actions)))
	if err != nil {
		f.Fatal(err)
	}
	ours := fmt.Sprintf(`{"version":1,"transfer_sha256":%q,"changed":"2026-11-22T12:00:00Z","actions":`, digest(actions.text))
	f.Add([]byte(ours + string(marks) + "}"))
	f.Add([]byte(ours + "[]}"))
	f.Add([]byte(ours + `["done","\u001b[2J",null`))
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(""))
	actions.Name = filepath.Join(f.TempDir(), "transfer.0.prolog")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(actions.Name+".oneha", text, 0o600); err != nil {
			t.Fatal(err)
		}
		p, fresh, err := PeekProgress(actions, User{})
		if err != nil {
			t.Fatal(err)
		}
		if fresh && len(text) == 0 {
			t.Error("nothing counts as the progress of another file")
		}
		next := p.Next()
		if next < 0 || next > len(actions.Actions) || fresh && next != 0 {
			t.Errorf("%q goes on with %d, fresh %v", text, next, fresh)
		}
		for n := range actions.Actions {
			m := p.Mark(n)
			if !slices.Contains([]Mark{Open, OK, Failed, Skipped}, m) {
				t.Errorf("%d is %q", n, m)
			}
			if m.Done() != (n < next) && n <= next {
				t.Errorf("%d is %q, and the next is %d", n, m, next)
			}
		}
	})
}
