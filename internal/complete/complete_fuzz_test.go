package complete_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/complete"
)

// What is offered is what the word at the cursor can become, and no flag behind "--".
func FuzzComplete(f *testing.F) {
	for _, line := range []string{"easel", "easel ", "easel draw --wi", "easel --width=4 draw r", "easel draw -- --", "easel draw -w 1, ", "easel draw --width=1,", "easel - -- -w = --=", "easel draw --often=x --again --again"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words := strings.Split(line, " ")
		offer := complete.Complete(easel, words, values)
		word := words[len(words)-1]
		_, value, equals := strings.Cut(word, "=")
		for _, w := range offer.Words {
			of := word
			if equals && strings.HasPrefix(word, "-") && !strings.HasPrefix(w.Text, word) {
				of = value // of --flag=value only the value is offered
			}
			if !strings.HasPrefix(w.Text, of) || w.Text == "" {
				t.Errorf("%q becomes %q", line, w.Text)
			}
			// Behind a flag -- may be its value.
			if closed := slices.Index(words, "--"); closed > 0 && closed < len(words)-1 && !strings.HasPrefix(words[closed-1], "-") && strings.HasPrefix(w.Text, "--") {
				t.Errorf("behind -- of %q stands %q", line, w.Text)
			}
		}
		for text := range strings.Lines(offer.String()) {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%q is answered by %q", line, offer)
			}
		}
	})
}
