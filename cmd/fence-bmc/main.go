// Command fence-bmc is every fence agent of this project in one program: the
// name it is called by, usually a symbolic link, says which one it is.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/events"
	"github.com/oneha/oneha/internal/fenceagent"
	"github.com/oneha/oneha/internal/version"
)

func main() {
	if a, ok := fenceagent.Find(filepath.Base(os.Args[0])); ok {
		if events.Called(os.Getenv) {
			host, _ := os.Hostname()
			a.Tell = record(a.Name, host, events.Log{}, func(err error) { fmt.Fprintln(os.Stderr, "Warning:", err) })
		}
		fence.Main(a)
	}
	os.Exit(ownName(os.Args[1:], os.Stdout, os.Stderr))
}

// ownName answers a call that names no agent, and returns the exit code: 1 when
// somebody wanted an action, which must never pass for a success.
func ownName(args []string, stdout, stderr io.Writer) int {
	switch {
	case len(args) == 1 && args[0] == "--list": // for scripts that make the links
		for _, a := range fenceagent.All() {
			fmt.Fprintln(stdout, a.Name)
		}
	case len(args) == 1 && args[0] == "--version":
		fmt.Fprintln(stdout, "fence-bmc", version.String())
	case len(args) == 1 && (args[0] == "--help" || args[0] == "-h"):
		usage(stdout)
	default:
		usage(stderr)
		return 1
	}
	return 0
}

func usage(w io.Writer) {
	fmt.Fprint(w, `usage: fence-bmc --list | --version

The fence agents of this project. pacemaker-fenced runs them through links named
after the agents, with the options on standard input; "AGENT --help" lists them.

Agents:
`)
	for _, a := range fenceagent.All() {
		fmt.Fprintf(w, "  %-15s %s\n", a.Name, a.Short)
	}
}
