package interview

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
)

// Given are answers that are there before anything is asked, by the path of their key
// in the description, such as nodes.one-server1.addr. That of "nodes" is the list of
// names.
type Given map[string]string

// Nodes reads nodes as NAME=ADDRESS[,ADDRESS] or NAME alone, and BMCs as NAME=URL.
func (g Given) Nodes(nodes, bmcs []string) error {
	var names []string
	for _, n := range nodes {
		name, addr, _ := strings.Cut(n, "=")
		if name = strings.TrimSpace(name); name == "" || strings.ContainsAny(name, " ,\t") {
			return fmt.Errorf("--node %q: write NAME=ADDRESS, or NAME=ADDRESS,ADDRESS for two links", n)
		}
		if slices.Contains(names, name) {
			return fmt.Errorf("--node: %s is given twice: keep one of them", name)
		}
		names = append(names, name)
		if addr != "" {
			g[ofNode("nodes.*.addr", name)] = addr
		}
	}
	if len(names) > 0 {
		g["nodes"] = strings.Join(names, " ")
	}
	for _, b := range bmcs {
		name, url, ok := strings.Cut(b, "=")
		key := ofNode("nodes.*.bmc", name)
		switch _, twice := g[key]; {
		case !ok || name == "" || url == "" || strings.Contains(name, ":"): // the text may hold a password
			return fmt.Errorf("--bmc: write NAME=URL, as in one-server1=ipmi://10.3.5.20")
		case twice:
			return fmt.Errorf("--bmc: %s is given twice: keep one of them", name)
		}
		g[key] = url
	}
	return nil
}

// take answers what was given.
func (i *Interview) take() (found diag.Findings) {
	used := map[string]bool{}
	for again := true; again; { // once more when the nodes are known
		again = false
		for _, s := range i.steps() {
			text, ok := i.given[s.path()]
			if !ok || used[s.path()] {
				continue
			}
			used[s.path()], again = true, s.key == "nodes"
			if i.done[s.path()] {
				continue
			}
			if s.optional && text == "-" {
				i.done[s.path()] = true
				continue
			}
			for _, f := range i.try(s, text) {
				f.What = strings.Fields(s.flag)[0] + ": " + f.What
				found = append(found, f)
			}
			if again {
				break
			}
		}
	}
	if i.done["nodes"] {
		for path := range i.given {
			if strings.HasPrefix(path, "nodes.") && !used[path] && !i.done[path] {
				name := strings.TrimSuffix(strings.TrimPrefix(path, "nodes."), ".bmc")
				found = append(found, diag.Finding{Severity: diag.Error, What: fmt.Sprintf("--bmc: %q is no node", clip(name)), Fix: "the nodes are " + strings.Join(i.a.names(), ", ")})
				delete(i.given, path) // said once
			}
		}
	}
	found.Sort()
	return found
}

// foresee judges the BMCs of nodes whose names are still to be answered, so that
// nobody answers questions beside a flag that is wrong.
func (i *Interview) foresee() (found diag.Findings) {
	if i.done["nodes"] {
		return nil
	}
	for _, path := range slices.Sorted(maps.Keys(i.given)) {
		name, ok := strings.CutSuffix(strings.TrimPrefix(path, "nodes."), ".bmc")
		if !ok {
			continue
		}
		for _, f := range judge(Answers{Nodes: []Node{{Name: name, BMC: i.given[path]}, {Name: standin}}}) {
			if f.Severity == diag.Error {
				f.What = "--bmc: " + f.What
				found = append(found, f)
			}
		}
	}
	return found
}

// clip keeps messages short.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "..."
	}
	return s
}
