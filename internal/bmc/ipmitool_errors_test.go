package bmc

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestExplainIpmitool(t *testing.T) {
	failed := errors.New("exit status 1")
	tests := []struct {
		words    string
		config   IPMI
		timedOut bool
		kinds    []error
		text     string
	}{
		{"> RAKP 2 HMAC is invalid\nError: Unable to establish IPMI v2 / RMCP+ session\n", IPMI{Key: "k"}, false, []error{ErrLogin}, "refused the user name or the password"},
		{"RAKP 2 message indicates an error : unauthorized name\n", IPMI{Key: "k"}, false, []error{ErrLogin}, "does not know the user name"},
		{"RAKP 2 message indicates an error : unauthorized role requested\n", IPMI{Key: "k"}, false, []error{ErrLogin}, "privlvl=operator"},
		{"RAKP 4 message indicates an error : invalid integrity check value\n", IPMI{Key: "k"}, false, []error{ErrLogin}, "refused the user name or the password"},
		{"> RAKP 4 message has invalid integrity check value\n", IPMI{Key: "k"}, false, []error{ErrLogin}, "another BMC key"},
		{"> RAKP 4 message has invalid integrity check value\n", IPMI{Target: 0x24}, false, []error{ErrLogin}, "set hexadecimal_kg"},
		{"Error in open session response message : invalid authentication algorithm\n", IPMI{Key: "k"}, false, []error{errNextSuite}, "cipher suite"},
		{"Error in open session response message : insufficient resources for session\n", IPMI{Key: "k"}, false, nil, "no free session"},
		{"Timeout in open session response message.\n", IPMI{Key: "k"}, false, []error{errNextSuite, ErrSilent}, "silent"},
		{"Unsupported cipher suite ID : 17\n", IPMI{Key: "k"}, false, []error{errNextSuite}, "does not know the cipher suite"},
		{"Get Auth Capabilities error\nError issuing Get Channel Authentication Capabilities request\n", IPMI{Key: "k"}, false, []error{ErrSilent}, "does not answer"},
		{"Invalid user name\nError: Unable to establish LAN session\n", IPMI{V15: true}, false, []error{ErrLogin}, "does not know the user name"},
		{"Activate Session command failed\n", IPMI{V15: true}, false, []error{ErrLogin}, "IPMI 1.5 refuses a password"},
		{"Activate Session error:\n\tInsufficient privilege level\n", IPMI{V15: true}, false, []error{ErrLogin}, "privlvl"},
		{"Invalid completion code received: Insufficient privilege level\n", IPMI{Key: "k"}, true, []error{ErrSilent, errNextSuite}, "does not answer"}, // a question of ipmitool's own
		{"Get Chassis Power Status failed: Unknown (0x83)\n", IPMI{Target: 0x26}, false, nil, "target=0x26"},
		{"Set Chassis Power Control to Diag failed: Invalid data field in request\n", IPMI{Key: "k"}, false, nil, "Invalid data field in request"},
		{"Unable to set Chassis Power Control to Down/Off\n", IPMI{Key: "k"}, false, []error{ErrSilent}, "does not answer"},
		{"", IPMI{Key: "k"}, true, []error{ErrSilent, errNextSuite}, "does not answer"},
		{"some secret\n", IPMI{Key: "k"}, false, nil, "run ipmitool: exit status 1"},
	}
	for _, tt := range tests {
		err := explainIpmitool(tt.words, tt.config, tt.timedOut, failed)
		if !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), "some secret") {
			t.Errorf("%q reads %q, want %q", tt.words, err, tt.text)
		}
		for _, kind := range []error{ErrLogin, ErrSilent, errNextSuite} {
			if errors.Is(err, kind) != slices.Contains(tt.kinds, kind) {
				t.Errorf("%q: is %q: %v", tt.words, kind, errors.Is(err, kind))
			}
		}
	}
}
