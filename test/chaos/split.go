package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// splitFields are clusters that differ in what decides when both nodes live and cannot see
// each other. Each is the two-node example, changed by a script on a node.
var splitFields = []field{
	splitField("split-delay", "pcmk_delay_base=5s on one side, as generated", ""),
	splitField("split-priority", "priority-fencing-delay=5s: the node that runs the services", `
crm_resource --resource fence-one-server1 --delete-parameter pcmk_delay_base
crm_attribute --type rsc_defaults --name priority --update 1
crm_attribute --name priority-fencing-delay --update 5s`),
	splitField("split-both", "the agents' own delay on both sides, 3 s and 1.5 s", `
crm_resource --resource fence-one-server1 --delete-parameter pcmk_delay_base
crm_resource --resource fence-one-server1 --set-parameter delay --parameter-value 3
crm_resource --resource fence-one-server2 --set-parameter delay --parameter-value 1.5`),
}

func splitField(name, about, script string) field {
	f := pacemaker(name, about, "examples/two-node.yaml", script)
	f.extra = true
	return f
}

// splitFaults are done to them.
var splitFaults = []Fault{{Name: "link cut, both nodes live", Fields: []string{"split-delay", "split-priority", "split-both"}, Do: cutApart}}

// secondShot is how long the survivor is watched: the loser has booted by then, and would
// fence back if it could.
const secondShot = firmware + 7*time.Second

// cutApart has the switch between the nodes pass nothing any more, at the port of one of
// them, by chance which. All interfaces keep their carrier, so nothing but the delays
// decides; the node that was foretold has to outlive the other one, also when the port is
// its own.
func cutApart(ctx context.Context, r *Round) (Want, error) {
	if r.Rand.IntN(2) == 0 {
		if err := r.handOver(ctx); err != nil {
			return Want{}, err
		}
	}
	fenced, active, err := r.foretell(ctx, "link-cut")
	if err != nil {
		return Want{}, err
	}
	want := Want{Fenced: fenced, Active: active, Unfenced: true} // both try
	if len(fenced) != 1 {
		return want, fmt.Errorf("oneha plan foretells that %v are fenced, so nothing decides", fenced)
	}
	cut := []*lab.Node{r.Active, r.Passive}[r.Rand.IntN(2)]
	r.Log("%s is active; foretold: %s is fenced; cut: %s", r.Active.Name, fenced[0], cut.Name)
	if err := r.bad(cut, lab.Line{Send: dead, Receive: dead}); err != nil {
		return want, err
	}
	// Whoever it is: the auditors say when it was the wrong one.
	err = r.wait(ctx, "a node to be fenced", func(context.Context) bool {
		return len(fencings(r.Cluster, r.Start)) > 0
	})
	return want, errors.Join(err, lasts(ctx, secondShot))
}

// handOver has the nodes change their parts before the fault begins: a survivor is mostly
// the one that was active before, and the other case would hardly ever come.
func (r *Round) handOver(ctx context.Context) error {
	if err := r.sh(ctx, r.Active, "crm_standby --node "+r.Active.Name+" --update on"); err != nil {
		return err
	}
	_, err := r.moved(ctx)
	if err := errors.Join(err, r.sh(ctx, r.Active, "crm_standby --node "+r.Active.Name+" --delete")); err != nil {
		return err
	}
	r.Active, r.Passive = r.Passive, r.Active
	if err := r.Cluster.WaitSettled(ctx); err != nil {
		return err
	}
	r.Start = time.Now()
	return nil
}

// foretell asks oneha plan who will be fenced by a failure of the running cluster, and
// where the floating IP will be.
func (r *Round) foretell(ctx context.Context, failure string) (fenced []string, active string, err error) {
	said, err := r.Passive.Exec(ctx, "oneha", "plan", "--cib", "live", "--json", "--fail", failure)
	if err != nil {
		return nil, "", err
	}
	var plan struct {
		Outcomes []struct {
			Fenced []string          `json:"fenced"`
			Runs   map[string]string `json:"runs"`
		} `json:"outcomes"`
	}
	if err := json.Unmarshal([]byte(said.Stdout), &plan); err != nil {
		return nil, "", fmt.Errorf("read what oneha plan says: %w", err)
	}
	if len(plan.Outcomes) != 1 {
		return nil, "", fmt.Errorf("oneha plan foretells %d outcomes of %s", len(plan.Outcomes), failure)
	}
	return plan.Outcomes[0].Fenced, plan.Outcomes[0].Runs["vip"], nil
}

// SplitFields are the names of these fields.
func SplitFields() (names []string) {
	for _, f := range splitFields {
		names = append(names, f.name)
	}
	return names
}
