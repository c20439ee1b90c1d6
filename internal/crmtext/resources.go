package crmtext

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/cibtext"
)

// resource is one that was read, with the names of those in it, which have lines of
// their own.
type resource struct {
	e       *etree.Element
	at      token
	members []token
	owner   *resource
}

func (r *reader) add(res *resource) {
	r.resources = append(r.resources, res)
	r.byID[res.e.SelectAttrValue("id", "")] = res
}

// nest puts every resource where it belongs: into the group, the clone or the bundle
// that names it, or to the others.
func (r *reader) nest() {
	for _, res := range r.resources {
		for _, m := range res.members {
			child := r.byID[m.text]
			if child == nil || child.owner != nil || !slices.Contains(holds[res.e.Tag], child.e.Tag) {
				r.unread(m, "this member is not there, is in another resource already, or can be in none")
				continue
			}
			child.owner = res
			res.e.AddChild(child.e)
		}
	}
	for _, res := range r.resources {
		if res.owner == nil {
			r.doc.Section("resources").AddChild(res.e)
		}
	}
}

// holds are the resources that one can hold.
var holds = map[string][]string{
	"group": {"primitive"}, "bundle": {"primitive"}, "clone": {"primitive", "group"}, "master": {"primitive", "group"},
}

// primitive reads "primitive id [[class:]provider:]type | @template ..." and
// rsc_template.
func (r *reader) primitive(c *command) bool {
	e := etree.NewElement("primitive")
	if strings.EqualFold(c.tokens[0].text, "rsc_template") {
		e.Tag = "template"
	}
	at := c.at()
	if len(c.tokens) < 3 || !r.claim(c, e, at, c.next().text) {
		return false
	}
	if template, found := c.prefixed("@"); found {
		e.CreateAttr("template", template)
	} else if !agent(e, c.next().text) {
		c.position--
		return false
	}
	description(e, c)
	r.add(&resource{e: e, at: at})
	return r.arguments(e, c, "instance_attributes")
}

// agent reads class:provider:type, class:type, or type alone, which is of
// ocf:heartbeat.
func agent(e *etree.Element, s string) bool {
	w := strings.Split(s, ":")
	switch {
	case strings.Contains(s, "=") || strings.HasSuffix(s, ":"):
		return false
	case len(w) == 1:
		w = []string{"ocf", "heartbeat", w[0]}
	case len(w) == 2 && w[0] == "ocf":
		w = []string{"ocf", "heartbeat", w[1]}
	case w[0] != "ocf": // systemd:name@instance:part
		w = []string{w[0], "", strings.Join(w[1:], ":")}
	case len(w) > 3:
		return false
	}
	for i, name := range []string{"class", "provider", "type"} {
		if w[i] != "" {
			e.CreateAttr(name, w[i])
		}
	}
	return true
}

// group reads "group id member ... [params ...] [meta ...]".
func (r *reader) group(c *command) bool {
	res := &resource{e: etree.NewElement("group"), at: c.at()}
	if len(c.tokens) < 3 || !r.claim(c, res.e, res.at, c.next().text) {
		return false
	}
	for !c.done() && !strings.Contains(c.peek(), "=") && lists[strings.ToLower(c.peek())] == "" {
		res.members = append(res.members, c.next())
	}
	description(res.e, c)
	r.add(res)
	return r.arguments(res.e, c, "instance_attributes")
}

// clone reads "clone id member [params ...] [meta ...]", and ms and master.
func (r *reader) clone(c *command) bool {
	res := &resource{e: etree.NewElement("clone"), at: c.at()}
	if !strings.EqualFold(c.tokens[0].text, "clone") {
		res.e.Tag = "master"
	}
	if len(c.tokens) < 3 || !r.claim(c, res.e, res.at, c.next().text) {
		return false
	}
	res.members = []token{c.next()}
	description(res.e, c)
	r.add(res)
	return r.arguments(res.e, c, "instance_attributes")
}

var containers = []string{"docker", "podman", "rkt", "network", "storage"}

// bundle reads "bundle id docker name=value ... network ... storage ... meta ...
// primitive id". A word port-mapping or storage-mapping begins one, in its part.
func (r *reader) bundle(c *command) bool {
	res := &resource{e: etree.NewElement("bundle"), at: c.at()}
	if len(c.tokens) < 3 || !r.claim(c, res.e, res.at, c.next().text) {
		return false
	}
	description(res.e, c)
	r.add(res)
	for !c.done() {
		if _, found := c.take("meta"); found {
			if !r.list(res.e, c, "meta_attributes", append([]string{"primitive"}, append(containers, endsList...)...)) {
				return false
			}
			continue
		}
		if _, found := c.take("primitive"); found && !c.done() {
			res.members = append(res.members, c.next())
			continue
		}
		tag, found := c.take(containers...)
		if !found {
			return false
		}
		part := res.e.SelectElement(tag)
		if part == nil {
			part = cibtext.Add(res.e, tag)
		}
		if !bundlePart(part, c) {
			return false
		}
		for _, m := range part.ChildElements() { // crmsh 5 prints no ids
			if id := m.SelectAttrValue("id", ""); id == "" || !r.doc.Claim(id) {
				m.CreateAttr("id", r.doc.ID(res.e.SelectAttrValue("id", ""), m.Tag))
			}
		}
	}
	return true
}

// bundleAttrs are the attributes of the parts of a bundle (Pacemaker Explained,
// "Bundle Properties").
var bundleAttrs = " image replicas replicas-per-host promoted-max masters run-command network options " +
	"ip-range-start control-port host-interface host-netmask add-host " +
	"id port internal-port range source-dir source-dir-root target-dir "

func bundlePart(part *etree.Element, c *command) bool {
	e := part
	for !c.done() {
		if word, found := c.take("port-mapping", "storage-mapping"); found {
			e = cibtext.Add(part, word)
			continue
		}
		name, value, found := strings.Cut(c.peek(), "=")
		if !found {
			return true
		}
		if !strings.Contains(bundleAttrs, " "+name+" ") {
			return false
		}
		e.CreateAttr(name, value)
		c.next()
	}
	return true
}
