// Command fakeoned is a fake of oned and of OpenNebula's other front-end
// services, for tests of clusters. It is no part of an installation.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/oneha/oneha/test/fakeoned"
)

// failed is the exit code of a oned that could not start.
const failed = 255

func main() {
	log := log.New(os.Stderr, "fakeoned: ", 0) // the journal adds the time
	hostname, err := os.Hostname()
	if err != nil {
		log.Print(err)
		os.Exit(failed)
	}
	c, err := fakeoned.ParseFlags(os.Args[1:], hostname, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		log.Print(err)
		os.Exit(failed)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	err = fakeoned.Run(ctx, c, func(does string) {
		log.Printf("a stand-in for %s, not OpenNebula, %s", c.Role, does)
		if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
			log.Print(err)
		}
	}, log)
	if err != nil {
		log.Print(err)
		os.Exit(failed)
	}
}
