package pacemaker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Status is the state of the cluster as the node sees it that is asked.
type Status struct {
	Version         string `json:"version,omitempty"`  // of the DC's Pacemaker
	DC              string `json:"dc,omitempty"`       // node that decides; "" while there is none
	DCState         string `json:"dc_state,omitempty"` // of its controller, such as S_IDLE; "" when it did not say
	Quorum          bool   `json:"quorum"`             // of the partition of the node that is asked
	NoQuorumPolicy  string `json:"no_quorum_policy,omitempty"`
	Maintenance     bool   `json:"maintenance"`      // maintenance-mode: nothing is managed
	FencingDisabled bool   `json:"fencing_disabled"` // stonith-enabled=false
	StopAll         bool   `json:"stop_all_resources"`

	Nodes     []NodeStatus     `json:"nodes"`
	Resources []ResourceStatus `json:"resources"`
	Failures  []FailedAction   `json:"failures,omitempty"`
	Fencing   []FenceEvent     `json:"fencing,omitempty"` // what the fencers remember, newest first
}

// NodeStatus is a node of the cluster.
type NodeStatus struct {
	Name        string `json:"name"`
	ID          string `json:"id,omitempty"` // corosync's node ID
	Online      bool   `json:"online"`
	Standby     bool   `json:"standby"`
	Maintenance bool   `json:"maintenance"`
	Pending     bool   `json:"pending"` // it is joining
	Unclean     bool   `json:"unclean"` // it has to be fenced before it counts as stopped
	Shutdown    bool   `json:"shutdown"`
	Running     int    `json:"running"` // active resources
}

// ResourceStatus is a primitive, each instance of a clone by itself.
type ResourceStatus struct {
	ID         string   `json:"id"`
	Agent      string   `json:"agent"`        // such as ocf:heartbeat:IPaddr2
	In         []string `json:"in,omitempty"` // the group, the clone or both that it is in, outermost first
	Role       string   `json:"role"`         // Started, Stopped, Promoted, Unpromoted, ...
	TargetRole string   `json:"target_role,omitempty"`
	Nodes      []string `json:"nodes,omitempty"` // where it is active: several are an error
	Active     bool     `json:"active"`
	Orphaned   bool     `json:"orphaned"` // no longer configured
	Blocked    bool     `json:"blocked"`  // nothing can be done before something else is: a fencing after a failed stop
	Managed    bool     `json:"managed"`
	Failed     bool     `json:"failed"`
	Pending    string   `json:"pending,omitempty"` // operation under way, such as Starting
}

// FailedAction is an operation that failed and whose failure still counts.
type FailedAction struct {
	Resource string        `json:"resource"`
	Node     string        `json:"node"`
	Task     string        `json:"task"`             // monitor, start, stop, ...
	Interval time.Duration `json:"interval"`         // of a monitor, in nanoseconds; 0: a probe or another task
	RC       int           `json:"rc"`               // OCF exit code
	Result   string        `json:"result"`           // the code, or how the operation ended, in words
	Reason   string        `json:"reason,omitempty"` // what the agent said
	Time     time.Time     `json:"time,omitzero"`    // zero when it is not told
}

// FenceEvent is a fencing operation.
type FenceEvent struct {
	Target   string    `json:"target"`
	Action   string    `json:"action"`             // reboot, off or on
	Status   string    `json:"status"`             // success, failed or pending
	Reason   string    `json:"reason,omitempty"`   // of a failure
	Delegate string    `json:"delegate,omitempty"` // node that carried it out
	Origin   string    `json:"origin,omitempty"`   // node that asked for it
	Client   string    `json:"client,omitempty"`   // program that asked for it
	Time     time.Time `json:"time,omitzero"`      // when it ended; zero when it has not or is not told
}

// ErrNotConnected says that the cluster does not run on this node.
var ErrNotConnected = errors.New("the cluster does not run on this node")

// ErrNotPermitted says that Pacemaker does not answer this user: it does root and the
// members of the group haclient.
var ErrNotPermitted = errors.New("this user may not ask Pacemaker")

// Status asks for the state of the cluster, and the DC what it is doing. It changes
// nothing. Errors are those of Snapshot; that the DC does not answer is none.
func (t Tools) Status(ctx context.Context) (Status, error) {
	s, err := t.Snapshot(ctx)
	if err == nil && s.DC != "" {
		s.DCState = t.ControllerState(ctx, s.DC)
	}
	return s, err
}

// Snapshot is Status without DCState: what this node knows, so that nobody else is
// waited for. Errors: ErrNoTool, ErrNotConnected,
// ErrNotPermitted, or those of crm_mon.
//
// crm_mon prints one form of XML when asked by --output-as, from 2.0.3 on, and another
// by --as-xml, which 1.1 has. The forms differ in their outermost element only.
func (t Tools) Snapshot(ctx context.Context) (Status, error) {
	text, err := t.monitor(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("ask Pacemaker: %w", err)
	}
	return ReadStatus(text)
}

