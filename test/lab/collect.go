package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// logFiles are the logs on a node's disk that explain a failure.
var logFiles = []string{"var/log/pacemaker/pacemaker.log", "var/log/corosync/corosync.log", "var/lib/pacemaker/cib/cib.xml"}

// Collect copies the logs of every node, the BMCs' logs, what Pacemaker says and
// the events into the directory of Options.Diagnostics, for a failure that is
// looked at when the lab is gone. Passwords are in none of them. Without a
// directory it does nothing.
func (c *Cluster) Collect(ctx context.Context) error {
	dir := c.lab.opt.Diagnostics
	if dir == "" {
		return nil
	}
	var errs []error
	keep := func(name string, text []byte) {
		path := filepath.Join(dir, name)
		if err := writeFile(path, string(text), 0o644); err != nil {
			errs = append(errs, err)
		}
	}
	for _, n := range c.Nodes {
		for _, file := range logFiles {
			if text, err := os.ReadFile(filepath.Join(n.root, file)); err == nil { // a node that never came up has none
				keep(filepath.Join(n.Name, filepath.Base(file)), text)
			}
		}
		keep(filepath.Join(n.Name, "console.log"), []byte(n.console()))
		if n.bmc != nil {
			if text, err := os.ReadFile(filepath.Join(n.bmc.dir, "sim.log")); err == nil {
				keep(filepath.Join(n.Name, "bmc.log"), text)
			}
		}
		if !n.responsive() {
			continue
		}
		for name, args := range map[string][]string{
			"journal.txt": {"journalctl", "--no-pager", "--output=short-precise"},
			"crm_mon.txt": {"crm_mon", "-1", "-rfn"},
		} {
			asked, cancel := context.WithTimeout(ctx, 5*time.Second)
			r, err := n.Exec(asked, args...)
			cancel()
			if err != nil {
				r.Stdout += err.Error() + "\n"
			}
			keep(filepath.Join(n.Name, name), []byte(r.Stdout))
		}
	}
	var events strings.Builder
	for _, e := range c.Events(time.Time{}) {
		fmt.Fprintf(&events, "%s %s\n", e.Time.Format("15:04:05.000"), e)
	}
	keep("events.txt", []byte(events.String()))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("collect logs: %w", err)
	}
	return nil
}
