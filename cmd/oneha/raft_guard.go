package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/raft/guard"
	"github.com/oneha/oneha/internal/vmha/takeover/child"
)

func (t tool) raftGuardCommand() *cli.Command {
	paths := guard.DefaultPaths()
	var alone bool
	path := func(name, usage string, to *string, hidden bool) cli.Flag {
		return &cli.StringFlag{Name: name, Usage: usage, Value: *to, Destination: to, Hidden: hidden}
	}
	return &cli.Command{
		Name:      "guard",
		Usage:     "hold the floating IP on the leader, as a lease (a service, run by systemd)",
		UsageText: "oneha raft guard [options]",
		Description: "Runs on every server of the zone, as root, under oneha-raft-guard.service. It asks\n" +
			"the local oned every 0.8 s whether it is leader, and the guards of the other servers\n" +
			"to vote for nobody else meanwhile. With a majority it holds the floating addresses\n" +
			"with a lifetime of two seconds: when oned, the guard, the network or the machine\n" +
			"hangs, the kernel drops them. The services that follow the leader go with them.\n\n" +
			"It needs /etc/oneha/oneha.yaml (mode: raft), the SERVER_ID of oned.conf, and\n" +
			"one_auth and one_key of oneadmin, the latter the same on all servers. TCP port 2645,\n" +
			"or guard_port of the description, must be open between the servers.\n\n" +
			"For load balancers and monitoring, on the same port:\n" +
			"  GET /leader     200 on the server that holds the lease, else 503\n" +
			"  GET /health     its state, in JSON\n" +
			"  GET /metrics    for Prometheus\n\n" +
			"Examples:\n" +
			"  systemctl enable --now oneha-raft-guard\n" +
			"  journalctl -u oneha-raft-guard\n" +
			"  curl http://SERVER:2645/health\n" +
			"  oneha raft guard --file raft.yaml    in the foreground, on a terminal\n\n" +
			"Without a zone (SERVER_ID -1) it waits until there is one. SIGTERM makes it give up\n" +
			"the addresses, so that an heir has them at once.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "file", Aliases: []string{"f"}, Usage: "description of the zone: `FILE`", Value: paths.Description, Destination: &paths.Description},
			path("oned-conf", "configuration of oned: `FILE`", &paths.OnedConf, false),
			path("auth", "credentials of oneadmin: `FILE`", &paths.Auth, false),
			path("key", "secret that all servers of the zone have: `FILE`", &paths.Key, false),
			path("state", "`FILE` that the guard remembers its starts in", &paths.State, true),
			path("socket", "where programs on this server talk to the guard", &paths.Socket, true),
			&cli.BoolFlag{Name: "no-services", Usage: "start and stop no services", Destination: &alone, Hidden: true},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return fmt.Errorf("%q: the guard takes no arguments; see %s --help", c.Args().First(), c.Command.HelpName)
			}
			ctx, stop := signal.NotifyContext(c.Context, syscall.SIGTERM, os.Interrupt)
			defer stop()
			fence.ForbidCore() // one_key and the credentials are in its memory
			modest()
			guard.Slim()
			return runGuard(ctx, paths, alone, t.stderr)
		},
	}
}

// modest keeps the guard small: it makes little garbage, and a collection of so
// small a heap costs nothing.
func modest() {
	debug.SetGCPercent(25)
	debug.SetMemoryLimit(12 << 20)
	runtime.GOMAXPROCS(min(2, runtime.GOMAXPROCS(0)))
}

// runGuard runs guards until ctx ends, a new one whenever the configuration changed.
func runGuard(ctx context.Context, paths guard.Paths, alone bool, log io.Writer) error {
	for first := true; ctx.Err() == nil; first = false {
		c, err := guard.Load(paths)
		if err != nil && !first { // it could be read a moment ago: systemd is to try again
			return failure{err}
		}
		if err != nil {
			return err
		}
		c.Log, c.Notify, c.Watchdog = log, os.Getenv("NOTIFY_SOCKET"), watchdog()
		c.Look = func(ctx context.Context, since time.Time) ([]string, error) {
			// This very program, also when an upgrade has put another one in its place.
			found, err := child.Look{Program: "/proc/self/exe", Endpoint: c.Oned, AuthFile: paths.Auth, Since: since}.Run(ctx)
			return found.Lines, err
		}
		if err := runGuardOnce(ctx, c, alone); !errors.Is(err, guard.ErrChanged) {
			if err != nil {
				return failure{err}
			}
			return nil
		}
	}
	return nil
}

// runGuardOnce runs a guard with one configuration.
func runGuardOnce(ctx context.Context, c guard.Config, alone bool) error {
	if !alone {
		units := guard.NewUnits(c.Follow)
		defer units.Close()
		c.Services = units
	}
	debug.FreeOSMemory() // reading the description took more than all that follows
	return guard.Run(ctx, c)
}

// watchdog is within which time systemd wants a sign of life (sd_watchdog_enabled(3)).
func watchdog() time.Duration {
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0
	}
	us, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || us <= 0 {
		return 0
	}
	return time.Duration(us) * time.Microsecond
}
