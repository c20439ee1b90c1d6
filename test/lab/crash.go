package lab

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Crash kills PID 1 of the node, and with it all its processes, as a kernel that dies
// does: the power stays on, and nothing comes back by itself.
func (n *Node) Crash() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	pid := n.cgroup.init()
	if pid == 0 {
		return fmt.Errorf("crash node %s: it does not run", n.Name)
	}
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		return fmt.Errorf("crash node %s: %w", n.Name, err)
	}
	return nil
}
