package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/oneha/oneha/internal/events"
	"github.com/oneha/oneha/test/lab"
)

// alerts is what docs/timeline.md adds to a description.
const alerts = `
raw:
  xml: |
    <alerts>
      <alert id="oneha" path="/usr/share/pacemaker/alerts/alert_oneha"/>
    </alerts>
`

// Time limits, generous: they end a broken run and measure nothing.
const (
	settleTime = 5 * time.Minute
	deedTime   = 3 * time.Minute
)

// cluster is the one that is soaked. Its second node is the one that is fenced.
type cluster struct {
	*lab.Cluster
	nodes []*node
	quiet atomic.Bool // no fault is being done
}

// upCluster brings up the cluster of a file with the alert agent added, and waits until
// it runs.
func upCluster(ctx context.Context, l *lab.Lab, file, dir string, r *record) (_ *cluster, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	described := filepath.Join(dir, "soak.yaml")
	if err := os.WriteFile(described, append(text, alerts...), 0o644); err != nil {
		return nil, err
	}
	up, err := l.Up(ctx, described)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, up.Collect(context.WithoutCancel(ctx)))
		}
	}()
	c := &cluster{Cluster: up}
	for _, n := range up.Nodes {
		c.nodes = append(c.nodes, &node{Node: n, record: r, quiet: &c.quiet})
	}
	if err := c.settle(ctx); err != nil {
		return nil, err
	}
	for _, n := range c.nodes {
		if err := n.fill(ctx, dir); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// The log of events as it is after years: older files that are full, and one that will
// be so soon. The sizes are those of docs/timeline.md.
const (
	logFile = 2 << 20
	logAll  = 5 * logFile
	logRoom = 4 << 10 // for what is written before the file is renamed
)

// fill makes the log of events that long, so that it has to be rotated early in the run.
func (n *node) fill(ctx context.Context, dir string) error {
	old := events.Event{
		Time: time.Now().Add(-240 * time.Hour), Host: n.Name, From: "pacemaker", What: events.Operation, Subject: "oned", Node: n.Name, Action: "monitor",
		Text: "a line of long ago, so that the log is nearly full",
	}.Line()
	full := filepath.Join(dir, "full.jsonl")
	if err := os.WriteFile(full, []byte(strings.Repeat(string(old), logFile/len(old))), 0o640); err != nil {
		return err
	}
	if err := n.Copy(full, "/root/full.jsonl"); err != nil {
		return err
	}
	script := fmt.Sprintf(`cd %s
for n in 1 2 3 4; do cp /root/full.jsonl %[2]s.$n; chown --reference=. %[2]s.$n; chmod 640 %[2]s.$n; done
now=$(stat -c %%s %[2]s 2>/dev/null || echo 0)
lines=$(( (%[3]d - now) / %[4]d ))
head -n $lines /root/full.jsonl >>%[2]s
chown --reference=. %[2]s; chmod 640 %[2]s
rm /root/full.jsonl`, events.Dir, events.File, logFile-logRoom, len(old))
	_, err := n.Exec(ctx, "sh", "-euc", script)
	return err
}

// settle waits until the cluster is whole and quiet.
func (c *cluster) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	return c.WaitSettled(ctx)
}

// mended waits until the cluster has healed and has it forget its failures, so that
// no limit of them is ever reached.
func (c *cluster) mended(ctx context.Context) error {
	if err := c.settle(ctx); err != nil {
		return err
	}
	if _, err := c.Nodes[0].Exec(ctx, "crm_resource", "--cleanup"); err != nil {
		return err
	}
	return c.settle(ctx)
}

// deed is a light fault: it begins, and waits until it was noticed.
type deed struct {
	name string
	do   func(context.Context, *cluster, *rand.Rand) error
}

