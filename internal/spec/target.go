package spec

import (
	"strings"

	"github.com/oneha/oneha/internal/target"
)

// target reads what the nodes run on; the zero Target where the file does not say,
// and for portable, which is the same.
func (r *reader) target(v value) target.Target {
	text, ok := r.text(v, "target")
	if !ok {
		return target.Target{}
	}
	t, err := target.Parse(text)
	if err != nil {
		what, fix := err.Error(), ""
		if i := strings.LastIndex(what, ": "); i >= 0 {
			what, fix = what[:i], what[i+2:]
		}
		r.error(v.at, what, fix)
	}
	if t == target.Portable {
		return target.Target{}
	}
	return t
}
