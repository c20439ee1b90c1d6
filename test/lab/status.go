package lab

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Status is what Pacemaker says of the cluster (crm_mon).
type Status struct {
	DC        string // node that decides; "" before the election
	Quorum    bool   // of the partition that was asked
	Nodes     []NodeStatus
	Resources []ResourceStatus
	Failures  []string // failed actions, one line each
}

// NodeStatus is a node as the cluster sees it.
type NodeStatus struct {
	Name                              string
	Online, Unclean, Pending, Standby bool
}

// ResourceStatus is a resource, each instance of a clone by itself.
type ResourceStatus struct {
	ID, Agent, Role         string
	Active, Failed, Blocked bool
	Managed, Disabled       bool     // Disabled: its target role is Stopped
	Pending                 string   // operation under way, "" for none
	Nodes                   []string // where it is active
}

// On returns where resource id is active: "" for nowhere.
func (s Status) On(id string) string {
	for _, r := range s.Resources {
		if r.ID == id && r.Active && len(r.Nodes) > 0 {
			return r.Nodes[0]
		}
	}
	return ""
}

// Unsettled says what is still to happen before every node is online and every
// resource runs well on one node; "" when nothing is.
func (s Status) Unsettled() string {
	var waits []string
	if s.DC == "" {
		waits = append(waits, "no DC elected")
	}
	for _, n := range s.Nodes {
		switch {
		case n.Unclean:
			waits = append(waits, "node "+n.Name+" unclean")
		case n.Pending:
			waits = append(waits, "node "+n.Name+" pending")
		case !n.Online:
			waits = append(waits, "node "+n.Name+" offline")
		}
	}
	for _, r := range s.Resources {
		switch {
		case r.Disabled:
		case r.Pending != "":
			waits = append(waits, "resource "+r.ID+": "+r.Pending)
		case r.Failed:
			waits = append(waits, "resource "+r.ID+" failed")
		case !r.Active || len(r.Nodes) != 1 || r.Role != "Started":
			waits = append(waits, fmt.Sprintf("resource %s %s on %d nodes", r.ID, strings.ToLower(r.Role), len(r.Nodes)))
		}
	}
	if len(s.Nodes) == 0 {
		waits = append(waits, "no nodes")
	}
	return strings.Join(waits, ", ")
}

// parseStatus reads crm_mon --output-as=xml.
func parseStatus(text string) (Status, error) {
	var s Status
	in := xml.NewDecoder(strings.NewReader(text))
	var inside []string // open elements
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Status{}, fmt.Errorf("read crm_mon: %w", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			parent := ""
			if len(inside) > 0 {
				parent = inside[len(inside)-1]
			}
			s.element(parent, e)
			inside = append(inside, e.Name.Local)
		case xml.EndElement:
			inside = inside[:len(inside)-1]
		}
	}
	return s, nil
}

// element takes in one element below parent. Resources are found at any depth:
// alone, in groups and in clones.
func (s *Status) element(parent string, e xml.StartElement) {
	get := func(name string) string { return attribute(e, name) }
	is := func(name string) bool { v, _ := strconv.ParseBool(get(name)); return v }
	switch parent + "/" + e.Name.Local {
	case "summary/current_dc":
		if is("present") {
			s.DC, s.Quorum = get("name"), is("with_quorum")
		}
	case "nodes/node":
		s.Nodes = append(s.Nodes, NodeStatus{Name: get("name"), Online: is("online"), Unclean: is("unclean"), Pending: is("pending"), Standby: is("standby")})
	case "resource/node":
		if n := len(s.Resources); n > 0 {
			s.Resources[n-1].Nodes = append(s.Resources[n-1].Nodes, get("name"))
		}
	case "failures/failure":
		s.Failures = append(s.Failures, fmt.Sprintf("%s on %s: %s (%s)", get("op_key"), get("node"), get("exitstatus"), get("exitreason")))
	default:
		if e.Name.Local == "resource" && get("resource_agent") != "" {
			s.Resources = append(s.Resources, ResourceStatus{
				ID: get("id"), Agent: get("resource_agent"), Role: get("role"), Active: is("active"), Failed: is("failed"), Blocked: is("blocked"),
				Managed: is("managed"), Disabled: get("target_role") == "Stopped", Pending: get("pending"),
			})
		}
	}
}

// attribute is the value of e's attribute called name, "" for none.
func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// askLimit ends a question to a node that hangs.
const askLimit = 10 * time.Second

// Status asks Pacemaker on node n.
func (n *Node) Status(ctx context.Context) (Status, error) {
	if !n.responsive() {
		return Status{}, fmt.Errorf("node %s is off or frozen", n.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	r, err := n.Exec(ctx, "crm_mon", "-1", "--output-as=xml")
	if err != nil {
		return Status{}, err
	}
	return parseStatus(r.Stdout)
}

// Status asks Pacemaker on the first node that answers.
func (c *Cluster) Status(ctx context.Context) (Status, error) {
	var errs []error
	for _, n := range c.Nodes {
		s, err := n.Status(ctx)
		if err == nil {
			return s, nil
		}
		errs = append(errs, err)
	}
	return Status{}, errors.Join(append(errs, errors.New("ask Pacemaker: no node answers"))...)
}

// WaitSettled waits until every node is online and every resource runs, as every
// node sees it, and nothing is under way.
func (c *Cluster) WaitSettled(ctx context.Context) error {
	why := "nothing asked yet"
	for {
		if why = c.unsettled(ctx, why); why == "" {
			return nil
		}
		if pause(ctx, 200*time.Millisecond) != nil {
			return fmt.Errorf("wait for cluster to settle: %w: %s", ctx.Err(), why)
		}
	}
}

// unsettled is the first reason to wait; before is the one to keep when asking
// was cut short.
func (c *Cluster) unsettled(ctx context.Context, before string) string {
	dc := ""
	for _, n := range c.Nodes {
		s, err := n.Status(ctx)
		switch {
		case ctx.Err() != nil:
			return before
		case err != nil:
			return fmt.Sprintf("%s does not answer: %v", n.Name, err)
		case s.Unsettled() != "":
			return n.Name + " sees: " + s.Unsettled()
		case len(s.Nodes) != len(c.Nodes):
			return fmt.Sprintf("%s sees %d of %d nodes", n.Name, len(s.Nodes), len(c.Nodes))
		}
		dc = s.DC
	}
	asking, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	r, err := c.Node(dc).Exec(asking, "crmadmin", "--quiet", "--status", dc)
	if ctx.Err() != nil {
		return before
	}
	if err != nil || !strings.Contains(r.Stdout+r.Stderr, "S_IDLE") {
		return "the DC is at work: " + strings.TrimSpace(r.Stdout+r.Stderr)
	}
	return ""
}

// responsive reports whether asking the node makes sense.
func (n *Node) responsive() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.on && !n.frozen
}
