package bmc

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// DefaultIpmitool is where distributions install ipmitool.
const DefaultIpmitool = "/usr/bin/ipmitool"

// maxKey is the length of a BMC key in bytes (IPMI 2.0, section 22.25).
const maxKey = 20

// ParseKey reads a BMC key (K_g) of hexadecimal digits, as ipmitool's -y does, and
// returns its bytes without the zeros at its end: a shorter key is filled up with
// them, and a key of nothing but zeros is none. Its errors do not show the key.
func ParseKey(digits string) (string, error) {
	key, err := hex.DecodeString(digits)
	switch {
	case err != nil:
		return "", errors.New("the BMC key is not written in pairs of hexadecimal digits: give two of 0-9 and a-f for each byte, without 0x and spaces")
	case len(key) > maxKey:
		return "", fmt.Errorf("the BMC key has %d bytes, IPMI takes at most %d: give the key as it is set on the BMC", len(key), maxKey)
	}
	return strings.TrimRight(string(key), "\x00"), nil
}

func (c IPMI) byIpmitool() bool { return c.Key != "" || c.Target != 0 }

// TellsAnswers reports whether Answered is called: ipmitool says nothing meanwhile.
func (c IPMI) TellsAnswers() bool { return !c.byIpmitool() }

// checkIpmitool finds what ipmitool cannot be told. Its environment, the only way
// that does not show a secret to others, cannot carry a zero byte.
func (c IPMI) checkIpmitool() error {
	switch {
	case c.V15 && c.Key != "":
		return errors.New("IPMI 1.5 has no BMC key: remove hexadecimal_kg, or set lanplus=1")
	case len(c.Key) > maxKey:
		return fmt.Errorf("the BMC key has %d bytes, IPMI takes at most %d", len(c.Key), maxKey)
	case strings.Contains(c.Key, "\x00"):
		return errors.New("the BMC key has a zero byte before its last other byte, and cannot be handed to ipmitool without showing it in the process list: set a key without zero bytes on the BMC")
	case strings.Contains(c.Password, "\x00"):
		return errors.New("the password has a zero byte, which ipmitool cannot be told: set another one on the BMC")
	case strings.Contains(c.Username, "\x00"):
		return errors.New("the user name has a zero byte, which ipmitool cannot be told")
	}
	info, err := os.Stat(c.ipmitool())
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return fmt.Errorf("hexadecimal_kg and target need the program ipmitool, and %s is no program: install ipmitool, or set ipmitool_path", c.ipmitool())
	}
	return nil
}

func (c IPMI) ipmitool() string {
	if c.Ipmitool == "" {
		return DefaultIpmitool
	}
	return c.Ipmitool
}

// ipmitool is the bmclib driver that runs ipmitool, once and with a login of its
// own for each command. The password and the key are in its environment only.
type ipmitool struct {
	config  IPMI
	address string // of the BMC, without brackets
	suite   int    // that the BMC took
}

func (d *ipmitool) Name() string { return "ipmitool" }

// Open finds out whether the BMC accepts the login, and with which cipher suite, by
// reading the power state. What it is later is asked later.
func (d *ipmitool) Open(ctx context.Context) error {
	address, err := resolve(ctx, d.config.Host)
	if err != nil {
		return err
	}
	d.address = strings.Trim(address, "[]")
	if d.config.V15 {
		_, err = d.PowerStateGet(ctx)
		return err
	}
	err = d.config.eachSuite(ctx, func(suite, left int) error {
		share, cancel := shareOf(ctx, left)
		defer cancel()
		d.suite = suite
		_, err := d.PowerStateGet(share)
		return err
	})
	if errors.Is(err, ErrSilent) {
		return &failure{text: silentText + "; or it keeps silent about a cipher suite that it has not: set cipher to one that it offers", kind: ErrSilent, err: err}
	}
	return err
}

// Close has nothing to do, no session outlives its command.
func (d *ipmitool) Close(context.Context) error { return nil }

