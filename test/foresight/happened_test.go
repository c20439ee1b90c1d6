package foresight

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// happened is what became of the cluster, as a node that lives sees it.
type happened struct {
	fenced  []string          // nodes, sorted
	runs    map[string]string // node of each resource, "" when it runs on no member
	starts  map[string]string // which start of the resource this is
	blocked bool              // a node is lost and nobody can fence it, or there is no quorum
	measured
}

// look records where everything runs.
func (s *stage) look(ctx context.Context, n *lab.Node) (happened, error) {
	h := happened{fenced: s.fencedNodes(), runs: map[string]string{}, starts: map[string]string{}}
	status, err := n.Status(ctx)
	for err != nil { // while fencings fail, Pacemaker's tools may wait for the fencer
		if pausing := pause(ctx, time.Second); pausing != nil {
			return h, err
		}
		status, err = n.Status(ctx)
	}
	r, err := n.Exec(ctx, "cibadmin", "--query", "--scope", "status")
	if err != nil {
		return h, err
	}
	starts, err := readStarts(r.Stdout)
	if err != nil {
		return h, err
	}
	h.blocked = !status.Quorum
	members := map[string]bool{}
	for _, m := range status.Nodes {
		members[m.Name] = m.Online && !m.Unclean
		h.blocked = h.blocked || m.Unclean
	}
	for _, r := range status.Resources {
		h.runs[r.ID] = ""
		h.blocked = h.blocked || r.Blocked
		if r.Active && len(r.Nodes) == 1 && members[r.Nodes[0]] {
			h.runs[r.ID] = r.Nodes[0]
			h.starts[r.ID] = starts[r.ID+" "+r.Nodes[0]]
		}
	}
	return h, nil
}

// readStarts reads from the status of a CIB, for each "RESOURCE NODE", the key of the last
// transition that did something with the resource there, other than a recurring
// monitor: of a resource that runs it is another one exactly when it was started again.
func readStarts(text string) (map[string]string, error) {
	starts := map[string]string{}
	in := xml.NewDecoder(strings.NewReader(text))
	node := ""
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			return starts, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read status: %w", err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		attr := map[string]string{}
		for _, a := range e.Attr {
			attr[a.Name.Local] = a.Value
		}
		switch e.Name.Local {
		case "node_state":
			node = attr["uname"]
		case "lrm_rsc_op":
			if id, last := strings.CutSuffix(attr["id"], "_last_0"); last {
				starts[id+" "+node] = attr["transition-key"]
			}
		}
	}
}

// restarted are the resources that run where they ran, and were started again.
func (h happened) restarted(before happened) []string {
	again := []string{}
	for id, node := range h.runs {
		if node != "" && before.runs[id] == node && before.starts[id] != h.starts[id] {
			again = append(again, id)
		}
	}
	slices.Sort(again)
	return again
}
