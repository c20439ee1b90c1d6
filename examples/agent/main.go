// Command agent is a resource agent in seventy lines, to start one of your own from: a
// kernel setting that holds on the active node only, such as
//
//	pcs resource create forwarding ocf:example:setting key=net.ipv4.ip_forward on=1 off=0
//
// Install it as /usr/lib/ocf/resource.d/example/setting, mode 0755, on every node.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/oneha/oneha/ocf"
)

var agent = ocf.Agent{
	Name:    "setting",
	Version: "1.0",
	Short:   "Kernel setting",
	Long:    "Has a kernel setting, as sysctl names it, at one value where the resource runs, and at another elsewhere.",
	Params: []ocf.Param{
		{Name: "key", Type: ocf.String, Required: true, Unique: true, Short: "Setting", Long: "Name of the setting.", Example: "net.ipv4.ip_forward"},
		{Name: "on", Type: ocf.String, Default: "1", Short: "Value while it runs", Long: "What start sets."},
		{Name: "off", Type: ocf.String, Default: "0", Short: "Value otherwise", Long: "What stop sets."},
	},
	Actions: []ocf.Action{
		{Name: ocf.Start, Timeout: 10 * time.Second, Run: func(_ context.Context, r *ocf.Request) error { return set(r, r.String("on")) }},
		{Name: ocf.Stop, Timeout: 10 * time.Second, Run: func(_ context.Context, r *ocf.Request) error { return set(r, r.String("off")) }},
		{Name: ocf.Monitor, Timeout: 10 * time.Second, Interval: 10 * time.Second, Run: monitor},
	},
	// A mistake in a parameter is found before anything is started.
	Validate: func(_ context.Context, r *ocf.Request) error {
		if r.String("on") == r.String("off") {
			return ocf.Configured("off", "is the same as on: nobody could tell a node where the resource runs from another")
		}
		if _, err := os.Stat(file(r)); err != nil {
			return ocf.Installed("this kernel has no setting " + r.String("key"))
		}
		return nil
	},
}

// file is where the kernel shows the setting.
func file(r *ocf.Request) string {
	return filepath.Join("/proc/sys", filepath.Clean("/"+strings.ReplaceAll(r.String("key"), ".", "/")))
}

// set may be repeated: a cluster starts what runs and stops what is stopped.
func set(r *ocf.Request, value string) error {
	if err := os.WriteFile(file(r), []byte(value+"\n"), 0o644); err != nil {
		return ocf.Failed("set "+r.String("key"), err)
	}
	r.Log.Info("set", "key", r.String("key"), "value", value)
	return nil
}

// monitor says what is, and changes nothing.
func monitor(_ context.Context, r *ocf.Request) error {
	switch value, err := os.ReadFile(file(r)); {
	case err != nil:
		return ocf.Failed("read "+r.String("key"), err)
	case strings.TrimSpace(string(value)) != r.String("on"):
		return ocf.NotRunning(fmt.Sprintf("%s is %s", r.String("key"), strings.TrimSpace(string(value))))
	}
	return nil
}

func main() { ocf.Main(agent, os.Args[1:]) }
