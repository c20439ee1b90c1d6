package target

import "testing"

// A range of versions that is read holds its own ends, and is written so that it is read
// as the same.
func FuzzParseRange(f *testing.F) {
	for _, s := range []string{"2.1.5", "0.10", "2..2.1", "2.1.5-8.el9", "1.0.0.0..1", "0", "..", "1..0.9", "999999.999999.999999.999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, ok := ParseRange(s)
		if !ok {
			return
		}
		if !r.Known() || r.Max.Before(r.Min) || !r.meets(r) || r.join(r) != r || !r.From(r.Min) || r.Until(r.Max) {
			t.Errorf("%q is %v", s, r)
		}
		if again, ok := ParseRange(r.String()); !ok || again != r {
			t.Errorf("%q is %q, which is read as %v", s, r, again)
		}
	})
}
