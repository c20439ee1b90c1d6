package fakeoned

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func open(t *testing.T, dir, node string) *Database {
	t.Helper()
	db, err := OpenDatabase(dir, node)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func step(t *testing.T, db *Database) string {
	t.Helper()
	other, err := db.Step(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return other
}

func alarm(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, AlarmName))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

func TestBothWritersSeeEachOther(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, "a")
	if got := step(t, a); got != "" {
		t.Fatalf("a alone saw %q", got)
	}
	b := open(t, dir, "b")
	if got := step(t, b); got != "" || alarm(t, dir) != "" {
		t.Fatalf("b saw %q though a did nothing since", got) // a may be dead
	}
	if got := step(t, a); !strings.Contains(got, "node=b ") {
		t.Errorf("a saw %q, want b, which wrote after a began", got)
	}
	first := alarm(t, dir)
	if !strings.Contains(first, "node=a ") || !strings.Contains(first, "node=b ") {
		t.Errorf("alarm does not name both:\n%s", first)
	}
	if got := step(t, b); !strings.Contains(got, "node=a ") {
		t.Errorf("b saw %q, want a, which wrote again", got)
	}
	if got := step(t, a); got != "" {
		t.Errorf("a told it twice: %q", got)
	}
	if alarm(t, dir) != first {
		t.Error("the second alarm replaced the first")
	}
	if drafts, _ := filepath.Glob(filepath.Join(dir, ".*")); len(drafts) > 0 {
		t.Errorf("left behind: %v", drafts)
	}
}

// Each direction alone, so that neither covers up for the other.
func TestEachDirectionAlone(t *testing.T) {
	t.Run("the first sees a new record", func(t *testing.T) {
		dir := t.TempDir()
		a := open(t, dir, "a")
		step(t, a)
		open(t, dir, "b") // created its record and was killed before it wrote
		if got := step(t, a); !strings.HasPrefix(got, recordPrefix+"b-") || alarm(t, dir) == "" {
			t.Errorf("a saw %q", got)
		}
	})
	t.Run("the second sees an old record change", func(t *testing.T) {
		dir := t.TempDir()
		a := open(t, dir, "a")
		step(t, a)
		b := open(t, dir, "b")
		step(t, b)
		if _, err := a.file.WriteAt([]byte("node=a thawed\n"), 0); err != nil { // a wrote and was killed
			t.Fatal(err)
		}
		if got := step(t, b); !strings.Contains(got, "node=a thawed") || alarm(t, dir) == "" {
			t.Errorf("b saw %q", got)
		}
	})
	t.Run("the thawed one sees an interlude that is over", func(t *testing.T) {
		dir := t.TempDir()
		a := open(t, dir, "a")
		step(t, a)
		b := open(t, dir, "b")
		step(t, b)
		_ = b.Close()
		if got := step(t, a); !strings.Contains(got, "node=b ") || alarm(t, dir) == "" {
			t.Errorf("a saw %q", got)
		}
	})
}

func TestHandOverRaisesNoAlarm(t *testing.T) {
	dir := t.TempDir()
	for _, node := range []string{"a", "b", "a", "a", "b"} { // "a", "a": a restart in place
		db := open(t, dir, node)
		for range 3 {
			if got := step(t, db); got != "" {
				t.Fatalf("%s saw %q", node, got)
			}
		}
		_ = db.Close()
	}
	if got := alarm(t, dir); got != "" {
		t.Error(got)
	}
}

func TestOpenDatabaseWithoutMount(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "missing")
	if _, err := OpenDatabase(dir, "a"); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v, want one that names %s", err, dir)
	}
}
