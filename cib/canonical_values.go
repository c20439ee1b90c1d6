package cib

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// free are the elements whose id only tools use.
var free = []string{
	"cluster_property_set", "instance_attributes", "meta_attributes", "utilization", "nvpair",
	"operations", "op", "resource_set",
	"rsc_location", "rsc_colocation", "rsc_order", "rsc_ticket", "fencing-level",
}

// normalAttrs returns the attributes of an element as name="value", sorted, without
// those that mean nothing.
func normalAttrs(e *etree.Element) []string {
	var attrs []string
	for _, a := range e.Attr {
		if a.Key == "id" && slices.Contains(free, e.Tag) {
			continue
		}
		value := normalAttr(e.Tag, a.Key, a.Value)
		if !isImplied(e, a.Key, value) {
			attrs = append(attrs, fmt.Sprintf("%s=%q", a.FullKey(), value))
		}
	}
	slices.Sort(attrs)
	return attrs
}

// isImplied reports whether an attribute says what Pacemaker takes for granted
// without it (Pacemaker Explained, "Constraints" and "Resource Operations").
func isImplied(e *etree.Element, key, value string) bool {
	switch e.Tag + "/" + key {
	case "rsc_order/kind":
		return value == "Mandatory" && e.SelectAttr("score") == nil
	case "rsc_order/symmetrical":
		return value == "true" && e.SelectAttrValue("kind", "") != "Serialize"
	case "rsc_order/first-action":
		return value == "start"
	case "rsc_order/then-action": // else it is the first action
		return value == e.SelectAttrValue("first-action", "start")
	case "resource_set/sequential", "resource_set/require-all", "op/enabled":
		return value == "true"
	case "op/interval":
		return value == "0ms"
	}
	return false
}

// What the options and attributes hold that come in several spellings. All others
// are compared as they are written.
var (
	durations = []string{
		"interval", "timeout", "start-delay", "failure-timeout",
		"stonith-timeout", "dc-deadtime", "cluster-recheck-interval", "cluster-delay", "transition-delay", "election-timeout",
		"join-integration-timeout", "join-finalization-timeout", "shutdown-escalation", "priority-fencing-delay",
		"pcmk_delay_base", "pcmk_delay_max", "pcmk_reboot_timeout", "pcmk_off_timeout", "pcmk_on_timeout", "pcmk_list_timeout",
		"pcmk_monitor_timeout", "pcmk_status_timeout",
	}
	scores   = []string{"score", "resource-stickiness", "migration-threshold", "priority"}
	booleans = []string{
		"sequential", "require-all", "symmetrical", "enabled",
		"stonith-enabled", "symmetric-cluster", "maintenance-mode", "startup-fencing", "concurrent-fencing", "start-failure-is-fatal",
		"enable-acl", "stop-all-resources", "shutdown-lock", "is-managed", "maintenance", "critical", "allow-migrate",
	}
)

// normalAttr returns the one spelling of an attribute's value.
func normalAttr(tag, key, value string) string {
	switch {
	case tag == "op" && slices.Contains(durations, key):
		return normalDuration(value)
	case key == "score":
		return normalScore(value)
	case slices.Contains([]string{"rsc_order", "resource_set", "op"}, tag) && slices.Contains(booleans, key):
		return normalBool(value)
	}
	return value
}

// normalOption returns the one spelling of an option's value. An agent's own
// parameters are the agent's to read: only Pacemaker's, pcmk_*, have one.
func normalOption(set, name, value string) string {
	if set == "utilization" || set == "instance_attributes" && !strings.HasPrefix(name, "pcmk_") {
		return value
	}
	switch {
	case slices.Contains(durations, name):
		return normalDuration(value)
	case slices.Contains(scores, name):
		return normalScore(value)
	case slices.Contains(booleans, name):
		return normalBool(value)
	}
	return value
}

var durationForm = regexp.MustCompile(`^([0-9]{1,15})(ms|msec|s|sec|m|min|h|hr)?$`)

// normalDuration writes a duration in milliseconds. Pacemaker takes a bare number
// for seconds.
func normalDuration(s string) string {
	parts := durationForm.FindStringSubmatch(strings.ToLower(strings.TrimSpace(s)))
	if parts == nil {
		return s
	}
	n, _ := strconv.ParseInt(parts[1], 10, 64) // 15 digits
	switch parts[2] {
	case "ms", "msec":
	case "", "s", "sec":
		n *= 1000
	case "m", "min":
		n *= 60 * 1000
	case "h", "hr":
		n *= 60 * 60 * 1000
	}
	return strconv.FormatInt(n, 10) + "ms"
}

func normalScore(s string) string {
	switch strings.ToUpper(s) {
	case "INFINITY", "+INFINITY":
		return Infinity.String()
	case "-INFINITY":
		return (-Infinity).String()
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return s
	}
	return Score(n).String()
}

func normalBool(s string) string {
	switch strings.ToLower(s) {
	case "true", "on", "yes", "y", "1":
		return "true"
	case "false", "off", "no", "n", "0":
		return "false"
	}
	return s
}
