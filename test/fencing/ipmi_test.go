package fencing

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The two agents for IPMI.
const (
	stockIPMI = "fence_ipmilan"
	ourIPMI   = "fence_bmc_ipmi"
)

// silentBMC is the address of one that takes every packet and answers none.
const silentBMC = "127.0.99.1"

// TestInsideIPMI is the part that runs in a disposable machine.
func TestInsideIPMI(t *testing.T) {
	file := resultsFile(t)
	everyForm(t, stockIPMI, rows())
	silent, err := net.ListenPacket("udp", silentBMC+":623")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	tryAll(t, file, stockIPMI, ourIPMI, rows(), func(t *testing.T, worker int) func(*testing.T, string, row) outcome {
		return startBMC(t, worker).try
	})
}

func (r row) call() call {
	c := call{name: r.name, args: r.args, stdin: r.stdin, fenced: r.fenced, prose: r.prose, atLeast: r.atLeast}
	c.patience = time.Minute // ipmitool needs it with a BMC that does not take a command
	return c
}

// try runs one agent in the situation of a row and returns what was seen.
func (b *bmc) try(t *testing.T, agent string, r row) outcome {
	t.Helper()
	power := "1"
	if r.off {
		power = "0"
	}
	if err := b.reset(power, r.mode); err != nil {
		t.Fatal(err)
	}
	b.logins()
	if r.file != "" {
		_ = os.Remove(filepath.Join(b.dir, r.file)) // it may not be there
	}
	fill := strings.NewReplacer("ADDR", b.addr, "DIR", b.dir)
	o := see(t, agent, r.call(), fill, "")
	o["login"] = b.logins()
	time.Sleep(r.settle)
	if o["power"] = b.switched(t); o["power"] != "" {
		// The BMC takes one request after the other: once it answers this one, it has
		// done what the agent asked for last, and may not have waited for.
		see(t, ourIPMI, call{stdin: lines("action=status")}, fill, "")
		o["power"] = b.switched(t)
	}
	if r.file != "" {
		info, err := os.Stat(filepath.Join(b.dir, r.file))
		o["file"] = strconv.FormatBool(err == nil && info.Size() > 0)
	}
	return o
}
