package cloud

import (
	"strings"
	"testing"
)

// Codes of OpenNebula (include/Request.h) and XML-RPC.
const (
	noExists = 0x0400
	action   = 0x0800
	internal = 0x2000
	noMethod = -506
	noParams = -501
)

// nobody is an ID that no object has.
const nobody = 2000000000

// What is refused is refused with these codes and, as far as oneha shows them to people,
// these words. Nothing is changed by any of them.
func TestRefusals(t *testing.T) {
	s := open(t)
	vm := s.newVM(t, "-refused")
	for _, test := range []struct {
		method string
		params []any
		code   int
		words  string
	}{
		{"one.vm.recover", []any{nobody, 1}, noExists, "[one.vm.recover] Error getting virtual machine [2000000000]."},
		{"one.vm.recover", []any{vm, 9}, action, "[one.vm.recover] Wrong recovery operation code"},
		{"one.vm.recover", []any{vm, 0}, action, "Could not perform a recover operation on VM %, wrong state HOLD."},
		{"one.vm.recover", []any{vm, 1}, action, "Could not perform a recover operation on VM %, wrong state HOLD."},
		{"one.vm.recover", []any{vm, 2}, action, "Could not perform a retry on VM %, wrong state HOLD."},
		{"one.vm.action", []any{"resched", vm}, action, "This action is not available for state HOLD"},
		{"one.vm.action", []any{"resume", vm}, action, "This action is not available for state HOLD"},
		{"one.vm.action", []any{"resched", nobody}, noExists, "Error getting virtual machine [2000000000]."},
		{"one.vm.info", []any{nobody}, noExists, "Error getting virtual machine [2000000000]."},
		{"one.host.info", []any{nobody}, noExists, "Error getting host [2000000000]."},
		{"one.host.status", []any{nobody, 0}, noExists, "Error getting host [2000000000]."},
		{"one.hook.delete", []any{nobody}, noExists, "Error getting hook [2000000000]."},
		{"one.oneha.test", nil, noMethod, ""},
		{"one.vm.recover", []any{vm}, noParams, ""},
	} {
		r := s.call(t, test.method, test.params...)
		if r.ok || r.code != test.code || r.fault != (test.code < 0) {
			t.Errorf("%s %v: %+v, want code %d", test.method, test.params, r, test.code)
		}
		for _, part := range strings.Split(test.words, "%") {
			if !strings.Contains(r.value, part) {
				t.Errorf("%s %v: %q, want %q", test.method, test.params, r.value, test.words)
			}
		}
	}
	s.becomes(t, vm, "HOLD")
}

// A host takes three statuses.
func TestHostStatusRefused(t *testing.T) {
	s := open(t)
	id := s.newHost(t, "-host")
	if r := s.change(t, host, id, "one.host.status", id, 7); r.ok || r.code != internal || !strings.Contains(r.value, "Wrong status code") {
		t.Errorf("%+v", r)
	}
	if r := s.call(t, "one.host.allocate", s.run+"-host", "dummy", "dummy", -1); r.ok || r.code != internal {
		s.made(t, host, r)
		t.Errorf("a second host of the same name: %+v", r)
	}
}
