// Package nodefacts finds out what a node knows of itself, for package lint to judge.
//
// It looks and changes nothing. Whatever cannot be found out, for want of rights or
// because something does not answer in time, is said in the facts instead of
// failing. No secret leaves it: files are told by digests under a key that the
// nodes share, and that is no part of the facts.
package nodefacts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/oneha/oneha/internal/lint"
	"github.com/oneha/oneha/internal/unit"
)

// Machine is the node that is looked at, by the parts that tests replace.
type Machine struct {
	Root  string // of its file system, "/" for this one
	Name  string // uname -n
	Units Units
	// Clock reports whether the time is kept in step with others.
	Clock func() (synchronised bool, err error)
	// Room looks at the file system below a directory.
	Room func(path string) (lint.Room, error)
	// Interfaces lists the network interfaces.
	Interfaces func() ([]lint.Interface, error)
	// Claim asks the network who else has an address; "" when nobody answered.
	Claim func(context.Context, lint.Floating) (hardware string, err error)
	// BMC asks a fence device how it is; asked is false when there is no way to.
	BMC func(context.Context, lint.Device) (asked bool, err error)
}

// Units is what systemd says; *unit.Manager is one.
type Units interface {
	State(ctx context.Context, unit string) (unit.State, error)
	Settings(ctx context.Context, unit string) (unit.Settings, error)
	Clustered(unit string) bool
	Close() // the connection, which the next call makes again
}

// Here is this machine.
func Here(name string) Machine {
	return Machine{Root: "/", Name: name, Units: unit.New(""), Clock: clock, Room: room, Interfaces: interfaces, Claim: claim, BMC: askBMC}
}

// Limits of what is asked, so that one that hangs does not hide the others.
const (
	unitsWithin = 10 * time.Second
	claimWithin = 3 * time.Second
	bmcWithin   = 30 * time.Second
)

// collector gathers facts; several goroutines may add what they do not know.
type collector struct {
	Machine
	lock  sync.Mutex
	facts *lint.Node
}

// Collect looks at everything that is wanted.
func Collect(ctx context.Context, m Machine, want lint.Wanted) *lint.Node {
	c := &collector{Machine: m, facts: &lint.Node{Format: lint.NodeFormat, Name: m.Name}}
	var bmcs sync.WaitGroup
	bmcs.Go(func() { c.bmcs(ctx, want.Devices) }) // the slowest by far
	c.units(ctx, want.Units)
	c.network(ctx, want.Addresses)
	c.twins(want.Files)
	c.opennebula(want)
	c.zone(want.Zone)
	if path := "/etc/corosync/service.d/pcmk"; c.exists(path) {
		c.facts.ServiceD = path
	}
	c.sbd()
	c.rooms()
	if ok, err := m.Clock(); err != nil {
		c.unknown("time", err)
	} else {
		c.facts.Clock = &lint.Clock{Synchronised: ok}
	}
	bmcs.Wait()
	slices.Sort(c.facts.Unknown)
	return c.facts
}

// unknown notes what could not be found out.
func (c *collector) unknown(what string, err error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	note := fmt.Sprintf("%s: %v", what, err)
	if !slices.Contains(c.facts.Unknown, note) {
		c.facts.Unknown = append(c.facts.Unknown, note)
	}
}

// path is where a file of the machine lies.
func (c *collector) path(file string) string { return filepath.Join(c.Root, file) }

func (c *collector) exists(file string) bool {
	_, err := os.Lstat(c.path(file))
	return err == nil
}

// bmcs asks all fence devices at once.
func (c *collector) bmcs(ctx context.Context, devices []lint.Device) {
	ctx, cancel := context.WithTimeout(ctx, bmcWithin)
	defer cancel()
	answers := make([]*lint.BMC, len(devices))
	var wait sync.WaitGroup
	for i, d := range devices {
		wait.Go(func() {
			asked, err := c.BMC(ctx, d)
			if !asked {
				if err != nil {
					c.unknown("fence device "+d.ID, err)
				}
				return
			}
			answers[i] = &lint.BMC{Device: d.ID, Agent: d.Agent}
			if err != nil {
				answers[i].Error = err.Error()
			}
		})
	}
	wait.Wait()
	for _, a := range answers {
		if a != nil {
			c.facts.BMCs = append(c.facts.BMCs, *a)
		}
	}
}

// units asks systemd, and looks at which units start at boot.
func (c *collector) units(ctx context.Context, names []string) {
	ctx, cancel := context.WithTimeout(ctx, unitsWithin)
	defer cancel()
	if len(names) > 0 {
		defer c.Units.Close() // a program that looks again and again would keep one for each look
	}
	silent := false
	for _, name := range names {
		u := lint.Unit{Name: name, Boot: c.boot(name)}
		if u.Boot != "absent" && !silent {
			state, err := c.Units.State(ctx, name)
			if err == nil {
				u.Active = state.Phase().Up()
				u.Clustered = c.Units.Clustered(name)
				var s unit.Settings
				if s, err = c.Units.Settings(ctx, name); err == nil {
					u.Restart, u.StopTimeout = s.Restart, lint.Duration(s.StopTimeout)
				}
			}
			if err != nil {
				c.unknown("systemd", err)
				silent = true // do not wait for each of them
			}
		}
		if u.Boot != "absent" {
			c.facts.Units = append(c.facts.Units, u)
		}
	}
}

// unitDirs are those of systemd's unit files, the one that counts first
// (systemd.unit(5)).
var unitDirs = []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}

// boot says whether a unit starts at boot, from the links that systemctl enable or
// the unit's package makes, or those of an init script.
func (c *collector) boot(name string) string {
	file := false
	for _, dir := range unitDirs {
		path := filepath.Join(dir, name)
		if target, err := os.Readlink(c.path(path)); err == nil && target == "/dev/null" && !file {
			return "masked"
		}
		file = file || c.exists(path)
	}
	script := strings.TrimSuffix(name, ".service")
	if !file && !c.exists("/etc/init.d/"+script) {
		return "absent"
	}
	for _, dir := range unitDirs {
		for _, kind := range []string{"*.wants", "*.requires"} {
			if found, _ := filepath.Glob(c.path(filepath.Join(dir, kind, name))); len(found) > 0 {
				return "enabled"
			}
		}
	}
	if !file {
		if found, _ := filepath.Glob(c.path("/etc/rc[2345].d/S[0-9][0-9]" + script)); len(found) > 0 {
			return "enabled"
		}
	}
	return "disabled"
}
