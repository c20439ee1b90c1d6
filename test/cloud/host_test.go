package cloud

import (
	"context"
	"fmt"
	"testing"

	"github.com/oneha/oneha/internal/one"
)

// status is one.host.status: 0 enabled, 1 disabled, 2 offline.
func (s *site) status(t *testing.T, id, status int) {
	t.Helper()
	if r := s.change(t, host, id, "one.host.status", id, status); !r.ok {
		t.Fatalf("status %d of host %d: code %d, %s", status, id, r.code, r.value)
	}
}

func (s *site) hostBecomes(t *testing.T, id int, want one.HostState) {
	t.Helper()
	s.await(t, fmt.Sprintf("host %d is %s", id, want), func() bool { return s.hostState(t, id) == want })
}

// Out of service and back.
func TestHostOutOfService(t *testing.T) {
	s := open(t)
	id := s.monitored(t)
	s.status(t, id, 1)
	s.hostBecomes(t, id, one.HostDisabled)
	s.status(t, id, 0)
	s.hostBecomes(t, id, one.HostMonitored)
	if err := s.mine(t, host, id); err != nil {
		t.Fatal(err)
	}
	asked(t, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, one.SetHostOffline(ctx, s.endpoint, s.credentials, id)
	})
	s.hostBecomes(t, id, one.HostOffline)
	s.status(t, id, 0)
	s.hostBecomes(t, id, one.HostMonitored)
}

// A host that does not answer is in ERROR, and what runs there is UNKNOWN.
func TestHostInError(t *testing.T) {
	s := open(t)
	for _, h := range s.hooks(t) {
		if h.Resource == "HOST" {
			s.cannot(t, "hook %d (%s) would act on the host that this test makes fail", h.ID, h.Name)
		}
	}
	system, id := s.newDatastore(t), s.newHost(t, "-dead.invalid")
	if !s.eventually(func() bool { return s.hostState(t, id) == one.HostError }, patience) {
		s.cannot(t, "a host that does not exist is %s", s.hostState(t, id))
	}
	vm := s.newVM(t, "-lost")
	s.deploy(t, vm, id, system)
	s.becomes(t, vm, "RUNNING")
	s.status(t, id, 0) // it is asked again, and lost again
	s.becomes(t, vm, "UNKNOWN")
	s.hostBecomes(t, id, one.HostError)
	s.act(t, "resched", vm)
	if p := s.placed(t)[vm]; !p.Resched {
		t.Errorf("after resched: %+v", p)
	}
	whole := asked(t, func(ctx context.Context) (one.HostDetail, error) {
		return one.AskHost(ctx, s.endpoint, s.credentials, id)
	})
	if whole.ID != id || whole.Name != s.run+"-dead.invalid" {
		t.Errorf("%+v", whole)
	}
}
