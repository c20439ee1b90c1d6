package lint

// reference is a mention of a resource.
type reference struct {
	id    string
	place Place
}

// mentioning is an element with the resources that it mentions.
type mentioning struct {
	name string
	refs []reference
}

// mentions returns what refers to resources: constraints and the levels of the
// fencing topology.
func (c *CIB) mentions() (all []mentioning) {
	for _, e := range c.constraints {
		m := mentioning{name: e.tag + " " + e.attr("id")}
		for _, attr := range []string{"rsc", "with-rsc", "first", "then"} {
			if id := e.attr(attr); id != "" {
				m.refs = append(m.refs, reference{id, e.place})
			}
		}
		for _, set := range e.children {
			for _, ref := range set.children {
				if ref.tag == "resource_ref" {
					m.refs = append(m.refs, reference{ref.attr("id"), ref.place})
				}
			}
		}
		all = append(all, m)
	}
	for _, l := range c.levels {
		m := mentioning{name: "level " + l.index + " of the fencing topology"}
		for _, id := range l.devices {
			m.refs = append(m.refs, reference{id, l.place})
		}
		all = append(all, m)
	}
	return all
}

func (c *CIB) resourceIDs() (ids []string) {
	for _, r := range c.resources {
		ids = append(ids, r.id)
	}
	return ids
}
