package recovery_test

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/recovery"
	"github.com/oneha/oneha/test/fakeone"
)

// For every state and every set of facts that an explanation names: what is proposed,
// carried out by the fake oned's own table, ends where ours says.
func TestEveryProposalDoesWhatItSays(t *testing.T) {
	cloud := fakeone.New()
	server := httptest.NewServer(cloud.Handler())
	defer server.Close()
	file := filepath.Join(t.TempDir(), "one_auth")
	if err := os.WriteFile(file, []byte(fakeone.Session+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	credentials, err := one.ReadCredentials(file)
	if err != nil {
		t.Fatal(err)
	}
	endpoint, err := one.ParseEndpoint(server.URL + "/RPC2")
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	cloud.Add(fakeone.Host{ID: 1, Name: "host1", State: 2})
	id, rows, kept := 0, 0, 0
	for _, s := range recovery.States {
		for _, c := range recovery.Situations(s) {
			id++
			cloud.Add(fakeone.VM{ID: id, Name: "vm", State: s.State, LCM: s.LCM, Host: 1, Detach: c.Facts.Operation == recovery.Remove})
			if c.Proposal.Verdict != recovery.Safe {
				kept++
				continue
			}
			rows++
			at := s
			for _, choice := range c.Proposal.Choices {
				if err := one.RecoverVM(ctx, endpoint, credentials, id, int(choice)); err != nil {
					t.Errorf("%s, %s: %v: %v", s.Name, c.When, choice, err)
				}
				cloud.Settle()
				outcome := at.Outcome(choice)
				if outcome.To != "" {
					at = recovery.Named(outcome.To)[0]
				}
				vm, err := one.AskVM(ctx, endpoint, credentials, id)
				if err != nil {
					t.Fatal(err)
				}
				if got := recovery.Find(vm.State, vm.LCM); got.Name != at.Name {
					t.Errorf("%s, %s: %v ends in %s, want %s", s.Name, c.When, choice, got.Name, at.Name)
				}
			}
			vm, _ := cloud.VM(id)
			for _, change := range vm.Changed {
				if change.What == "driver: cancel" || change.What == "driver: restore" || change.What == "device kept: true, was to be detached: true" {
					t.Errorf("%s, %s: %v made oned do: %s", s.Name, c.When, c.Proposal.Choices, change.What)
				}
			}
		}
	}
	t.Logf("%d proposals carried out, %d left to people or to time", rows, kept)
}

// What nobody may do by itself makes a real difference: the fake oned does the harm.
func TestTrapsAreReal(t *testing.T) {
	for name, want := range map[string]string{"SHUTDOWN_POWEROFF": "driver: cancel", "SHUTDOWN": "driver: cancel", "SHUTDOWN_UNDEPLOY": "driver: cancel", "BOOT_UNDEPLOY": "driver: restore"} {
		s := recovery.Named(name)[0]
		if s.Outcome(recovery.Retry).Trap == "" {
			t.Errorf("%s: retry is no trap", name)
		}
		if got := retried(t, s); got != want {
			t.Errorf("%s: a retry made oned do %q, want %q", name, got, want)
		}
	}
}

func retried(t *testing.T, s recovery.State) string {
	t.Helper()
	cloud := fakeone.New()
	server := httptest.NewServer(cloud.Handler())
	defer server.Close()
	cloud.Add(fakeone.VM{ID: 1, State: s.State, LCM: s.LCM})
	file := filepath.Join(t.TempDir(), "one_auth")
	if err := os.WriteFile(file, []byte(fakeone.Session+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	credentials, err := one.ReadCredentials(file)
	if err != nil {
		t.Fatal(err)
	}
	endpoint, err := one.ParseEndpoint(server.URL + "/RPC2")
	if err != nil {
		t.Fatal(err)
	}
	if err := one.RecoverVM(context.Background(), endpoint, credentials, 1, int(recovery.Retry)); err != nil {
		t.Fatal(err)
	}
	cloud.Settle()
	vm, _ := cloud.VM(1)
	var what []string
	for _, change := range vm.Changed {
		what = append(what, change.What)
	}
	return strings.Join(what, "; ")
}
