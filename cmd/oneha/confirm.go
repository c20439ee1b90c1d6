package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/fencecheck"
)

// confirm has a person agree to a node's power being cut. It shows what will
// happen and asks for the node's name, unless --yes stands for that. Its error
// means that nothing may be done.
func (t tool) confirm(ctx context.Context, c *cli.Context, d fencecheck.Device, action string, self bool) error {
	if self {
		fmt.Fprintf(t.stderr, "oneha: warning: this machine is %s: it dies at once, nobody sees whether that worked, and after a reboot that fails it stays off\n", d.Node)
	}
	if c.Bool("yes") {
		return nil
	}
	switch {
	case c.String("file") == "-":
		return errors.New("standard input is the description, so nobody can be asked: use -f FILE, or --yes")
	case !t.asks:
		return fmt.Errorf("nothing was done: %s cuts the power of %s, and there is no terminal to ask on: use --yes", action, d.Node)
	}
	now := t.runAgent(ctx, d, fence.ActionStatus, c.Bool("verbose"))
	if !now.ok {
		return failure{fmt.Errorf("%s: nothing was done: %s", d.Node, now.failure)}
	}
	what := "switched off"
	if action == fence.ActionReboot {
		what = "switched off and on again"
	}
	fmt.Fprintf(t.stderr, "%s will be %s at once, without a shutdown.\n  BMC    %s at %s, user %s\n  power  %s\nType the node's name to go on: ",
		d.Node, what, d.Agent.Name, d.Address(), cmp.Or(d.Option("username"), "(none)"), now.power)
	typed, err := t.readLine(ctx)
	if err != nil {
		fmt.Fprintln(t.stderr)
		return failure{fmt.Errorf("nothing was done: %w", err)}
	}
	if typed != d.Node {
		return failure{fmt.Errorf("nothing was done: %q is not %s", typed, d.Node)}
	}
	return nil
}

// readLine reads what a person types, until the context ends.
func (t tool) readLine(ctx context.Context) (string, error) {
	type result struct {
		line string
		err  error
	}
	typed := make(chan result, 1)
	go func() { // a read cannot be cancelled; it ends with the process at the latest
		line, err := bufio.NewReader(t.stdin).ReadString('\n')
		typed <- result{strings.TrimSpace(line), err}
	}()
	select {
	case <-ctx.Done():
		return "", errors.New("interrupted")
	case r := <-typed:
		if r.err != nil {
			return "", errors.New("no answer")
		}
		return r.line, nil
	}
}
