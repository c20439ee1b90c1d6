package ocf

import (
	"fmt"
	"strconv"
	"strings"
)

// parseInteger reads a decimal integer, the only form the API has.
func parseInteger(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// parseBoolean reads one of the forms listed at Boolean.
func parseBoolean(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "yes", "true", "1", "on", "ja":
		return true, true
	case "no", "false", "0", "off":
		return false, true
	}
	return false, false
}

// accepts returns nil when value, which is not empty, has the type of the
// parameter, else an error that names the parameter, the value and the remedy.
func (p *Param) accepts(value string) error {
	switch p.Type {
	case Integer:
		if _, ok := parseInteger(value); !ok {
			return Configured(p.Name, fmt.Sprintf("is not an integer: %q", value))
		}
	case Boolean:
		if _, ok := parseBoolean(value); !ok {
			return Configured(p.Name, fmt.Sprintf("is neither true nor false: %q", value))
		}
	}
	return nil
}
