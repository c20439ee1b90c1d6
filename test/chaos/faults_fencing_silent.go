package chaos

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// silentFaults are of BMCs that do not answer, or refuse to.
var silentFaults = []Fault{
	{Name: "active node hangs, its BMC is dead for a while", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.withoutBMCs(ctx, r.Active)
	}},
	{Name: "active node hangs, all BMCs are dead, its own comes back", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.withoutBMCs(ctx, r.Cluster.Nodes...)
	}},
	{Name: "active node hangs, its BMC dies at the command", Fields: anyField, Do: dieAtCommand},
	{Name: "active node hangs, its BMC refuses for a while", Fields: anyField, Do: refuse},
	{Name: "active node hangs, no node reaches the BMCs for a while", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		heal, err := r.cutBMCs(r.others()...)
		if err != nil {
			return Want{}, err
		}
		return r.hold(ctx, r.fencingFails, heal)
	}},
	{Name: "active node hangs, one node does not reach the BMCs", Fields: []string{"three-node"}, Do: reachByOther},
	{Name: "active node hangs, the BMC password is wrong for a while", Fields: anyField, Do: wrongPassword},
}

// withoutBMCs has the BMCs of nodes be off their network while the active node hangs. That
// one's own comes back when a fencing has failed, the others when all is over.
func (r *Round) withoutBMCs(ctx context.Context, nodes ...*lab.Node) (Want, error) {
	for _, n := range nodes {
		r.Undo(func(ctx context.Context) error { return n.SetBMC(ctx, true) })
		if err := n.SetBMC(ctx, false); err != nil {
			return Want{}, err
		}
	}
	return r.hold(ctx, r.fencingFails, func(ctx context.Context) error { return r.Active.SetBMC(ctx, true) })
}

// dieAtCommand has the BMC go silent at the command to switch off, by chance before or
// after it was carried out, and come back later. Meanwhile nobody can know whether the node
// is off, and the agent, which has begun, has to find out.
func dieAtCommand(ctx context.Context, r *Round) (Want, error) {
	n, after := r.Active, r.Rand.IntN(2) == 1
	r.Log("carried out: %v", after)
	died := make(chan error, 1)
	r.Undo(func(ctx context.Context) error { return n.SetBMC(ctx, true) })
	err := r.chassis(n, func(_ *lab.Node, request string, obey func(string) (string, error)) (string, error) {
		if !switches(request, "0") {
			return obey(request)
		}
		var err error
		if after {
			_, err = obey(request)
		}
		died <- errors.Join(err, n.SetBMC(ctx, false))
		return "", errors.New("the BMC has died")
	})
	if err != nil {
		return Want{}, err
	}
	return r.hold(ctx, func(ctx context.Context) error {
		select {
		case err := <-died:
			return errors.Join(err, lasts(ctx, r.between(3*time.Second, 20*time.Second)))
		case <-ctx.Done():
			return fmt.Errorf("wait for the command to switch off: %w", ctx.Err())
		}
	}, func(ctx context.Context) error {
		return errors.Join(n.SetChassis(nil), n.SetBMC(ctx, true))
	})
}

// refuse has the BMC answer with an error to commands.
func refuse(ctx context.Context, r *Round) (Want, error) {
	err := r.chassis(r.Active, func(_ *lab.Node, request string, obey func(string) (string, error)) (string, error) {
		if strings.Contains(request, " set ") {
			return "", errors.New("the chassis refuses")
		}
		return obey(request)
	})
	if err != nil {
		return Want{}, err
	}
	return r.hold(ctx, r.fencingFails, func(context.Context) error { return r.Active.SetChassis(nil) })
}

// cutBMCs pulls the cables of nodes to the BMC network, and returns what plugs them in
// again.
func (r *Round) cutBMCs(nodes ...*lab.Node) (func(context.Context) error, error) {
	heal := func(context.Context) error {
		var errs []error
		for _, n := range nodes {
			errs = append(errs, n.HealLink(n.BMCLink()))
		}
		return errors.Join(errs...)
	}
	r.Undo(heal)
	var errs []error
	for _, n := range nodes {
		errs = append(errs, n.CutLink(n.BMCLink()))
	}
	return heal, errors.Join(errs...)
}

// reachByOther leaves one node that can fence: it has to, whoever Pacemaker asks first.
func reachByOther(ctx context.Context, r *Round) (Want, error) {
	if _, err := r.cutBMCs(r.Passive); err != nil {
		return Want{}, err
	}
	want := Want{Fenced: []string{r.Active.Name}, Failures: fenceDevices, Unfenced: true}
	if err := r.Active.Freeze(); err != nil {
		return want, err
	}
	return want, r.takenOver(ctx, r.Start)
}

// wrongPassword has the BMC's password be another one than in the file of all nodes but
// the one that hangs, as after a change on the BMC. When it is mended the administrator has
// Pacemaker forget what failed.
func wrongPassword(ctx context.Context, r *Round) (Want, error) {
	file := ""
	for _, d := range r.Cluster.Spec.Fencing {
		for _, o := range d.Options {
			if o.Name == "password_file" {
				file = o.Value
			}
		}
	}
	if file == "" {
		return Want{}, errors.New("the description names no password_file")
	}
	const aside = "/root/password"
	mend := func(ctx context.Context) error {
		var errs []error
		for _, n := range r.others() {
			errs = append(errs, r.sh(ctx, n, fmt.Sprintf("test ! -e %[1]s || mv %[1]s %[2]s", aside, file)))
		}
		return errors.Join(errs...)
	}
	r.Undo(mend)
	for _, n := range r.others() {
		if err := r.sh(ctx, n, fmt.Sprintf("cp -p %[2]s %[1]s; echo wrong >%[2]s", aside, file)); err != nil {
			return Want{}, err
		}
	}
	return r.hold(ctx, r.fencingFails, func(ctx context.Context) error {
		return errors.Join(mend(ctx), r.sh(ctx, r.Passive, "crm_resource --cleanup --quiet"))
	})
}
