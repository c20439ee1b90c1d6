package scenario

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/oneha/oneha/test/lab"
)

// rakp1 is a filter for what begins a login of IPMI 2.0: RAKP message 1, which names
// the user (IPMI 2.0, tables 13-8 and 13-16). marked is the end of a count.
const (
	rakp1  = "udp dst port 623 and udp[12] = 6 and udp[13] = 0x12"
	marked = "udp dst port 9"
)

// RefusedLogins has a node whose BMC password is wrong check itself once, and counts
// the logins that begin there meanwhile, by the BMC's address. The cluster's own
// monitor may add one.
func (k *Checked) RefusedLogins(ctx context.Context) (logins map[string]int, err error) {
	n := k.Cluster.Nodes[0]
	defer func() {
		err = errors.Join(err, wrongPassword.undo(context.WithoutCancel(ctx), k.Cluster, n), k.mended(ctx, n, wrongPassword))
	}()
	if err := wrongPassword.do(ctx, k.Cluster, n); err != nil {
		return nil, err
	}
	return countLogins(ctx, n, func() error {
		all, err := k.Findings(ctx, n)
		if err != nil {
			return err
		}
		return wrongPassword.explains(k.added(n, all))
	})
}

var packetForm = regexp.MustCompile(`> (\d+\.\d+\.\d+\.\d+)\.(\d+):`)

// countLogins counts the logins that begin on a node while f runs.
func countLogins(ctx context.Context, n *lab.Node, f func() error) (map[string]int, error) {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		_, err := n.Command(ctx, lab.Command{
			Args:    []string{"tcpdump", "-i", "any", "-nn", "-l", "--immediate-mode", "(" + rakp1 + ") or (" + marked + ")"},
			Streams: lab.Streams{Stdout: out, Stderr: out},
		})
		out.CloseWithError(fmt.Errorf("tcpdump: %w", err))
		ended <- err
	}()
	defer func() { cancel(); in.Close(); <-ended }()

	lines := bufio.NewScanner(in)
	logins := map[string]int{}
	// until reads what tcpdump prints, up to a line for which end is true.
	until := func(end func(line, port string) bool) error {
		for lines.Scan() {
			to := packetForm.FindStringSubmatch(lines.Text())
			if to == nil {
				to = make([]string, 3)
			}
			if end(lines.Text(), to[2]) {
				return nil
			}
			if to[2] == "623" {
				logins[to[1]]++
			}
		}
		return fmt.Errorf("count logins: %w", errors.Join(lines.Err(), ctx.Err()))
	}
	if err := until(func(line, _ string) bool { return strings.Contains(line, "listening on") }); err != nil {
		return nil, err
	}
	if err := f(); err != nil {
		return nil, err
	}
	// Packets are printed in their order, so that after this one all are there.
	if _, err := n.Exec(ctx, "bash", "-euc", "echo >/dev/udp/127.0.0.1/9"); err != nil {
		return nil, err
	}
	return logins, until(func(_, port string) bool { return port == "9" })
}
