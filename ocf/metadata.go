package ocf

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Timeouts that metadata advises for the actions that Run answers itself.
// Validate may look at the node, so it gets what a start gets.
const (
	metaDataTimeout    = 5 * time.Second
	validateAllTimeout = 20 * time.Second
)

// Metadata returns the agent's metadata as XML, the same bytes for the same
// declaration.
//
// It says <version>1.0</version> and keeps to the order, types and attributes
// of ra-api-1.dtd because that is what every consumer takes: ocf-tester
// validates against that DTD, resource-agents against metadata.rng, pcs against
// its own schema chosen by the version, and pcs honours unique="1" in 1.0 only.
// There is no encoding in the XML declaration, since pcs parses a string that
// is decoded already; UTF-8 is XML's default.
func (a Agent) Metadata() []byte {
	var b xmlBuilder
	b.WriteString("<?xml version=\"1.0\"?>\n<!DOCTYPE resource-agent SYSTEM \"ra-api-1.dtd\">\n")
	b.WriteString("<resource-agent")
	b.attr("name", a.Name)
	if a.Version != "" {
		b.attr("version", a.Version)
	}
	b.WriteString(">\n<version>1.0</version>\n")
	b.texts(a.Short, a.Long)

	b.WriteString("\n<parameters>\n")
	for _, p := range a.Params {
		b.WriteString("<parameter")
		b.attr("name", p.Name)
		b.attr("unique", flag(p.Unique))
		b.attr("required", flag(p.Required))
		b.WriteString(">\n")
		b.texts(p.Short, p.Long)
		b.WriteString("<content")
		b.attr("type", string(p.Type))
		if p.Default != "" {
			b.attr("default", p.Default)
		}
		b.WriteString("/>\n</parameter>\n")
	}
	b.WriteString("</parameters>\n\n<actions>\n")
	for _, act := range a.listed() {
		b.WriteString("<action")
		b.attr("name", act.Name)
		b.attr("timeout", Seconds(act.Timeout))
		if act.Name == Monitor {
			b.attr("interval", Seconds(act.Interval))
			b.attr("depth", strconv.Itoa(act.Depth))
		}
		b.WriteString("/>\n")
	}
	b.WriteString("</actions>\n</resource-agent>\n")
	return []byte(b.String())
}

// listed returns the actions for metadata: the declared ones and those that Run
// answers itself.
func (a Agent) listed() []Action {
	var listed []Action
	for _, act := range a.Actions {
		if !act.OnRequest {
			listed = append(listed, act)
		}
	}
	return append(listed,
		Action{Name: MetaData, Timeout: metaDataTimeout},
		Action{Name: ValidateAll, Timeout: validateAllTimeout})
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// Seconds renders a duration as Pacemaker and its shells read it: whole
// seconds where possible, else milliseconds.
func Seconds(d time.Duration) string {
	if d%time.Second == 0 {
		return fmt.Sprintf("%ds", d/time.Second)
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

// xmlBuilder writes the little XML that metadata is. encoding/xml would add its
// weight to a process that is started every few seconds.
type xmlBuilder struct{ strings.Builder }

func (b *xmlBuilder) attr(name, value string) {
	b.WriteString(" " + name + `="`)
	b.WriteString(strings.ReplaceAll(escape(value), "\n", "&#10;"))
	b.WriteByte('"')
}

// texts writes a description in the order that ra-api-1.dtd fixes.
func (b *xmlBuilder) texts(short, long string) {
	b.WriteString("<longdesc lang=\"en\">" + escape(long) + "</longdesc>\n")
	b.WriteString("<shortdesc lang=\"en\">" + escape(short) + "</shortdesc>\n")
}

// escape renders s as character data. What XML 1.0 cannot hold at all becomes
// U+FFFD.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&quot;")
		case r == '\t' || r == '\r': // would be normalised away
			fmt.Fprintf(&b, "&#%d;", r)
		case r == '\n' || isXMLChar(r):
			b.WriteRune(r)
		default:
			b.WriteRune(utf8.RuneError)
		}
	}
	return b.String()
}

// isXMLChar is the production Char of XML 1.0, section 2.2, from the space on.
func isXMLChar(r rune) bool {
	return r >= ' ' && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}
