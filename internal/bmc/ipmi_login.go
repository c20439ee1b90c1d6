package bmc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/bougou/go-ipmi/pkg/client"
	"github.com/bougou/go-ipmi/pkg/types"
)

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
	silent, err := trySuites(ctx, suites, login)
	if 0 < len(silent) && len(silent) < len(suites) && errors.Is(err, errNextSuite) && ctx.Err() == nil {
		// The others are refused, so it may only be that packets were lost.
		_, err = trySuites(ctx, silent, login)
	}
	if !errors.Is(err, errNextSuite) {
		return err
	}
	if errors.Is(err, ErrSilent) {
		return &failure{text: fmt.Sprintf("the BMC answers, but not in time about a session with cipher suite %s: raise login_timeout if it is slow or the network loses packets; if it stays so, it may have none of them: set cipher to one that it has, or lanplus=0 if it has IPMI 1.5 only", list(suites)), kind: ErrSilent, err: err}
	}
	return &failure{text: fmt.Sprintf("no session with cipher suite %s: set cipher to one that the BMC offers, or lanplus=0 if it has IPMI 1.5 only (last: %v)", list(suites), err), err: err}
}

// trySuites tries each suite once and returns those about which the BMC kept silent.
func trySuites(ctx context.Context, suites []int, login func(suite, left int) error) (silent []int, err error) {
	for i, suite := range suites {
		err = login(suite, len(suites)-i)
		if !errors.Is(err, errNextSuite) || ctx.Err() != nil {
			break
		}
		if errors.Is(err, ErrSilent) {
			silent = append(silent, suite)
		}
	}
	return silent, err
}

// login logs in with one suite, about which the BMC may keep silent for so long; 0 is
// without an end.
func (d *ipmi) login(ctx context.Context, address string, suite int, silence time.Duration) error {
	l := &line{resend: cmp.Or(d.config.Resend, time.Second), silence: silence, answered: d.config.Answered}
	err := d.loginOver(ctx, l, address, suite)
	if err != nil && l.twice.Load() && mixedUp(err) && ctx.Err() == nil {
		// Once only, for the BMC may count it as a wrong password. What it took last
		// is known now, so RAKP message 1 is sent again later.
		next := &line{resend: l.resend, silence: silence, answered: d.config.Answered, took: l.longest, longest: l.longest}
		err = d.loginOver(ctx, next, address, suite)
		l = next
	}
	if err != nil {
		return explainLogin(err, l.anything.Load())
	}
	return nil
}

// loginOver logs in once. Its error is go-ipmi's.
func (d *ipmi) loginOver(ctx context.Context, l *line, address string, suite int) error {
	c, err := client.NewClient(address, d.config.Port, d.config.Username, d.config.Password)
	if err != nil {
		return fmt.Errorf("prepare IPMI session: %w", err)
	}
	level := privileges[d.config.Privilege]
	c.WithUDPProxy(l).
		WithTimeout(goipmiTimeout).
		WithRetry(0).
		WithMaxPrivilegeLevel(level).
		WithCipherSuiteID(types.CipherSuiteID(suite))
	if d.config.V15 {
		c.WithInterface(client.InterfaceLan)
	}
	err = l.during(ctx, newRequest, c.Connect)
	if err != nil && l.anew.Load() && ctx.Err() == nil {
		// The session is there, only the last request of the login got no answer. What
		// go-ipmi would have started now keeps a session alive that nobody uses: without
		// it, one that a long power_wait ends is opened again.
		err = l.askUntilAnswered(ctx, func(ctx context.Context) error {
			_, err := c.SetSessionPrivilegeLevel(ctx, level)
			if err != nil {
				err = fmt.Errorf("SetSessionPrivilegeLevel to %s: %w", level, err)
			}
			return err
		})
	}
	if err != nil {
		d.abandon(ctx, l, c, established(err))
		return err
	}
	d.session, d.line = c, l
	return nil
}

// goodbye is how long the end of a login that failed is waited for after its context.
const goodbye = 200 * time.Millisecond

// abandon frees the socket of a login that failed and, where the BMC has one, its
// session, of which it has few.
func (d *ipmi) abandon(ctx context.Context, l *line, c *client.Client, session bool) {
	left := goodbye
	if !session {
		left = 0 // nothing is sent
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), left)
	defer cancel()
	_ = l.during(ctx, samePacket, c.Close) // the login's error says more
}

// goipmiTimeout is longer than any call takes: the line sends again, and the context
// ends the waiting.
const goipmiTimeout = time.Hour

// resolve returns an address in the form go-ipmi joins with a port. It looks up
// names itself, because go-ipmi would do so without regard to the context.
func resolve(ctx context.Context, host string) (string, error) {
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if err != nil {
		found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return "", &failure{text: fmt.Sprintf("look up %q: %v: give the BMC's address, so that fencing does not depend on DNS", host, err), kind: ErrSilent, err: err}
		}
		addr = found[0].Unmap()
	}
	if addr.Is6() {
		return "[" + addr.String() + "]", nil
	}
	return addr.String(), nil
}
