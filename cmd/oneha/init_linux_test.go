package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a person sees and types, on a real terminal.
func TestInitOnATerminal(t *testing.T) {
	tests := []struct {
		name, typed, says string
		code              int
		written           bool
	}{
		{"answers", "n1 n2\n10.3.4.20\n10.3.4.21\n10.3.4.2/24\n\nipmi://a-bmc\nipmi://b-bmc\n\n\n\n", "oneha apply ", 0, true},
		{"a bad one, and again", "n1\nn1 n2\n10.3.4.20\n10.3.4.21\n10.3.4.2/24\n\nipmi://a-bmc\nipmi://b-bmc\n\n\n\n", "oneha apply ", 0, true},
		{"Ctrl-C", "n1 n2\n\x03", "nothing was written: interrupted", 2, false},
		{"Ctrl-D", "n1 n2\n\x04", "nothing was written: the answers ended before: address of n1", 2, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "oneha.yaml")
			cmd := program(t, "init", "-o", file)
			work := ""
			for _, v := range cmd.Env {
				if name, value, _ := strings.Cut(v, "="); name == "WORK" {
					work = value
				}
			}
			if err := os.WriteFile(filepath.Join(work, "machine"), []byte("n1\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			screen := openScreen(t, cmd)
			screen.await(t, "name of the cluster [opennebula]:")
			if _, err := screen.person.WriteString("\n"); err != nil {
				t.Fatal(err)
			}
			screen.await(t, "names of the nodes:")
			if _, err := screen.person.WriteString(test.typed); err != nil {
				t.Fatal(err)
			}
			screen.await(t, test.says)
			if code := exitOf(t, cmd); code != test.code {
				t.Errorf("exit code %d, want %d:\n%s", code, test.code, screen.text())
			}
			if !strings.Contains(screen.text(), "\x1b[1mname of the cluster") {
				t.Error("the question does not stand out")
			}
			if _, err := os.Stat(file); test.written != (err == nil) {
				t.Errorf("written: %v, want %v", err == nil, test.written)
			}
		})
	}
}
