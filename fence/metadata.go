package fence

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// writeMetadata writes the agent's metadata in the form of fence-agents'
// metadata.rng, which has no version element and no long descriptions of
// parameters. Deprecated names are listed, because pcs and crmsh refuse options
// that are not. It is written at once, not line by line: those are over 200.
func writeMetadata(w io.Writer, a *Agent, t *table) {
	var b bytes.Buffer
	defer func() { _, _ = b.WriteTo(w) }()
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p(`<?xml version="1.0" ?>`)
	p(`<resource-agent name="%s" shortdesc="%s">`, escape(a.Name), escape(a.Short))
	p(`<longdesc>%s</longdesc>`, escape(a.Long))
	p(`<vendor-url>%s</vendor-url>`, escape(a.URL))
	p(`<parameters>`)
	for _, o := range t.options {
		if o.Hidden {
			continue
		}
		note := ""
		if len(o.Old) > 0 {
			note = ` obsoletes="` + o.Old[0] + `"`
		}
		writeParameter(p, o, o.Name, note)
		for _, old := range o.Old {
			writeParameter(p, o, old, ` deprecated="1"`)
		}
	}
	p(`</parameters>`)
	p(`<actions>`)
	for _, action := range actions {
		switch {
		case action.name == ActionOn:
			p(`	<action name="on" automatic="0"/>`) // switching on is not unfencing
		case action.listed:
			p(`	<action name="%s"/>`, action.name)
		}
	}
	if a.Diag {
		p(`	<action name="%s"/>`, ActionDiag)
	}
	p(`</actions>`)
	p(`</resource-agent>`)
}

func writeParameter(p func(string, ...any), o *Option, name, note string) {
	required := 0
	if o.Required {
		required = 1
	}
	content := fmt.Sprintf(`<content type="%s"`, o.Type)
	if o.Default != "" {
		content += fmt.Sprintf(` default="%s"`, escape(o.Default))
	}
	p(`	<parameter name="%s" unique="0" required="%d"%s>`, name, required, note)
	p(`		<getopt mixed="%s"/>`, escape(o.usage()))
	if o.Type == Select {
		p(`		%s>`, content)
		for _, c := range o.Choices {
			p(`			<option value="%s"/>`, escape(c))
		}
		p(`		</content>`)
	} else {
		p(`		%s/>`, content)
	}
	p(`		<shortdesc lang="en">%s</shortdesc>`, escape(o.Text))
	p(`	</parameter>`)
}

// usage is the option as it stands on a command line, e.g. "-a, --ip=[ip]".
func (o *Option) usage() string {
	s := "--" + o.flag()
	if o.Short != 0 {
		s = fmt.Sprintf("-%c, %s", o.Short, s)
	}
	if o.takesValue() {
		s += "=[" + o.Arg + "]"
	}
	return s
}

// writeHelp writes the text of --help.
func writeHelp(w io.Writer, a *Agent, t *table) {
	fmt.Fprintf(w, "%s: %s\n\n%s\n\nUsage:\n  %s [options]\n  %s < file with name=value lines\n\nOptions:\n", a.Name, a.Short, a.Long, a.Name, a.Name)
	for _, o := range t.options {
		if o.Hidden {
			continue
		}
		text := o.Text
		if o.Type == Select {
			text += " (" + strings.Join(o.Choices, "|") + ")"
		}
		if o.Default != "" {
			text += " [" + o.Default + "]"
		}
		fmt.Fprintf(w, "  %-38s %s\n", o.usage(), text)
	}
	fmt.Fprintf(w, "\nActions: %s\n", strings.Join(t.actions(), ", "))
	fmt.Fprintf(w, "Exit codes: 0 done (status: on), 1 failed, 2 status: off\n")
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace
