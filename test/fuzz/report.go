package main

import (
	"fmt"
	"io"
	"os/exec"
	"strings"
	"text/tabwriter"
)

// shown is how much of what go test said of a failure is printed: its end has the reason.
const shown = 60 // lines

// report prints the table, and of each target that failed what it takes to see it again.
func report(w io.Writer, done []outcome, tags string) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "target\texecs\tnew\tresult")
	var execs int64
	found := 0
	for _, o := range done {
		fmt.Fprintf(tw, "%s\t%d\t%d\t%s\n", o.Target, o.Execs, o.New, o.Result)
		execs, found = execs+o.Execs, found+o.New
	}
	fmt.Fprintf(tw, "%d targets\t%d\t%d\t%d failed\n", len(done), execs, found, count(done))
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, o := range done {
		if !failed(o) {
			continue
		}
		fmt.Fprintf(w, "\n%s: %s\n%s", o.Target, o.Result, tail(o.Output))
		if o.File != "" {
			fmt.Fprintf(w, "input:  %s (commit it with what mends it)\n", o.File)
		}
		if o.Case != "" {
			fmt.Fprintf(w, "repeat: go test -tags %s -run '^%s$/^%s$' ./%s\n", tags, o.Target.Name, o.Case, o.Target.Package)
		}
	}
	if cache, err := exec.Command("go", "env", "GOCACHE").Output(); err == nil && found > 0 {
		fmt.Fprintf(w, "\nnew inputs: %s/fuzz, where the next run begins; go clean -fuzzcache forgets them\n", strings.TrimSpace(string(cache)))
	}
	return nil
}

// failed tells that somebody has to look at an outcome.
func failed(o outcome) bool { return o.Result != ok && o.Result != stopped && o.Result != never }

func count(done []outcome) (n int) {
	for _, o := range done {
		if failed(o) {
			n++
		}
	}
	return n
}

// failures is nil when none failed.
func failures(done []outcome) error {
	if n := count(done); n > 0 {
		return fmt.Errorf("%d of %d targets failed", n, len(done))
	}
	return nil
}

// tail is the end of a text, indented.
func tail(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > shown {
		lines = append([]string{"..."}, lines[len(lines)-shown:]...)
	}
	return "  " + strings.Join(lines, "\n  ") + "\n"
}
