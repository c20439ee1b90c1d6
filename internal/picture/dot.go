package picture

import (
	"bytes"
	"fmt"
	"strings"
)

// DOT writes the picture in the language of Graphviz, for those who want to lay it
// out or edit it themselves: dot -Tsvg FILE.
func (p Picture) DOT() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "digraph %s {\n", quote(p.Title))
	fmt.Fprintf(&b, "  label=%s; labelloc=t; fontname=Helvetica; compound=true; rankdir=BT; bgcolor=white; ranksep=0.9;\n", quote(p.Title))
	b.WriteString("  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=Helvetica];\n")
	b.WriteString("  edge [fontname=Helvetica, fontsize=10];\n")
	b.WriteString("  subgraph \"cluster nodes\" {\n    label=nodes; color=\"#c3d4ea\"; fontname=Helvetica;\n")
	for i, n := range p.Nodes {
		text := append([]string{n.Name}, append(append([]string{}, n.Addrs...), n.Notes...)...)
		fmt.Fprintf(&b, "    %s [label=%s, fillcolor=\"#dbe8f8\", color=\"#3b6fb6\"];\n", quote("node "+n.Name), quote(text...))
		if i > 0 {
			fmt.Fprintf(&b, "    { rank=same; %s -> %s [dir=none, color=\"#3b6fb6\", penwidth=2]; }\n", quote("node "+p.Nodes[i-1].Name), quote("node "+n.Name))
		}
	}
	b.WriteString("  }\n")
	if q := p.QDevice; q.Host != "" {
		fmt.Fprintf(&b, "  %s [label=%s, fillcolor=\"#eef7f0\", color=\"#1e7d4f\"];\n", quote("qdevice"), quote("quorum device", q.Host, q.Algorithm))
		if len(p.Nodes) > 0 {
			last := quote("node " + p.Nodes[len(p.Nodes)-1].Name)
			fmt.Fprintf(&b, "  { rank=same; %s -> %s [dir=none, style=dotted, color=\"#1e7d4f\"]; }\n", last, quote("qdevice"))
		}
	}
	for _, bl := range p.Blocks {
		p.dotBlock(&b, bl)
	}
	for _, dev := range p.Devices {
		fmt.Fprintf(&b, "  %s [label=%s, fillcolor=\"#fdeceb\", color=\"#c0392b\"];\n", quote("device "+dev.ID), quote(dev.ID, dev.Agent, dev.Address))
		for _, t := range dev.Targets {
			fmt.Fprintf(&b, "  %s -> %s [label=%s, color=\"#c0392b\", fontcolor=\"#c0392b\"];\n", quote("device "+dev.ID), quote("node "+t.Node), quote(t.label()))
		}
	}
	for _, r := range p.Rules {
		p.dotRule(&b, r)
	}
	b.WriteString("}\n")
	return b.Bytes()
}

func (p Picture) dotBlock(b *bytes.Buffer, bl Block) {
	indent := "  "
	if bl.Kind != "" {
		fmt.Fprintf(b, "  subgraph %s {\n    label=%s; style=dashed; color=\"#9aa5b1\"; fontname=Helvetica;\n", quote("cluster "+bl.ID), quote(bl.Kind+" "+bl.ID))
		indent = "    "
	}
	for i, m := range bl.Members {
		fill := ""
		if m.Address != "" {
			fill = ", fillcolor=\"#fff6dc\", color=\"#c98a00\""
		}
		fmt.Fprintf(b, "%s%s [label=%s%s];\n", indent, quote("resource "+m.ID), quote(m.ID, m.Address, m.Agent), fill)
		if i > 0 && bl.Kind == "group" {
			fmt.Fprintf(b, "    %s -> %s [color=\"#7b8794\"];\n", quote("resource "+bl.Members[i-1].ID), quote("resource "+m.ID))
		}
	}
	if bl.Kind != "" {
		if len(bl.Members) == 0 {
			fmt.Fprintf(b, "    %s [label=empty];\n", quote("resource "+bl.ID))
		}
		b.WriteString("  }\n")
	}
}

// dotRule draws what a rule says. An arrow to a group ends at its frame.
func (p Picture) dotRule(b *bytes.Buffer, r Rule) {
	color := map[Kind]string{Order: "#1f5fa8", Colocation: "#7a3fb0", Location: "#1e7d4f"}[r.Kind]
	style := map[Kind]string{Order: "solid", Colocation: "dashed", Location: "dotted"}[r.Kind]
	attrs := []string{"label=" + quote(p.within(r)), "color=" + quote(color), "fontcolor=" + quote(color), "style=" + style}
	from, frame := p.dotEnd(r.From, false)
	if frame != "" {
		attrs = append(attrs, "ltail="+frame)
	}
	to := quote("node " + r.To)
	if r.Kind != Location {
		to, frame = p.dotEnd(r.To, true)
		if frame != "" {
			attrs = append(attrs, "lhead="+frame)
		}
	}
	if r.Kind != Order { // what is stood on is below
		attrs = append(attrs, "dir=back")
		from, to = to, from
		for i, a := range attrs {
			switch {
			case strings.HasPrefix(a, "ltail="):
				attrs[i] = "lhead=" + strings.TrimPrefix(a, "ltail=")
			case strings.HasPrefix(a, "lhead="):
				attrs[i] = "ltail=" + strings.TrimPrefix(a, "lhead=")
			}
		}
	}
	fmt.Fprintf(b, "  %s -> %s [%s];\n", from, to, strings.Join(attrs, ", "))
}

// dotEnd returns the box that an arrow ends at, and the frame around it when the
// arrow means all of a group: the frame's first member when the arrow comes in, its
// last when it goes out.
func (p Picture) dotEnd(id string, in bool) (end, frame string) {
	bl := p.block(id)
	if bl == nil || bl.Kind == "" || bl.ID != id {
		return quote("resource " + id), ""
	}
	end = quote("resource " + bl.ID)
	if n := len(bl.Members); n > 0 && in {
		end = quote("resource " + bl.Members[0].ID)
	} else if n > 0 {
		end = quote("resource " + bl.Members[n-1].ID)
	}
	return end, quote("cluster " + id)
}

// quote writes lines as one quoted string of DOT: everything but a double quote and
// a backslash stands for itself there, and lines end with \n.
func quote(lines ...string) string {
	var all []string
	for _, l := range lines {
		if l != "" {
			l = strings.ReplaceAll(strings.ReplaceAll(printable(l), `\`, `\\`), `"`, `\"`)
			all = append(all, l)
		}
	}
	return `"` + strings.Join(all, `\n`) + `"`
}
