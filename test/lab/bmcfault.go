package lab

import "fmt"

// SetChassis puts c between the node's BMC and its power supply, from the next request
// on; nil takes it away. It waits for a request that is under way.
func (n *Node) SetChassis(c Chassis) error {
	if n.bmc == nil {
		return fmt.Errorf("node %s has no BMC", n.Name)
	}
	n.bmc.asking.Lock()
	defer n.bmc.asking.Unlock()
	n.bmc.chassis = c
	return nil
}
