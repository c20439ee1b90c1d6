package pages

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// foreign are messages in the first column of troubleshooting.md that other programs print.
var foreign = []string{"Assertion failed", "bad decrypt", "Protocol not supported"}

// Whoever looks up a message finds it as it is printed: what is quoted in the first column of
// a table of troubleshooting.md stands in a source.
func TestTroubleshootingQuotes(t *testing.T) {
	page, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	var sources strings.Builder
	for _, room := range []string{"agents", "cmd", "fence", "internal", "ocf"} {
		err := filepath.WalkDir("../../"+room, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			sources.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	quoted, found := regexp.MustCompile(`"([^"]+)"`), 0
	known := sources.String() + "\n" + strings.Join(foreign, "\n")
	for n, line := range strings.Split(string(page), "\n") {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		for _, m := range quoted.FindAllStringSubmatch(strings.Split(line, "|")[1], -1) {
			found++
			if !strings.Contains(known, m[1]) {
				t.Errorf("troubleshooting.md:%d: nothing prints %q", n+1, m[1])
			}
		}
	}
	if found < 20 {
		t.Errorf("%d messages are quoted: is the page read as it should be?", found)
	}
}