// Exit codes of tools that found no cluster: CRM_EX_DISCONNECT since 2.0, ENOTCONN
// before. And of those that were refused: CRM_EX_INSUFFICIENT_PRIV, and EACCES.
const (
	exitDisconnect   = 102
	exitNotConnected = 107
	exitPrivileges   = 4
	exitAccess       = 13
)

// monitor is crm_mon's XML in the form that this release has.
func (t Tools) monitor(ctx context.Context) ([]byte, error) {
	out, err := t.run(ctx, nil, "crm_mon", "-1", "--output-as=xml")
	if err == nil || ctx.Err() != nil || errors.Is(err, ErrNoTool) {
		return out, err
	}
	if !bytes.Contains(out, []byte("<pacemaker-result")) { // it does not know the option
		out, err = t.run(ctx, nil, "crm_mon", "--as-xml", "--pending")
	}
	return out, notConnected(err)
}

// notConnected makes ErrNotConnected or ErrNotPermitted of the exit codes that mean
// them.
func notConnected(err error) error {
	if failed, ok := errors.AsType[*Error](err); ok {
		switch failed.Code {
		case exitDisconnect, exitNotConnected:
			return ErrNotConnected
		case exitPrivileges, exitAccess:
			return ErrNotPermitted
		}
	}
	return err
}

// stateWithin is how long the DC may take to say what it does. One that is alive
// takes some hundredths of a second; one that hangs must not be waited for.
const stateWithin = 2 * time.Second

// controllerStates are those of Pacemaker's controller (controld_fsa.h); crmadmin has
// always put one into its sentence, whose wording changed.
var controllerStates = regexp.MustCompile(`\bS_[A-Z_]+\b`)

// ControllerState asks a node what its controller does, such as S_IDLE; "" when it does
// not say so within two seconds.
func (t Tools) ControllerState(ctx context.Context, node string) string {
	ctx, cancel := context.WithTimeout(ctx, stateWithin)
	defer cancel()
	out, err := t.run(ctx, nil, "crmadmin", "-S", node)
	if failed, ok := errors.AsType[*Error](err); ok {
		out = append(out, failed.Stderr...) // 1.1 logs its answer
	}
	return controllerStates.FindString(string(out))
}

// Settled reports whether the cluster is at rest: there is a DC and it is idle, no
// node is joining or waits to be fenced, and no operation or fencing is under way.
// Otherwise why says what is waited for. It does not mean that all is well: a
// resource that may not run anywhere rests too.
//
// A change of the CIB reaches the DC a moment after cibadmin has returned: who waits
// for its effects wants Settled twice, half a second apart.
func (s Status) Settled() (ok bool, why string) {
	var waits []string
	switch {
	case s.DC == "":
		waits = append(waits, "no DC is elected")
	case s.DCState == "":
		waits = append(waits, "the DC "+s.DC+" does not say what it does")
	case s.DCState != "S_IDLE":
		waits = append(waits, "the DC "+s.DC+" is at work ("+s.DCState+")")
	}
	for _, n := range s.Nodes {
		switch {
		case n.Unclean:
			waits = append(waits, "node "+n.Name+" waits to be fenced")
		case n.Pending:
			waits = append(waits, "node "+n.Name+" is joining")
		}
	}
	for _, f := range s.Fencing {
		if f.Status == FencePending {
			waits = append(waits, f.Action+" of node "+f.Target+" is under way")
		}
	}
	for _, r := range s.Resources {
		if r.Pending != "" {
			waits = append(waits, "resource "+r.ID+": "+strings.ToLower(r.Pending))
		}
	}
	return len(waits) == 0, strings.Join(slices.Compact(waits), ", ")
}

// On returns the nodes where a resource is active, of a clone any of its instances.
func (s Status) On(id string) []string {
	var nodes []string
	for _, r := range s.Resources {
		if name, _, _ := strings.Cut(r.ID, ":"); name == id && r.Active {
			nodes = append(nodes, r.Nodes...)
		}
	}
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

// Node returns a node by name.
func (s Status) Node(name string) (NodeStatus, bool) {
	i := slices.IndexFunc(s.Nodes, func(n NodeStatus) bool { return n.Name == name })
	if i < 0 {
		return NodeStatus{}, false
	}
	return s.Nodes[i], true
}

// Ready reports whether the node can run resources.
func (n NodeStatus) Ready() bool {
	return n.Online && !n.Standby && !n.Pending && !n.Unclean && !n.Shutdown
}

// IsFencing reports whether the resource is a fence device.
func (r ResourceStatus) IsFencing() bool { return strings.HasPrefix(r.Agent, "stonith:") }
