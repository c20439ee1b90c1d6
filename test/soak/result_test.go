package soak

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write testdata anew")

// sample is a run with one of each.
func sample() (Result, []Series) {
	flat := func(float64) float64 { return 9000 }
	series := []Series{made(anonymous, flat), made(descriptors, func(float64) float64 { return 9 }), made(threads, func(float64) float64 { return 8 })}
	for i := range series {
		series[i].Where, series[i].What = "one-server1", "oneha status --watch"
	}
	grows := made(anonymous, func(m float64) float64 { return 9000 + 100*m })
	grows.Where, grows.What = "zone server 1", "oneha raft guard"
	daemon := made(anonymous, func(m float64) float64 { return 13000 + 30*m })
	daemon.Where, daemon.What = "one-server1", "pacemaker-based"
	log := made(size, func(m float64) float64 { return 9000 + m })
	log.Where, log.What = "one-server1", "/var/log/oneha"
	dead := made(zombies, func(float64) float64 { return 0 })
	dead.Where, dead.What = "one-server1", "all processes"
	series = append(series, grows, daemon, log, dead)
	r := Result{
		At: time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC), Minutes: 30, Seed: 7, Done: map[string]int{"oned killed": 4, "guard killed": 3},
		Rotated: map[string]int{"one-server1": 1}, Journal: map[string]int{"one-server1": 40}, Others: map[string]int{"one-server1": 4000},
		Output: map[string]int{"oneha status": 10000}, Troubles: []string{}, Load: 1.5, Version: "0.0", Commit: "0123456789abcdef", Release: "bookworm",
	}
	for _, s := range series {
		b := bounds[s.Measure]
		if s.What == "/var/log/oneha" {
			b = bound{most: logAll / 1024}
		}
		f := judge(s, b, half)
		if f.Judged = s.What != "pacemaker-based"; !f.Judged {
			f.Flat, f.Why, f.Bound = false, "", 0
		}
		r.Figures = append(r.Figures, f)
	}
	return r, series
}

func TestMarkdown(t *testing.T) {
	r, _ := sample()
	golden := filepath.Join("testdata", "section.md")
	got := Markdown([]Result{{Seed: 1}, r})
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the section is not that of %s (-update writes it):\n%s", golden, got)
	}
	if Markdown(nil) != "" {
		t.Error("a section about no run")
	}
}

func TestTableNamesWhatGrows(t *testing.T) {
	r, _ := sample()
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	grows := 0
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, "GROWS") {
			grows++
			if !strings.HasPrefix(line, "zone server 1") {
				t.Errorf("said to grow: %s", line)
			}
		}
	}
	if grows != 1 || len(r.Bad()) != 1 {
		t.Errorf("%d lines and %v, want the guard alone:\n%s", grows, r.Bad(), b.String())
	}
}

func TestResultsComeBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.jsonl")
	first, _ := sample()
	second := first
	second.Seed, second.Troubles = 8, []string{"it rained"}
	for _, r := range []Result{first, second} {
		if err := r.appendTo(path); err != nil {
			t.Fatal(err)
		}
	}
	all, err := ReadResults(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(all, []Result{first, second}) {
		t.Errorf("read %+v", all)
	}
	if bad := all[1].Bad(); len(bad) != 2 {
		t.Errorf("what went wrong is not a reason: %v", bad)
	}
	if _, err := ReadResults(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there was read")
	}
}

// The picture is looked at by people; here, that it is whole and has a strip for each.
func TestPicture(t *testing.T) {
	r, series := sample()
	series[0].What += " <&"
	r.Figures[0].What += " <&"
	text := Picture(r, series)
	in, lines := xml.NewDecoder(bytes.NewReader(text)), 0
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "polyline" {
			lines++
		}
	}
	if lines != 3 {
		t.Errorf("%d strips, want that of the command, of the guard and of the daemon", lines)
	}
	if !bytes.Contains(text, []byte(`class="line bad"`)) {
		t.Error("the one that grows looks like the others")
	}
	Picture(Result{}, nil) // of nothing it must not fail
}
