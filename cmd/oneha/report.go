package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/oneha/oneha/internal/diag"
)

// colors of severities, as SGR parameters (ECMA-48, 8.3.117).
var colors = map[diag.Severity]string{diag.Error: "1;31", diag.Warning: "1;33"}

// print writes findings, one a line, in the form that editors and CI systems
// parse.
func (t tool) print(findings diag.Findings) {
	for _, f := range findings {
		line := f.String()
		if t.color {
			word := f.Label() + ":"
			line = strings.Replace(line, " "+word, " \x1b["+colors[f.Severity]+"m"+word+"\x1b[0m", 1)
		}
		fmt.Fprintln(t.stderr, line)
	}
}

// encode writes what --json asks for.
func (t tool) encode(v any) error {
	e := json.NewEncoder(t.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// millis is a duration as JSON has it, with one decimal.
func millis(d time.Duration) float64 {
	return math.Round(float64(d)/float64(100*time.Microsecond)) / 10
}

// tally counts findings for a summary: "1 error, 2 warnings".
func tally(findings diag.Findings) string {
	errors, warnings := counts(findings)
	switch {
	case errors == 0 && warnings == 0:
		return "no findings"
	case errors == 0:
		return diag.Count(warnings, "warning")
	case warnings == 0:
		return diag.Count(errors, "error")
	}
	return diag.Count(errors, "error") + ", " + diag.Count(warnings, "warning")
}

func counts(findings diag.Findings) (errors, warnings int) {
	for _, f := range findings {
		if f.Severity == diag.Error {
			errors++
		} else {
			warnings++
		}
	}
	return errors, warnings
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
