package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
)

// danger is a cluster property that is refused, always or with some values.
type danger struct {
	name   string
	unless func(value string) bool // values that are allowed; nil for none
	why    string
	fix    string
}

// dangers is the table of refused properties. Pacemaker takes a boolean it does
// not understand for its default or for false, by release, so anything but a
// clear yes counts as no.
var dangers = []danger{
	{"stonith-enabled", isTrue, "without fencing a node that hangs may still write when its peer takes over", "remove it; fencing is always on"},
	{"fencing-enabled", isTrue, "without fencing a node that hangs may still write when its peer takes over", "remove it; fencing is always on"},
	{"startup-fencing", isTrue, "a node that was never seen would be taken for stopped", "remove it"},
	{"no-quorum-policy", not("ignore"), "a node that boots alone would fence its healthy peer and start everything, and two_node keeps quorum for a survivor anyway", "remove it"},
	{"stonith-watchdog-timeout", isZero, "Pacemaker would assume that a lost node's watchdog resets it, which nothing here arranges", "remove it; the BMCs do the fencing"},
	{"fencing-watchdog-timeout", isZero, "Pacemaker would assume that a lost node's watchdog resets it, which nothing here arranges", "remove it; the BMCs do the fencing"},
	{"symmetric-cluster", isTrue, "nothing would be allowed to run anywhere", "remove it"},
	{"cluster-name", nil, "it is the file's cluster", "write cluster: NAME at the top level"},
	{"dc-version", nil, "the cluster sets it itself", "remove it"},
	{"cluster-infrastructure", nil, "the cluster sets it itself", "remove it"},
	{"have-watchdog", nil, "the cluster sets it itself", "remove it"},
	{"last-lrm-refresh", nil, "the cluster sets it itself", "remove it"},
}

// properties reads the extra cluster properties, sorted by name.
func (r *reader) properties(v value) []Option {
	if !r.isMap(v, "properties", "NAME: VALUE for each property") {
		return nil
	}
	var options []Option
	for _, f := range v.fields {
		if f.unnamed() {
			continue
		}
		label := "property " + clip(f.key)
		text, ok := r.text(f.value, label)
		if !ok || !r.property(f, label, text) {
			continue
		}
		options = append(options, Option{f.key, text})
	}
	slices.SortFunc(options, func(a, b Option) int { return strings.Compare(a.Name, b.Name) })
	return options
}

// property checks one property and reports whether it may be used.
func (r *reader) property(f field, label, text string) bool {
	if !property.MatchString(f.key) {
		r.error(f.at, fmt.Sprintf("%q is no name of a property", clip(f.key)), "use letters, digits, -, . and _")
		return false
	}
	for _, d := range dangers {
		if d.name == f.key && (d.unless == nil || !d.unless(text)) {
			r.error(f.at, fmt.Sprintf("%s: %s is refused: %s", label, clip(text), d.why), d.fix)
			return false
		}
	}
	if !slices.Contains(knownProperties, f.key) {
		fix := "check its spelling against `man pacemaker-schedulerd` and `man pacemaker-controld`"
		if meant := diag.Nearest(f.key, knownProperties); meant != "" {
			fix = fmt.Sprintf("did you mean %q?", meant)
		}
		r.warn(f.at, label+" is not known, and Pacemaker ignores what it does not know", fix)
	}
	return true
}

func isTrue(s string) bool {
	return slices.Contains([]string{"true", "on", "yes", "y", "1"}, strings.ToLower(s))
}

func isZero(s string) bool { return s == "0" || s == "0s" }

func not(word string) func(string) bool {
	return func(s string) bool { return !strings.EqualFold(s, word) }
}

// knownProperties are the cluster options of Pacemaker 2.1 (metadata of
// pacemaker-controld and pacemaker-schedulerd) and the names that 3.0 added.
var knownProperties = []string{
	"batch-limit", "cluster-delay", "cluster-ipc-limit", "cluster-recheck-interval", "concurrent-fencing",
	"dc-deadtime", "election-timeout", "enable-acl", "enable-startup-probes", "fence-reaction",
	"fencing-action", "fencing-enabled", "fencing-max-attempts", "fencing-reaction", "fencing-timeout", "fencing-watchdog-timeout",
	"join-finalization-timeout", "join-integration-timeout", "load-threshold", "maintenance-mode", "migration-limit",
	"no-quorum-policy", "node-action-limit", "node-health-base", "node-health-green", "node-health-red",
	"node-health-strategy", "node-health-yellow", "node-pending-timeout", "pe-error-series-max", "pe-input-series-max",
	"pe-warn-series-max", "placement-strategy", "priority-fencing-delay", "shutdown-escalation", "shutdown-lock",
	"shutdown-lock-limit", "start-failure-is-fatal", "startup-fencing", "stonith-action", "stonith-enabled",
	"stonith-max-attempts", "stonith-timeout", "stonith-watchdog-timeout", "stop-all-resources", "stop-orphan-actions",
	"stop-orphan-resources", "symmetric-cluster", "transition-delay",
}
