package interview

import (
	"fmt"
	"io"
	"strings"

	"github.com/oneha/oneha/internal/diag"
)

// Talk is how a person is talked to.
type Talk struct {
	Read func() (string, error) // the next line, without its end
	To   io.Writer
	Echo bool                     // show what was read, where no terminal does
	Mark func(text string) string // makes a question stand out; nil for not at all
}

// Converse asks until everything is answered, or reading fails; then it returns that
// error, and what was answered before stays so.
func (i *Interview) Converse(t Talk) error {
	last, about := "", ""
	for {
		p, ok := i.Next()
		if !ok {
			return nil
		}
		if p.About != about { // once for all nodes
			fmt.Fprintf(t.To, "\n%s\n", p.Why)
		}
		if p.Key != last && p.Hint != "" { // not when it is asked again
			fmt.Fprintln(t.To, p.Hint)
		}
		last, about = p.Key, p.About
		label := p.Label + ending(p)
		if t.Mark != nil {
			label = t.Mark(label)
		}
		fmt.Fprint(t.To, label+" ")
		line, err := t.Read()
		if err != nil {
			fmt.Fprintln(t.To)
			return err
		}
		if t.Echo {
			fmt.Fprintln(t.To, strings.ToValidUTF8(strings.Map(printable, shown(p, line)), "?"))
		}
		if strings.TrimSpace(line) == "?" {
			fmt.Fprint(t.To, explained(p))
			continue
		}
		for _, f := range i.Answer(line) {
			fmt.Fprintf(t.To, "  %s\n", message(f))
		}
	}
}

// ending is what follows the words of a question.
func ending(p Prompt) string {
	switch {
	case p.Default != "" && p.Optional:
		return " [" + p.Default + ", - for none]:"
	case p.Default != "":
		return " [" + p.Default + "]:"
	case p.Optional:
		return " [none]:"
	}
	return ":"
}

func message(f diag.Finding) string {
	s := f.What
	if f.Severity != diag.Error {
		s = "warning: " + s
	}
	if f.Fix != "" {
		s += "; " + f.Fix
	}
	return s
}

// explained is all that is known of a key.
func explained(p Prompt) string {
	k := keyOf(p.About)
	s := wrap("  ", k.Path+": "+k.Form+".", screen) + wrap("  ", k.Why, screen)
	if k.Default != "" {
		s += wrap("  ", "Default: "+k.Default+".", screen)
	}
	return s
}

// shown is what may be repeated of an answer. Before the @ of a URL, and where the name
// of a file is asked for, people type passwords, which do not belong there.
func shown(p Prompt, line string) string {
	line = strings.TrimSpace(line)
	secret := p.About == "bmc.password_file" && line != "" && line != "?" && !strings.HasPrefix(line, "/")
	if secret || strings.Contains(line, "@") {
		return "(not shown)"
	}
	return line
}

func printable(r rune) rune {
	if r < ' ' || r >= 0x7f && r < 0xa0 {
		return '?'
	}
	return r
}

// screen is how wide a terminal is, in characters.
const screen = 80

// wrap breaks a text into indented lines.
func wrap(indent, text string, width int) string {
	var b strings.Builder
	line := indent
	for _, word := range strings.Fields(text) {
		if line != indent && len(line)+1+len(word) > width {
			b.WriteString(line + "\n")
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	return b.String() + line + "\n"
}
