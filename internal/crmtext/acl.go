package crmtext

import (
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/cibtext"
)

// target reads "acl_target user role ..." and acl_group.
func (r *reader) target(c *command) bool {
	e := etree.NewElement(strings.ToLower(c.tokens[0].text))
	if at := c.at(); len(c.tokens) < 2 || !r.claim(c, e, at, c.next().text) {
		return false
	}
	for !c.done() {
		cibtext.Add(e, "role", "id", c.next().text)
	}
	r.doc.Section("acls").AddChild(e)
	return true
}

// user is of Pacemaker before 1.1.12, whose ACLs no Pacemaker 2 takes.
func (r *reader) user(c *command) bool {
	c.position = len(c.tokens)
	r.unread(c.tokens[0], "an ACL of Pacemaker before 1.1.12")
	return true
}

// specs are the ways to say what a permission is for, and the attributes they set.
var specs = map[string]string{
	"xpath": "xpath", "ref": "reference", "reference": "reference", "tag": "object-type", "type": "object-type",
	"attr": "attribute", "attribute": "attribute",
}

// shortcuts are short for XPaths; each part with @@ takes one word.
var shortcuts = map[string][]string{
	"meta":        {"//primitive[@id='@@']/meta_attributes", "/nvpair[@name='@@']"},
	"params":      {"//primitive[@id='@@']/instance_attributes", "/nvpair[@name='@@']"},
	"utilization": {"//primitive[@id='@@']/utilization"},
	"location":    {"//rsc_location[@id='cli-prefer-@@' and @rsc='@@']"},
	"property":    {"//crm_config/cluster_property_set", "/nvpair[@name='@@']"},
	"nodeattr":    {"//nodes/node/instance_attributes", "/nvpair[@name='@@']"},
	"nodeutil":    {"//nodes/node/utilization", "[@uname='@@']"},
	"node":        {"//nodes/node", "[@uname='@@']"},
	"status":      {"/cib/status"},
	"cib":         {"/cib"},
}

// role reads "role id [description=x] read|write|deny [id:] spec ...", many times.
func (r *reader) role(c *command) bool {
	e := etree.NewElement("acl_role")
	if at := c.at(); len(c.tokens) < 3 || !r.claim(c, e, at, c.next().text) {
		return false
	}
	description(e, c)
	for !c.done() {
		kind, found := c.take("read", "write", "deny")
		if !found {
			return false
		}
		p := cibtext.Add(e, "acl_permission", "kind", kind)
		id, given := c.prefixed("$id=")
		if !given {
			id, given = c.colon()
		}
		if !given || !r.doc.Claim(id) {
			id = r.doc.ID(e.SelectAttrValue("id", ""), kind)
		}
		p.CreateAttr("id", id)
		description(p, c)
		for n := 0; ; n++ {
			name, value, _ := strings.Cut(c.peek(), ":")
			if specs[name] == "" && shortcuts[name] == nil || c.done() {
				if n == 0 {
					return false
				}
				break
			}
			if attr := specs[name]; attr != "" {
				p.CreateAttr(attr, value)
			} else {
				p.CreateAttr("xpath", expand(shortcuts[name], value))
			}
			c.next()
		}
	}
	r.doc.Section("acls").AddChild(e)
	return true
}

// expand writes the XPath of a shortcut with its words.
func expand(parts []string, value string) string {
	var words []string
	if value != "" {
		words = strings.Split(value, ":")
	}
	xpath := ""
	for _, part := range parts {
		if strings.Contains(part, "@@") {
			if len(words) == 0 {
				break
			}
			part = strings.ReplaceAll(part, "@@", words[0])
			words = words[1:]
		}
		xpath += part
	}
	return xpath
}
