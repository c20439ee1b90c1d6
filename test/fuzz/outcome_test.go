package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What go 1.26 prints.
const (
	baseline = "fuzz: elapsed: 0s, gathering baseline coverage: 0/20 completed\nfuzz: elapsed: 1s, gathering baseline coverage: 20/20 completed, now fuzzing with 1 workers\n"
	running  = "fuzz: elapsed: 3s, execs: 23045 (7678/sec), new interesting: 2 (total: 87)\nfuzz: elapsed: 6s, execs: 35489 (4143/sec), new interesting: 3 (total: 88)\n"
	passed   = "PASS\nok  \tx/a\t6.031s\n"
	failing  = "FAIL\nexit status 1\nFAIL\tx/a\t0.568s\n"
)

func TestJudge(t *testing.T) {
	a := target{"a/b", "FuzzX"}
	for name, test := range map[string]struct {
		output string
		failed bool
		want   outcome
	}{
		"ok": {baseline + running + passed, false, outcome{Execs: 35489, New: 3, Result: ok}},
		"crash": {
			baseline + running + "--- FAIL: FuzzX (0.55s)\n    --- FAIL: FuzzX (0.00s)\n        x_test.go:274: bad\n    \n    Failing input written to testdata/fuzz/FuzzX/f809c21f3e2203d3\n    To re-run:\n    go test -run=FuzzX/f809c21f3e2203d3\n" + failing,
			true, outcome{Execs: 35489, New: 3, Result: crash, Case: "f809c21f3e2203d3", File: "a/b/testdata/fuzz/FuzzX/f809c21f3e2203d3"},
		},
		"seed": {
			"fuzz: elapsed: 0s, gathering baseline coverage: 0/2 completed\nfailure while testing seed corpus entry: FuzzX/seed#0\nfuzz: elapsed: 0s, gathering baseline coverage: 0/2 completed\n--- FAIL: FuzzX (0.02s)\n" + failing,
			true, outcome{Result: seed, Case: "seed#0"},
		},
		"seed, told as a test": {"--- FAIL: FuzzX (0.02s)\n    --- FAIL: FuzzX/seed#3 (0.00s)\n        x_test.go:1: bad\n" + failing, true, outcome{Result: seed, Case: "seed#3"}},
		// The end of the time in the middle of shrinking an input is no failure of an input.
		"deadline":         {baseline + running + "--- FAIL: FuzzX (20.10s)\n    context deadline exceeded\n" + failing, true, outcome{Execs: 35489, New: 3, Result: ok}},
		"deadline at once": {"--- FAIL: FuzzX (20.10s)\n    context deadline exceeded\n" + failing, true, outcome{Result: short}},
		"does not compile": {"# x/a\n./a_test.go:3:1: syntax error\nFAIL\tx/a [build failed]\n", true, outcome{Result: broken}},
		"nothing":          {"", true, outcome{Result: broken}},
		"no such target":   {"testing: warning: no fuzz tests to fuzz\nPASS\nok  \tx/a\t0.1s\n", false, outcome{Result: silent}},
	} {
		t.Run(name, func(t *testing.T) {
			test.want.Target = a
			if test.want.Result != ok {
				test.want.Output = test.output
			}
			if diff := cmp.Diff(test.want, judge(a, test.output, test.failed)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReport(t *testing.T) {
	done := []outcome{
		{Target: target{"cib", "FuzzCanonical"}, Execs: 14077, New: 103, Result: ok},
		{Target: target{"fence", "FuzzArgs"}, Execs: 7, Result: crash, Case: "f809", File: "fence/testdata/fuzz/FuzzArgs/f809", Output: strings.Repeat("line\n", shown) + "the reason\n"},
		{Target: target{"ocf", "FuzzRequest"}, Result: never},
	}
	var b bytes.Buffer
	if err := report(&b, done, "tag"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"target             execs  new  result\n",
		"cib.FuzzCanonical  14077  103  ok\n",
		"3 targets          14084  103  1 failed\n",
		"fence.FuzzArgs: crash\n  ...\n  line\n",
		"  the reason\ninput:  fence/testdata/fuzz/FuzzArgs/f809 (commit it with what mends it)\nrepeat: go test -tags tag -run '^FuzzArgs$/^f809$' ./fence\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
	if err := failures(done); err == nil || err.Error() != "1 of 3 targets failed" {
		t.Errorf("failures: %v", err)
	}
	if err := failures(done[:1]); err != nil {
		t.Errorf("failures: %v", err)
	}
}

func TestOptions(t *testing.T) {
	for want, o := range map[string]options{
		"-only: error parsing":          {each: time.Second, jobs: 1, only: "("},
		"-time and -jobs have to be":    {each: 0, jobs: 1},
		"no fuzz target matches \"^$\"": {each: time.Second, jobs: 1, only: "^$", tags: "urfave_cli_no_docs"},
	} {
		if err := run(t.Context(), o); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", o, err, want)
		}
	}
}
