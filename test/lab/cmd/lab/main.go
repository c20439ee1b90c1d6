// Command lab runs the real cluster software on one machine, for people and for
// the Makefile.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/oneha/oneha/test/lab"
)

const usage = `usage: lab [flags] COMMAND

  rootfs               build the root file system if it is missing, print its directory
  run [--] CMD...      run a command in a disposable machine without systemd
  boot [--] CMD...     run a command in a disposable machine booted with systemd
  up SPEC              start the cluster of a spec file; it ends with Ctrl-C or lab down

While a cluster is up, from another terminal:
  exec NODE CMD...     run a command on a node
  %s NODE
                       do that to a node
  down                 end the cluster, or remove what a killed lab left

Flags:
`

func main() {
	opt := lab.Options{CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Log: progress}
	flag.StringVar(&opt.Prefix, "prefix", "lab", "name of the lab; two labs at once need two")
	flag.StringVar(&opt.Release, "release", "bookworm", "Debian release of the root file system")
	flag.StringVar(&opt.Source, "source", "", "checkout whose programs are installed in the machines (default: the one around the current directory)")
	flag.BoolVar(&opt.EmptyCIB, "empty-cib", false, "a cluster starts without a configuration, for oneha apply")
	flag.StringVar(&opt.Diagnostics, "diagnostics", "", "directory for the logs of a cluster that does not settle")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), usage, strings.Join(lab.Deeds(), " | "))
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if opt.Source == "" {
		opt.Source = checkout()
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals(flag.Arg(0))...)
	defer stop()
	err := command(ctx, opt, flag.Arg(0), operands(flag.Args()[1:]))
	var exit *lab.ExitError
	switch {
	case errors.As(err, &exit):
		os.Exit(exit.Code) // it said itself what failed
	case err != nil:
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

// signals are those that end a command of ours early. Ctrl-C at a shell in a
// machine is the shell's: it reaches it too, and is none of our business.
func signals(command string) []os.Signal {
	if command == "exec" || command == "boot" {
		signal.Notify(make(chan os.Signal, 1), os.Interrupt) // caught, so that it does not end us
		return []os.Signal{syscall.SIGTERM}
	}
	return []os.Signal{os.Interrupt, syscall.SIGTERM}
}

// command runs one of the commands of the usage text.
func command(ctx context.Context, opt lab.Options, name string, args []string) error {
	streams := lab.Streams{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	switch {
	case name == "rootfs" && len(args) == 0:
		dir, err := lab.Rootfs(ctx, opt)
		if err == nil {
			fmt.Println(dir)
		}
		return err
	case name == "run" && len(args) > 0:
		return within(ctx, opt, func(l *lab.Lab) error {
			_, err := l.Run(ctx, lab.Command{Args: args, Streams: streams})
			return err
		})
	case name == "boot" && len(args) > 0:
		return within(ctx, opt, func(l *lab.Lab) error {
			m, err := l.Boot(ctx, "machine")
			if err == nil {
				_, err = m.Command(ctx, lab.Command{Args: args, Streams: streams})
			}
			return err
		})
	case name == "up" && len(args) == 1:
		return within(ctx, opt, func(l *lab.Lab) error { return up(ctx, l, opt.Prefix, args[0]) })
	case name == "exec" && len(args) > 1:
		_, err := lab.Enter(ctx, opt.Prefix, args[0], lab.Command{Args: operands(args[1:]), Streams: streams})
		return err
	case name == "down" && len(args) == 0:
		return down(ctx, opt.Prefix)
	case slices.Contains(lab.Deeds(), name) && len(args) == 1:
		_, err := lab.Ask(ctx, opt.Prefix, name, args[0])
		return err
	}
	return fmt.Errorf("%s: unknown command or wrong number of arguments: see lab -help", name)
}

// within runs f in a lab that is closed afterwards, also when f was interrupted.
func within(ctx context.Context, opt lab.Options, f func(*lab.Lab) error) error {
	l, err := lab.Open(ctx, opt)
	if err != nil {
		return err
	}
	err = f(l)
	if closed := l.Close(); closed != nil {
		return errors.Join(err, closed)
	}
	return err
}

// up runs the cluster of a spec file until ctx ends or somebody asks for down.
func up(ctx context.Context, l *lab.Lab, prefix, spec string) error {
	start := time.Now()
	c, err := l.Up(ctx, spec)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() {
		served <- c.Serve(ctx, nil)
		cancel()
	}()
	settling, stop := context.WithTimeout(ctx, 2*time.Minute)
	defer stop()
	progress("lab: nodes and BMCs have power; waiting for the cluster (about half a minute)")
	err = c.WaitSettled(settling)
	switch {
	case ctx.Err() != nil: // asked to end
	case err != nil:
		progress("lab: %v", err)
		if err := c.Collect(ctx); err != nil {
			progress("lab: %v", err)
		}
	default:
		progress("lab: the cluster settled after %.1f s", time.Since(start).Seconds())
	}
	if ctx.Err() == nil {
		greet(ctx, c, prefix)
	}
	return errors.Join(<-served, c.Down())
}

// greet shows the cluster and how to get in.
func greet(ctx context.Context, c *lab.Cluster, prefix string) {
	node := c.Nodes[0]
	if r, err := node.Exec(ctx, "crm_mon", "-1r"); err == nil {
		progress("%s", strings.TrimSpace(r.Stdout))
	}
	progress("\nlab: from another terminal: lab -prefix %s exec %s bash, or freeze %s. Ctrl-C ends the cluster.", prefix, node.Name, node.Name)
}

// down ends a living lab, or sweeps up after a dead one.
func down(ctx context.Context, prefix string) error {
	if _, err := lab.Ask(ctx, prefix, "down"); err != nil {
		return lab.Remove(prefix) // nobody serves it
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		err := lab.Remove(prefix)
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// operands drops the "--" before a command.
func operands(args []string) []string {
	if len(args) > 0 && args[0] == "--" {
		return args[1:]
	}
	return args
}

// checkout is the directory of the nearest go.mod upwards, "" for none.
func checkout() string {
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return ""
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
