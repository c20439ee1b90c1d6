// Command zonelab runs an OpenNebula zone under Raft on machines of its own, for
// people who want to see it or break it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/zonelab"
)

const usage = `usage: zonelab [flags] COMMAND

  up                   make the machines; they last until Ctrl-C or zonelab down

While they are up, from another terminal:
  exec SERVER CMD...   run a command on a server as root: exec server-0 bash
  off SERVER           cut its power        on SERVER     give it power
  freeze SERVER        stop all processes   thaw SERVER   let them go on
  cut SERVER           pull its cable       heal SERVER   plug it in
  reinstall SERVER     a blank disk: the packages, no configuration
  down                 end the zone, or remove what a killed one left

Examples:
  zonelab up                           one front-end and two blank servers, SQLite
  zonelab -formed up                   a finished zone: watch it with
                                       zonelab exec server-0 oneha raft status
  zonelab -servers 5 -database mysql -formed up

Flags:
`

func main() {
	o := zonelab.Options{CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Log: progress}
	flag.StringVar(&o.Prefix, "prefix", "zone", "name of the lab; two at once need two")
	flag.IntVar(&o.Servers, "servers", 3, "how many, 3 to 5")
	flag.IntVar(&o.Members, "members", 0, "with -formed, how many of them are in the zone, the others blank (0: all)")
	flag.BoolVar(&o.Formed, "formed", false, "the zone is finished; else the first server is a front-end without one, and the others are blank")
	flag.StringVar(&o.Database, "database", zonelab.SQLite, "of oned: sqlite or mysql")
	flag.StringVar(&o.Source, "source", "", "checkout whose programs are installed (default: the one around the current directory)")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if o.Source == "" {
		o.Source = checkout()
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals(flag.Arg(0))...)
	defer stop()
	err := command(ctx, o, flag.Arg(0), flag.Args()[1:])
	var exit *lab.ExitError
	switch {
	case errors.As(err, &exit):
		os.Exit(exit.Code) // it said itself what failed
	case err != nil:
		fmt.Fprintln(os.Stderr, "zonelab:", err)
		os.Exit(1)
	}
}

// signals are those that end a command of ours early. Ctrl-C at a shell on a server
// is the shell's: it reaches it too.
func signals(command string) []os.Signal {
	if command == "exec" {
		signal.Notify(make(chan os.Signal, 1), os.Interrupt) // caught, so that it does not end us
		return []os.Signal{syscall.SIGTERM}
	}
	return []os.Signal{os.Interrupt, syscall.SIGTERM}
}

// command runs one of the commands of the usage text.
func command(ctx context.Context, o zonelab.Options, name string, args []string) error {
	switch {
	case name == "up" && len(args) == 0:
		return up(ctx, o)
	case name == "exec" && len(args) > 1:
		_, err := lab.Enter(ctx, o.Prefix, args[0], lab.Command{Args: operands(args[1:]), Streams: lab.Streams{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}})
		return err
	case name == "down" && len(args) == 0:
		return down(ctx, o.Prefix)
	case strings.Contains(" off on freeze thaw cut heal reinstall ", " "+name+" ") && len(args) == 1:
		_, err := lab.Ask(ctx, o.Prefix, name, args[0])
		return err
	}
	return fmt.Errorf("%s: unknown command or wrong number of arguments: see zonelab -help", name)
}

// up makes a zone and keeps it until ctx ends or somebody asks for down.
func up(ctx context.Context, o zonelab.Options) error {
	start := time.Now()
	l, err := zonelab.Up(ctx, o)
	if err != nil {
		return err
	}
	progress("zonelab: %s after %.1f s", strings.Join(l.Servers(), ", "), time.Since(start).Seconds())
	progress("zonelab: from another terminal: zonelab -prefix %s exec %s bash. Ctrl-C ends all.", o.Prefix, zonelab.Name(0))
	return errors.Join(l.Serve(ctx), l.Down())
}

// down ends a living zone, or sweeps up after a dead one.
func down(ctx context.Context, prefix string) error {
	if _, err := lab.Ask(ctx, prefix, "down"); err != nil {
		return lab.Remove(prefix) // nobody serves it
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
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
	if len(args) > 1 && args[0] == "--" {
		return args[1:]
	}
	return args
}

// checkout is the directory of the nearest go.mod upwards, "." for none.
func checkout() string {
	dir, err := os.Getwd()
	for ; err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	return "."
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
