package shell

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestQuote(t *testing.T) {
	for _, test := range []struct {
		argv []string
		want string
	}{
		{[]string{"systemctl", "start", "opennebula"}, "systemctl start opennebula"},
		{[]string{"ssh", "root@10.0.0.1", "ls -l 'a b'"}, `ssh root@10.0.0.1 'ls -l '\''a b'\'''`},
		{[]string{"A=b", "C=d"}, "'A=b' C=d"},
		{[]string{"echo", "", "$HOME", "~", "*", "a#b", "`x`"}, "echo '' '$HOME' '~' '*' 'a#b' '`x`'"},
		{nil, ""},
	} {
		if got := Quote(test.argv...); got != test.want {
			t.Errorf("Quote(%q)\n got %s\nwant %s", test.argv, got, test.want)
		}
	}
}

// A real shell splits what Quote wrote into the same words.
func TestShellReadsItBack(t *testing.T) {
	var words []string
	for c := rune(1); c < 0x180; c++ {
		words = append(words, string(c), "a"+string(c), string(c)+"b", "a"+string(c)+"'"+string(c)+"b")
	}
	words = append(words, "", "-n", "~root", "a\nb", `\`, `'\''`, "é ü", "if", "x=1")
	const each = `for w; do printf '%s\0' "$w"; done`
	out, err := exec.Command("sh", "-c", Quote(append([]string{"sh", "-c", each, "sh"}, words...)...)).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !slices.Equal(got, words) {
		t.Errorf("the shell read other words: %q", got)
	}
}