// PowerStateGet returns "on" or "off" (IPMI 2.0, section 28.2).
func (d *ipmitool) PowerStateGet(ctx context.Context) (string, error) {
	answer, err := d.run(ctx, "status")
	if err != nil {
		return "", err
	}
	return powerState(answer)
}

// powerState reads what "chassis power status" printed. Only one line that says on
// or off will do.
func powerState(answer string) (string, error) {
	var states []string
	for line := range strings.Lines(answer) {
		if state, ok := strings.CutPrefix(strings.TrimSpace(line), "Chassis Power is "); ok {
			states = append(states, state)
		}
	}
	if len(states) == 1 && (states[0] == "on" || states[0] == "off") {
		return states[0], nil
	}
	return "", &failure{text: "ipmitool does not say whether the power is on or off: run it by hand to see what it says"}
}

// done is how ipmitool says that the BMC took a command (IPMI 2.0, section 28.3).
var done = map[string]string{
	"on":   "Chassis Power Control: Up/On",
	"off":  "Chassis Power Control: Down/Off",
	"diag": "Chassis Power Control: Diag",
}

// PowerSet takes "on" and "off" only.
func (d *ipmitool) PowerSet(ctx context.Context, state string) (bool, error) {
	if state != "on" && state != "off" {
		return false, fmt.Errorf("power state %q is not used here", state)
	}
	err := d.command(ctx, state)
	return err == nil, err
}

// SendNMI pulses the diagnostic interrupt.
func (d *ipmitool) SendNMI(ctx context.Context) error { return d.command(ctx, "diag") }

// command succeeds when ipmitool says that the BMC took it; its exit code alone
// would be too little, for it is 0 after some failures.
func (d *ipmitool) command(ctx context.Context, name string) error {
	answer, err := d.run(ctx, name)
	if err != nil {
		return err
	}
	for line := range strings.Lines(answer) {
		if strings.TrimSpace(line) == done[name] {
			return nil
		}
	}
	return &failure{text: fmt.Sprintf("ipmitool does not say that the BMC took chassis power %s: run it by hand to see what it says", name)}
}

// arguments is ipmitool's command line, which everybody on the machine can read.
// For a request that gets no answer, -N is the time after which it is sent again
// and -R how often it is sent: a little less often than there is time for, so that
// ipmitool can still say what got none, which is how IPMI 1.5 refuses a password.
// The context ends it in any case. -v makes ipmitool say why a login failed.
func (d *ipmitool) arguments(left time.Duration, command string) []string {
	c := d.config
	resend := max(1, int((c.Resend+time.Second-1)/time.Second)) // -N takes whole seconds
	const maxSends = 100                                        // the context ends it earlier
	sends := min(max(int(left/time.Second)/resend-2, 2), maxSends)
	if command == "diag" { // must not come to the BMC twice
		const answerWait = 5 // seconds
		resend, sends = max(resend, answerWait), 1
	}
	args := []string{"-v", "-I", "lanplus", "-C", strconv.Itoa(d.suite)}
	if c.V15 {
		args = []string{"-v", "-I", "lan", "-A", "MD5"} // never the readable password
	}
	args = append(args, "-H", d.address, "-p", strconv.Itoa(c.Port), "-L", c.Privilege, "-N", strconv.Itoa(resend), "-R", strconv.Itoa(sends), "-E")
	if c.Username != "" {
		args = append(args, "-U", c.Username)
	}
	if c.Key != "" {
		args = append(args, "-K")
	}
	if c.Target != 0 {
		args = append(args, "-t", fmt.Sprintf("%#02x", c.Target))
	}
	return append(args, "chassis", "power", command)
}

// environment is all that ipmitool finds in its environment (ipmitool(1), -E and
// -K): root and the user who runs it can read it, nobody else.
func (d *ipmitool) environment() []string {
	env := []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "IPMITOOL_PASSWORD=" + d.config.Password}
	if d.config.Key != "" {
		env = append(env, "IPMI_KGKEY="+d.config.Key)
	}
	return env
}
