package cloud

import (
	"context"
	"slices"
	"testing"

	"github.com/oneha/oneha/internal/one"
)

func (s *site) hooks(t *testing.T) []one.Hook {
	t.Helper()
	return asked(t, func(ctx context.Context) ([]one.Hook, error) { return one.Hooks(ctx, s.endpoint, s.credentials) })
}

// Every pool is read to its end, and what these tests made is in it.
func TestLists(t *testing.T) {
	s := open(t)
	vm, host, system := s.newVM(t, "-listed"), s.newHost(t, "-host"), s.newDatastore(t)
	hosts := asked(t, func(ctx context.Context) ([]one.Host, error) { return one.Hosts(ctx, s.endpoint, s.credentials) })
	if !slices.ContainsFunc(hosts, func(h one.Host) bool { return h.ID == host && h.Name == s.run+"-host" }) {
		t.Errorf("the hosts are %+v", hosts)
	}
	datastores := asked(t, func(ctx context.Context) ([]one.Datastore, error) {
		return one.Datastores(ctx, s.endpoint, s.credentials)
	})
	if !slices.ContainsFunc(datastores, func(d one.Datastore) bool { return d.ID == system && d.Name == s.run+"-system" }) {
		t.Errorf("the datastores are %+v", datastores)
	}
	for _, image := range asked(t, func(ctx context.Context) ([]one.Image, error) { return one.Images(ctx, s.endpoint, s.credentials) }) {
		if image.Name == "" {
			t.Errorf("image %+v", image)
		}
	}
	for _, hook := range s.hooks(t) {
		if hook.Name == "" || hook.Command == "" {
			t.Errorf("hook %+v", hook)
		}
	}
	if p := s.placed(t)[vm]; p.Name != s.run+"-listed" || p.State != 2 || p.Placed.Host != -1 {
		t.Errorf("the pool has %+v", p)
	}
	whole := asked(t, func(ctx context.Context) (one.WholeVM, error) {
		return one.AskWholeVM(ctx, s.endpoint, s.credentials, vm)
	})
	if whole.ID != vm || len(whole.History) != 0 {
		t.Errorf("%+v", whole)
	}
	if version := asked(t, func(ctx context.Context) (string, error) { return one.Version(ctx, s.endpoint, s.credentials) }); version == "" {
		t.Error("no version")
	}
}

// What is somebody else's is not touched by these tests, not even by their own mistake.
func TestOthersAreNotTouched(t *testing.T) {
	s := open(t)
	vm := s.newVM(t, "-mine")
	if err := s.mine(t, machine, vm); err != nil {
		t.Error(err)
	}
	other := *s
	other.run = prefix + "another"
	if other.mine(t, machine, vm) == nil {
		t.Error("another run's machine may be changed")
	}
	if s.mine(t, machine, nobody) == nil {
		t.Error("a machine that is not there may be changed")
	}
	if s.fake != nil {
		for _, kind := range []string{machine, host, datastore} {
			if s.mine(t, kind, 0) == nil {
				t.Errorf("%s 0 may be changed", kind)
			}
		}
	}
}
