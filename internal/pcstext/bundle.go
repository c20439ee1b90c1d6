package pcstext

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/cibtext"
)

// bundleAttrs are the attributes of the parts of a bundle (Pacemaker Explained,
// "Bundle Properties").
var bundleAttrs = map[string][]string{
	"container":       {"image", "replicas", "replicas-per-host", "promoted-max", "masters", "run-command", "network", "options"},
	"network":         {"ip-range-start", "control-port", "host-interface", "host-netmask", "add-host"},
	"port-mapping":    {"port", "internal-port", "range"},
	"storage-mapping": {"source-dir", "source-dir-root", "target-dir", "options"},
}

// bundle reads what only a bundle has: its container, its network and its mappings,
// which stand below their heading.
func (r *reader) bundle(e *etree.Element, l *line, heading, rest string) {
	within := func(tag string) *etree.Element {
		if c := e.SelectElement(tag); c != nil {
			return c
		}
		return cibtext.Add(e, tag)
	}
	switch heading {
	case "Network":
		r.bundlePart(within("network"), "network", l, rest)
	case "Port Mapping":
		for _, c := range l.below {
			r.bundlePart(cibtext.Add(within("network"), "port-mapping"), "port-mapping", c, c.text)
		}
	case "Storage Mapping":
		for _, c := range l.below {
			r.bundlePart(cibtext.Add(within("storage"), "storage-mapping"), "storage-mapping", c, c.text)
		}
	default:
		r.bundlePart(within(strings.ToLower(heading)), "container", l, rest)
	}
}

func (r *reader) bundlePart(e *etree.Element, kind string, l *line, text string) {
	ps, parens, ok := pairs(text)
	if !ok || len(parens) > 1 || slices.ContainsFunc(ps, func(p pair) bool { return !slices.Contains(bundleAttrs[kind], p.name) }) {
		e.Parent().RemoveChild(e)
		r.unread(l, "this part of the bundle cannot be read")
		return
	}
	if len(parens) == 1 && r.doc.Claim(parens[0]) {
		e.CreateAttr("id", parens[0])
	} else if strings.HasSuffix(kind, "-mapping") {
		e.CreateAttr("id", r.doc.ID(e.Parent().Parent().SelectAttrValue("id", ""), kind))
	}
	for _, p := range ps {
		e.CreateAttr(p.name, p.value)
	}
}
