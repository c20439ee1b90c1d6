package fencing

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/oneha/oneha/test/fakeredfish"
)

// The two agents for Redfish.
const (
	stockRedfish = "fence_redfish"
	ourRedfish   = "fence_bmc_redfish"
)

// TestRedfishBesideStock runs both agents and holds what they did against the
// deliberate differences.
func TestRedfishBesideStock(t *testing.T) {
	r := runInside(t, "TestInsideRedfish")
	for _, wrong := range judge(r, redfishDeliberates) {
		t.Error(wrong)
	}
	t.Logf("%d rows with both agents", len(r))
}

// A difference without a reason is no deliberate one.
func TestRedfishDifferencesHaveReasons(t *testing.T) {
	for _, d := range redfishDeliberates {
		if d.why == "" || d.columns == "" {
			t.Errorf("%+v", d)
		}
	}
}

// redfishWorkers is how many rows are tried at a time: most wait most of the time.
const redfishWorkers = 8

var redfishTries atomic.Int32

// TestInsideRedfish is the part that runs in a disposable machine, for the stock
// agent.
func TestInsideRedfish(t *testing.T) {
	file := os.Getenv(resultsVariable)
	if file == "" {
		t.Skip("runs in a machine of the lab, which TestRedfishBesideStock starts")
	}
	rows := redfishRows()
	mine := parameters(t, ourRedfish)
	for _, name := range parameters(t, stockRedfish) {
		if !slices.Contains(mine, name) {
			t.Errorf("%s does not declare option %s", ourRedfish, name)
		}
		if !slices.ContainsFunc(rows, func(r redfishRow) bool {
			return strings.Contains("\n"+r.stdin, "\n"+name+"=") || slices.Contains(r.args, "--"+name)
		}) {
			t.Errorf("option %s of %s has no row", name, stockRedfish)
		}
	}
	var mu sync.Mutex
	var workers sync.WaitGroup
	found, work, dir := results{}, make(chan redfishRow), t.TempDir()
	for range redfishWorkers {
		workers.Go(func() {
			for r := range work {
				p := pair{Stock: tryRedfish(t, dir, stockRedfish, r), Ours: tryRedfish(t, dir, ourRedfish, r)}
				mu.Lock()
				if _, twice := found[r.name]; twice {
					t.Errorf("two rows are called %q", r.name)
				}
				found[r.name] = p
				mu.Unlock()
			}
		})
	}
	for _, r := range rows {
		work <- r
	}
	close(work)
	workers.Wait()
	text, err := json.Marshal(found)
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// tryRedfish runs one agent in the situation of a row, on a BMC of its own, and
// returns what was seen. It may run in any goroutine.
func tryRedfish(t *testing.T, dir, agent string, r redfishRow) outcome {
	o := r.bmc
	// An address of its own: a program that another worker is starting may hold the
	// socket of one that was closed, until it has started.
	n := redfishTries.Add(1)
	host, port := fmt.Sprintf("127.2.%d.%d", n/250, n%250+1), "443"
	if r.port != "" {
		port = r.port
	}
	o.Address = host + ":" + port
	if r.faults != nil {
		o.Rules = r.faults() // anew for each agent: some strike once
	}
	b, err := fakeredfish.Start(o)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer b.Close()
	authority := filepath.Join(dir, fmt.Sprintf("ca%d.pem", n))
	if err := os.WriteFile(authority, b.CA, 0o644); err != nil {
		t.Error(err)
		return nil
	}
	fill := strings.NewReplacer("ADDR", host, "DIR", dir).Replace
	var args []string
	for _, a := range r.args {
		args = append(args, fill(a))
	}
	// Where the one and the other look for authorities.
	env := []string{"REQUESTS_CA_BUNDLE=" + authority, "SSL_CERT_FILE=" + authority}
	if r.fenced {
		env = append(env, "PCMK_service=pacemaker-fenced")
	}
	code, stdout, stderr, took := runILO(t, agent, args, fill(r.stdin), env)
	if r.prose && stdout != "" {
		stdout = "prose"
	}
	out := outcome{"exit": code, "stdout": strings.TrimSpace(stdout), "stderr": "silent", "power": redfishPower(b), "login": redfishLogin(b)}
	if strings.TrimSpace(stderr) != "" {
		out["stderr"] = "speaks"
	}
	if r.atLeast > 0 {
		out["waits"] = strconv.FormatBool(took >= r.atLeast)
	}
	if open, _ := b.Sessions(); open != 0 {
		t.Errorf("%s: %s leaves %d sessions open", r.name, agent, open)
	}
	if agent == ourRedfish && strings.Contains(stdout+stderr, fakeredfish.Password) {
		t.Errorf("%s: the password is shown", r.name)
	}
	return out
}

// redfishPower is what was asked of the machines.
func redfishPower(b *fakeredfish.BMC) string {
	var asked []string
	for _, c := range b.Commands() {
		asked = append(asked, "system "+c.System+" "+c.ResetType)
	}
	return strings.Join(asked, ", ")
}

// redfishLogin is what the BMC saw of the logins.
func redfishLogin(b *fakeredfish.BMC) string {
	seen := "none"
	for _, r := range b.Requests() {
		switch r.Auth {
		case "basic", "session":
			return "accepted"
		case "refused":
			seen = "refused"
		}
	}
	return seen
}
