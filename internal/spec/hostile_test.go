package spec

import (
	"strings"
	"testing"
	"time"
)

// bound is for a machine that does many other things: alone none of these takes a
// second, and what is cubic takes minutes.
const bound = 30 * time.Second

// Nothing that fits into a file may keep Parse busy for long.
func TestHostileInputIsQuick(t *testing.T) {
	fill := func(s string) string { return strings.Repeat(s, maxSize/len(s)) }
	var stairs strings.Builder
	for i := 0; stairs.Len() < maxSize-400; i++ {
		stairs.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	for name, text := range map[string]string{
		"brackets":  fill("["),
		"pairs":     fill("[]"),
		"maps":      fill("{a: "),
		"dashes":    fill("- "),
		"keys":      fill("a: 1\n"),
		"questions": fill("? "),
		"colons":    fill(":"),
		"anchors":   fill("&a "),
		"aliases":   "a: [" + fill("*a,")[:maxSize-10] + "]",
		"tags":      fill("!a "),
		"documents": fill("--- a\n"),
		"comments":  fill("#\n"),
		"quotes":    fill("\"\n"),
		"lines":     "a: \"" + fill(" x\n")[:maxSize-10],
		"words":     fill("x "),
		"literal":   "a: |\n" + fill(" x\n")[:maxSize-10],
		"tabs":      fill("\t"),
		"nodes":     "version: 1\nnodes:\n" + strings.Repeat("  a: {addr: [1.1.1.1,1.1.1.1], bmc: x}\n", 1500),
		"services":  "version: 1\nservices: [" + strings.Repeat("a,", 30000) + "]\n",
		"long word": "version: 1\n" + strings.Repeat("b", maxSize-100) + ": 1\n",
		"stairs":    stairs.String(),
	} {
		start := time.Now()
		_, findings := Parse("f", []byte(text))
		if d := time.Since(start); d > bound {
			t.Errorf("%s: %s", name, d)
		} else {
			t.Logf("%-10s %8s %d findings", name, d.Round(time.Millisecond), len(findings))
		}
		if !findings.HasErrors() {
			t.Errorf("%s: no error", name)
		}
	}
}
