package one

// Before reports whether release a of OpenNebula, such as "5.8" or "6.10.5", is older
// than b, by their first two numbers. What is no release is older than none.
func Before(a, b string) bool {
	x, okX := parseRelease(a)
	y, okY := parseRelease(b)
	return okX && okY && x.before(y)
}
