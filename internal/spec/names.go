package spec

import (
	"regexp"
	"strings"
)

var (
	clusterName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$`)
	hostLabel   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)
	digits      = regexp.MustCompile(`^[0-9]+$`)
	nicName     = regexp.MustCompile(`^[A-Za-z0-9_.@-]{1,15}$`)
	// generatedID is what ids of fence devices, constraints, operations and sets of
	// options look like.
	generatedID = regexp.MustCompile(`^(fence|services|fl)-|-(with|after|prefers|avoids|start|stop|monitor)-|_attributes`)
	idName      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,31}$`)
	agentName   = regexp.MustCompile(`^fence_[A-Za-z0-9_.-]+$`)
	plugName    = regexp.MustCompile(`^[A-Za-z0-9_./@-]+$`) // pcmk_host_map gives = : ; , and white space a meaning
	plainPath   = regexp.MustCompile(`^[A-Za-z0-9_.,:/@%+-]+$`)
	property    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]*$`)
)

// isHostName reports whether s is a host name by RFC 1123, section 2.1, of at
// most limit characters. A name whose last label is a number is none: it is
// meant as an address.
func isHostName(s string, limit int) bool {
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if !hostLabel.MatchString(l) {
			return false
		}
	}
	return len(s) <= limit && !digits.MatchString(labels[len(labels)-1])
}
