package target

import (
	"regexp"
	"strconv"
	"strings"
)

// Version is the release of a program: four numbers, those that it does not name
// are 0. The zero value is no version.
type Version [4]int

var versionForm = regexp.MustCompile(`^[0-9]{1,6}(\.[0-9]{1,6}){0,3}`)

// ParseVersion reads the numbers at the beginning of a text such as 2.1.5-8.el9. It
// reports how many there are, 0 for a text that begins with none.
func ParseVersion(s string) (v Version, parts int) {
	s = versionForm.FindString(s)
	if s == "" {
		return v, 0
	}
	for _, n := range strings.Split(s, ".") {
		v[parts], _ = strconv.Atoi(n) // six digits at most
		parts++
	}
	return v, parts
}

// Before reports whether v is older than o.
func (v Version) Before(o Version) bool {
	for i := range v {
		if v[i] != o[i] {
			return v[i] < o[i]
		}
	}
	return false
}

// String writes the version with three numbers at least. Of the upper end of a range
// it writes only the numbers that are given.
func (v Version) String() string {
	last := len(v) - 1
	for last > 0 && (v[last] == later || last > 2 && v[last] == 0) {
		last--
	}
	var parts []string
	for _, n := range v[:last+1] {
		parts = append(parts, strconv.Itoa(n))
	}
	return strings.Join(parts, ".")
}

// later stands for every later number in the upper end of a range.
const later = 1 << 30

// Range is all versions from Min to Max, both included. The zero value means that
// there is no such program.
type Range struct{ Min, Max Version }

// ParseRange reads a version, which stands for all those that begin with it: 0.10 for
// 0.10.0 and all later 0.10.x. Two versions with .. between them are all from the first
// to the second.
func ParseRange(s string) (Range, bool) {
	low, high, both := strings.Cut(s, "..")
	if !both {
		high = low
	}
	min, parts := ParseVersion(low)
	if versionForm.FindString(low) != low || versionForm.FindString(high) != high || parts == 0 || min == (Version{}) {
		return Range{}, false
	}
	max, parts := ParseVersion(high)
	for i := parts; i < len(max); i++ {
		max[i] = later
	}
	return Range{min, max}, parts > 0 && !max.Before(min)
}

// Known reports whether there is such a program.
func (r Range) Known() bool { return r != Range{} }

// From reports whether every version of the range is v or later.
func (r Range) From(v Version) bool { return r.Known() && !r.Min.Before(v) }

// Until reports whether every version of the range is older than v.
func (r Range) Until(v Version) bool { return r.Known() && r.Max.Before(v) }

// meets reports whether the ranges have a version in common.
func (r Range) meets(o Range) bool {
	return r.Known() && o.Known() && !r.Max.Before(o.Min) && !o.Max.Before(r.Min)
}

// join is the smallest range that holds both.
func (r Range) join(o Range) Range {
	switch {
	case !r.Known():
		return o
	case !o.Known():
		return r
	}
	if o.Min.Before(r.Min) {
		r.Min = o.Min
	}
	if r.Max.Before(o.Max) {
		r.Max = o.Max
	}
	return r
}

// String writes the range as ParseRange reads it, or "none".
func (r Range) String() string {
	if !r.Known() {
		return "none"
	}
	max := r.Max.String()
	if r.Max[len(r.Max)-1] == 0 { // as an end it is not the same as without
		max += ".0"
	}
	if again, ok := ParseRange(max); ok && again == r {
		return max
	}
	return r.Min.String() + ".." + max
}
