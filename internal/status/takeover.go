package status

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/pacemaker"
)

// takeover asks Pacemaker's scheduler what would become of the resources of each
// node that has some, if it were lost now. It knows of bans, failures that count, and
// all that a look at the nodes does not show. A cluster at work is not asked: the answer
// would be another one in a moment.
func (g *gatherer) takeover(ctx context.Context) {
	r := &g.report
	if g.cib == nil || r.DCState != "S_IDLE" || !r.Quorum || g.status.Maintenance {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, schedWithin)
	defer cancel()
	for _, n := range r.Nodes {
		has := r.has(n.Name)
		if len(has) == 0 || !n.Online {
			continue
		}
		answer, err := g.Pacemaker.Simulate(ctx, g.cib, pacemaker.Injection{Failed: []string{n.Name}})
		if err == nil {
			var starts map[string]bool
			if starts, err = readStarts(answer.Graph); err == nil {
				r.Takeover = append(r.Takeover, Takeover{n.Name, slices.DeleteFunc(has, func(id string) bool { return starts[id] })})
				continue
			}
		}
		if !errors.Is(err, pacemaker.ErrNoTool) {
			g.unknown("whether another node could take over", err)
		}
		return
	}
}

// has lists the resources that run on a node and nowhere else, without fence devices and
// what is not managed. Of a clone other instances run already.
func (r Report) has(node string) (ids []string) {
	for _, a := range r.Addresses {
		if slices.Equal(a.Nodes, []string{node}) {
			ids = append(ids, a.ID)
		}
	}
	for _, s := range r.Services {
		clone := slices.ContainsFunc(r.Services, func(o Service) bool { return o.ID == s.ID && !slices.Equal(o.Nodes, s.Nodes) })
		if slices.Equal(s.Nodes, []string{node}) && s.Active && s.Managed && !s.Orphaned && !clone && !strings.Contains(s.ID, ":") {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// readStarts reads which resources a transition graph starts.
func readStarts(graph []byte) (map[string]bool, error) {
	starts := map[string]bool{}
	in := xml.NewDecoder(bytes.NewReader(graph))
	start := false
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			return starts, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read transition graph: %w", err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		get := func(name string) string {
			for _, a := range e.Attr {
				if a.Name.Local == name {
					return a.Value
				}
			}
			return ""
		}
		switch e.Name.Local {
		case "rsc_op":
			start = get("operation") == "start"
		case "primitive":
			if start {
				starts[get("id")] = true
			}
		}
	}
}

// stranded are the resources that nobody would take over although another node is there.
func (j *judgement) stranded() (ids []string) {
	for _, t := range j.Takeover {
		if j.another(t.Node) {
			ids = append(ids, t.Nobody...)
		}
	}
	return ids
}

// another reports whether another node than this one can run resources.
func (r Report) another(node string) bool {
	return slices.ContainsFunc(r.Nodes, func(n Node) bool { return n.Name != node && n.Ready() && !n.Maintenance })
}

// takeover says what the scheduler would leave where it fell. While no other node is
// ready that is no news.
func (j *judgement) takeover() {
	for _, t := range j.Takeover {
		if len(t.Nobody) > 0 && j.another(t.Node) {
			j.warn("if "+t.Node+" is lost now, "+join(t.Nobody)+" will run nowhere", "a ban, or failures that count, keep the others from it: see crm_simulate -L -S --node-fail "+t.Node)
		}
	}
}

// unfenceable are the fence devices of those of the nodes for which none works.
func (j *judgement) unfenceable(nodes []string) (ids []string) {
	for _, n := range nodes {
		var broken []string
		works := false
		for _, d := range j.Devices {
			switch {
			case !slices.Contains(d.Fences, n):
			case d.Failed || !d.Active && j.failed(d.ID):
				broken = append(broken, d.ID)
			default:
				works = true
			}
		}
		if !works {
			ids = append(ids, broken...)
		}
	}
	return ids
}

// failed reports whether a failure of the resource still counts.
func (j *judgement) failed(resource string) bool {
	return slices.ContainsFunc(j.Failures, func(f pacemaker.FailedAction) bool { return f.Resource == resource })
}
