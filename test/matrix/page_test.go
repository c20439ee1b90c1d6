package matrix

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const head = `# What comes of a fencing when something is wrong

Every fence agent, every action, every fault: what the agent ends with, and how the machine
is afterwards. A test (` + "`test/matrix`" + `) makes each call as a person and as pacemaker-fenced do,
on a device of its own that misbehaves as the row says, and this page is what it saw;
` + "`go test ./test/matrix -update`" + ` writes it anew.

What the cluster makes of it:

- **Exit 0 of off and reboot** means fenced: the machine was seen off after the command. Its
  resources are started elsewhere. In no row is it said of a machine that was not off.
- **Exit 1 of off and reboot** means not fenced. Pacemaker tries the device once more
  (pcmk_off_retries, pcmk_reboot_retries), then the next level of the topology; until one of
  them succeeds it starts nothing of that node elsewhere.
- **Exit 1 of monitor** shows as a failed action of the fence device in ` + "`pcs status`" + `, and that
  is the time to mend it: no fencing was needed yet.

## Legend

| sign | meaning |
|---|---|
| ` + "`0` `1` `2`" + ` | exit code. 0 is done, and of status: on; 1 is failed, with the reason on standard error; 2 is of status: off |
| on, off | how the machine really is in the end, of actions that switch it |
| untouched | no power command came to the device |
| ~ | the call lasted as long as one of its time limits (login_timeout, shell_timeout, power_timeout) or longer |
| ! | there is a warning on standard error |
| ended | the agent went on until the cluster's time limit ended it, which is a failed fencing |
| cluster: | what is different when pacemaker-fenced runs the agent |
| - | the fault has no meaning there |

Actions are given to a machine that is on; the second status and on to one that is off.
Every call has login_timeout=3, shell_timeout=3 and power_timeout=8. validate-all looks at the
options only and never asks the device. diag is refused in the cluster: it fences nothing.
`

// render makes the page.
func render(m matrix) string {
	var b strings.Builder
	b.WriteString(head)
	for _, f := range families {
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n| fault |", f.name, f.about)
		for _, a := range actions {
			fmt.Fprintf(&b, " %s |", a.title)
		}
		b.WriteString("\n|---|" + strings.Repeat("---|", len(actions)) + "\n")
		for _, r := range rows {
			b.WriteString(m.line(f, r))
		}
		b.WriteString("\nWhat off says, by hand, where it fails:\n\n| fault | standard error |\n|---|---|\n")
		for _, r := range rows {
			b.WriteString(m.said(f, r))
		}
	}
	b.WriteString("\n## Notes\n\n")
	for _, r := range rows {
		if note := footnotes[r.fault]; note != "" {
			fmt.Fprintf(&b, "%d. *%s*: %s\n", number(r.fault), r.what, note)
		}
	}
	return b.String()
}

// line is a row of a family's table.
func (m matrix) line(f family, r row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s%s |", r.what, mark(r.fault))
	for _, a := range actions {
		fmt.Fprintf(&b, " %s |", m.cell(f, r.fault, a))
	}
	return b.String() + "\n"
}

// number is the number of a fault's note, 0 when there is none.
func number(f fault) (n int) {
	for _, r := range rows {
		if footnotes[r.fault] != "" {
			n++
		}
		if r.fault == f && footnotes[f] != "" {
			return n
		}
	}
	return 0
}

// mark refers to a fault's note.
func mark(f fault) string {
	if n := number(f); n > 0 {
		return fmt.Sprintf(" [%d]", n)
	}
	return ""
}

// cell is what came of an action with all devices of a family.
func (m matrix) cell(f family, x fault, a action) string {
	return together(f, "-", func(d device) string {
		byHand, ok := m.of(call{device: d, fault: x, action: a, caller: hand})
		if !ok {
			return ""
		}
		text := byHand.short(a)
		if byCluster, ok := m.of(call{device: d, fault: x, action: a, caller: cluster}); ok && byCluster.short(a) != text && a.switches() {
			text += ", cluster: " + byCluster.short(a)
		}
		return text
	})
}

// said is why off failed by hand, as a row of a family's second table; "" when it
// did not.
func (m matrix) said(f family, r row) string {
	text := together(f, "", func(d device) string {
		o, _ := m.of(call{device: d, fault: r.fault, action: actions[4], caller: hand})
		return strings.NewReplacer("|", `\|`, "<", `\<`).Replace(o.Failed)
	})
	if text == "" {
		return ""
	}
	return fmt.Sprintf("| %s | %s |\n", r.what, text)
}

// together is one text for all devices of a family, the name of a device in front
// of it where they differ. Devices without a text do not count.
func together(f family, nothing string, of func(device) string) string {
	var texts []string
	names := map[string][]string{}
	for _, d := range f.devices {
		if text := of(d); text != "" {
			if names[text] == nil {
				texts = append(texts, text)
			}
			names[text] = append(names[text], d.name)
		}
	}
	if len(texts) < 2 {
		return cmp.Or(strings.Join(texts, ""), nothing)
	}
	for i, text := range texts {
		texts[i] = strings.Join(names[text], ", ") + ": " + text
	}
	return strings.Join(texts, "<br>")
}

// short is an outcome as the legend explains it.
func (o outcome) short(a action) string {
	words := []string{fmt.Sprintf("`%d`", o.Code)}
	switch {
	case o.Killed:
		words[0] = "ended"
	case o.Waits:
		words = append(words, "~")
	}
	if o.Warned {
		words = append(words, "!")
	}
	switch {
	case !a.switches():
	case o.Commands == "":
		words = append(words, "untouched")
	case o.On:
		words = append(words, "on")
	default:
		words = append(words, "off")
	}
	return strings.Join(words, " ")
}

// text is the whole matrix, a line for each cell, with the power commands.
func (m matrix) text() string {
	var b strings.Builder
	for _, c := range calls(everything) {
		if o, ok := m.of(c); ok {
			fmt.Fprintf(&b, "%-84s %-18s %s\n", c, strings.ReplaceAll(o.short(c.action), "`", ""), o.Commands)
		}
	}
	return b.String()
}

// Each row of the notes belongs to a fault of the table, so none is lost.
func TestEveryNoteHasItsFault(t *testing.T) {
	for f := range footnotes {
		if !slices.ContainsFunc(rows, func(r row) bool { return r.fault == f }) {
			t.Errorf("a note for %q, which is no fault of the table", f)
		}
	}
}
