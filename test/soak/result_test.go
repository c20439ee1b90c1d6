package soak

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
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
	fenced := []Series{made(anonymous, func(float64) float64 { return 65868 }), made(descriptors, func(float64) float64 { return 36 }), made(threads, func(float64) float64 { return 9 })}
	for i := range fenced { // five minutes before the end
		fenced[i].Where, fenced[i].What, fenced[i].Lives = "one-server2", "corosync", 4
		fenced[i].Points = fenced[i].Points[len(fenced[i].Points)*5/6:]
	}
	early := made(anonymous, flat)
	early.Where, early.What, early.Lives = "one-server2", "pacemakerd", 2
	log := made(size, func(m float64) float64 { return 9000 + m })
	log.Where, log.What = "one-server1", "/var/log/oneha"
	dead := made(zombies, func(float64) float64 { return 0 })
	dead.Where, dead.What = "one-server1", "all processes"
	series = append(append(series, grows, daemon, log, dead, early), fenced...)
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
		if f.Judged = !strings.HasPrefix(s.What, "pacemaker") && s.What != "corosync"; !f.Judged {
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
	r.Commit = ""
	if got := Markdown([]Result{r}); !strings.Contains(got, ", commit -, ") {
		t.Errorf("without a commit:\n%s", got)
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

func TestTroublesAreReasons(t *testing.T) {
	r, _ := sample()
	r.Troubles = []string{"it rained"}
	if bad := r.Bad(); len(bad) != 2 || bad[0] != "it rained" {
		t.Errorf("what went wrong is not a reason: %v", bad)
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
	if lines != 5 {
		t.Errorf("%d strips, want those of the command, the guard and three daemons", lines)
	}
	if !bytes.Contains(text, []byte(`class="line bad"`)) {
		t.Error("the one that grows looks like the others")
	}
	Picture(Result{}, nil) // of nothing it must not fail
}
