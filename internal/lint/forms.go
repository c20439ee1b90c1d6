package lint

import (
	"fmt"
	"slices"
	"strings"
)

// form is what a value must look like to mean anything to Pacemaker, which replaces
// what it cannot read by a default or, worse, by something else.
type form struct {
	what string
	fits func(string) bool
}

func words(list ...string) form {
	return form{"one of " + strings.Join(list, ", "), func(s string) bool {
		return slices.ContainsFunc(list, func(w string) bool { return strings.EqualFold(w, s) })
	}}
}

var (
	durationForm = form{"a duration such as 30s or 10min", func(s string) bool { _, ok := parseDuration(s); return ok }}
	scoreForm    = form{"a whole number, INFINITY or -INFINITY", func(s string) bool { _, ok := parseScore(s); return ok }}
	boolForm     = form{"true or false", func(s string) bool { _, ok := parseBool(s); return ok }}
	timeoutForm  = form{"a duration such as 30s or 10min", func(s string) bool {
		_, ok := parseDuration(strings.TrimPrefix(s, "-"))
		return ok
	}}
	delayForm = form{"a duration such as 5s, or a map such as node1:5s;node2:0s", func(s string) bool {
		if !strings.ContainsAny(s, ":=") {
			return durationForm.fits(s)
		}
		for _, e := range hostMap(s) {
			if !durationForm.fits(e[1]) {
				return false
			}
		}
		return true
	}}
)

// propertyForms are those of cluster options.
var propertyForms = map[string]form{
	"no-quorum-policy": words("stop", "freeze", "ignore", "demote", "suicide", "fence"),
	"stonith-action":   words("reboot", "off", "poweroff"), "fencing-action": words("reboot", "off", "poweroff"),
	"stonith-enabled": boolForm, "fencing-enabled": boolForm, "maintenance-mode": boolForm, "symmetric-cluster": boolForm,
	"start-failure-is-fatal": boolForm, "startup-fencing": boolForm, "concurrent-fencing": boolForm, "stop-all-resources": boolForm,
	"stonith-timeout": durationForm, "fencing-timeout": durationForm, "priority-fencing-delay": durationForm,
	"stonith-watchdog-timeout": timeoutForm, "fencing-watchdog-timeout": timeoutForm,
	"cluster-recheck-interval": durationForm, "cluster-delay": durationForm, "dc-deadtime": durationForm, "election-timeout": durationForm,
	"shutdown-escalation": durationForm, "join-integration-timeout": durationForm, "join-finalization-timeout": durationForm, "transition-delay": durationForm,
}

// metaForms are those of resources' meta attributes.
var metaForms = map[string]form{
	"resource-stickiness": scoreForm, "migration-threshold": scoreForm, "priority": scoreForm, "failure-timeout": durationForm,
	"target-role": words("Started", "Stopped", "Master", "Slave", "Promoted", "Unpromoted"),
	"is-managed":  boolForm, "maintenance": boolForm, "critical": boolForm, "interleave": boolForm, "ordered": boolForm, "notify": boolForm,
	"globally-unique": boolForm, "promotable": boolForm, "allow-migrate": boolForm,
	"multiple-active": words("block", "stop_only", "stop_start", "stop_unexpected"),
}

// operationForms are those of operations.
var operationForms = map[string]form{
	"interval": durationForm, "timeout": durationForm, "start-delay": durationForm, "enabled": boolForm, "record-pending": boolForm,
	"on-fail": words("ignore", "block", "demote", "stop", "restart", "standby", "fence", "restart-container"),
	"role":    words("Started", "Stopped", "Master", "Slave", "Promoted", "Unpromoted"),
}

// constraintForms are those of constraints' attributes.
var constraintForms = map[string]form{
	"score": scoreForm, "symmetrical": boolForm, "sequential": boolForm,
	"kind": words("Optional", "Mandatory", "Serialize"),
}

func deviceForm(name string) (form, bool) {
	switch {
	case name == "pcmk_delay_base":
		return delayForm, true
	case name == "pcmk_delay_max", strings.HasPrefix(name, "pcmk_") && strings.HasSuffix(name, "_timeout"):
		return durationForm, true
	case name == "pcmk_host_check":
		return words("dynamic-list", "static-list", "status", "none"), true
	}
	return form{}, false
}

func unreadable(s *side, r *report) {
	wrong := func(at Place, whose, name, value string, f form) {
		r.add(at, fmt.Sprintf("%s of %s is %q, which Pacemaker cannot read", clip(name), clip(whose), clip(value)), "give "+f.what)
	}
	pairs := func(whose string, all []pair, forms map[string]form) {
		for _, p := range all {
			if f, ok := forms[p.name]; ok && !f.fits(p.value) {
				wrong(p.place, whose, p.name, p.value, f)
			}
		}
	}
	pairs("the cluster", s.cib.properties, propertyForms)
	pairs("the resource defaults", s.cib.rscDefaults, metaForms)
	pairs("the operation defaults", s.cib.opDefaults, operationForms)
	for _, res := range s.cib.resources {
		pairs(res.id, res.meta, metaForms)
		for _, o := range res.ops {
			pairs(o.name+" of "+res.id, o.pairs, operationForms)
		}
		if res.class == "stonith" {
			for _, p := range res.params {
				if f, ok := deviceForm(p.name); ok && !f.fits(p.value) {
					wrong(p.place, res.id, p.name, p.value, f)
				}
			}
		}
	}
	for _, e := range s.cib.constraints {
		e.walk(func(e *element) {
			if e.tag == "expression" || e.tag == "date_expression" {
				return
			}
			for _, a := range e.attrs {
				if f, ok := constraintForms[a.Name.Local]; ok && !f.fits(a.Value) {
					wrong(e.place, e.tag+" "+e.attr("id"), a.Name.Local, a.Value, f)
				}
			}
		})
	}
}
