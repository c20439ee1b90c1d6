package preview

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// units are those of durations (Pacemaker Explained, Data Types).
var units = map[string]time.Duration{
	"us": time.Microsecond, "usec": time.Microsecond, "ms": time.Millisecond, "msec": time.Millisecond,
	"": time.Second, "s": time.Second, "sec": time.Second, "m": time.Minute, "min": time.Minute, "h": time.Hour, "hr": time.Hour,
}

var (
	plainForm = regexp.MustCompile(`^\+?(\d{1,9})\s*([a-z]*)$`)
	isoForm   = regexp.MustCompile(`^P(?:(\d{1,4})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?$`)
)

// duration reads a duration as Pacemaker does: a number with a unit, seconds when
// there is none, or an ISO 8601 duration such as PT10M.
func duration(s string) (d time.Duration, ok bool) {
	s = strings.TrimSpace(s)
	if m := plainForm.FindStringSubmatch(s); m != nil {
		n, _ := strconv.Atoi(m[1])
		unit, ok := units[m[2]]
		if ok && time.Duration(n) > maxDuration/unit {
			return maxDuration, true
		}
		return time.Duration(n) * unit, ok
	}
	m := isoForm.FindStringSubmatch(s)
	if m == nil || strings.Join(m[1:], "") == "" {
		return 0, false
	}
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi("0" + m[i+1])
		d += min(time.Duration(n), maxDuration/unit) * unit
	}
	return min(d, maxDuration), true
}

// maxDuration is longer than anything in a cluster, and short enough to be added up.
const maxDuration = 10 * 365 * 24 * time.Hour
