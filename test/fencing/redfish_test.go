package fencing

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/oneha/oneha/test/fakeredfish"
)

// The two agents for Redfish.
const (
	stockRedfish = "fence_redfish"
	ourRedfish   = "fence_bmc_redfish"
)

// TestInsideRedfish is the part that runs in a disposable machine.
func TestInsideRedfish(t *testing.T) {
	file := resultsFile(t)
	rows := redfishRows()
	everyForm(t, stockRedfish, rows)
	place := newRedfishPlace(t)
	tryAll(t, file, stockRedfish, ourRedfish, rows, func(*testing.T, int) func(*testing.T, string, redfishRow) outcome { return place.try })
}

// redfishPlace is where the BMCs of all workers are.
type redfishPlace struct {
	dir   string       // of files
	tries atomic.Int32 // each has an address of its own
}

func newRedfishPlace(t *testing.T) *redfishPlace {
	p := &redfishPlace{dir: t.TempDir()}
	writeAsk(t, p.dir, fakeredfish.Password)
	return p
}

// try runs one agent in the situation of a row, on a BMC of its own, and returns
// what was seen.
func (p *redfishPlace) try(t *testing.T, agent string, r redfishRow) outcome {
	t.Helper()
	o := r.bmc
	// An address of its own: a program that another worker is starting may hold the
	// socket of one that was closed, until it has started.
	n := p.tries.Add(1)
	host := fmt.Sprintf("127.2.%d.%d", n/250, n%250+1)
	o.Address = net.JoinHostPort(host, cmp.Or(r.port, "443"))
	if r.faults != nil {
		o.Rules = r.faults() // anew for each agent: some strike once
	}
	b, err := fakeredfish.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	authority := filepath.Join(p.dir, fmt.Sprintf("ca%d.pem", n))
	if err := os.WriteFile(authority, b.CA, 0o644); err != nil {
		t.Fatal(err)
	}
	seen := see(t, agent, r.callOf(agent), strings.NewReplacer("ADDR", host, "DIR", p.dir), fakeredfish.Password,
		"REQUESTS_CA_BUNDLE="+authority, "SSL_CERT_FILE="+authority) // where the one and the other look for authorities
	seen["power"], seen["login"] = redfishPower(b), redfishLogin(b)
	if open, _ := b.Sessions(); open != 0 {
		t.Errorf("%s: %s leaves %d sessions open", r.name, agent, open)
	}
	return seen
}

// callOf is the call as one of the agents gets it.
func (r redfishRow) callOf(agent string) call {
	c, form := r.call(), r.beside[agent]
	if strings.HasPrefix(form, "-") {
		c.args = append(slices.Clone(c.args), strings.Fields(form)...)
	} else if form != "" {
		c.stdin += form + "\n"
	}
	return c
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
