package lab

import (
	"fmt"
	"os"
	"path/filepath"
)

// Footprint is what a lab has on the host.
type Footprint struct {
	Namespaces, Mounts, Groups int // Groups: one of each machine
}

// Footprint counts what the host has of the cluster's lab.
func (c *Cluster) Footprint() (f Footprint, err error) {
	l := c.lab
	names, err := filepath.Glob(filepath.Join(netnsDir, namespacePrefix(l.opt.Prefix)+"*"))
	if err != nil {
		return f, fmt.Errorf("count namespaces: %w", err)
	}
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return f, fmt.Errorf("count mounts: %w", err)
	}
	groups, err := os.ReadDir(string(l.cgroup))
	if err != nil {
		return f, fmt.Errorf("count control groups: %w", err)
	}
	for _, g := range groups {
		if g.IsDir() {
			f.Groups++
		}
	}
	f.Namespaces, f.Mounts = len(names), len(mountsUnder(string(info), l.state))
	return f, nil
}
