// Command oneha turns one short description of an OpenNebula front-end cluster
// into a Pacemaker cluster's configuration.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), os.Args, os.Stdin, os.Stdout, os.Stderr))
}
