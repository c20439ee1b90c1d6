package lab

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// controlName is the socket on which the process that runs a cluster takes
// requests from others.
const controlName = "control"

// Deed is something that another process may ask to be done to a node.
type Deed func(context.Context, *Node) error

// deeds are what another process may ask for, besides "down".
var deeds = map[string]Deed{
	"off":      func(_ context.Context, n *Node) error { return n.PowerOff() },
	"on":       func(_ context.Context, n *Node) error { return n.PowerOn() },
	"freeze":   func(_ context.Context, n *Node) error { return n.Freeze() },
	"thaw":     func(_ context.Context, n *Node) error { return n.Thaw() },
	"cut":      func(_ context.Context, n *Node) error { return n.Cut() },
	"heal":     func(_ context.Context, n *Node) error { return n.Heal() },
	"bmc-down": func(ctx context.Context, n *Node) error { return n.SetBMC(ctx, false) },
	"bmc-up":   func(ctx context.Context, n *Node) error { return n.SetBMC(ctx, true) },
}

// Deeds lists what Ask can ask for on a node.
func Deeds() []string {
	var names []string
	for name := range deeds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Serve takes requests from other processes (Ask) until ctx ends or one asks
// for "down". Deeds of own, by name, may be asked for as well, and are done in
// place of those of that name.
func (c *Cluster) Serve(ctx context.Context, own map[string]Deed) error {
	down := make(chan struct{}, 1)
	err := c.serve(filepath.Join(c.lab.state, controlName), func(ctx context.Context, request string) (string, error) {
		verb, name, _ := strings.Cut(request, " ")
		if verb == "down" {
			select {
			case down <- struct{}{}:
			default: // asked for already
			}
			return "", nil
		}
		deed := own[verb]
		if deed == nil {
			deed = deeds[verb]
		}
		i := slices.IndexFunc(c.Nodes, func(n *Node) bool { return n.Name == name })
		if deed == nil || i < 0 {
			return "", fmt.Errorf("request %q: want one of %s and a node", request, strings.Join(Deeds(), ", "))
		}
		return "", deed(ctx, c.Nodes[i])
	})
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-down:
	}
	return nil
}

// Ask asks the process that runs the cluster of the lab called prefix to do
// something: one of Deeds with a node's name, or "down".
func Ask(ctx context.Context, prefix string, words ...string) (string, error) {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unix", filepath.Join(statePath(prefix), controlName))
	if err != nil {
		return "", fmt.Errorf("ask lab %s: no cluster is up: %w", prefix, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if _, err := fmt.Fprintln(conn, strings.Join(words, " ")); err != nil {
		return "", fmt.Errorf("ask lab %s: %w", prefix, err)
	}
	in := bufio.NewReader(conn)
	verdict, err := in.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("ask lab %s: %w", prefix, err)
	}
	rest, err := io.ReadAll(in)
	if err != nil {
		return "", fmt.Errorf("ask lab %s: %w", prefix, err)
	}
	if verdict != "ok\n" {
		return "", fmt.Errorf("lab %s: %s", prefix, strings.TrimPrefix(strings.TrimSpace(verdict), "error: "))
	}
	return string(rest), nil
}

// Enter runs a command in a machine of the lab called prefix, from whatever
// process.
func Enter(ctx context.Context, prefix, machine string, c Command) (Result, error) {
	base, err := cgroupRoot()
	if err != nil {
		return Result{}, err
	}
	r, err := enter(ctx, base.sub(cgroupName(prefix)).sub(machine), c)
	if err != nil {
		return r, fmt.Errorf("machine %s of lab %s: %w", machine, prefix, err)
	}
	return r, nil
}
