// Command ocf-opennebula is all of OpenNebula's resource agents in one binary.
// Installed under an agent's name (a link in /usr/lib/ocf/resource.d/opennebula)
// it is that agent; under its own name the agent is the first argument. Under the name
// alert_oneha it is the alert agent of internal/events.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/oneha/oneha/agents"
	"github.com/oneha/oneha/internal/events"
	"github.com/oneha/oneha/internal/version"
	"github.com/oneha/oneha/ocf"
)

func main() {
	// Half of Go's usual heap of 4 MB before the first collection. Start and stop make
	// garbage as they poll systemd: the peak memory of a stop of oned is 8.4 instead
	// of 10.6 MB. A monitor never collects, so it pays nothing for it.
	debug.SetGCPercent(50)
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	host, _ := os.Hostname() // a line without it still says who did what
	if name == events.AlertName {
		os.Exit(alert(os.Getenv, host, events.Log{}, os.Stderr))
	}
	if a, ok := agents.Named(name); ok {
		if events.Called(os.Getenv) {
			a = agents.Recorded(a, record(events.Log{}, host), prepare(events.Log{}))
		}
		ocf.Main(a, args)
	}
	if len(args) > 0 {
		if a, ok := agents.Named(args[0]); ok {
			ocf.Main(a, args[1:])
		}
	}
	os.Exit(int(byOwnName(args, os.Stdout, os.Stderr)))
}

// byOwnName answers a call that names no agent.
func byOwnName(args []string, stdout, stderr io.Writer) ocf.Code {
	word := ""
	if len(args) > 0 {
		word = args[0]
	}
	switch word {
	case "--version", "version":
		fmt.Fprintln(stdout, "ocf-opennebula", version.String())
		return ocf.SuccessCode
	case "--list": // for scripts that make the links
		for _, a := range agents.All() {
			fmt.Fprintln(stdout, a.Name)
		}
		return ocf.SuccessCode
	case "--help", "-h", "help":
		fmt.Fprint(stdout, usage())
		return ocf.SuccessCode
	case "":
	default:
		fmt.Fprintf(stderr, "ocf-opennebula: there is no agent %q\n", word)
	}
	fmt.Fprint(stderr, usage())
	return ocf.ArgsCode
}

func usage() string {
	var b strings.Builder
	b.WriteString(`usage: ocf-opennebula AGENT ACTION
       ocf-opennebula --list | --version

The OCF resource agents of an OpenNebula front-end. Pacemaker runs them through
links named after the agents. ACTION is one that "ocf-opennebula AGENT help"
lists, e.g. meta-data.

Agents:
`)
	for _, a := range agents.All() {
		fmt.Fprintf(&b, "  %-10s %s\n", a.Name, a.Short)
	}
	return b.String()
}
