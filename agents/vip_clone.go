package agents

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/oneha/oneha/ocf"
)

// ipOf returns the address that this call is about: parameter ip, plus the number
// of the instance with unique_clone_address. Errors complete "parameter ip ...".
func ipOf(req *ocf.Request) (netip.Addr, error) {
	ip, err := parseIP(req.String("ip"))
	if err != nil || !req.Bool("unique_clone_address") || !ip.Is4() {
		return ip, err
	}
	octets, number := ip.As4(), cloneNumber(req)
	if number > 255-int(octets[3]) {
		return ip, fmt.Errorf("is %s, which leaves no room for clone instance %d: its last octet would be above 255", ip, number)
	}
	octets[3] += byte(number)
	return netip.AddrFrom4(octets), nil
}

// cloneNumber is the number of the instance in its clone, 0 outside of one.
func cloneNumber(req *ocf.Request) int {
	n, err := strconv.Atoi(req.Meta("clone"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// checkClone judges the use as a clone. Instances that share one address need the
// CLUSTERIP target of iptables, which Linux removed (commit 9db5d918e2c0, 6.3);
// before that nftables had not taken it up for years.
func checkClone(req *ocf.Request, ip netip.Addr) error {
	instances := 1
	if text := req.Meta("clone_max"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return &ocf.Error{Code: ocf.ConfiguredCode, Reason: fmt.Sprintf("meta attribute clone-max is not a number from 1: %q", text)}
		}
		instances = n
	}
	unique := req.Bool("unique_clone_address")
	switch {
	case instances > 1 && req.Bool("lvs_support"):
		return ocf.Configured("lvs_support", "does not go together with a clone of several instances")
	case instances > 1 && !unique:
		return ocf.Configured("unique_clone_address", "must be true in a clone: Linux has no CLUSTERIP since 6.3; or do not clone it")
	case unique && ip.Is6():
		return ocf.Configured("unique_clone_address", "is for IPv4 addresses")
	case unique && !isTrue(req.Meta("globally_unique")):
		return ocf.Configured("unique_clone_address", "needs the meta attribute globally-unique=true of the clone")
	}
	return nil
}

// isTrue reads a meta attribute as Pacemaker does (crm_str_to_boolean).
func isTrue(text string) bool {
	switch strings.ToLower(text) {
	case "true", "on", "yes", "y", "1":
		return true
	}
	return false
}
