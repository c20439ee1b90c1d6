package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
)

// TestUp runs one cluster through what a test may do to it. That the cluster
// survives a hang and a cut of its active node is for the end-to-end tests; this
// one is about the lab's own honesty: what it says happened did happen.
func TestUp(t *testing.T) {
	l := openLab(t, "test-up", "../..")
	l.opt.Diagnostics = t.TempDir()
	began := time.Now()
	c, err := l.Up(within(t, time.Minute), "../../examples/two-node.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Up(within(t, time.Minute), "../../examples/two-node.yaml"); err == nil {
		t.Error("Up started a second cluster in the lab")
	}
	settle(t, c)
	t.Logf("the cluster settled after %.1f s", time.Since(began).Seconds())
	active, err := c.Active()
	if err != nil {
		t.Fatal(err)
	}
	passive := c.Peer(active)
	sampler, err := c.SampleVIP()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = sampler.Stop() }()
	poller := c.PollOned()
	defer poller.Stop()
	if _, err := sampler.WaitFor(within(t, 2*time.Second), active.MAC(), began); err != nil {
		t.Error(err)
	}
	if _, err := poller.WaitAnswer(within(t, 5*time.Second), began); err != nil {
		t.Error(err)
	}

	t.Run("another process", func(t *testing.T) {
		served := make(chan error, 1)
		go func() { served <- c.Serve(within(t, time.Minute), nil) }()
		r, err := Enter(within(t, 5*time.Second), "test-up", passive.Name, Command{Args: []string{"hostname"}})
		if err != nil || r.Stdout != passive.Name+"\n" {
			t.Errorf("Enter = %+v, %v", r, err)
		}
		ctx := within(t, 5*time.Second)
		for _, bad := range [][]string{{"explode", passive.Name}, {"freeze", "nobody"}, {"freeze"}} {
			if _, err := Ask(ctx, "test-up", bad...); err == nil {
				t.Errorf("Ask(%v) did not fail", bad)
			}
		}
		for _, verb := range []string{"freeze", "thaw"} {
			if _, err := Ask(ctx, "test-up", verb, passive.Name); err != nil {
				t.Error(err)
			}
		}
		if _, err := Ask(ctx, "test-up", "down"); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	settle(t, c)

	t.Run("another BMC", func(t *testing.T) {
		supply := passive.Supply("spare")
		at := netip.MustParseAddr("10.3.5.77")
		err := c.AddBMC(at, func() (io.Closer, error) {
			l, err := net.Listen("tcp", netip.AddrPortFrom(at, 80).String())
			if err == nil {
				go func() {
					if conn, err := l.Accept(); err == nil {
						fmt.Fprintf(conn, "powered: %t\n", supply.Powered())
						conn.Close()
					}
				}()
			}
			return l, err
		})
		if err != nil {
			t.Fatal(err)
		}
		r, err := active.Exec(within(t, 5*time.Second), "bash", "-c", "cat </dev/tcp/"+at.String()+"/80")
		if err != nil || r.Stdout != "powered: true\n" {
			t.Errorf("the BMC said %q, %v", r.Stdout, err)
		}
		start := time.Now()
		if err := supply.SetPower(true); err != nil || len(c.Events(start)) != 0 {
			t.Errorf("power on of a node that is on: %v, %v", err, c.Events(start))
		}
		nowhere := func() (io.Closer, error) { return nil, errors.New("must not be called") }
		if err := c.AddBMC(netip.MustParseAddr("192.0.2.1"), nowhere); err == nil || strings.Contains(err.Error(), "called") {
			t.Errorf("a BMC in no network of the cluster: %v", err)
		}
	})

	t.Run("reboot from inside", func(t *testing.T) {
		start := time.Now()
		_, _ = passive.Exec(within(t, 10*time.Second), "systemctl", "reboot", "--force", "--force") // it ends with its machine
		wantEvents(t, c, start, Event{Node: passive.Name, Kind: Rebooted, By: ByNode})
		if !passive.Powered() {
			t.Error("a node that reboots has no power")
		}
		settle(t, c)
	})

	t.Run("BMC", func(t *testing.T) {
		ipmi := func(args string) (Result, error) {
			target := passive.bmc.plan.addr
			return active.Exec(within(t, 20*time.Second), "sh", "-c",
				fmt.Sprintf("IPMI_PASSWORD=$(cat /etc/oneha/bmc) exec ipmitool -H %s -U oneha -E %s", target, args))
		}
		const lanplus = "-I lanplus -C 3 "
		if r, err := ipmi(lanplus + "chassis power status"); err != nil || r.Stdout != "Chassis Power is on\n" {
			t.Errorf("status: %+v, %v", r, err)
		}
		if r, err := ipmi("-R 1 -I lan chassis power status"); err == nil {
			t.Errorf("IPMI 1.5 was let in: %+v", r)
		}
		wrong := fmt.Sprintf("-R 1 -I lanplus -C 3 -H %s -U oneha -P wrong chassis power off", passive.bmc.plan.addr)
		if r, err := active.Exec(within(t, 20*time.Second), "sh", "-c", "ipmitool "+wrong); err == nil || !passive.Powered() {
			t.Errorf("a wrong password was let in: %+v", r)
		}

		start := time.Now()
		if r, err := ipmi(lanplus + "chassis power off"); err != nil {
			t.Fatalf("off: %+v, %v", r, err)
		}
		wantEvents(t, c, start, Event{Node: passive.Name, Kind: PoweredOff, By: "bmc: set power 0"})
		if pids := passive.cgroup.processes(); len(pids) > 0 || exists(passive.net.path()) {
			t.Errorf("after power off: processes %v, network namespace %v", pids, exists(passive.net.path()))
		}
		if r, err := ipmi(lanplus + "chassis power status"); err != nil || r.Stdout != "Chassis Power is off\n" {
			t.Errorf("status: %+v, %v", r, err)
		}
		if err := passive.SetBMC(within(t, 5*time.Second), false); err != nil {
			t.Fatal(err)
		}
		if r, err := ipmi("-R 1 " + lanplus + "chassis power status"); err == nil {
			t.Errorf("a BMC that is down answered: %+v", r)
		}
		for range 2 {
			if err := passive.SetBMC(within(t, 5*time.Second), true); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := ipmi(lanplus + "chassis power on"); err != nil {
			t.Error(err)
		}
		settle(t, c)
	})

	t.Run("crash", func(t *testing.T) {
		start := time.Now()
		if err := passive.Crash(); err != nil {
			t.Fatal(err)
		}
		wantEvents(t, c, start, Event{Node: passive.Name, Kind: Crashed, By: ByNode})
		if !passive.Powered() {
			t.Error("a node whose PID 1 died has lost its power")
		}
		settle(t, c) // fencing brings it back
		wantEvents(t, c, start, Event{Node: passive.Name, Kind: PoweredOff, By: "bmc: set power 0"})
		fencings, err := c.Fencings(within(t, 10*time.Second))
		if err != nil || len(fencings) == 0 {
			t.Fatalf("Fencings = %+v, %v", fencings, err)
		}
		last := fencings[len(fencings)-1]
		if last.Target != passive.Name || last.Delegate != active.Name || last.Status != "success" || c.Agent(last.Device) != "fence_bmc_ipmi" {
			t.Errorf("last fencing %+v by agent %q", last, c.Agent(last.Device))
		}
	})

	report, err := sampler.Stop()
	if err != nil || len(report.Overlaps) > 0 || report.Claims < report.Asked/2 {
		t.Errorf("sampler: %v\n%s", err, report)
	}
	if holder, err := c.Active(); err != nil || holder != active {
		t.Errorf("Active = %v, %v; want it to stay on %s", holder, err, active.Name)
	}
	if err := c.Collect(context.Background()); err != nil {
		t.Error(err)
	}
	for _, file := range []string{"events.txt", active.Name + "/pacemaker.log", active.Name + "/corosync.log", active.Name + "/journal.txt"} {
		text, err := os.ReadFile(l.opt.Diagnostics + "/" + file)
		if err != nil || len(text) == 0 {
			t.Errorf("Collect: %s has %d bytes, %v", file, len(text), err)
		}
		if password, _ := active.Exec(within(t, 5*time.Second), "cat", "/etc/oneha/bmc"); strings.Contains(string(text), strings.TrimSpace(password.Stdout)) {
			t.Errorf("Collect: %s holds the BMCs' password", file)
		}
	}
	for range 2 {
		if err := c.Down(); err != nil {
			t.Error(err)
		}
	}
	if pids := l.cgroup.processes(); len(pids) > 0 {
		t.Errorf("processes %v outlive their cluster", pids)
	}
}

// settle waits until the cluster is whole, and ends the test when it is not.
func settle(t *testing.T, c *Cluster) {
	t.Helper()
	if err := c.WaitSettled(within(t, 90*time.Second)); err != nil {
		t.Fatal(err)
	}
}

// wantEvents waits until an event like want is in the journal after t0.
func wantEvents(t *testing.T, c *Cluster, t0 time.Time, want Event) {
	t.Helper()
	ctx := within(t, 10*time.Second)
	for {
		for _, e := range c.Events(t0) {
			if e.Node == want.Node && e.Kind == want.Kind && e.By == want.By {
				return
			}
		}
		if pause(ctx, 20*time.Millisecond) != nil {
			t.Fatalf("no event %q among %v", want, c.Events(t0))
		}
	}
}