var deeds = []deed{
	{"oned killed", func(ctx context.Context, c *cluster, _ *rand.Rand) error {
		return c.onActive(ctx, "systemctl kill --kill-who=main -s KILL opennebula.service", "oned_monitor_")
	}},
	{"side service killed", func(ctx context.Context, c *cluster, random *rand.Rand) error {
		unit := "opennebula-" + []string{"sunstone", "gate", "flow"}[random.IntN(3)] + ".service"
		active, err := c.Active()
		if err != nil {
			return err
		}
		pid := "systemctl show -P MainPID " + unit
		before, err := active.Exec(ctx, "sh", "-euc", pid+"; systemctl kill --kill-who=main -s KILL "+unit)
		if err != nil {
			return err
		}
		return wait(ctx, unit+" to be back", func() bool { // systemd starts it again, or the cluster does
			r, err := active.Exec(ctx, "sh", "-euc", "systemctl is-active --quiet "+unit+"; "+pid)
			return err == nil && r.Stdout != before.Stdout && strings.TrimSpace(r.Stdout) != "0"
		})
	}},
	{"floating IP removed by hand", func(ctx context.Context, c *cluster, _ *rand.Rand) error {
		vip := c.Spec.VIP.Address.String()
		return c.onActive(ctx, `ip address del `+vip+` dev "$(ip -o address show to `+c.Spec.VIP.Address.Addr().String()+` | awk '{ print $2; exit }')"`, "vip_monitor_")
	}},
	{"standby and back", func(ctx context.Context, c *cluster, _ *rand.Rand) error {
		active, err := c.Active()
		if err != nil {
			return err
		}
		return c.leave(ctx, active)
	}},
	{"corosync link flaps", func(ctx context.Context, c *cluster, random *rand.Rand) error {
		n := c.Nodes[random.IntN(len(c.Nodes))]
		for range 3 { // each shorter than the token of 3 s, after which a node is lost
			if err := errors.Join(n.Cut(), pause(ctx, 500*time.Millisecond), n.Heal(), pause(ctx, 2*time.Second)); err != nil {
				return err
			}
		}
		return nil
	}},
}

// fencing is the one heavy fault: the second node, active, hangs.
var fencing = deed{"second node hangs and is fenced", func(ctx context.Context, c *cluster, _ *rand.Rand) error {
	victim := c.Nodes[1]
	if active, err := c.Active(); err != nil {
		return err
	} else if active != victim {
		if err := c.leave(ctx, active); err != nil {
			return err
		}
		if err := c.settle(ctx); err != nil {
			return err
		}
	}
	start := time.Now()
	if err := victim.Freeze(); err != nil {
		return err
	}
	return wait(ctx, victim.Name+" to be fenced", func() bool {
		for _, e := range c.Events(start) {
			if e.Node == victim.Name && e.Kind == lab.PoweredOff && strings.HasPrefix(e.By, "bmc: ") {
				return true
			}
		}
		return false
	})
}}

// onActive runs a script on the active node and waits until Pacemaker shows a failed
// action whose key contains found.
func (c *cluster) onActive(ctx context.Context, script, found string) error {
	active, err := c.Active()
	if err != nil {
		return err
	}
	if _, err := active.Exec(ctx, "sh", "-euc", script); err != nil {
		return err
	}
	return wait(ctx, "Pacemaker to show "+found, func() bool {
		status, err := c.Status(ctx)
		return err == nil && strings.Contains(strings.Join(status.Failures, "\n"), found)
	})
}

// leave has a node give everything away, and makes it able to have it again.
func (c *cluster) leave(ctx context.Context, n *lab.Node) (err error) {
	standby := func(ctx context.Context, value string) error {
		_, err := c.Nodes[0].Exec(ctx, "crm_standby", "--node", n.Name, "--update", value)
		return err
	}
	if err := standby(ctx, "on"); err != nil {
		return err
	}
	defer func() { // whatever became of it
		back, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		err = errors.Join(err, standby(back, "off"))
	}()
	return wait(ctx, "the floating IP to leave "+n.Name, func() bool {
		active, err := c.Active()
		return err == nil && active != n
	})
}

// wait asks until it is so.
func wait(ctx context.Context, what string, so func() bool) error {
	for !so() {
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
	}
	return nil
}
