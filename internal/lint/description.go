package lint

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/spec"
)

// Description is a cluster's description and what is generated from it.
type Description struct {
	source   []byte // the CIB
	cib      *CIB
	corosync *Corosync

	zone  *spec.Zone // instead of these, of mode raft
	where *atlas
}

// Describe generates what the rules look at. The cluster is one that spec.Parse
// found no error in, of the same bytes.
func Describe(file string, data []byte, c spec.Cluster) (*Description, error) {
	if c.Zone != nil {
		return &Description{zone: c.Zone, where: newAtlas(file, data)}, nil
	}
	files, err := cib.Generate(c, "xml", "corosync")
	if err != nil {
		return nil, err
	}
	where := newAtlas(file, data)
	sections, bad := readSections(file, files[1].Data)
	if len(bad) > 0 {
		return nil, fmt.Errorf("read generated corosync.conf: %s", bad[0].What)
	}
	names := newCorosync(sections).names()
	moveSections(sections, where)
	d := &Description{source: files[0].Data, corosync: newCorosync(sections)}

	root, wrong := readXML(file, files[0].Data)
	if wrong != nil {
		return nil, fmt.Errorf("read generated CIB: %s", wrong.What)
	}
	moveElements(root, Place{file, 1, 1}, names, where)
	if d.cib, bad = newCIB(file, root); len(bad) > 0 {
		return nil, fmt.Errorf("read generated CIB: %s", bad[0].What)
	}
	return d, nil
}

// fileRules are the rules that a description is held to while it is read.
var fileRules = []struct {
	id      string
	finding *regexp.Regexp
}{
	{"F01", regexp.MustCompile(`^property (stonith|fencing)-enabled: .* is refused`)},
	{"F03", regexp.MustCompile(`share the BMC`)},
	{"F05", regexp.MustCompile(`^fence_delay 0 lets two nodes shoot each other$`)},
	{"F13", regexp.MustCompile(`^a password does not belong in this file$|^password file .* has mode`)},
	{"Q02", regexp.MustCompile(`^property no-quorum-policy: .* is refused`)},
	{"S01", regexp.MustCompile(`^\d+ servers are (an even number|too many for a zone)$|^a single server is no high availability$`)},
	{"S06", regexp.MustCompile(`^endpoint of node .* is (the floating IP|.*which is another machine on each server)`)},
	{"S07", regexp.MustCompile(`^a heartbeat every .* is too seldom|^rpc .* is not shorter than election`)},
	{"S11", regexp.MustCompile(`^vip .* has no nic$|^addr of node .* is the floating IP`)},
	{"R08", regexp.MustCompile(`^vip .* is the address of node |^no addr of node .* is in the VIP's network`)},
}

// Number gives those findings of spec that are a rule of the table its id.
func Number(findings diag.Findings) {
	for i, f := range findings {
		for _, rule := range fileRules {
			if f.ID == "" && rule.finding.MatchString(f.What) {
				findings[i].ID = rule.id
			}
		}
	}
}

// moveSections puts everything of a generated corosync.conf where the description
// says it.
func moveSections(s *section, a *atlas) {
	s.place = a.first([]string{"cluster"})
	if node := s.last("name").value; s.name == "node" {
		s.place = a.first([]string{"nodes", node, "addr"}, []string{"nodes", node}, []string{"nodes"})
	}
	for i, v := range s.values {
		s.values[i].place = s.place
		if v.name == "token" || v.name == "consensus" {
			s.values[i].place = a.first([]string{v.name}, []string{"timing"}, []string{"cluster"})
		}
	}
	for _, sub := range s.sections {
		moveSections(sub, a)
	}
}

// moveElements does the same to a generated CIB.
func moveElements(e *element, above Place, nodes []string, a *atlas) {
	e.place = a.of(e, above, nodes)
	for _, child := range e.children {
		moveElements(child, e.place, nodes, a)
	}
}

// of is where the description says what a generated element says. What stands
// nowhere in it has the place of the element above.
func (a *atlas) of(e *element, above Place, nodes []string) Place {
	id, name := e.attr("id"), e.attr("name")
	switch e.tag {
	case "cib", "configuration":
		return a.first([]string{"cluster"})
	case "primitive":
		if e.attr("class") == "stonith" {
			for _, list := range []string{"fencing", "bmc"} {
				if at, ok := a.find(list, id); ok {
					return at
				}
			}
			for _, node := range nodes {
				if id == "fence-"+node || strings.HasPrefix(id, "fence-"+node+"-") {
					return a.first([]string{"nodes", node, "bmc"}, []string{"nodes", node}, []string{"nodes"})
				}
			}
			return a.first([]string{"fencing"}, []string{"bmc"}, []string{"nodes"})
		}
		if strings.Contains(id, "vip") {
			return a.first([]string{"vip"}, []string{"vips"}, []string{"cluster"})
		}
		return a.first([]string{"services", id}, []string{"services"}, []string{"cluster"})
	case "group", "rsc_order", "rsc_colocation":
		return a.first([]string{"layout"}, []string{"services"}, []string{"cluster"})
	case "rsc_location":
		if strings.Contains(id, "-prefers-") {
			return a.first([]string{"prefer"}, []string{"cluster"})
		}
		return a.first([]string{"cluster"})
	case "fencing-level":
		return a.first([]string{"fencing"}, []string{"nodes", e.attr("target")}, []string{"cluster"})
	case "nvpair":
		if strings.HasPrefix(name, "pcmk_delay") {
			if at, ok := a.find("fence_delay"); ok {
				return at
			}
		}
		if e.parent != nil && e.parent.tag == "cluster_property_set" {
			return a.first([]string{"properties", name}, []string{"cluster"})
		}
	}
	return above
}
