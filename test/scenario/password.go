package scenario

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// WrongPassword is what a cluster did with a fence device whose password is wrong.
type WrongPassword struct {
	Agent  string
	Shown  string // the failed action, as Pacemaker shows it
	Logged string // what the agent said in the log
	Logins int    // refused at the BMC until Pacemaker gave up
}

const wrongFile = "/etc/oneha/wrong"

// logins is the most that one device may offer a wrong password before somebody
// does something: Pacemaker starts it once on each of two nodes, and its fencer calls
// the agent twice for a start (pcmk_monitor_retries).
const logins = 2 * 2

// quiet is how long the BMCs are watched after the devices have failed.
const quiet = 2 * time.Second

// RefusePassword configures a device of each protocol with a wrong password, waits
// until Pacemaker has given them up, and mends them by pcs stonith update and
// cleanup. It returns an error when a device was started or a node fenced, when
// Pacemaker does not show the failure, when the logs do not say what is wrong, or
// when the BMC saw more logins than the starts explain. The devices are for node n,
// on which the commands are given; ilo and wire are its own.
func RefusePassword(ctx context.Context, w *Watch, n *lab.Node, ilo *ILO, wire *Wire, log func(string, ...any)) ([]WrongPassword, error) {
	c := w.Cluster
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	if _, err := waitMembers(ctx, c); err != nil {
		return nil, err
	}
	if err := WriteFile(ctx, c, wrongFile, "not the password\n", "600"); err != nil {
		return nil, err
	}
	cases, err := wrongDevices(ctx, c, n, ilo, wire)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	var found []WrongPassword
	for _, d := range cases {
		d.device.Options = withOption(d.device.Options, "password_file", wrongFile)
		// One after the other: while the fencer (Pacemaker 2.1.5) waits for a new device's
		// metadata it may miss that another agent ended, and then times out on a dead process.
		if _, err := n.Exec(ctx, PCS.create(d.device)...); err != nil {
			return found, err
		}
		f := WrongPassword{Agent: d.device.Agent}
		if f.Shown, err = waitGivenUp(ctx, c, d.device.ID); err != nil {
			return found, err
		}
		found = append(found, f)
	}
	select {
	case <-time.After(quiet):
	case <-ctx.Done():
		return found, ctx.Err()
	}
	for i, d := range cases {
		f := &found[i]
		if f.Logins = d.refused(); f.Logins < 1 || f.Logins > logins {
			return found, fmt.Errorf("%s: the BMC saw %d logins with the wrong password, want 1 to %d", f.Agent, f.Logins, logins)
		}
		if f.Logged, err = said(ctx, c, d.device); err != nil {
			return found, err
		}
		log("%-18s %d logins; shown: %s; logged: %s", f.Agent, f.Logins, f.Shown, f.Logged)
	}
	for _, d := range cases {
		if _, err := n.Exec(ctx, "pcs", "stonith", "update", d.device.ID, "password_file="+d.password); err != nil {
			return found, err
		}
		if _, err := n.Exec(ctx, "pcs", "stonith", "cleanup", d.device.ID); err != nil {
			return found, err
		}
	}
	for _, d := range cases {
		if err := WaitMonitored(ctx, c, n, d.device.ID); err != nil {
			return found, err
		}
	}
	if err := w.settle(ctx); err != nil {
		return found, err
	}
	return found, unchanged(c, start)
}

// wrongCase is a device that is about to get a wrong password.
type wrongCase struct {
	device   FenceDevice
	password string     // the right password_file
	refused  func() int // logins that the BMC refused, since the case was made
}

func wrongDevices(ctx context.Context, c *lab.Cluster, n *lab.Node, ilo *ILO, wire *Wire) ([]wrongCase, error) {
	ipmi, err := IPMIDevice(ctx, c, n.Name, false)
	if err != nil {
		return nil, err
	}
	password := value(ipmi.Options, "password_file")
	ipmi.Options = withOption(ipmi.Options, "ip", wire.Addr.String())
	redfish, err := ilo.Device("fence_bmc_redfish", n.Name, false)
	if err != nil {
		return nil, err
	}
	ssh, err := ilo.Device("fence_bmc_ilo_ssh", n.Name, false)
	if err != nil {
		return nil, err
	}
	since := func(count func() int) func() int {
		before := count()
		return func() int { return count() - before }
	}
	cases := []wrongCase{
		{ipmi, password, since(wire.Logins)}, // the device is the only one that uses it
		{redfish, ILOPassword, since(ilo.Redfish.Refused)},
		{ssh, ILOPassword, since(func() int { return ilo.SSH.Offers() - ilo.SSH.Logins() })},
	}
	for i := range cases {
		cases[i].device.ID = "wrong-" + cases[i].device.ID
	}
	return cases, nil
}

// waitGivenUp waits until Pacemaker shows a failed start of the device on every
// node and has stopped it, and returns what it shows.
func waitGivenUp(ctx context.Context, c *lab.Cluster, id string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, recoverLimit)
	defer cancel()
	for {
		status, err := c.Status(ctx)
		failed := slices.DeleteFunc(slices.Clone(status.Failures), func(f string) bool { return !strings.HasPrefix(f, id+"_start_0") })
		if err == nil && len(failed) == len(c.Nodes) && status.On(id) == "" {
			return failed[0], nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("wait for %s to fail: %w (%v, failures %v)", id, ctx.Err(), err, status.Failures)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// said returns what the agent said last in a node's log about its login.
func said(ctx context.Context, c *lab.Cluster, d FenceDevice) (string, error) {
	for _, n := range c.Nodes {
		r, err := n.Exec(ctx, "grep", "-F", d.Agent, "/var/log/pacemaker/pacemaker.log")
		if err != nil {
			continue // the device was never tried there
		}
		lines := strings.Split(strings.TrimSpace(r.Stdout), "\n")
		slices.Reverse(lines)
		for _, line := range lines {
			if _, text, ok := strings.Cut(line, "stderr: "); ok && strings.Contains(line, d.Agent) && strings.Contains(text, "assword") {
				return strings.Trim(text, "[ ]"), nil
			}
		}
	}
	return "", fmt.Errorf("no log says what is wrong with the login of %s", d.ID)
}
