package main

import (
	"fmt"
	"net/netip"
	"strings"
)

// classicResources are those of the classic layout: two fence devices, a floating IP
// and four services.
const classicResources = 7

// description is that of a cluster with so many resources, at least classicResources.
// Services and nodes are few, so the rest are floating IPs, and a constraint for each.
func description(resources int) string {
	var b strings.Builder
	b.WriteString(`version: 1
cluster: opennebula
nodes:
  one-server1: {addr: 10.3.4.20, bmc: "ipmi://10.3.5.20"}
  one-server2: {addr: 10.3.4.21, bmc: "ipmi://10.3.5.21"}
bmc: {username: oneha, password_file: /etc/oneha/bmc}
services: [oned, sunstone, gate, flow]
layout: colocation
vip:
`)
	for i := range resources - classicResources + 1 {
		fmt.Fprintf(&b, "  - %s/16\n", netip.AddrFrom4([4]byte{10, 3, byte(128 + i>>8), byte(i)}))
	}
	return b.String()
}

// countEdits counts the pcs commands of a generated script that make the
// configuration.
func countEdits(script string) (n int) {
	for line := range strings.Lines(script) {
		if strings.HasPrefix(line, "edit ") {
			n++
		}
	}
	return n
}
