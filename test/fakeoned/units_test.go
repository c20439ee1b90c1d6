package fakeoned

import (
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
)

// notRoles are units that start another program, or none.
var notRoles = []string{"opennebula-ssh-agent.service", "opennebula-showback.timer"}

func TestUnits(t *testing.T) {
	files, installed := UnitFiles(), Files()
	if want := len(roles) + len(notRoles); len(files) != want {
		t.Errorf("%d units, want %d", len(files), want)
	}
	for role := range roles {
		unit, kind, program := "opennebula-"+role+".service", "simple", Program
		switch role {
		case "oned":
			unit, kind, program = "opennebula.service", "notify", Oned
		case "database":
			unit = "oneha-test-database.service"
		case "showback":
			kind = "oneshot"
		}
		lines := strings.Split(files[unit], "\n")
		var command []string
		for _, line := range lines {
			if c, ok := strings.CutPrefix(line, "ExecStart="); ok {
				command = strings.Fields(c)
			}
			if auth, ok := strings.CutPrefix(line, "AssertFileNotEmpty="); ok && auth != AuthFile && installed[auth].Text == "" {
				t.Errorf("%s: nobody makes %s", unit, auth)
			}
		}
		if len(command) == 0 || command[0] != program {
			t.Errorf("%s: ExecStart %q", unit, command)
			continue
		}
		c, err := ParseFlags(command[1:], "node", io.Discard)
		if err != nil || c.Role != role {
			t.Errorf("%s: role %q, %v", unit, c.Role, err)
		}
		want := []string{"Type=" + kind}
		if role != "database" && role != "showback" {
			want = append(want, "Restart=on-failure", "RestartSec=5", "StartLimitBurst=3")
		}
		for _, line := range want {
			if !slices.Contains(lines, line) {
				t.Errorf("%s lacks %q", unit, line)
			}
		}
	}
	for unit, text := range files {
		if !strings.Contains(text, "Description=Fake of ") {
			t.Errorf("%s does not say that it is a fake", unit)
		}
		for line := range strings.Lines(text) {
			wanted, _ := strings.CutPrefix(strings.TrimSpace(line), "Wants=")
			for _, w := range strings.Fields(wanted) {
				if strings.HasPrefix(line, "Wants=") && files[w] == "" {
					t.Errorf("%s wants %s, which is no unit of ours", unit, w)
				}
			}
		}
	}
}

func TestFiles(t *testing.T) {
	files := Files()
	for path, f := range files {
		private := strings.HasSuffix(path, "_auth")
		if f.Text == "" || private != (f.Mode == 0o600) {
			t.Errorf("%s: %d bytes, mode %o", path, len(f.Text), f.Mode)
		}
	}
	// What the services' probes read, all of it.
	for _, name := range []string{"oned.conf", "sched.conf", "sunstone-server.conf", "oneflow-server.conf", "onegate-server.conf",
		"onehem-server.conf", "fireedge-server.conf", "oneform-server.conf", "oneks-server.conf", "guacd"} {
		if files["/etc/one/"+name].Text == "" {
			t.Errorf("no %s in %v", name, slices.Sorted(maps.Keys(files)))
		}
	}
	own := files["/etc/one/oned.conf"].Text
	for text, want := range map[string]string{own: sqlite, files[MySQLConf].Text: mysql} {
		if strings.Count(text, "\nDB =") != 1 || !strings.Contains(text, "\n"+want) {
			t.Errorf("the database is not\n%sin\n%s", want, text)
		}
	}
}
