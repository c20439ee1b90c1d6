package main

import (
	"regexp"
	"strconv"
	"strings"
)

// outcome is what came of a run of one target.
type outcome struct {
	Target target
	Execs  int64
	New    int    // inputs that reached code that none before had
	Result result // ok, crash, ...
	Case   string // of a crash or a failing seed: the case behind Fuzz/, as go test -run knows it
	File   string // of a crash: where the input is, relative to the module
	Output string // of whatever is not ok: what go test said
}

// result is one word for the table.
type result string

const (
	ok      result = "ok"
	crash   result = "crash"        // a new input fails, and is kept
	seed    result = "seed fails"   // a known input fails
	broken  result = "did not run"  // does not compile, or ended without a word
	stopped result = "interrupted"  // by the person
	never   result = "never began"  // it was interrupted before
	late    result = "did not end"  // in its time and that of compiling
	silent  result = "ran no input" // ended well, with nothing done
	short   result = "no time left" // known inputs took all of it: it needs more, or a machine less busy
)

// What go test says of a target; it has no other form (go test -json has these lines as text, too).
var (
	progressLine = regexp.MustCompile(`(?m)^fuzz: elapsed: \S+, execs: (\d+) \(\d+/sec\), new interesting: (\d+) `)
	crashLine    = regexp.MustCompile(`(?m)^\s*Failing input written to (\S+)$`)
	seedLine     = regexp.MustCompile(`(?m)^\s*failure while testing seed corpus entry: Fuzz[^/\s]*/(\S+)$`)
	seedTest     = regexp.MustCompile(`(?m)^\s*--- FAIL: Fuzz[^/\s]*/(\S+) \(`)
	// The time was up in the middle of shrinking an input, or of trying those that are known
	// (go.dev/issue/56238): no input failed.
	deadline = regexp.MustCompile(`(?m)^\s*context deadline exceeded$`)
)

// judge reads what go test said of a target. failed tells that it did not exit with 0.
func judge(t target, output string, failed bool) outcome {
	o := outcome{Target: t, Result: ok}
	if all := progressLine.FindAllStringSubmatch(output, -1); len(all) > 0 {
		last := all[len(all)-1]
		o.Execs, _ = strconv.ParseInt(last[1], 10, 64)
		o.New, _ = strconv.Atoi(last[2])
	}
	crashed, failing := crashLine.FindStringSubmatch(output), seedLine.FindStringSubmatch(output)
	if failing == nil {
		failing = seedTest.FindStringSubmatch(output)
	}
	switch {
	case crashed != nil:
		o.Result, o.File = crash, t.Package+"/"+crashed[1]
		o.Case = crashed[1][strings.LastIndexByte(crashed[1], '/')+1:]
	case failed && failing != nil:
		o.Result, o.Case = seed, failing[1]
	case failed && deadline.MatchString(output) && o.Execs == 0:
		o.Result = short
	case failed && !deadline.MatchString(output):
		o.Result = broken
	case o.Execs == 0:
		o.Result = silent
	}
	if o.Result != ok {
		o.Output = output
	}
	return o
}
