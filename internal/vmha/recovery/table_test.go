package recovery

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The table has every state once, in order, and leads only to states that it has.
func TestTableIsClosed(t *testing.T) {
	names, last := map[string]bool{}, -1
	for _, s := range States {
		if names[s.Name] {
			t.Errorf("%s is there twice", s.Name)
		}
		names[s.Name] = true
		if s.State == Active {
			if s.LCM <= last {
				t.Errorf("%s is out of order", s.Name)
			}
			last = s.LCM
		}
	}
	for _, s := range States {
		for _, c := range Choices {
			o := s.Outcome(c)
			forms := 0
			for _, is := range []bool{o.To != "", o.Again, o.Nothing, o.Refused} {
				if is {
					forms++
				}
			}
			if forms != 1 {
				t.Errorf("%s, %v: %d outcomes", s.Name, c, forms)
			}
			if o.To != "" && !names[o.To] {
				t.Errorf("%s, %v: leads to %q", s.Name, c, o.To)
			}
		}
		if s.State == Active && s.Kind != Rest && rules[s.LCM] == nil {
			t.Errorf("%s has no rule", s.Name)
		}
	}
}

// test/fakeone/testdata/recover.txt is the table as it was read from OpenNebula's source, state by
// state: number, name, success, failure, retry; = stays and is tried again, - nothing.
func TestTableIsOneds(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "test", "fakeone", "testdata", "recover.txt"))
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		w := strings.Fields(line)
		if len(w) == 0 || w[0] == "#" {
			continue
		}
		rows++
		s := Find(Active, atoi(t, w[0]))
		got := []string{s.Name, mark(s.success), mark(s.failure), mark(s.retry)}
		if strings.Join(got, " ") != strings.Join(w[1:], " ") {
			t.Errorf("LCM_STATE %s: %v, and oned has %v", w[0], got, w[1:])
		}
	}
	if rows != 70 {
		t.Errorf("%d rows", rows)
	}
}

// What differs between releases is told of states that there are, and of releases in order.
func TestReleases(t *testing.T) {
	for n, notes := range releases {
		s := Find(Active, n)
		if s.Short == "?" {
			t.Errorf("%d is no state", n)
		}
		for _, note := range notes {
			if note.when == "" || note.what == "" {
				t.Errorf("%s: %+v", s.Name, note)
			}
			if text := Explain(s); !strings.Contains(text, note.when+" ") {
				t.Errorf("%s: %q is not told", s.Name, note.when)
			}
		}
	}
	for name, want := range map[string]string{"disk_snapshot_revert_suspended": "6.6", "disk_snapshot_revert": "4.14", "prolog": ""} {
		if got := Named(name)[0].Until; got != want {
			t.Errorf("%s: until %q, want %q", name, got, want)
		}
	}
}

func mark(o Outcome) string {
	switch {
	case o.Nothing:
		return "-"
	case o.Again:
		return "="
	}
	return o.To
}

func atoi(t *testing.T, s string) (n int) {
	for _, c := range s {
		n = n*10 + int(c-'0')
	}
	return n
}

func TestNamed(t *testing.T) {
	for word, want := range map[string]string{
		"prolog": "PROLOG", "17": "HOTPLUG", "LCM_STATE 32": "BOOT_UNDEPLOY", "lcm-state-4": "MIGRATE",
		"boot-failure": "BOOT_FAILURE", " Epilog ": "EPILOG", "cloning_failure": "CLONING_FAILURE", "save": "SAVE_STOP SAVE_SUSPEND SAVE_MIGRATE", "nonsense": "",
	} {
		var names []string
		for _, s := range Named(word) {
			names = append(names, s.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
