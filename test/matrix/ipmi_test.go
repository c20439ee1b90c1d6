package matrix

import (
	"fmt"
	"sync/atomic"

	"github.com/bougou/go-ipmi/pkg/types"

	"github.com/oneha/oneha/internal/bmc/bmctest"
)

// ipmiDevice is go-ipmi's server. Nothing but IPMI 1.5 counts the logins that came
// to the password: with IPMI 2.0 it is the agent who finds out first.
type ipmiDevice struct {
	address string
	options []string
	v15     bool
}

func (d ipmiDevice) start(f fault, off bool, _ string) (*subject, error) {
	o := bmctest.Options{Address: d.address, Off: off, Diag: true}
	user, secret := bmctest.Username, bmctest.Password
	switch f {
	case slow:
		o.Slow = slowBy
	case silent:
		o.Drop = func([]byte) bool { return true }
	case loginLost:
		o.Drop = endsLogin
	case loginLostOnce:
		var once atomic.Bool
		o.Drop = func(p []byte) bool { return endsLogin(p) && !once.Swap(true) }
	case sessionLost:
		o.LoseAtRead = 1
	case answerLost:
		o.LoseAtPower = 1
	case restarts:
		o.LoseAtPower, o.Away, o.AwayOnce = 1, awayFor, true
	case away:
		o.Away = awayFor
	case late:
		o.Late = lateBy
	case tooLate:
		o.Late = tooLateBy
	case offIgnored:
		o.Ignore = true
	case onIgnored:
		o.IgnoreOn = true
	case offRefused:
		o.Refuse = true
	case onRefused:
		o.RefuseOn = true
	case bounce:
		o.Bounce = bounceIn
	case password:
		secret = "wr0ng-One"
	case privilege:
		user, secret = bmctest.ViewerName, bmctest.ViewerPassword
	case failing:
		o.ReadError = types.CodeUnspecifiedError
	case busy:
		o.ReadError = types.CodeNodeBusy
	case garbage:
		o.Garbage = true
	case between, unknown, identity:
		return nil, nil
	}
	b, err := bmctest.New(o)
	if err != nil {
		return nil, err
	}
	s := &subject{
		options: append([]string{"ip=" + b.Host, fmt.Sprintf("ipport=%d", b.Port), "username=" + user, "password=" + secret, "ipmitool_timeout=0.5"}, d.options...),
		host:    b.Host,
		secrets: []string{bmctest.Password, secret},
		on:      b.On, wasOff: b.WasOff, commands: b.Commands, close: b.Close,
		refused: func() int { return 0 },
	}
	if f == password || f == privilege {
		s.refused = b.Logins
		if d.v15 {
			s.refused = b.Activations
		}
	}
	return s, nil
}

// endsLogin reports whether a packet is the one after which a client is logged in.
func endsLogin(packet []byte) bool {
	return bmctest.PayloadType(packet) == types.PayloadTypeRAKPMessage3 || bmctest.ActivatesSession(packet)
}
