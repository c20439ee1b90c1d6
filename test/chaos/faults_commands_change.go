package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/apply"
	"github.com/oneha/oneha/test/lab"
)

// changed is a description beside the cluster's own: one service more, and a property.
const (
	changed     = "/root/changed.yaml"
	makeChanged = "sed 's/^services: .oned,/& hem,/' " + description + " >" + changed + "; sed -i 's/^properties: {/&cluster-recheck-interval: 7min, /' " + changed
)

// quickly are the options of a command that changes the configuration.
const quickly = " --yes --wait 40s"

// change is a command that changes the configuration, run in the middle of a failover.
type change struct {
	prepare string // run before, when all is well
	command string
	restore string // run afterwards: then all is as it was; "" when it is already
}

// live is the CIB as a node has it.
func (r *Round) live(ctx context.Context, n *lab.Node) ([]byte, error) {
	result, err := n.Exec(ctx, "cibadmin", "--query")
	return []byte(result.Stdout), err
}

// must runs oneha on a node, which has to succeed and to say something.
func (r *Round) must(ctx context.Context, n *lab.Node, command, say string) error {
	said, err := r.run(ctx, n, "oneha "+command)
	if err == nil && (said.Code != 0 || !strings.Contains(said.Stdout, say)) {
		err = fmt.Errorf("oneha %s: exit code %d, want 0 and %q:\n%s%s", command, said.Code, say, said.Stdout, said.Stderr)
	}
	return err
}

// What the commands say of a change.
const (
	wasChanged      = "changed: the cluster has"
	notChanged      = "nothing was changed"
	nothingToChange = "nothing to change"
)

// whether runs a command that changes the configuration, and returns whether it says
// that it has. It is an error when it says neither, or when the node has half of the
// change, or the contrary of what was said. A command that does not know, because the
// node that it asked was lost, says so, and then both is right.
func (r *Round) whether(ctx context.Context, n *lab.Node, command string) (bool, error) {
	before, err := r.live(ctx, n)
	if err != nil {
		return false, err
	}
	said, err := r.run(ctx, n, "oneha "+command+quickly)
	if err != nil {
		return false, err
	}
	after, err := r.live(ctx, n)
	if err != nil {
		return false, err
	}
	same, err := apply.Same(before, after)
	if err != nil {
		return false, err
	}
	if !same {
		if err := r.must(ctx, n, command+" --dry-run", nothingToChange); err != nil {
			return false, fmt.Errorf("half of a change was made: %w", err)
		}
	}
	did, not := strings.Contains(said.Stdout, wasChanged), strings.Contains(said.Stderr, notChanged)
	switch {
	case strings.Contains(said.Stderr, "it is not known"):
		return !same, nil
	case did == not || did == same:
		return did, fmt.Errorf("oneha %s: was changed: %t, and it says (exit code %d):\n%s%s", command, !same, said.Code, said.Stdout, said.Stderr)
	}
	return did, nil
}

// changeInFailover changes the configuration at any moment of a failover. When the
// cluster is whole again the change is what was said, on all nodes; run again the command
// does what it has not done; and all of it can be taken back.
func changeInFailover(c change) func(context.Context, *Round) (Want, error) {
	return func(ctx context.Context, r *Round) (Want, error) {
		n := r.Passive
		original, err := r.live(ctx, n)
		if err != nil {
			return Want{}, err
		}
		if err := r.sh(ctx, n, makeChanged); err != nil {
			return Want{}, err
		}
		if c.prepare != "" {
			if err := r.must(ctx, n, c.prepare+quickly, wasChanged); err != nil {
				return Want{}, err
			}
		}
		if err := r.begin(ctx); err != nil {
			return Want{}, err
		}
		done, err := r.whether(ctx, n, c.command)
		if err != nil {
			return Want{}, err
		}
		r.noted("in the failover oneha %s changed the configuration: %t", c.command, done)
		want, err := r.failedOver(ctx)
		if err != nil {
			return want, err
		}
		if err := r.Cluster.WaitSettled(ctx); err != nil {
			return want, err
		}
		if err := r.must(ctx, n, c.command+quickly, map[bool]string{true: nothingToChange, false: wasChanged}[done]); err != nil {
			return want, err
		}
		if c.restore != "" {
			if err := r.must(ctx, n, c.restore+quickly, wasChanged); err != nil {
				return want, err
			}
		}
		return want, r.isConfigured(ctx, original)
	}
}

// isConfigured returns an error unless all nodes have this configuration, byte for byte.
func (r *Round) isConfigured(ctx context.Context, as []byte) error {
	want, err := apply.Configuration(as)
	if err != nil {
		return err
	}
	for _, n := range r.Cluster.Nodes {
		now, err := r.live(ctx, n)
		if err != nil {
			return err
		}
		if now, err = apply.Configuration(now); err != nil {
			return err
		}
		if !bytes.Equal(now, want) {
			return fmt.Errorf("%s has another configuration than before:\n%s\nwant\n%s", n.Name, now, want)
		}
	}
	return nil
}

// othersChange changes a property again and again, as several administrators do.
const othersChange = `for i in 1 2 3 4 5 6 7 8 9; do crm_attribute --name cluster-delay --update 6${i}s; sleep 0.3; done; crm_attribute --name cluster-delay --delete`

// applyAmongOthers changes the configuration while others do: all of the change or
// nothing is made, and with nobody in the way it is made and taken back.
func applyAmongOthers(ctx context.Context, r *Round) (Want, error) {
	want := Want{Active: r.Active.Name}
	n := r.Passive
	if err := r.sh(ctx, n, makeChanged); err != nil {
		return want, err
	}
	others := make(chan error, 1)
	go func() { others <- r.sh(ctx, r.Active, othersChange) }()
	said, err := func() (lab.Result, error) {
		if err := lasts(ctx, r.between(0, 2*time.Second)); err != nil {
			return lab.Result{}, err
		}
		return r.run(ctx, n, "oneha apply "+changed+quickly)
	}()
	if err := errors.Join(err, <-others); err != nil {
		return want, err
	}
	r.noted("among others oneha apply ended with exit code %d", said.Code)
	if said.Code != 0 && !strings.Contains(said.Stderr, notChanged) {
		return want, fmt.Errorf("oneha apply: exit code %d:\n%s%s", said.Code, said.Stdout, said.Stderr)
	}
	if err := r.must(ctx, n, "apply "+changed+quickly, ""); err != nil {
		return want, err
	}
	if err := r.must(ctx, n, "apply "+changed+quickly, nothingToChange); err != nil {
		return want, err
	}
	if err := r.must(ctx, n, "apply "+description+quickly, wasChanged); err != nil {
		return want, err
	}
	return want, r.must(ctx, n, "apply "+description+quickly, nothingToChange)
}
