package interview

import "strings"

// Found says in a few lines what was seen, and how to answer.
func (m Machine) Found() string {
	var b strings.Builder
	say := func(what string, values ...string) {
		values = nonEmpty(values)
		if len(values) > 0 {
			b.WriteString("  " + what + strings.Repeat(" ", max(1, 12-len(what))) + strings.Join(values, ", ") + "\n")
		}
	}
	b.WriteString("What this machine shows:\n")
	system := m.System
	if m.Target != "" && system != "" {
		system += " (target: " + m.Target + ")"
	}
	say("name", m.Name)
	say("system", system, m.Model)
	var networks []string
	for _, p := range m.networks() {
		text := p.String() + " on " + m.on(p)
		if m.on(p) == m.Default {
			text += " (default route)"
		}
		networks = append(networks, text)
	}
	say("addresses", networks...)
	if m.BMC.IsValid() {
		say("BMC", m.BMC.String())
	}
	if len(m.Nodes) > 0 {
		say("cluster", m.Cluster+" of "+strings.Join(m.members(), ", ")+", by /etc/corosync/corosync.conf")
	}
	switch {
	case m.Oned != nil || len(m.Services) > 0:
		var services []string
		for _, s := range m.Services {
			services = append(services, s.Name)
		}
		say("OpenNebula", strings.TrimSpace(or(m.Release, "release unknown")+": "+or(strings.Join(services, ", "), "no services")))
	default:
		say("OpenNebula", "not installed here")
	}
	if m.Oned != nil {
		say("database", m.Oned.Database.Backend)
	}
	if len(m.Nodes) > 0 {
		b.WriteString(wrap("  ", "note: there is a cluster already; oneha import makes a description of all that it is", screen))
	}
	for _, u := range m.Unknown {
		b.WriteString(wrap("  ", "not known: "+u, screen))
	}
	for _, n := range m.Notes() {
		b.WriteString(wrap("  ", "note: "+n, screen))
	}
	b.WriteString("\nEnter takes what stands in brackets, ? says more of a question.\n")
	return strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return printable(r)
	}, b.String())
}

func nonEmpty(all []string) (some []string) {
	for _, s := range all {
		if s != "" {
			some = append(some, s)
		}
	}
	return some
}
