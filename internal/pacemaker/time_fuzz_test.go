package pacemaker

import (
	"testing"
	"time"
)

// A time that is read is read as the same from what any release would print of it.
func FuzzReadTime(f *testing.F) {
	for _, s := range []string{"Sun Nov 22 06:26:16 2026", "2026-11-22 06:26:16Z", "2026-11-22 07:26:16 +01:00", "2026-11-22 06:26:16.000001Z", "1795328776", "9223372036854775807", "-1", "0", "2026-22-11"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at := ReadTime(s)
		if at.IsZero() || at.Year() < 1 || at.Year() > 9999 {
			return
		}
		for _, form := range []string{"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05.999999Z07:00", "2006-01-02 15:04:05 -07:00"} {
			text := at.UTC().Format(form)
			if again := ReadTime(text); !again.Truncate(time.Second).Equal(at.Truncate(time.Second)) {
				t.Errorf("%q is %q, which is read as %s", s, text, again)
			}
		}
	})
}
