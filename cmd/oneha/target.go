package main

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/target"
)

var targetFlag = &cli.StringFlag{
	Name:  "target",
	Usage: "what the nodes run on, instead of what FILE says: `TARGET` is portable, a release such as debian-12, versions such as pcs=0.10, or detect for what this machine has",
}

// retarget puts the target of the command line into the description.
func (t tool) retarget(c *cli.Context, cluster *spec.Cluster) error {
	var err error
	switch text := c.String("target"); text {
	case "":
	case "detect":
		cluster.Target, err = target.Detect(c.Context, t.root, output)
	default:
		cluster.Target, err = target.Parse(text)
	}
	if err != nil {
		return fmt.Errorf("--target: %w", err)
	}
	return nil
}

// output runs a program that only says its version.
func output(ctx context.Context, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = time.Second
	return cmd.Output()
}
