package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/preview"
)

// outcomes are some of a pair, as the scheduler of Pacemaker 2.1 answers.
func outcomes() []preview.Outcome {
	both := map[string]string{"vip": "one-server1", "oned": "one-server1", "gate": "one-server1", "flow": "one-server1"}
	restart := func(id string) preview.Outcome {
		return preview.Outcome{Failure: "resource-failed:" + id, Title: id + " fails", Before: both, Runs: both, Restart: []string{id}, Quorate: true,
			Words: id + " is restarted on one-server1; the rest is not touched", Seconds: preview.Span{Typical: 21 * time.Second, Worst: 4 * time.Minute}}
	}
	rest := func(id string) preview.Outcome {
		return preview.Outcome{Failure: "threshold:" + id, Title: id + " fails 3 times", Before: both, Stopped: []string{id}, Quorate: true,
			Words: id + " stays stopped; the rest is not touched", Why: id + " may run nowhere else; it is tried again when its failures are forgotten, after 10min"}
	}
	return []preview.Outcome{
		{Failure: "node-lost:one-server1", Title: "one-server1 is lost", Before: both, Fenced: []string{"one-server1"}, Quorate: true,
			Words: "one-server2 fences one-server1 and takes over vip, oned, gate and flow", Seconds: preview.Span{Typical: 28800 * time.Millisecond, Worst: 343 * time.Second}},
		{Failure: "node-lost:one-server2", Title: "one-server2 is lost", Before: both, Quorate: true, Words: "one-server1 fences one-server2; the rest is not touched"},
		restart("gate"), restart("flow"), rest("gate"), rest("flow"),
		{Failure: "bmc-dead:one-server1", Title: "one-server1 is lost and its BMC is dead, too", Before: both, Stopped: []string{"vip", "oned"}, Blocked: true, Quorate: true,
			Words: "nobody can fence one-server1; gate, flow, vip and oned stay down", Why: "nothing is started until one-server1 is seen off"},
		{Failure: "isolated-boot:one-server1", Title: "one-server1 boots alone", Blocked: true, Words: "nothing starts", Why: "one-server1 has no quorum until it has seen one-server2"},
	}
}

func TestFailuresTable(t *testing.T) {
	for _, width := range []int{80, 100} {
		got := failuresText(outcomes(), width)
		file := fmt.Sprintf("testdata/plan-%d.txt", width)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", file, diff)
		}
		for line := range strings.Lines(got) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d columns: %s", n, line)
			}
		}
	}
}

func TestTogether(t *testing.T) {
	rows := together(outcomes())
	var titles []string
	for _, r := range rows {
		titles = append(titles, r.Title)
	}
	want := []string{"one-server1 is lost", "one-server2 is lost", "gate or flow fails", "gate or flow fails 3 times", "one-server1 is lost and its BMC is dead, too", "one-server1 boots alone"}
	if diff := cmp.Diff(want, titles); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if w := rows[3]; w.Words != "it stays stopped; the rest is not touched" || !strings.HasPrefix(w.Why, "it may run nowhere else") {
		t.Errorf("%s (%s)", w.Words, w.Why)
	}
}

func TestTableWraps(t *testing.T) {
	got := table([][]string{{"a", "1.0", "two words"}, {"a-word-that-is-too-long-for-this", "10.0", "x"}}, []int{8, -5, 0}, 30)
	want := "" +
		"  a          1.0  two words\n" +
		"  a-word-t  10.0  x\n" +
		"  hat-is-t\n" +
		"  oo-long-\n" +
		"  for-this\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A terminal sees how far the simulation is; a file does not.
func TestCounting(t *testing.T) {
	var err bytes.Buffer
	progress, done := tool{stderr: &err, terminal: true}.counting("asking")
	progress(3, 9)
	done()
	if got := err.String(); got != "\r\x1b[Kasking, 3 of 9\r\x1b[K" {
		t.Errorf("%q", got)
	}
	if progress, done := (tool{stderr: &err}).counting("asking"); progress != nil {
		t.Error("progress without a terminal")
	} else {
		done()
	}
}
