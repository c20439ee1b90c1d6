package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/test/fakeoned"
	"github.com/oneha/oneha/test/lab"
)

// Checked is a cluster whose nodes look at themselves with oneha check.
type Checked struct {
	Cluster *lab.Cluster
	Healthy map[*lab.Node]diag.Findings // what each says without a fault
}

// Files on every node: the cluster's description, and what the other node said of
// itself while nothing was wrong.
const (
	description = "/root/oneha.yaml"
	peerFacts   = "/root/peer.json"
)

// outsideDatabase gives oned the database that a front-end needs, on a machine of its
// own. The running oned has read its file, so nothing need answer there.
const outsideDatabase = "sed 's/127\\.0\\.0\\.1/db.example.com/' " + fakeoned.MySQLConf + " >/etc/one/oned.conf"

// NewChecked readies the nodes of a settled cluster of two, which the file describes,
// and notes what they say.
func NewChecked(ctx context.Context, c *lab.Cluster, file string) (*Checked, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for _, n := range c.Nodes {
		if err := write(ctx, n, description, string(text)); err != nil {
			return nil, err
		}
		if _, err := n.Exec(ctx, "sh", "-euc", outsideDatabase); err != nil {
			return nil, err
		}
	}
	for _, n := range c.Nodes {
		facts, err := n.Exec(ctx, "oneha", "check", "--node", "--facts", description)
		if err != nil {
			return nil, err
		}
		if err := write(ctx, c.Peer(n), peerFacts, facts.Stdout); err != nil {
			return nil, err
		}
	}
	k := &Checked{Cluster: c, Healthy: map[*lab.Node]diag.Findings{}}
	for _, n := range c.Nodes {
		if k.Healthy[n], err = k.Findings(ctx, n); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// write writes a file on a node.
func write(ctx context.Context, n *lab.Node, path, text string) error {
	_, err := n.Command(ctx, lab.Command{Args: []string{"sh", "-euc", `cat >"$1"`, "write", path}, Streams: lab.Streams{Stdin: strings.NewReader(text)}})
	return err
}

// checkLimit bounds one check: a BMC that does not answer takes it the longest.
const checkLimit = time.Minute

// Findings has the node look at everything there is: the description, the running
// cluster, itself, and its twin. Options take the place of the cluster and the
// description.
func (k *Checked) Findings(ctx context.Context, n *lab.Node, options ...string) (diag.Findings, error) {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	if len(options) == 0 {
		options = []string{"--cib", "live", description}
	}
	r, err := n.Exec(ctx, append([]string{"oneha", "check", "--json", "--node", "--peer-facts", peerFacts}, options...)...)
	var exit *lab.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	var said struct {
		Errors   int
		Findings diag.Findings
	}
	if failed := json.Unmarshal([]byte(r.Stdout), &said); failed != nil {
		return nil, fmt.Errorf("read findings of %s: %w; %w", n.Name, failed, err)
	}
	if want := map[bool]int{true: 1}[said.Findings.HasErrors()]; r.Code != want || r.Stderr != "" {
		return nil, fmt.Errorf("oneha check on %s: exit code %d with %d errors, and on standard error %q", n.Name, r.Code, said.Errors, r.Stderr)
	}
	return said.Findings, nil
}

// Found is what a node says because of a fault.
type Found struct {
	Fault    string
	Node     string
	Findings diag.Findings
	Took     time.Duration // of the check
}

// Inject makes the fault, has the node check itself, undoes the fault and has it
// check again. It returns what the fault added, and an error when that is not what
// the fault's rules say, or is not gone at the end.
func (k *Checked) Inject(ctx context.Context, f NodeFault) (found Found, err error) {
	c := k.Cluster
	n, err := c.Active()
	if err != nil {
		return found, err
	}
	if !f.OnActive {
		n = c.Peer(n)
	}
	found = Found{Fault: f.Name, Node: n.Name}
	defer func() {
		if f.undo != nil { // also when it could not be made whole
			err = errors.Join(err, f.undo(context.WithoutCancel(ctx), c, n), k.mended(ctx, n, f))
		}
	}()
	if err := f.do(ctx, c, n); err != nil {
		return found, err
	}
	start := time.Now()
	all, err := k.Findings(ctx, n, f.options...)
	found.Took = time.Since(start)
	if err != nil {
		return found, err
	}
	found.Findings = k.added(n, all)
	return found, f.explains(found.Findings)
}

// added are the findings that a node without a fault does not have. Lines of the
// live CIB move, so places do not count.
func (k *Checked) added(n *lab.Node, all diag.Findings) diag.Findings {
	return slices.DeleteFunc(slices.Clone(all), func(f diag.Finding) bool {
		return slices.ContainsFunc(k.Healthy[n], func(h diag.Finding) bool { return h.ID == f.ID && h.What == f.What })
	})
}

// mendLimit is what a cluster needs to forget a change of its configuration.
const mendLimit = time.Minute

// mended waits until the node says nothing more than it did before the fault. What
// lies on the node is gone at once, what the cluster does takes its time.
func (k *Checked) mended(ctx context.Context, n *lab.Node, f NodeFault) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mendLimit)
	defer cancel()
	for {
		all, err := k.Findings(ctx, n)
		added := k.added(n, all)
		switch {
		case err == nil && len(added) == 0 && !f.moves:
			return nil
		case err == nil && len(added) == 0:
			return k.Cluster.WaitSettled(ctx)
		case err == nil && !f.moves:
			return fmt.Errorf("%s is mended, and %s still says %v", f.Name, n.Name, added)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s to be mended on %s: %w (%v, findings %v)", f.Name, n.Name, ctx.Err(), err, added)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
