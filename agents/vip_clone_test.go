package agents

import (
	"slices"
	"testing"

	"github.com/oneha/oneha/ocf"
)

// clone is the environment of an instance of a globally unique clone.
func clone(number string) vars {
	return vars{
		"OCF_RESKEY_CRM_meta_clone": number, "OCF_RESKEY_CRM_meta_clone_max": "3", "OCF_RESKEY_CRM_meta_globally_unique": "true",
		"unique_clone_address": "true",
	}
}

// Each instance handles the address with its number, and no other.
func TestVIPUniqueCloneAddress(t *testing.T) {
	l := vipLab(t)
	for _, test := range []struct{ number, address string }{{"0", "10.77.0.100/24 n0"}, {"2", "10.77.0.102/24 n0"}} {
		v := bare.with(clone(test.number))
		expect(t, l.Node, "validate-all", v, 0)
		expect(t, l.Node, "monitor", v, 7)
		expect(t, l.Node, "start", v, 0)
		if got := l.Node.Addresses("n0"); !slices.Contains(got, test.address) {
			t.Errorf("instance %s: addresses %q, want %s", test.number, got, test.address)
		}
		expect(t, l.Node, "monitor", v, 0)
		expect(t, l.Node, "monitor", bare.with(clone("1")), 7)
	}
	expect(t, l.Node, "stop", bare.with(clone("2")), 0)
	expect(t, l.Node, "monitor", bare.with(clone("0")), 0)
	expect(t, l.Node, "stop", bare.with(clone("0")), 0)
	gone(t, l, "10.77.0.100")
}

// What a clone cannot be.
func TestVIPCloneRefused(t *testing.T) {
	l := vipLab(t)
	for _, test := range []struct {
		name   string
		v      vars
		reason string
	}{
		{"Cluster IP", bare.with(vars{"OCF_RESKEY_CRM_meta_clone_max": "2", "mac": "01:00:5e:00:00:01", "clusterip_hash": "sourceip"}),
			"parameter unique_clone_address must be true in a clone: Linux has no CLUSTERIP since 6.3; or do not clone it"},
		{"not globally unique", bare.with(clone("1"), vars{"OCF_RESKEY_CRM_meta_globally_unique": "false"}),
			"parameter unique_clone_address needs the meta attribute globally-unique=true of the clone"},
		{"no clone at all", bare.with(vars{"unique_clone_address": "true"}),
			"parameter unique_clone_address needs the meta attribute globally-unique=true of the clone"},
		{"IPv6", vars{"ip": "2001:db8:77::100"}.with(clone("1")), "parameter unique_clone_address is for IPv4 addresses"},
		{"no room", vars{"ip": "10.77.0.254"}.with(clone("2")),
			"parameter ip is 10.77.0.254, which leaves no room for clone instance 2: its last octet would be above 255"},
		{"LVS", bare.with(clone("1"), vars{"lvs_support": "true"}), "parameter lvs_support does not go together with a clone of several instances"},
		{"clone-max", bare.with(vars{"OCF_RESKEY_CRM_meta_clone_max": "0"}), `meta attribute clone-max is not a number from 1: "0"`},
	} {
		for _, action := range []string{"start", "validate-all", "monitor"} {
			if got := expect(t, l.Node, action, test.v, ocf.ConfiguredCode); got.Reason != test.reason {
				t.Errorf("%s: %s: reason %q, want %q", test.name, action, got.Reason, test.reason)
			}
		}
		expect(t, l.Node, "stop", test.v, 0)
	}
	// A clone of one instance is an address like any other.
	expect(t, l.Node, "start", bare.with(vars{"OCF_RESKEY_CRM_meta_clone_max": "1", "OCF_RESKEY_CRM_meta_clone": "0"}), 0)
}
