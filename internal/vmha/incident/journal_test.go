package incident

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/test/fakeone"
)

// dieAt runs a hook that dies where a step or a call of that name is passed.
func (w *world) dieAt(t *testing.T, point string) {
	t.Helper()
	w.work.Point = func(name string) {
		if name == point {
			panic(died{})
		}
	}
	defer func() {
		w.work.Point = nil
		if p := recover(); p != any(died{}) {
			t.Fatalf("it did not die at %q: %v", point, p)
		}
	}()
	_ = w.run("1 -m -p 0")
}

// What oned was told before the hook died may show only when the next one looks: that
// one waits, and does not say it again.
func TestEffectComesLater(t *testing.T) {
	w := newWorld(t)
	w.Delay = 300 * time.Millisecond
	w.Add(fakeone.VM{ID: 0, Name: "vm", State: 3, LCM: 19, Host: 1})
	w.dieAt(t, "after call")
	if err := w.run("1 -m -p 0"); err != nil {
		t.Fatalf("%v\n%s", err, w.logged(t))
	}
	if got, want := w.done(), []string{"vm.recover 0 0", "vm.action resched 0", "host.status 1 2"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// A power cut may leave half a line: it is none, and what comes behind it can be read.
func TestTornLine(t *testing.T) {
	w := newWorld(t)
	w.Add(fakeone.VM{ID: 0, Name: "vm", State: 3, LCM: 16, Host: 1})
	w.dieAt(t, "after fenced")
	file := recordFile(w.work.Dir, 1)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, `{"at":"2026-`...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.run("1 -m -p 0"); err != nil || w.power.cuts != 1 {
		t.Errorf("%v, %d cuts", err, w.power.cuts)
	}
	steps, _, err := readSteps(file)
	if err != nil || !ended(steps) {
		t.Errorf("%v: the record ends with %+v", err, steps[len(steps)-1])
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
}

// A host that is switched on again between the death of a hook and the next one is not
// touched, and not switched off either: somebody mends it.
func TestPowerIsOnAgain(t *testing.T) {
	w := newWorld(t)
	w.Add(fakeone.VM{ID: 0, Name: "vm", State: 3, LCM: 16, Host: 1})
	w.dieAt(t, "after fenced")
	w.power.off = nil
	for range 2 {
		if err := w.run("1 -m -p 0"); err == nil || w.power.cuts != 1 || len(w.done()) > 0 {
			t.Errorf("%v, %d cuts, %q", err, w.power.cuts, w.done())
		}
	}
	if steps, _, err := readSteps(recordFile(w.work.Dir, 1)); err != nil || steps[len(steps)-1].Step != stepOn {
		t.Errorf("%v: the record does not say that it is on: %+v", err, steps)
	}
	if err := w.run("1 -m -p 0 --anew"); err != nil || w.power.cuts != 2 {
		t.Errorf("%v, %d cuts", err, w.power.cuts)
	}
}

// A record that a broken disk or a person left unreadable is one that does not know what
// was done: the power is cut once more before anything is touched.
func TestRecordOfGarbage(t *testing.T) {
	for name, spoil := range map[string]func(text []byte) []byte{
		"whole":  func([]byte) []byte { return []byte("\x00\x00\x00 no record\n") },
		"empty":  func([]byte) []byte { return nil },
		"middle": func(text []byte) []byte { return bytes.Replace(text, []byte(`"step":"fenced"`), []byte("\x00\x00"), 1) },
	} {
		w := newWorld(t)
		w.Add(fakeone.VM{ID: 0, Name: "vm", State: 3, LCM: 16, Host: 1})
		w.dieAt(t, "before tell")
		file := recordFile(w.work.Dir, 1)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, spoil(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := w.run("1 -m -p 0"); err != nil || w.power.cuts != 2 {
			t.Errorf("%s: %v, %d cuts", name, err, w.power.cuts)
		}
		if steps, _, err := readSteps(file); err != nil || !ended(steps) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"at":"2026-11-22T11:59:00Z","step":"begin","name":"kvm1"}`+"\n"+`{"at":"2026-11-22T11:59:00Z","step":"tell","vm":3,"what":"resched","lcm":16}`+"\n"), int64(5))
	f.Fuzz(func(t *testing.T, text []byte, alive int64) {
		file := filepath.Join(t.TempDir(), "1.json")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		steps, whole, err := readSteps(file)
		if err != nil || whole > int64(len(text)) || bytes.Count(text[:whole], []byte("\n")) != len(steps) {
			t.Errorf("%d of %d bytes are %d steps, %v", whole, len(text), len(steps), err)
		}
		h := one.HostDetail{Host: one.Host{ID: 1, Name: "kvm1", Monitored: alive}}
		_ = isNew(steps, Event{Text: "e", Before: 2}, h, time.Unix(1e9, 0))
		r := round{record: &Record{steps: steps}, machines: []*machine{{PlacedVM: one.PlacedVM{VM: one.VM{ID: 3}}}}}
		r.remember()
	})
}
