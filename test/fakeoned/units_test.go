package fakeoned

import (
	"io"
	"strings"
	"testing"
)

func TestUnits(t *testing.T) {
	files := UnitFiles()
	if len(files) != len(roles) {
		t.Errorf("%d units for %d roles", len(files), len(roles))
	}
	for role := range roles {
		unit, kind := "opennebula-"+role+".service", "Type=simple\n"
		if role == "oned" {
			unit, kind = "opennebula.service", "Type=notify\n"
		}
		text := files[unit]
		_, command, _ := strings.Cut(text, "\nExecStart=")
		words := strings.Fields(strings.SplitN(command, "\n", 2)[0])
		if len(words) == 0 || words[0] != "/usr/lib/oneha-test/fakeoned" {
			t.Errorf("%s: ExecStart %q", unit, words)
			continue
		}
		c, err := ParseFlags(words[1:], "node", io.Discard)
		if err != nil || c.Role != role {
			t.Errorf("%s: role %q, %v", unit, c.Role, err)
		}
		for _, line := range []string{"Description=Fake of ", kind, "Restart=on-failure\n", "RestartSec=5\n"} {
			if !strings.Contains(text, line) {
				t.Errorf("%s lacks %q", unit, line)
			}
		}
	}
}
