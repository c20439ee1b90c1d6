package nodefacts

import (
	"fmt"
	"math"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/lint"
)

// stateDirs are where corosync and Pacemaker keep what they must be able to write
// (corosync.conf(5), state_dir; Pacemaker's CRM_CONFIG_DIR is below its own).
var stateDirs = []string{"/var/lib/corosync", "/var/lib/pacemaker"}

// rooms looks at the file systems of the cluster's state, where there is any.
func (c *collector) rooms() {
	for _, dir := range stateDirs {
		if !c.exists(dir) {
			continue
		}
		r, err := c.Room(c.path(dir))
		if err != nil {
			c.unknown("room in "+dir, err)
			continue
		}
		r.Path = dir
		c.facts.Rooms = append(c.facts.Rooms, r)
	}
}

// room asks the kernel (statfs(2)).
func room(path string) (lint.Room, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return lint.Room{}, fmt.Errorf("read free space: %w", err)
	}
	r := lint.Room{ReadOnly: s.Flags&unix.ST_RDONLY != 0, Free: s.Bfree * uint64(s.Frsize), Files: s.Ffree}
	if s.Files == 0 { // btrfs and others make them as they need them
		r.Files = math.MaxUint64
	}
	return r, nil
}
