package lint

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/diag"
)

// secretValue is a secret in a fact of package cib, as other tools write it into
// a CIB.
var secretValue = regexp.MustCompile(`\b(\w*(?:passw|passphrase|community|secret)\w*)=".*`)

// drift compares the given CIB with the one that the description generates, as
// far as both configure anything.
func drift(w *world, r *report) {
	if w.Description == nil || w.Description.cib == nil || w.CIB == nil {
		return
	}
	ours, err := cib.Canonical(w.Description.source)
	if err != nil {
		return
	}
	theirs, err := cib.Canonical(w.CIB.source)
	if err != nil {
		return // the root is a configuration without its cib
	}
	var missing, more []string
	for line := range strings.Lines(ours.Diff(theirs)) {
		line = secretValue.ReplaceAllString(strings.TrimSpace(line), "$1=[secret]")
		switch {
		case strings.HasPrefix(line, "- "):
			missing = append(missing, line[2:])
		case strings.HasPrefix(line, "+ "):
			more = append(more, line[2:])
		}
	}
	if len(missing)+len(more) == 0 {
		return
	}
	var parts []string
	if len(missing) > 0 {
		parts = append(parts, fmt.Sprintf("%s missing, first %s", diag.Count(len(missing), "fact"), clip(missing[0])))
	}
	if len(more) > 0 {
		parts = append(parts, fmt.Sprintf("%s more, first %s", diag.Count(len(more), "fact"), clip(more[0])))
	}
	r.add(w.CIB.root.place, "the CIB differs from the description: "+strings.Join(parts, "; "), "")
}
