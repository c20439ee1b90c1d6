// Command demo shows what oneha is for: it takes examples/two-node.yaml, has
// oneha check it and generate the configuration, verifies that with Pacemaker's
// own tools, starts a real two-node cluster from it on this machine, hangs the
// active node, and prints how long each step of the recovery took. Then it removes
// everything. Where there is no root, or no Debian, it generates and verifies
// what it can, and says what it left out.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/scenario"
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
	l, err := lab.Open(ctx, lab.Options{Prefix: "demo", CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: ".", Log: say})
	if err != nil {
		return err
	}
	err = online(ctx, l)
	if err = errors.Join(err, l.Close()); err == nil {
		say("everything is removed again; the root file system stays in the cache (make clean)")
	}
	return err
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

// noLab says why this machine cannot run the lab, "" when it can.
func noLab() string {
	if runtime.GOOS != "linux" {
		return "this is not Linux"
	}
	if os.Geteuid() != 0 {
		return "you are not root"
	}
	for _, tool := range []string{"mmdebstrap", "systemd-nspawn", "ip"} {
		if _, err := exec.LookPath(tool); err != nil {
			return tool + " is not installed, and this is not a Debian that could install it"
		}
	}
	return ""
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
	say("left out, because %s: the two-node cluster, the failover and its table (root on Debian 12 runs them)", why)
	return nil
}

// online runs the cluster and loses its active node.
func online(ctx context.Context, l *lab.Lab) error {
	heading("Verified by the real tools")
	dir, err := filepath.Abs(outDir)
	if err != nil {
		return err
	}
	verify := lab.Command{Args: []string{"crm_verify", "-x", "/mnt/cib.xml"}, Binds: []lab.Bind{{Host: dir, Inside: "/mnt", ReadOnly: true}}}
	if _, err := l.Run(ctx, verify); err != nil {
		return err
	}
	say("crm_verify accepts cib.xml")

	heading("A two-node cluster from it, on this machine")
	start := time.Now()
	c, err := l.Up(ctx, example)
	if err != nil {
		return err
	}
	say("nodes and BMCs have power; waiting for Pacemaker (about half a minute)")
	settling, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	if err := c.WaitSettled(settling); err != nil {
		return err
	}
	say("the cluster runs after %.0f s", time.Since(start).Seconds())
	r, err := c.Nodes[0].Exec(ctx, "crm_mon", "-1", "--hide-headers")
	if err != nil {
		return err
	}
	fmt.Println(strings.TrimSpace(r.Stdout))

	heading("The active node hangs")
	w, err := scenario.NewWatch(c)
	if err != nil {
		return err
	}
	defer w.Stop()
	failover, err := scenario.FreezeActive(ctx, w, say)
	if err != nil {
		return err
	}
	heading("Seconds from the hang")
	if err := scenario.WriteFailovers(os.Stdout, []scenario.Failover{failover}); err != nil {
		return err
	}
	report, err := w.VIP.Stop()
	if err != nil {
		return err
	}
	say("\nnever two machines on the floating IP (%d samples), never two writers on the database", report.Asked)
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
