// Command dbus is the least that a monitor of a systemd unit can do in Go with
// go-systemd: connect to systemd's private socket (go-systemd makes two
// connections and authenticates on both, there is no bus and no Hello), read the
// property ActiveState of the unit that is named, and end. It prints nothing and
// fails when the unit is not active.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
)

func main() {
	if err := read(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "dbus:", err)
		os.Exit(1)
	}
}

func read(unit string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := dbus.NewSystemdConnectionContext(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	state, err := conn.GetUnitPropertyContext(ctx, unit, "ActiveState")
	if err != nil {
		return err
	}
	if state.Value.Value() != "active" {
		return fmt.Errorf("%s is %s", unit, state.Value)
	}
	return nil
}
