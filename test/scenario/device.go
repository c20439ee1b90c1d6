package scenario

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// FenceDevice is a fence device of a cluster that an administrator configures by
// hand.
type FenceDevice struct {
	ID, Agent string
	Target    string   // node
	Options   []string // of the agent, NAME=value
	BMC       string   // what the lab calls it; "" is ipmi_sim
}

// by is who the lab's record says switched the power when it was this device.
func (d FenceDevice) by(on bool) string {
	power := map[bool]string{true: "1", false: "0"}[on]
	if d.BMC == "" {
		return "bmc: set power " + power
	}
	return "bmc: " + d.BMC + " set power " + power
}

// Shell is a command with which an administrator configures devices. Neither is
// told to force anything to create one.
type Shell struct {
	Name   string
	create func(FenceDevice) []string
	remove func(id string) []string
}

// PCS and CRM are those there are.
var (
	PCS = Shell{
		Name: "pcs",
		create: func(d FenceDevice) []string {
			return slices.Concat([]string{"pcs", "stonith", "create", d.ID, d.Agent}, d.Options, d.own())
		},
		remove: func(id string) []string { return []string{"pcs", "stonith", "delete", id} },
	}
	CRM = Shell{
		Name: "crm",
		create: func(d FenceDevice) []string {
			return slices.Concat([]string{"crm", "configure", "primitive", d.ID, "stonith:" + d.Agent, "params"}, d.Options, d.own())
		},
		remove: func(id string) []string { return []string{"crm", "--force", "configure", "delete", id} }, // it runs
	}
)

// own is what every device has at the end of its options.
func (d FenceDevice) own() []string {
	return []string{"pcmk_host_list=" + d.Target, "op", "monitor", "interval=60s"}
}

// Create makes the devices by commands on node n and waits until each is started
// and its recurring monitor has succeeded.
func (s Shell) Create(ctx context.Context, c *lab.Cluster, n *lab.Node, devices ...FenceDevice) error {
	for _, d := range devices {
		if _, err := n.Exec(ctx, s.create(d)...); err != nil {
			return fmt.Errorf("create %s: %w", d.ID, err)
		}
	}
	for _, d := range devices {
		if err := WaitMonitored(ctx, c, n, d.ID); err != nil {
			return err
		}
	}
	return nil
}

// Delete removes devices by commands on node n.
func (s Shell) Delete(ctx context.Context, n *lab.Node, ids ...string) error {
	ctx, cancel := context.WithTimeout(ctx, recoverLimit)
	defer cancel()
	for _, id := range ids {
		_, err := n.Exec(ctx, s.remove(id)...)
		// crmsh stops a device and asks too early whether it has stopped when a node is just joining.
		for err != nil && strings.Contains(err.Error(), "is running, can't delete it") && ctx.Err() == nil {
			time.Sleep(time.Second)
			_, err = n.Exec(ctx, s.remove(id)...)
		}
		if err != nil {
			return fmt.Errorf("delete %s: %w", id, err)
		}
	}
	return nil
}

// WaitMonitored waits until Pacemaker on n says that the device is started and
// that its recurring monitor succeeded.
func WaitMonitored(ctx context.Context, c *lab.Cluster, n *lab.Node, id string) error {
	ctx, cancel := context.WithTimeout(ctx, recoverLimit)
	defer cancel()
	monitored := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(id) + `\s.*:\s+Started:.*_monitor_60000 .*rc=0.*: complete`)
	for {
		r, err := n.Exec(ctx, "crm_resource", "--list-all-operations", "--resource", id)
		if err == nil && monitored.MatchString(r.Stdout) {
			return nil
		}
		select {
		case <-ctx.Done():
			status, _ := c.Status(context.WithoutCancel(ctx))
			return fmt.Errorf("wait for the monitor of %s: %w (%v)\n%s\nfailures: %s", id, ctx.Err(), err, r.Stdout, strings.Join(status.Failures, "; "))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// WriteFile writes a root's own file of that mode on every node. The text goes by
// standard input: it may be a password.
func WriteFile(ctx context.Context, c *lab.Cluster, path, text, mode string) error {
	for _, n := range c.Nodes {
		in := lab.Streams{Stdin: strings.NewReader(text)}
		if _, err := n.Command(ctx, lab.Command{Args: []string{"install", "-D", "-m", mode, "/dev/stdin", path}, Streams: in}); err != nil {
			return err
		}
	}
	return nil
}
