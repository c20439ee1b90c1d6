package compare

import (
	"fmt"
	"strings"
)

// render writes the tables as Markdown. It contains nothing that changes from
// run to run.
func render(r results) string {
	var b strings.Builder
	b.WriteString(`### Parameters

Each row was tried with both agents in a network of its own: eth0 with 192.0.2.10/24
(brd 192.0.2.255) and 2001:db8::10/64, and at the other end of its cable a machine that
listens. The address is 192.0.2.9 or 2001:db8::9.

| parameter | set to | IPaddr2 | vip | why it differs |
|---|---|---|---|---|
`)
	last := ""
	for _, s := range settings {
		name := code(s.parameter)
		if s.parameter == last {
			name = ""
		}
		last = s.parameter
		p := r[settingsTable][s.row()][outcome]
		mine, why := "the same", ""
		if p.differs() {
			mine, why = lines(p.Ours), reasonFor(s.row())
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", name, cell(strings.TrimPrefix(s.row(), s.parameter+": ")), lines(p.Stock), mine, cell(why))
	}

	b.WriteString(`
### Situations and exit codes

Bold is where they differ: **IPaddr2 → vip**. "monitor" is the recurring one, "probe" the
one without interval that Pacemaker asks with before it starts anything.

`)
	b.WriteString("| situation | " + strings.Join(actions, " | ") + " | why it differs |\n|---|" + strings.Repeat("---|", len(actions)) + "---|\n")
	for _, s := range situations {
		fmt.Fprintf(&b, "| %s |", cell(s.name))
		differs := false
		for _, action := range actions {
			p := r[situationsTable][s.name][action]
			if p.differs() {
				differs = true
				fmt.Fprintf(&b, " **%s → %s** |", cell(p.Stock), cell(p.Ours))
			} else {
				fmt.Fprintf(&b, " %s |", cell(p.Stock))
			}
		}
		why := ""
		if differs {
			why = reasonFor(s.name)
		}
		fmt.Fprintf(&b, " %s |\n", cell(why))
	}

	b.WriteString(`
### What the exit reason says

| situation | action | IPaddr2 | vip |
|---|---|---|---|
`)
	for _, s := range situations {
		if !s.reason {
			continue
		}
		action := failing(r, s.name)
		p := r[reasonsTable][s.name][action]
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(s.name), action, said(p.Stock), said(p.Ours))
	}

	b.WriteString(`
### Programs that one action starts

| action | IPaddr2 | vip |
|---|---|---|
`)
	for _, action := range programActions {
		p := r[programsTable][action][outcome]
		fmt.Fprintf(&b, "| %s | %s | %s |\n", action, p.Stock, p.Ours)
	}

	b.WriteString("\n### Test cases of resource-agents\n\nWith `ocft` resource-agents tests IPaddr2 itself.\n" + `
| case | ocft wants | IPaddr2 | vip | why it differs |
|---|---|---|---|---|
`)
	for _, c := range ocftCases {
		p := r[ocftTable][c.name][outcome]
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", cell(c.name), c.wants(), passed(p.Stock, c), passed(p.Ours, c), cell(reasonFor(c.name)))
	}
	return b.String()
}

// failing is the first action of which one of the agents said something.
func failing(r results, row string) string {
	for _, action := range []string{"start", monitor, "stop"} {
		if p := r[reasonsTable][row][action]; p.Stock != "" || p.Ours != "" {
			return action
		}
	}
	return "start"
}

// passed tells the result of one of ocft's cases.
func passed(got string, c ocftCase) string {
	if got == c.wants() {
		return "passed"
	}
	return cell(got)
}

// said quotes an exit reason.
func said(reason string) string {
	if reason == "" {
		return "(nothing)"
	}
	return code(cell(reason))
}

func code(text string) string { return "`" + text + "`" }

// cell makes text fit for a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ").Replace(text)
}

// lines makes text of several lines fit for a cell.
func lines(text string) string {
	parts := strings.Split(text, "\n")
	for i, part := range parts {
		parts[i] = cell(part)
	}
	return strings.Join(parts, "<br>")
}
