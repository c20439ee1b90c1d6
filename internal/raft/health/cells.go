package health

import (
	"fmt"
	"time"
)

// guard is a guard in a word.
func guard(g Guard) string {
	switch {
	case g.State != nil && g.State.Idle != "":
		return "idle"
	case g.State != nil && g.State.Lease.QuietMS > 0:
		return "quiet"
	case g.State != nil:
		return "ok"
	case g.Answer == Refuses:
		return "stopped"
	case g.Answer == NotAsked:
		return none
	}
	return string(g.Answer)
}

// clock is how far a clock is ahead of the one here. The header of HTTP tells it to
// half a second, a guard as exactly as its answer took.
func clock(o *Offset) string {
	if o == nil {
		return unknown
	}
	by, doubt := o.By.Duration(), o.Error.Duration()
	switch {
	case max(by, -by) <= doubt && doubt > 100*time.Millisecond:
		return "+-" + short(doubt)
	case by < 0:
		return "-" + short(-by)
	}
	return "+" + short(by)
}

// short is a time in two or three digits.
func short(d time.Duration) string {
	switch {
	case d >= time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	case d >= time.Minute:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d >= 999500*time.Microsecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
}
