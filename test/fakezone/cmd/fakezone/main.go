// Command fakezone is one server of a fake zone of OpenNebula, for tests. It is no
// part of an installation.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/oneha/oneha/test/fakezone"
)

// failed is the exit code of a oned that could not start.
const failed = 255

func main() {
	c, err := fakezone.ParseFlags(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(failed)
	}
	if c.Leash {
		go fakezone.Leash(os.Stdin)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := fakezone.Run(ctx, c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(failed)
	}
}
