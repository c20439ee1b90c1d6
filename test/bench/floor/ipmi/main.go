// Command ipmi is the least that a status of a machine can do in Go over IPMI 2.0
// with go-ipmi: log in with cipher suite 3, as the user and at the address and port
// that its arguments name and with the password that is its input, get the chassis
// status, log out, and end. It prints nothing and fails when the power is off.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/bougou/go-ipmi/pkg/client"
	"github.com/bougou/go-ipmi/pkg/types"
)

func main() {
	if err := status(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "ipmi:", err)
		os.Exit(1)
	}
}

func status(address, port, user string) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	password, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	c, err := client.NewClient(address, number, user, string(password))
	if err != nil {
		return err
	}
	const suite = 3
	if err := c.WithCipherSuiteID(types.CipherSuiteID(suite)).Connect(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	chassis, err := c.GetChassisStatus(ctx)
	switch {
	case err != nil:
		return err
	case !chassis.PowerIsOn:
		return errors.New("the power is off")
	}
	return nil
}
