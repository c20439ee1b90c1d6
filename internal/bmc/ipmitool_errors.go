package bmc

import (
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
)

// ipmitoolWords are what ipmitool 1.8.18 and 1.8.19 write with -v, and what it
// means; the first that is found counts.
var ipmitoolWords = []meaning{
	// IPMI 2.0. The BMC proves that it knows the password in RAKP message 2, and that
	// it knows K_g in message 4 (section 13.31).
	{"RAKP 2 HMAC is invalid", refusedText, ErrLogin},
	{"RAKP 4 message has invalid integrity check value", otherKeyText, ErrLogin},
	{"invalid integrity check value", refusedText, ErrLogin}, // the BMC says it of message 3
	{"unauthorized name", unknownText, ErrLogin},
	{"invalid name length", unknownText, ErrLogin},
	{"unauthorized role", privilegeText, ErrLogin},
	{"invalid role", privilegeText, ErrLogin},
	{"insufficient resources", sessionsText, nil},
	{"Unsupported cipher suite ID", "this ipmitool does not know the cipher suite", errNextSuite},
	{"Timeout in open session response", silencedText, errors.Join(errNextSuite, ErrSilent)},
	{"Error in open session response", suiteText, errNextSuite},
	{"is not what we requested", suiteText, errNextSuite},
	{"This BMC does not support IPMI v2", "the BMC has IPMI 1.5 only: set lanplus=0", nil},
	{"no response from RAKP", silentText, ErrSilent},

	// IPMI 1.5.
	{"Invalid user name", unknownText, ErrLogin},
	{"NULL user name not enabled", anonymousText, ErrLogin},
	{"Authentication type MD5 not supported", "the BMC does not offer MD5, and every other way would send the password readable or not at all: set lanplus=1", nil},
	{"Requested privilege level exceeds limit", privilegeText, ErrLogin},
	{"\tInsufficient privilege level", privilegeText, ErrLogin},
	{"No session slot available", sessionsText, nil},
	{"No slot available", sessionsText, nil},
	{"Get Session Challenge command failed", unknownText, ErrLogin},
	{"Activate Session command failed", mute15Text, ErrLogin},

	// Both.
	{"Set Session Privilege Level to", privilegeText, ErrLogin},
	{"Get Auth Capabilities", silentText, ErrSilent},
	{"Get Channel Authentication Capabilities", silentText, ErrSilent},
	{"Unable to get Chassis Power Status", silentText, ErrSilent},
	{"Unable to set Chassis Power Control", silentText, ErrSilent},
}

// refusal is how ipmitool reports the completion code of a command.
var refusal = regexp.MustCompile(`(?m)^(Get Chassis Power Status|Set Chassis Power Control to (?:Up/On|Down/Off|Diag)) failed: ([A-Za-z ,/-]{1,80}(?:\(0x[0-9a-f]{2}\))?)$`)

// explainIpmitool puts a failed run into words that say what to do. What ipmitool
// wrote is only looked at, never shown: only known words are known to be harmless.
func explainIpmitool(words string, c IPMI, timedOut bool, err error) error {
	if m := refusal.FindStringSubmatch(words); m != nil {
		text := fmt.Sprintf("%s: the BMC answered %q to ipmitool", strings.ToLower(m[1]), m[2])
		switch {
		case strings.HasPrefix(m[2], "Insufficient privilege level"):
			text = "the BMC says that the user's privileges do not suffice: power control needs operator or administrator"
		case c.Target != 0:
			text += fmt.Sprintf("; check that target=%#02x is the address of a controller behind this BMC", c.Target)
		}
		return &failure{text: text, err: err}
	}
	for _, w := range ipmitoolWords {
		if !strings.Contains(words, w.words) {
			continue
		}
		if w.text == otherKeyText && c.Key == "" {
			w.text = noKeyText
		}
		return &failure{text: w.text, kind: w.kind, err: err}
	}
	if timedOut { // perhaps about the cipher suite: ipmitool does not say what it waits for
		return &failure{text: silentText, kind: errors.Join(errNextSuite, ErrSilent), err: err}
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return &failure{text: fmt.Sprintf("ipmitool failed (%v) and did not say why: run it by hand to see", exit.ProcessState), err: err}
	}
	return &failure{text: fmt.Sprintf("run ipmitool: %v: check ipmitool_path", err), err: err}
}
