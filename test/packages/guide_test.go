package packages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneha/oneha/test/lab/labtest"
)

// TestGuide types the lines of docs/install.md that a Debian machine can run, in their
// order, in the directory with the packages.
func TestGuide(t *testing.T) {
	labtest.NeedMachines(t)
	m := boot(t, "bookworm", map[string]string{older: packages(t, older)})
	var typed int
	for _, line := range lines(t, "apt install ./", "apt purge ", "sha256sum ") {
		command := strings.NewReplacer("_amd64", "_"+here, "apt install", "apt-get -qy install", "apt purge", "apt-get -qy purge").Replace(line)
		if out, code := m.try("cd " + srv + "/" + older + " && export DEBIAN_FRONTEND=noninteractive && " + command); code != 0 {
			t.Errorf("%s: exit %d: %s", line, code, out)
		}
		typed++
	}
	if typed != 4 {
		t.Errorf("%d lines of docs/install.md were typed, want the sums, two installations and a removal", typed)
	}
	m.expect(traces, "")
}

// lines are those of the blocks of docs/install.md that begin with one of the words,
// without the comment behind them.
func lines(t *testing.T, words ...string) []string {
	t.Helper()
	guide, err := os.ReadFile(filepath.Join(checkout, "docs", "install.md"))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for i, part := range strings.Split("\n"+string(guide), "\n```") {
		for line := range strings.Lines(part) {
			for _, word := range words {
				if i%2 == 1 && strings.HasPrefix(line, word) {
					command, _, _ := strings.Cut(line, "  #")
					found = append(found, strings.TrimSpace(command))
				}
			}
		}
	}
	return found
}
