package failover

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/scenario"
)

// The two sides.
const (
	Ours  = "ours"
	Stock = "stock"
)

// agents is what a side has as the value of the key agents of a description.
var agents = map[string]string{Ours: "oneha", Stock: "stock"}

// Description is the cluster of a side. It is examples/two-node.yaml but for the
// agents and the cipher suite: without it ipmitool asks the BMC which suites it has, for
// which ipmi_sim has no answer, and each of its calls takes 14 s, which no real BMC
// would do to the stock agent. It has so many floating IPs, at least one; where several are
// wanted all are in one group with oned, which is started after the last of them.
func Description(side string, floatingIPs int) string {
	addresses := "10.3.4.2/24"
	for i := range floatingIPs - 1 {
		addresses += fmt.Sprintf(", 10.3.4.%d/24", 101+i)
	}
	return `version: 1
cluster: opennebula
nodes:
  one-server1: {addr: 10.3.4.20, bmc: "ipmi://10.3.5.20?cipher=3"}
  one-server2: {addr: 10.3.4.21, bmc: "ipmi://10.3.5.21?cipher=3"}
bmc: {username: oneha, password_file: /etc/oneha/bmc}
agents: ` + agents[side] + `
vip: [` + addresses + `]
services: [oned, sunstone, gate, flow]
`
}

// Time limits of the steps, generous: they end a broken run, they measure nothing.
const (
	settleLimit  = 3 * time.Minute
	recoverLimit = 90 * time.Second
)

// stack is a cluster of one side that is being watched.
type stack struct {
	side    string
	lab     *lab.Lab
	cluster *lab.Cluster
	watch   *scenario.Watch
}

// start brings up the cluster of a side in a lab of its own.
func start(ctx context.Context, opt lab.Options, side string, floatingIPs int) (s *stack, err error) {
	s = &stack{side: side}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("start the cluster of %s: %w", side, err), s.close())
		}
	}()
	dir, err := os.MkdirTemp("", "failover")
	if err != nil {
		return s, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, side+".yaml")
	if err := os.WriteFile(file, []byte(Description(side, floatingIPs)), 0o644); err != nil {
		return s, err
	}
	if s.lab, err = lab.Open(ctx, opt); err != nil {
		return s, err
	}
	if s.cluster, err = s.lab.Up(ctx, file); err != nil {
		return s, err
	}
	if err := s.settle(ctx); err != nil {
		return s, err
	}
	s.watch, err = scenario.NewWatch(s.cluster)
	return s, err
}

func (s *stack) close() error {
	if s.watch != nil {
		s.watch.Stop()
	}
	if s.lab == nil {
		return nil
	}
	return s.lab.Close()
}

// settle waits until the cluster is whole and quiet.
func (s *stack) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	return s.cluster.WaitSettled(ctx)
}

// victim is the node that dies: the one whose fence device does not wait.
func (s *stack) victim() *lab.Node { return s.cluster.Peer(scenario.Protected(s.cluster)) }

// ready has the victim active and the other node decide, which is where every round
// begins. Who decides stays so as long as he lives, and it is only the victim that dies.
func (s *stack) ready(ctx context.Context) error {
	if err := s.settle(ctx); err != nil {
		return err
	}
	status, err := s.cluster.Status(ctx)
	if err != nil {
		return err
	}
	victim := s.victim()
	if status.DC == victim.Name { // only before the first round
		if err := victim.PowerOff(); err != nil {
			return err
		}
		if err := s.settle(ctx); err != nil { // the other one fences it, which brings it back
			return err
		}
	}
	if active, err := s.cluster.Active(); err != nil || active == victim {
		return err
	}
	_, err = s.move(ctx)
	return err
}

// mend makes a cluster ready after a round that failed: without the constraint that a move
// makes, and without failed actions.
func (s *stack) mend(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	var errs []error
	for _, args := range [][]string{{"crm_resource", "--clear", "--resource", group}, {"crm_resource", "--cleanup"}} {
		_, err := scenario.Protected(s.cluster).Exec(ctx, args...)
		errs = append(errs, err)
	}
	if err := s.ready(ctx); err != nil {
		return errors.Join(append(errs, err)...)
	}
	return nil
}
