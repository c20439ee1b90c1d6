package cloud

import (
	"context"
	"fmt"
	"testing"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/recovery"
)

// told gives an answer of oneha recover to a machine of these tests.
func (s *site) told(t *testing.T, id int, choice recovery.Choice) {
	t.Helper()
	if err := s.mine(t, machine, id); err != nil {
		t.Fatal(err)
	}
	asked(t, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, one.RecoverVM(ctx, s.endpoint, s.credentials, id, int(choice))
	})
}

// The way of a machine: what each call says that follows, follows.
func TestLifeOfAMachine(t *testing.T) {
	s := open(t)
	system, host := s.newDatastore(t), s.monitored(t)
	vm := s.newVM(t, "-life")
	s.act(t, "release", vm)
	s.becomes(t, vm, "PENDING")
	s.act(t, "hold", vm)
	s.becomes(t, vm, "HOLD")
	s.deploy(t, vm, host, system)
	s.becomes(t, vm, "RUNNING")

	found := map[int]one.PoolVM{}
	asked(t, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, one.EachVM(ctx, s.endpoint, s.credentials, func(p one.PoolVM) { found[p.ID] = p })
	})
	if p := found[vm]; p.Name != s.run+"-life" || p.Host != s.run+"-host" || p.Seq != 0 || p.Since.IsZero() || p.Driver == "" || p.Domain == "" {
		t.Errorf("the pool has %+v", p)
	}

	// resched is a mark that the scheduler acts on, and can be taken back. This machine's
	// template has no host that it fits on.
	s.act(t, "resched", vm)
	if p := s.placed(t)[vm]; !p.Resched || p.Placed.Host != host || p.Datastore != system {
		t.Errorf("after resched: %+v", p)
	}
	s.act(t, "unresched", vm)
	if p := s.placed(t)[vm]; p.Resched {
		t.Errorf("after unresched: %+v", p)
	}

	s.act(t, "poweroff-hard", vm)
	s.becomes(t, vm, "POWEROFF")
	s.act(t, "resched", vm) // since 5.10
	s.act(t, "unresched", vm)
	s.act(t, "resume", vm)
	s.becomes(t, vm, "RUNNING")

	s.told(t, vm, recovery.Recreate)
	s.becomes(t, vm, "PENDING")
	s.told(t, vm, recovery.Delete)
	s.becomes(t, vm, "DONE")
}

func (s *site) placed(t *testing.T) map[int]one.PlacedVM {
	t.Helper()
	found := map[int]one.PlacedVM{}
	asked(t, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, one.EachPlaced(ctx, s.endpoint, s.credentials, "", func(p one.PlacedVM) { found[p.ID] = p })
	})
	return found
}

// A driver that never answers leaves a machine where it is, and what each answer makes
// of that is what the table of package recovery says.
func TestRecoverOfAStuckMachine(t *testing.T) {
	s := open(t)
	system, host := s.newDatastore(t), s.monitored(t)
	var vms [3]int
	for i := range vms {
		vms[i] = s.newVM(t, fmt.Sprintf("-stuck%d", i))
	}
	s.driver(t, "deploy", "-")
	for _, vm := range vms {
		s.deploy(t, vm, host, system)
		s.becomes(t, vm, "BOOT")
	}
	boot := recovery.Named("BOOT")[0]
	s.told(t, vms[0], recovery.Success)
	s.becomes(t, vms[0], boot.Outcome(recovery.Success).To)
	s.told(t, vms[1], recovery.Failure)
	s.becomes(t, vms[1], boot.Outcome(recovery.Failure).To)
	s.told(t, vms[1], recovery.Retry)
	s.becomes(t, vms[1], recovery.Named("BOOT_FAILURE")[0].Outcome(recovery.Retry).To)
	s.told(t, vms[2], recovery.Delete)
	s.becomes(t, vms[2], boot.Outcome(recovery.Delete).To)

	// A success that changes nothing is a success, too.
	s.told(t, vms[0], recovery.Success)
	s.becomes(t, vms[0], "RUNNING")
}

// A driver that fails is told apart from one that is silent.
func TestDriverThatFails(t *testing.T) {
	s := open(t)
	system, host := s.newDatastore(t), s.monitored(t)
	vm := s.newVM(t, "-failing")
	s.driver(t, "deploy", "failure")
	s.deploy(t, vm, host, system)
	s.becomes(t, vm, "BOOT_FAILURE")
	s.told(t, vm, recovery.Success)
	s.becomes(t, vm, recovery.Named("BOOT_FAILURE")[0].Outcome(recovery.Success).To)
}
