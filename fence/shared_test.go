package fence

import (
	"slices"
	"testing"
)

// Names and flags as fence_redfish and fence_ilo_ssh of fence-agents 4.12 have
// them: a configuration and a script for those must be understood.
func TestSharedOptionsHaveTheStockNames(t *testing.T) {
	a := testAgent(nil)
	a.Options = slices.Concat(TLSOptions(), SSHOptions(), []Option{MethodOption()})
	table := newTable(&a)
	for name, want := range map[string]struct {
		short byte
		value bool
	}{
		"ssl": {'z', false}, "ssl_insecure": {0, false}, "ssl_secure": {0, false}, "gnutlscli_path": {0, true},
		"ssh": {'x', false}, "secure": {'x', false}, "identity_file": {'k', true}, "ssh_options": {0, true}, "ssh_path": {0, true}, "telnet_path": {0, true},
		"inet4_only": {'4', false}, "inet6_only": {'6', false}, "command_prompt": {'c', true}, "cmd_prompt": {'c', true}, "method": {'m', true},
	} {
		o := table.find(name)
		if o == nil || o.Short != want.short || o.takesValue() != want.value {
			t.Errorf("%s: %+v", name, o)
		}
	}
}
