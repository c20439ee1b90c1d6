package bmc

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bougou/go-ipmi/pkg/client"
	"github.com/bougou/go-ipmi/pkg/command/chassis"
	"github.com/bougou/go-ipmi/pkg/types"
)

// IPMI says how to reach a BMC over IPMI.
type IPMI struct {
	Host     string // name or address; an IPv6 address with or without brackets
	Port     int    // UDP
	Username string
	Password string

	// V15 selects IPMI 1.5 (ipmitool's "lan"), which does not encrypt, instead of
	// IPMI 2.0 ("lanplus").
	V15 bool

	// CipherSuites are tried in this order (IPMI 2.0); empty means
	// DefaultCipherSuites. The next one is tried only when the BMC does not offer
	// one, never when it refused the password.
	CipherSuites []int

	Privilege string        // callback, user, operator or administrator
	Resend    time.Duration // after which an unanswered request is first sent again, half of it where packets get lost and answers are quick; 0 is a second

	// Silence is how long a BMC that keeps silent about the cipher suites is asked for
	// them all; 0 is as long as the login may take.
	Silence time.Duration

	// Answered, where it is set, is called whenever a packet came from the BMC, be it
	// late or an answer to what nobody asks any more. Not served by ipmitool.
	Answered func()

	// Key and Target are what go-ipmi does not serve: with one of them, the
	// program ipmitool does the work.
	Key      string // BMC key, K_g, as ParseKey returns it; empty when the BMC has none
	Target   uint8  // IPMB address that requests are bridged to; 0 is the BMC itself
	Ipmitool string // path of the program; empty is DefaultIpmitool
}

// DefaultCipherSuites is the best suite that current BMCs have (SHA-256), then
// the one that all have (SHA-1).
var DefaultCipherSuites = []int{17, 3}

// cipherSuites are the suites that are served (IPMI 2.0, table 22-20): all but 0,
// which lets anybody in, those without integrity (1, 6, 11, 15), which let anybody
// on the way change a command, and those with RC4.
var cipherSuites = []int{2, 3, 7, 8, 12, 16, 17}

var privileges = map[string]types.PrivilegeLevel{
	"callback":      types.PrivilegeLevelCallback,
	"user":          types.PrivilegeLevelUser,
	"operator":      types.PrivilegeLevelOperator,
	"administrator": types.PrivilegeLevelAdministrator,
}

// Limits of the protocol, in bytes (IPMI 2.0, sections 13.20, 22.28 and 22.30).
const (
	maxUsername    = 16
	maxPassword    = 20
	maxPasswordV15 = 16
)

// Check finds what cannot work, without touching the network. A password that
// is too long is refused: cutting it off would work or fail by the BMC's mood.
func (c IPMI) Check() error {
	limit, version := maxPassword, "IPMI 2.0"
	if c.V15 {
		limit, version = maxPasswordV15, "IPMI 1.5"
	}
	switch {
	case len(c.Password) > limit:
		return fmt.Errorf("the password has %d bytes, %s takes at most %d: set a shorter one on the BMC", len(c.Password), version, limit)
	case len(c.Username) > maxUsername:
		return fmt.Errorf("the user name has %d bytes, IPMI takes at most %d", len(c.Username), maxUsername)
	case c.Port < 1 || c.Port > 65535:
		return fmt.Errorf("port %d is not between 1 and 65535", c.Port)
	case privileges[c.Privilege] == 0:
		return fmt.Errorf("unknown privilege level %q", c.Privilege)
	}
	for _, id := range c.CipherSuites {
		if !slices.Contains(cipherSuites, id) {
			return fmt.Errorf("cipher suite %d is not served, only those are that protect a command from changes on its way: remove cipher, or set it to one of %s", id, list(cipherSuites))
		}
	}
	if c.byIpmitool() {
		return c.checkIpmitool()
	}
	return nil
}

// OpenIPMI logs in. An error wraps ErrLogin or ErrSilent where that is the cause.
func OpenIPMI(ctx context.Context, c IPMI) (*Client, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.byIpmitool() {
		return open(ctx, c.Host, "ipmi", &ipmitool{config: c})
	}
	return open(ctx, c.Host, "ipmi", &ipmi{config: c})
}

// ipmi is the bmclib driver over go-ipmi.
type ipmi struct {
	config  IPMI
	session *client.Client // nil when not logged in
	line    *line          // of the session
}

func (d *ipmi) Name() string { return "go-ipmi" }

func (d *ipmi) Close(ctx context.Context) error {
	if d.session == nil {
		return nil
	}
	err := d.line.during(ctx, samePacket, d.session.Close) // go-ipmi cannot close twice
	d.session = nil
	return explain("close the session", err)
}

// PowerStateGet returns "on" or "off" (IPMI 2.0, section 28.2).
func (d *ipmi) PowerStateGet(ctx context.Context) (string, error) {
	state := "off"
	err := d.line.askUntilAnswered(ctx, func(ctx context.Context) error {
		status, err := d.session.GetChassisStatus(ctx)
		if err == nil && status.PowerIsOn {
			state = "on"
		}
		return err
	})
	if err != nil {
		return "", explain("get the chassis status", err)
	}
	return state, nil
}

// PowerSet takes "on" and "off" only (IPMI 2.0, section 28.3), which do no harm when
// they come to the BMC more than once.
func (d *ipmi) PowerSet(ctx context.Context, state string) (bool, error) {
	var control chassis.ChassisControl
	switch state {
	case "on":
		control = chassis.ChassisControlPowerUp
	case "off":
		control = chassis.ChassisControlPowerDown
	default:
		return false, fmt.Errorf("power state %q is not used here", state)
	}
	err := d.line.askUntilAnswered(ctx, d.control(control))
	return err == nil, explain("send chassis control power "+state, err)
}

func (d *ipmi) control(control chassis.ChassisControl) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := d.session.ChassisControl(ctx, control)
		return err
	}
}

// shareOf gives one of n tries its part of the time that is left.
func shareOf(ctx context.Context, n int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/time.Duration(n))
}

func list(numbers []int) string {
	return strings.Join(strings.Fields(strings.Trim(fmt.Sprint(numbers), "[]")), ", ")
}
