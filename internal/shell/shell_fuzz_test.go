package shell

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A real shell splits what Quote wrote into the same words, whatever they are.
func FuzzQuote(f *testing.F) {
	for _, words := range []string{"", "a", "a b\x00$HOME", "'\x00\\'\x00''", "-n\x00~\x00*\x00#x", "\n\x00\r\x00\t", "A=b\x00!\x00`x`", "\xff\xfe\x00é", "{a,b}\x00[!x]\x00;&|<>()"} {
		f.Add(words)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words := strings.Split(text, "\x00")
		const each = `for w; do printf '%s\0' "$w"; done`
		out, err := exec.Command("sh", "-c", Quote(append([]string{"set", "--"}, words...)...)+"; "+each).Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !slices.Equal(got, words) {
			t.Errorf("%q was read as %q", words, got)
		}
	})
}
