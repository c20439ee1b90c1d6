// Command oned stands where OpenNebula's oned is on the servers of a zonelab: the
// fake of package fakezone with the packages' paths, which tells systemd when it
// answers. With follower-hook it does what the packages' follower_cleanup does. It is
// no part of an installation.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/oneha/oneha/internal/confedit"
	"github.com/oneha/oneha/test/fakezone"
)

const (
	location = "/usr/lib/oneha-test/zone"
	flags    = "/etc/oneha-test/oned.flags"
	conf     = "/etc/one/oned.conf"
	zone     = "/var/lib/one/zonelab.json"
	// version is what the fake says of itself, with the release that it behaves like
	// where the real one names its own.
	version = "A fake of oned, for tests.\n\nOpenNebula 6.10.5 is what it was made like.\n"
	// failed is the exit code of an oned that could not start.
	failed = 255
)

func main() {
	run := oned
	if len(os.Args) == 2 {
		switch os.Args[1] {
		case "follower-hook":
			run = followerHook
		case "-v", "--version":
			fmt.Print(version)
			return
		}
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(failed)
	}
}

// oned is the fake, with the arguments that its machine has in a file.
func oned() error {
	text, err := os.ReadFile(flags)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	c, err := fakezone.ParseFlags(append([]string{"-location", location}, strings.Fields(string(text))...), os.Stderr)
	if err != nil {
		return err
	}
	if err := bootstrap(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go ready(ctx)
	return fakezone.Run(ctx, c)
}

// bootstrap makes the database of a server of a finished zone, once.
func bootstrap() error {
	text, err := os.ReadFile(zone)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	d := fakezone.NewDatabase()
	if err := json.Unmarshal(text, d); err != nil {
		return fmt.Errorf("read %s: %w", zone, err)
	}
	store, err := fakezone.OpenStore(location)
	if err != nil {
		return err
	}
	if _, err := store.Load(); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(errors.New("make database: there is one"), err)
	}
	if err := store.Save(d); err != nil {
		return err
	}
	return os.Remove(zone)
}

// ready tells systemd once the port is open.
func ready(ctx context.Context) {
	for ctx.Err() == nil {
		if conn, err := net.DialTimeout("tcp", "127.0.0.1:2633", time.Second); err == nil {
			_ = conn.Close()
			if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// followerHook becomes the command of RAFT_FOLLOWER_HOOK, when there is one.
func followerHook() error {
	text, err := os.ReadFile(conf)
	if err != nil {
		return err
	}
	f, findings := confedit.Parse(conf, text)
	if findings.HasErrors() {
		return fmt.Errorf("%v", findings)
	}
	command, ok := f.Get("RAFT_FOLLOWER_HOOK", "COMMAND")
	if !ok || !strings.HasPrefix(command, "/") {
		return nil // a server without Raft
	}
	arguments, _ := f.Get("RAFT_FOLLOWER_HOOK", "ARGUMENTS")
	return syscall.Exec(command, append([]string{command}, strings.Fields(arguments)...), os.Environ())
}
