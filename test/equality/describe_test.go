package equality

import (
	"bytes"
	"testing"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/spec"
)

// TestDescribe: what the generator writes is valid and can be said in every dialect,
// and no two of the first ones are the same.
func TestDescribe(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for n := range uint64(2000) {
		text := Describe(seed, n)
		if !bytes.Equal(text, Describe(seed, n)) {
			t.Fatal("the same number gives another text")
		}
		c, findings := spec.Parse("generated.yaml", text)
		if findings.HasErrors() {
			t.Fatalf("number %d: %v\n%s", n, findings, text)
		}
		if _, err := cib.Generate(c); err != nil {
			t.Fatalf("number %d: %v\n%s", n, err, text)
		}
		seen[string(text)] = true
	}
	if len(seen) < 1990 {
		t.Errorf("of 2000 descriptions %d differ", len(seen))
	}
}
