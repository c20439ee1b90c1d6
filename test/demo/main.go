// Command demo shows what oneha is for: it takes examples/two-node.yaml, has
// oneha check it and generate the configuration, verifies that with Pacemaker's
// own tools, starts a real two-node cluster from it on this machine, hangs the
// active node, and prints how long each step of the recovery took. Then it removes
// everything. Where there is no root, or no Debian, it generates and verifies
// what it can, and says what it left out.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	example = "examples/two-node.yaml"
	outDir  = "out/demo"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := demo(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func demo(ctx context.Context) error {
	if err := generate(ctx); err != nil {
		return err
	}
	if why := noLab(); why != "" {
		return offline(ctx, why)
	}
	return inLab(ctx)
}

// generate has the command do what a user would do first.
func generate(ctx context.Context) error {
	text, err := os.ReadFile(example)
	if err != nil {
		return err
	}
	heading("One file: " + example)
	fmt.Print(string(text))
	heading("oneha generate " + example + " -o " + outDir)
	return show(ctx, "bin/oneha", "generate", example, "-o", outDir)
}

// offline is the half of the demo that needs nothing.
func offline(ctx context.Context, why string) error {
	heading("Verified as far as this machine can")
	if _, err := exec.LookPath("crm_verify"); err == nil {
		if err := show(ctx, "crm_verify", "-x", filepath.Join(outDir, "cib.xml")); err != nil {
			return err
		}
		say("crm_verify accepts cib.xml")
	} else {
		if err := show(ctx, "bin/oneha", "check", example); err != nil {
			return err
		}
		say("oneha check finds no error; crm_verify is not installed here, so Pacemaker itself was not asked")
	}
	say("left out, because %s: the two-node cluster, the failover and its table (root on Debian runs them)", why)
	return nil
}

// show runs a command of the user's with its output.
func show(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return nil
}

func heading(text string) { fmt.Printf("\n== %s\n", text) }

func say(format string, args ...any) { fmt.Printf(format+"\n", args...) }
