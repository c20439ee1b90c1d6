package bmc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
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
	Resend    time.Duration // after which an unanswered request is first sent again; 0 is a second

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

// Open tries the cipher suites one by one, each on a client of its own:
// go-ipmi's own choice would offer a refused password once per suite it knows.
func (d *ipmi) Open(ctx context.Context) error {
	address, err := resolve(ctx, d.config.Host)
	if err != nil {
		return err
	}
	if d.config.V15 {
		return d.login(ctx, address, 0, 0)
	}
	return d.config.eachSuite(ctx, func(suite, left int) error {
		silence := d.config.Silence
		if deadline, ok := ctx.Deadline(); ok && silence == 0 {
			silence = time.Until(deadline)
		}
		return d.login(ctx, address, suite, silence/time.Duration(left))
	})
}

// eachSuite logs in with one cipher suite after the other, until an error does not
// say that the next one may be tried. A BMC may keep silent about a suite it does not
// know, so login is told how many are left, itself included, to share the time.
func (c IPMI) eachSuite(ctx context.Context, login func(suite, left int) error) error {
	suites := c.CipherSuites
	if len(suites) == 0 {
		suites = DefaultCipherSuites
	}
	var err error
	for i, suite := range suites {
		err = login(suite, len(suites)-i)
		if !errors.Is(err, errNextSuite) {
			return err
		}
		if ctx.Err() != nil {
			break
		}
	}
	if errors.Is(err, ErrSilent) {
		return &failure{text: fmt.Sprintf("the BMC answers, but not in time about a session with cipher suite %s: raise login_timeout if it is slow or the network loses packets; if it stays so, it may have none of them: set cipher to one that it has, or lanplus=0 if it has IPMI 1.5 only", list(suites)), kind: ErrSilent, err: err}
	}
	return &failure{text: fmt.Sprintf("no session with cipher suite %s: set cipher to one that the BMC offers, or lanplus=0 if it has IPMI 1.5 only (last: %v)", list(suites), err), err: err}
}

// login logs in with one suite, about which the BMC may keep silent for so long; 0 is
// without an end.
func (d *ipmi) login(ctx context.Context, address string, suite int, silence time.Duration) error {
	c, err := client.NewClient(address, d.config.Port, d.config.Username, d.config.Password)
	if err != nil {
		return fmt.Errorf("prepare IPMI session: %w", err)
	}
	l := &line{resend: cmp.Or(d.config.Resend, time.Second), silence: silence, answered: d.config.Answered}
	c.WithUDPProxy(l).
		WithTimeout(goipmiTimeout).
		WithRetry(0).
		WithMaxPrivilegeLevel(privileges[d.config.Privilege]).
		WithCipherSuiteID(types.CipherSuiteID(suite))
	if d.config.V15 {
		c.WithInterface(client.InterfaceLan)
	}
	if err := l.during(ctx, c.Connect); err != nil {
		if !established(err) { // no session to close: only the socket
			ended, cancel := context.WithCancel(ctx)
			cancel()
			ctx = ended
		}
		_ = l.during(ctx, c.Close) // the login's error says more
		return explainLogin(err, l.anything.Load())
	}
	d.session, d.line = c, l
	return nil
}

// goipmiTimeout is longer than any call takes: the line sends again, and the context
// ends the waiting.
const goipmiTimeout = time.Hour

func (d *ipmi) Close(ctx context.Context) error {
	if d.session == nil {
		return nil
	}
	err := d.line.during(ctx, d.session.Close)
	d.session = nil
	return explain("close the session", err)
}

// PowerStateGet returns "on" or "off" (IPMI 2.0, section 28.2).
func (d *ipmi) PowerStateGet(ctx context.Context) (string, error) {
	state := "off"
	err := d.line.during(ctx, func(ctx context.Context) error {
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

// PowerSet takes "on" and "off" only (IPMI 2.0, section 28.3).
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
	err := d.control(ctx, control)
	return err == nil, explain("send chassis control power "+state, err)
}

func (d *ipmi) control(ctx context.Context, control chassis.ChassisControl) error {
	return d.line.during(ctx, func(ctx context.Context) error {
		_, err := d.session.ChassisControl(ctx, control)
		return err
	})
}

// resolve returns an address in the form go-ipmi joins with a port. It looks up
// names itself, because go-ipmi would do so without regard to the context.
func resolve(ctx context.Context, host string) (string, error) {
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if err != nil {
		found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return "", &failure{text: fmt.Sprintf("look up %q: %v: give the BMC's address, so that fencing does not depend on DNS", host, err), err: err}
		}
		addr = found[0].Unmap()
	}
	if addr.Is6() {
		return "[" + addr.String() + "]", nil
	}
	return addr.String(), nil
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
