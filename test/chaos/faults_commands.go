package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// commandFaults are commands given at the wrong moment, by an administrator or by a
// script of theirs.
var commandFaults = []Fault{
	{Name: "oneha apply in the middle of a failover", Fields: anyField, Do: changeInFailover(change{command: "apply " + changed, restore: "rollback"})},
	{Name: "oneha rollback in the middle of a failover", Fields: anyField, Do: changeInFailover(change{prepare: "apply " + changed, command: "rollback"})},
	{Name: "oneha apply while others change the configuration", Fields: anyField, Do: applyAmongOthers},
	{Name: "oneha fence probe in the middle of a failover", Fields: anyField, Do: probeInFailover},
	{Name: "oneha recover in the middle of a failover", Fields: anyField, Do: recoverInFailover},
	{Name: "resources moved by hand, and the constraint cleared", Fields: anyField, Do: moveByHand},
	{Name: "oned restarted by pcs", Fields: anyField, Do: quietCommand("pcs resource restart oned", true)},
	{Name: "all resources probed again", Fields: anyField, Do: quietCommand("crm_resource --refresh", false)},
	{Name: "cluster stopped on all nodes, and started", Fields: anyField, Do: stopCluster},
}

// run runs a command on a node, and returns what it says also when it fails.
func (r *Round) run(ctx context.Context, n *lab.Node, command string) (lab.Result, error) {
	result, err := n.Exec(ctx, "sh", "-c", command)
	var exit *lab.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	r.Log("%s: %s: exit code %d: %s", n.Name, command, result.Code, strings.TrimSpace(lastLine(result.Stdout)+" "+lastLine(result.Stderr)))
	return result, err
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// begin makes the active node hang, and waits for any moment of the failover.
func (r *Round) begin(ctx context.Context) error {
	if err := r.Active.Freeze(); err != nil {
		return err
	}
	return lasts(ctx, r.between(0, 12*time.Second))
}

// failedOver waits until another node has taken over from the active one, which hangs.
func (r *Round) failedOver(ctx context.Context) (Want, error) {
	if err := r.waitFenced(ctx, r.Active); err != nil {
		return Want{}, err
	}
	to, err := r.moved(ctx)
	return Want{Fenced: []string{r.Active.Name}, Active: to}, err
}

// probeInFailover has the BMCs asked by hand while Pacemaker asks one of them to fence.
func probeInFailover(ctx context.Context, r *Round) (Want, error) {
	if err := r.begin(ctx); err != nil {
		return Want{}, err
	}
	said, err := r.run(ctx, r.Passive, "oneha fence probe -f "+description+" --tries 2")
	if err == nil && said.Code != 0 {
		err = fmt.Errorf("oneha fence probe: exit code %d: %s%s", said.Code, said.Stdout, said.Stderr)
	}
	if err != nil {
		return Want{}, err
	}
	return r.failedOver(ctx)
}

// recoverInFailover asks for what a failover has left all the time that one lasts. Before
// another node has taken over it must say that it cannot know, and never hang; in the end
// it has a list. Its exit code is 1 for both where the list is not empty, as the stand-in's
// is not.
func recoverInFailover(ctx context.Context, r *Round) (Want, error) {
	ask := func(n *lab.Node) (listed bool, err error) {
		said, err := r.run(ctx, n, "timeout 60 oneha recover --json")
		if err == nil && !slices.Contains([]int{0, 1}, said.Code) {
			err = fmt.Errorf("oneha recover: exit code %d: %s%s", said.Code, said.Stdout, said.Stderr)
		}
		return strings.HasPrefix(said.Stdout, "{"), err
	}
	if err := r.Active.Freeze(); err != nil {
		return Want{}, err
	}
	lists, asked := 0, 0
	for over := false; !over; asked++ {
		listed, err := ask(r.Passive)
		if err != nil {
			return Want{}, err
		}
		holder, err := r.Cluster.Active()
		taken := err == nil && holder != r.Active // before that no oned can be asked
		if listed {
			lists++
			if !taken {
				return Want{}, errors.New("oneha recover lists what was left, and no oned could be asked")
			}
		}
		over = taken && len(r.Oned.Answers(time.Now().Add(-time.Second))) > 0
		if err := lasts(ctx, 500*time.Millisecond); err != nil {
			return Want{}, err
		}
	}
	r.noted("oneha recover was asked %d times in the failover, and had a list %d times", asked, lists)
	want, err := r.failedOver(ctx)
	if err != nil {
		return want, err
	}
	listed, err := ask(r.Cluster.Node(want.Active))
	if err == nil && !listed {
		err = errors.New("oneha recover lists nothing on the node that has taken over")
	}
	return want, err
}

// moveByHand has an administrator move everything to another node, and take back the
// constraint that does it. It stays there then (resource-stickiness).
func moveByHand(ctx context.Context, r *Round) (Want, error) {
	const clear = "crm_resource --clear --resource frontend"
	r.undoOn(r.Passive, clear)
	if err := r.sh(ctx, r.Passive, "crm_resource --move --resource frontend --node "+r.Passive.Name); err != nil {
		return Want{}, err
	}
	to, err := r.moved(ctx)
	return Want{Active: to}, err
}

// quietCommand is a command after which everything runs where it ran before, and nothing
// has failed; oned is another process or not.
func quietCommand(command string, restarts bool) func(context.Context, *Round) (Want, error) {
	return func(ctx context.Context, r *Round) (Want, error) {
		want := Want{Active: r.Active.Name}
		before, err := process(ctx, r.Active, onedUnit)
		if err != nil {
			return want, err
		}
		said, err := r.run(ctx, r.Passive, command)
		if err == nil && said.Code != 0 {
			err = fmt.Errorf("%s: exit code %d: %s%s", command, said.Code, said.Stdout, said.Stderr)
		}
		if err != nil {
			return want, err
		}
		if err := r.Cluster.WaitSettled(ctx); err != nil {
			return want, err
		}
		after, err := process(ctx, r.Active, onedUnit)
		if err == nil && (after != before) != restarts {
			err = fmt.Errorf("%s: oned was process %s, and is process %s", command, before, after)
		}
		return want, err
	}
}

// stopCluster stops the cluster on all nodes at once, and starts it again. Where
// everything runs then is Pacemaker's choice: nothing ran anywhere.
func stopCluster(ctx context.Context, r *Round) (Want, error) {
	for _, script := range stopAndStart {
		if err := r.everywhere(ctx, r.Cluster.Nodes, script); err != nil {
			return Want{}, err
		}
	}
	return Want{}, nil
}

// stopAndStart are what restarts the cluster software where it is run.
var stopAndStart = []string{"systemctl stop pacemaker corosync", "systemctl start corosync pacemaker"}

// everywhere runs a script on some nodes at once.
func (r *Round) everywhere(ctx context.Context, nodes []*lab.Node, script string) error {
	ended := make(chan error)
	for _, n := range nodes {
		go func() { ended <- r.sh(ctx, n, script) }()
	}
	var errs []error
	for range nodes {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}
