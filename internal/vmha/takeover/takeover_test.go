package takeover

import (
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/incident"
	"github.com/oneha/oneha/internal/vmha/recovery"
	"github.com/oneha/oneha/internal/vmha/settings"
	"github.com/oneha/oneha/internal/vmha/survey"
	"github.com/oneha/oneha/test/fakeone"
)

var update = flag.Bool("update", false, "write the golden files anew")

// since is the takeover: the machines of the fake entered their states before it.
var since = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// site is a cloud, and what a look at it needs.
func site(t *testing.T) (*fakeone.Cloud, survey.Source, incident.Work) {
	t.Helper()
	cloud := fakeone.New()
	server := httptest.NewServer(cloud.Handler())
	t.Cleanup(server.Close)
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
	return cloud, survey.Source{Endpoint: endpoint, Credentials: credentials, Started: since},
		incident.Work{Endpoint: endpoint, Credentials: credentials, Settings: settings.Default(), Dir: t.TempDir(), Every: time.Millisecond}
}

func golden(t *testing.T, name string, lines []string) {
	t.Helper()
	file, got := filepath.Join("testdata", name), strings.Join(lines, "\n")+"\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// A cloud with one of everything: the lines name each, in four calls.
func TestLook(t *testing.T) {
	cloud, s, w := site(t)
	before, after := since.Add(-time.Hour).Unix(), since.Add(time.Minute).Unix()
	cloud.Add(fakeone.Host{ID: 1, Name: "host1", State: 2}, fakeone.Host{ID: 2, Name: "host2", State: 3},
		fakeone.Host{ID: 3, Name: "host3", State: 3}, fakeone.Host{ID: 4, Name: "host4", State: 0},
		fakeone.Image{ID: 7, Name: "disk", State: 4}, fakeone.Image{ID: 8, Name: "iso", State: 1})
	for id, lcm := range []int{3, 1, 2, 16, 17, 40} {
		host := 1
		if lcm == 16 {
			host = 2
		}
		cloud.Add(fakeone.VM{ID: id, Name: fmt.Sprintf("vm-%d", id), State: 3, LCM: lcm, Host: host, Begin: before})
	}
	cloud.Add(fakeone.VM{ID: 20, Name: "new", State: 3, LCM: 1, Host: 1, Begin: after},
		fakeone.VM{ID: 21, Name: "bad\u202e\nline", State: 3, LCM: 2, Host: 1, Begin: before})
	// Host 3 was handled, and is set offline by nobody.
	record := `{"at":"2026-03-01T11:00:00Z","step":"begin","name":"host3"}` + "\n" +
		`{"at":"2026-03-01T11:00:01Z","step":"fenced"}` + "\n" + `{"at":"2026-03-01T11:00:02Z","step":"end"}` + "\n"
	if err := os.WriteFile(filepath.Join(w.Dir, "3.json"), []byte(record), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := Look(t.Context(), s, w)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(cloud.Calls()); n != 4 || !found.Left() || found.Driven != 1 {
		t.Errorf("%d calls, left %t, driven %d", n, found.Left(), found.Driven)
	}
	var order []int
	for _, m := range found.Machines {
		order = append(order, m.ID)
	}
	slices.Sort(order) // which verdict comes first is package survey's
	if fmt.Sprint(order) != "[1 2 3 4 5 21]" || len(found.Missed) != 1 || found.Missed[0].ID != 2 || len(found.Objects) != 2 {
		t.Errorf("machines %v, missed %+v, objects %+v", order, found.Missed, found.Objects)
	}
}

func TestLines(t *testing.T) {
	machine := func(id, lcm int, name, host string, p recovery.Proposal) survey.Machine {
		return survey.Machine{PoolVM: one.PoolVM{VM: one.VM{ID: id, Name: name, Host: host}, Since: since.Add(-time.Hour)}, State: recovery.Find(recovery.Active, lcm), Proposal: p}
	}
	found := Found{
		Report: survey.Report{Total: 9, Machines: []survey.Machine{
			machine(1, 2, "web", "host1", recovery.Proposal{Verdict: recovery.Safe, Choices: []recovery.Choice{recovery.Success}, Why: "it runs there"}),
			machine(2, 16, "db", "host2", recovery.Proposal{Verdict: recovery.Handle, Why: "its host does not answer", Look: "the hook"}),
			machine(3, 1, "bad\x1b[31m\nli\u202ene", "", recovery.Proposal{Verdict: recovery.Ask, Choices: []recovery.Choice{recovery.Failure, recovery.Retry}, Why: "nobody knows"}),
		}, Objects: []survey.Object{
			{Kind: "image", ID: 7, Name: "disk", State: "LOCKED", Why: "a copy was under way", Look: "oneimage show 7"},
			{Kind: "host", ID: 4, Name: "host4", State: "INIT", Why: "it was never monitored", Look: "onehost forceupdate 4"},
		}},
		Missed: []incident.Missed{{Host: one.Host{ID: 2, Name: "host\n2", State: one.HostError}, Why: "no hook has handled it"}},
	}
	golden(t, "all.txt", found.Lines(since))
	golden(t, "nothing.txt", Found{Report: survey.Report{Total: 1}}.Lines(since))
}

func TestLookNothing(t *testing.T) {
	cloud, s, w := site(t)
	cloud.Add(fakeone.Host{ID: 1, Name: "host1", State: 2}, fakeone.VM{ID: 1, Name: "vm", State: 3, LCM: 3, Host: 1})
	found, err := Look(t.Context(), s, w)
	if err != nil || found.Left() {
		t.Errorf("%+v %v", found, err)
	}
}

// However much there is, a log gets a few lines of each kind.
func TestLookMany(t *testing.T) {
	cloud, s, w := site(t)
	for id := range 100 {
		cloud.Add(fakeone.Host{ID: id, Name: fmt.Sprintf("host%d", id), State: 3},
			fakeone.Image{ID: id, Name: fmt.Sprintf("image%d", id), State: 4},
			fakeone.VM{ID: id, Name: "vm", State: 3, LCM: 17, Host: id, Begin: since.Add(-time.Hour).Unix()})
	}
	found, err := Look(t.Context(), s, w)
	if err != nil {
		t.Fatal(err)
	}
	lines := found.Lines(since)
	if len(lines) != 1+3*(shown+1) {
		t.Errorf("%d lines", len(lines))
	}
	for _, want := range []string{"100 of 100 virtual machines", "90 more (virtual machine): oneha recover", "90 more (host that no hook has handled): sudo -u oneadmin oneha hook missed", "90 more (image or host)"} {
		if !strings.Contains(strings.Join(lines, "\n"), want) {
			t.Errorf("no %q in\n%s", want, strings.Join(lines, "\n"))
		}
	}
}

// What was found until an error is kept, and the time is not overrun.
func TestLookIsCutShort(t *testing.T) {
	cloud, s, w := site(t)
	cloud.Add(fakeone.Host{ID: 2, Name: "host2", State: 3}, fakeone.VM{ID: 1, Name: "vm", State: 3, LCM: 17, Host: 2, Begin: 1})
	ctx, cancel := context.WithCancel(t.Context())
	cloud.Break("one.imagepool.info", func(int) fakeone.Fault { cancel(); return fakeone.Fault{} })
	found, err := Look(ctx, s, w)
	if err == nil || len(found.Machines) != 1 || !found.Left() {
		t.Errorf("%+v %v", found, err)
	}
}
