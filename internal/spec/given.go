package spec

import "slices"

// Given is what a description itself says, without any default: the texts by the
// path of their key, such as "nodes.one-server1.bmc.url". A list has the texts of
// its items under its own path, and a map is there without texts.
type Given map[string][]string

// GivenBy reads what a description says. It is for one that Parse takes without an
// error; of others it returns what can be read.
func GivenBy(data []byte) Given {
	given := Given{}
	r := &reader{excused: map[string]bool{}, running: map[string]place{}}
	text, bad := normalise(data)
	if bad != nil {
		return given
	}
	docs, bad := decode(text)
	if bad != nil || len(docs) == 0 {
		return given
	}
	given.add("", r.tree(docs[0]))
	return given
}

func (g Given) add(path string, v value) {
	if v.kind == scalar {
		g[path] = append(g[path], v.text)
	} else if path != "" && !g.Has(path) {
		g[path] = nil
	}
	for _, item := range v.items {
		g.add(path, item)
	}
	for _, f := range v.fields {
		g.add(join(path, f.key), f.value)
	}
}

// Has reports whether the key at path is written.
func (g Given) Has(path string) bool {
	_, written := g[path]
	return written
}

// Says reports whether the key at path is written with that value, alone or among
// others.
func (g Given) Says(path, value string) bool { return slices.Contains(g[path], value) }
