package linked

import (
	"strings"
	"testing"
)

// bsd is the common part of the licences that end so.
const bsd = "Redistributions of source code must retain the above copyright notice. Redistributions in binary\nform must reproduce it."

func TestClassify(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{bsd, "BSD-2-Clause"},
		{bsd + " The name may not be used; it\nmay be used to endorse or promote products with permission only.", "BSD-3-Clause"},
		{bsd + " All advertising materials must name us.", ""},
		{"Permission is hereby granted, free of\ncharge ... THE SOFTWARE IS PROVIDED \"AS IS\"", "MIT"},
		{"Permission is hereby granted, free of charge ... the software is provided “as is”", "MIT"},
		{"Mozilla Public License, version 2.0 ... GNU General Public License as a secondary one", "MPL-2.0"},
		{"GNU AFFERO GENERAL PUBLIC LICENSE", "GPL or a kin of it"},
		{"GNU LESSER GENERAL PUBLIC LICENSE Version 3", "GPL or a kin of it"},
		{"Do as you like.", ""},
	} {
		if got := strings.Join(Classify(c.text), " "); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}
