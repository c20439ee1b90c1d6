package adopt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/spec"
)

// words says why the description has something otherwise, and what to do about it.
type words struct {
	attempt
	raw string // what to do about what no key makes
}

const addedWhy = "it comes with the layout, or is a default of oneha's with a reason: see oneha explain"

// why is about one difference. It may change what is said of it.
func (w words) why(d difference, l *Leftover) string {
	if w.makes == nil {
		return w.reason(d.minus, "nothing is generated while the description is not valid: mend what is an error, and import again")
	}
	switch d.Thing {
	case cib.ThingParameter:
		return w.ofParameter(d, l)
	case cib.ThingMeta:
		if d.Name == "priority" && w.delayWords() != "" {
			return w.delayWords()
		}
		if len(d.minus) > 0 {
			return "the layout decides meta attributes"
		}
	case cib.ThingOperation:
		if len(d.minus) > 0 {
			return "the description has the timing that the agent advises"
		}
	case cib.ThingGroup:
		if d.Action == cib.Remove {
			return w.ofResource(d)
		}
		return "the layout decides what is in a group"
	case cib.ThingResource:
		return w.ofResource(d)
	case cib.ThingProperty:
		if len(d.minus) > 0 {
			return w.reason(d.minus, "the description has its own, measured values for it")
		}
	case cib.ThingDefault:
		switch {
		case len(d.minus) == 0:
		case d.Of == "op_defaults":
			return "generated operations have their own values; " + w.raw
		case d.Name == "priority" && w.delayWords() != "":
			return w.delayWords()
		case len(d.plus) > 0:
			return "the description has its own, measured values for it"
		default:
			return "no key of a description makes it; " + w.raw
		}
	case cib.ThingNode:
		if isState(d.Name) {
			return "it is how the node is now, not how the cluster is built: a description does not say it"
		}
		return "no key of a description makes it, and crm_attribute sets it; " + w.raw
	default:
		if len(d.minus) > 0 {
			return w.reason(d.minus, w.restWhy(d.minus[0]))
		}
	}
	return addedWhy
}

// isState reports whether an attribute of a node says how it is used now.
func isState(attribute string) bool {
	return attribute == "standby" || attribute == "maintenance" || attribute == "terminate"
}

// restWhy is about a fact of which nothing else is known.
func (w words) restWhy(fact string) string {
	if _, rest, found := strings.Cut(fact, "resources "); found && !strings.ContainsAny(rest, `="{`) {
		return "the order of resources decides only where nothing else does"
	}
	return "no key of a description makes it; " + w.raw
}

// reason is why the description cannot have what a fact says, or else what to do.
func (w words) reason(facts []string, otherwise string) string {
	for _, fact := range facts {
		for begin, why := range w.reasons {
			if hasPrefix(fact, begin) && why != "" {
				return why
			}
		}
	}
	return otherwise
}

// ofResource is about a resource that goes, comes, or has another agent.
func (w words) ofResource(d difference) string {
	switch e := w.given.byID(d.Name); {
	case d.Action == cib.Modify && len(d.minus) > 0:
		return "the description has another agent for it, or another place"
	case len(d.minus) == 0 || e == nil:
		return addedWhy
	case e.SelectAttrValue("class", "") == "stonith":
		return w.reason(d.minus, "no entry of a description makes this device; give the node its own under bmc, or an entry of fencing")
	}
	return w.reason(d.minus, "a description has floating IPs, OpenNebula's services and fence devices; "+w.raw)
}

// ofParameter is about an option of an agent.
func (w words) ofParameter(d difference, l *Leftover) string {
	value := quotedAt(d.minus)
	switch {
	case isDelay(d.Name) && len(d.minus) > 0:
		return w.draft.delays
	case isDelay(d.Name) && w.delayWords() != "":
		return w.delayWords()
	case isDelay(d.Name) && w.draft.delays != "":
		return w.draft.delays
	case value == maskedValue || value == secretValue && w.masks(d):
		l.What = fmt.Sprintf("resource %s: %s is masked in the text", d.Of, d.Name)
		if d.newName != "" {
			l.What += fmt.Sprintf(", the description has %s", d.newName)
		}
		return "crm configure show masks every option that begins with passw; a description needs the file that holds the password, and " + spec.DefaultPasswordFile +
			" is a proposal: write the password there on every node, mode 0600, or give the path that cibadmin --query shows"
	case value == secretValue:
		l.What = fmt.Sprintf("resource %s: %s is a password in the cluster's configuration", d.Of, d.Name)
		return "write it into the file that password_file names, " + spec.DefaultPasswordFile + ", on every node, mode 0600, and change it: everybody who may read the CIB has seen it"
	case d.newName != "" && oldNames[d.Name] != "":
		l.Kind = Renamed
		l.What = fmt.Sprintf("resource %s: %s is called %s in the description", d.Of, d.Name, d.newName)
		return "it is the old name, which newer fence agents deprecate"
	case oldNames[d.Name] != "":
		return "it is an old name, and what it says is not in the description"
	case d.Name == "action":
		return "Pacemaker says what to do: reboot or off, by the property stonith-action"
	case len(d.minus) > 0:
		return w.reason(d.minus, "a description has no key for it, or has it otherwise; see oneha explain")
	}
	return addedWhy
}

// masks reports whether the given configuration was read from a text that masks.
func (w words) masks(d difference) bool { return slices.Contains(w.given.masked, d.Of+" "+d.Name) }

// quotedAt is the value of the fact of an option.
func quotedAt(facts []string) string {
	if len(facts) == 0 {
		return ""
	}
	_, value, _ := strings.Cut(facts[0], `="`)
	return strings.TrimSuffix(value, `"`)
}
