package lint

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// infinity is Pacemaker's largest score.
const infinity = 1_000_000

// units are those of durations (Pacemaker Explained, Data Types).
var units = map[string]time.Duration{
	"us": time.Microsecond, "usec": time.Microsecond, "ms": time.Millisecond, "msec": time.Millisecond,
	"": time.Second, "s": time.Second, "sec": time.Second, "m": time.Minute, "min": time.Minute, "h": time.Hour, "hr": time.Hour,
}

// parseDuration reads a duration as Pacemaker does: a number with a unit, seconds
// when there is none, or an ISO 8601 duration such as PT10M.
func parseDuration(s string) (time.Duration, bool) {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "P") {
		return parseISO(s)
	}
	i := 0
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || i == 0 && s[i] == '+') {
		i++
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(s[:i], "+"), 10, 64)
	if err != nil {
		return 0, false
	}
	unit, ok := units[strings.TrimSpace(s[i:])]
	if !ok {
		return 0, false
	}
	if n > int64(math.MaxInt64/unit) {
		return math.MaxInt64, true
	}
	return time.Duration(n) * unit, true
}

var isoForm = regexp.MustCompile(`^P(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?$`)

// parseISO reads an ISO 8601 duration without years and months, which have no
// fixed length.
func parseISO(s string) (time.Duration, bool) {
	m := isoForm.FindStringSubmatch(s)
	if m == nil || strings.Join(m[1:], "") == "" {
		return 0, false
	}
	var seconds int64
	for i, unit := range []int64{7 * 86400, 86400, 3600, 60, 1} {
		n, _ := strconv.ParseInt("0"+m[i+1], 10, 64)
		seconds += n * unit
	}
	if seconds > math.MaxInt64/int64(time.Second) {
		return math.MaxInt64, true
	}
	return time.Duration(seconds) * time.Second, true
}

// parseScore reads a score: a whole number, INFINITY, or a colour of node health.
func parseScore(s string) (int, bool) {
	switch strings.ToUpper(strings.TrimSpace(s)) {
	case "INFINITY", "+INFINITY":
		return infinity, true
	case "-INFINITY":
		return -infinity, true
	case "RED", "YELLOW", "GREEN":
		return 0, true
	}
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return 0, false
	}
	return int(max(-infinity, min(infinity, n))), true
}

// parseBool reads a boolean as Pacemaker does.
func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "true", "on", "yes", "y", "1":
		return true, true
	case "false", "off", "no", "n", "0":
		return false, true
	}
	return false, false
}

func isTrue(s string) bool { v, _ := parseBool(s); return v }

func isFalse(s string) bool { v, ok := parseBool(s); return ok && !v }

// hostList splits a list of nodes as the fencer does.
func hostList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) })
}

// hostMap splits a map such as n1:1;n2:2,3 (also n1=1) into its entries, in order.
func hostMap(s string) (entries [][2]string) {
	for _, e := range strings.FieldsFunc(s, func(r rune) bool { return r == ';' || unicode.IsSpace(r) }) {
		i := strings.IndexAny(e, ":=")
		if i > 0 {
			entries = append(entries, [2]string{e[:i], e[i+1:]})
		}
	}
	return entries
}

// clip keeps at most 80 characters, none of them a control character.
func clip(s string) string { return clipTo(80, s) }

// clipTo keeps at most n characters, none of them a control character.
func clipTo(n int, s string) string {
	s = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == '\u2028' || c == '\u2029' {
			return ' '
		}
		return c
	}, s)
	if r := []rune(s); len(r) > n {
		return string(r[:n-3]) + "..."
	}
	return s
}

// and joins names as a sentence does, the many of a large cluster cut short.
func and(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, clip(n))
	}
	switch n := len(out); {
	case n == 0:
		return ""
	case n == 1:
		return out[0]
	case n > 6:
		return fmt.Sprintf("%s and %d others", strings.Join(out[:5], ", "), n-5)
	default:
		return strings.Join(out[:n-1], ", ") + " and " + out[n-1]
	}
}

// seconds writes a duration as the CIB does.
func seconds(d time.Duration) string {
	if d%time.Second != 0 {
		return d.String()
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

// version is a release of Pacemaker or corosync; the zero version is unknown.
type version [3]int

var versionForm = regexp.MustCompile(`^(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?`)

// parseVersion reads the beginning of a text such as "2.1.5-8.el9-a3f44794f94".
func parseVersion(s string) (version, bool) {
	m := versionForm.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return version{}, false
	}
	var v version
	for i := range v {
		v[i], _ = strconv.Atoi("0" + m[i+1])
	}
	return v, true
}

func (v version) known() bool { return v != version{} }

// before reports whether a known version is older than the other.
func (v version) before(o version) bool {
	if !v.known() {
		return false
	}
	for i := range v {
		if v[i] != o[i] {
			return v[i] < o[i]
		}
	}
	return false
}

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// IsVersion reports whether s begins like a version, as 2.1.5 does.
func IsVersion(s string) bool { _, ok := parseVersion(s); return ok }
