package matrix

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/oneha/oneha/test/fakeredfish"
)

// redfishDevice is the Redfish stand-in; as an iLO its one system is known by its
// path, so that a login asks for that system.
type redfishDevice struct {
	address string
	options []string
	ilo     bool
}

func (d redfishDevice) start(f fault, off bool, dir string) (*subject, error) {
	o := fakeredfish.Options{Address: d.address, Off: off}
	user, secret := fakeredfish.Username, fakeredfish.Password
	pass := func(h http.Handler) http.Handler { return h }
	root := fakeredfish.Rule{Path: "/redfish/v1/", Fault: pass}
	afterPower := fakeredfish.Rule{Method: http.MethodPost, Path: "ComputerSystem.Reset", Fault: fakeredfish.Times(1, fakeredfish.Reset())}
	every := func(f fakeredfish.Fault) []fakeredfish.Rule { return []fakeredfish.Rule{{Fault: f}} }
	switch f {
	case slow:
		o.Rules = every(fakeredfish.Slow(slowBy))
	case silent:
		o.Deaf = true
	case loginLost:
		o.Rules = append([]fakeredfish.Rule{root}, every(fakeredfish.Reset())...)
	case loginLostOnce:
		o.Rules = append([]fakeredfish.Rule{root}, every(fakeredfish.Times(1, fakeredfish.Reset()))...)
	case sessionLost:
		atLogin := 0
		if d.ilo {
			atLogin = 1
		}
		o.Rules = []fakeredfish.Rule{{Path: "/Systems/1", Fault: fakeredfish.After(atLogin, fakeredfish.Times(1, fakeredfish.Status(http.StatusUnauthorized)))}}
	case answerLost:
		o.Rules = []fakeredfish.Rule{afterPower}
	case restarts:
		o.Rules, o.Away, o.AwayOnce = []fakeredfish.Rule{afterPower}, awayFor, true
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
	case between:
		o.PowerState = "PoweringOff"
	case unknown:
		o.PowerState = "Standby"
	case password:
		secret = "wr0ng-One"
	case privilege:
		user, secret = fakeredfish.ViewerName, fakeredfish.ViewerPassword
	case failing:
		o.Rules = every(fakeredfish.Status(http.StatusInternalServerError))
	case busy:
		o.Rules = every(fakeredfish.Busy(stepLimit))
	case garbage:
		o.Rules = every(fakeredfish.Garbage())
	}
	b, err := fakeredfish.Start(o)
	if err != nil {
		return nil, err
	}
	s := &subject{
		host:    b.Host,
		secrets: []string{fakeredfish.Password, secret, base64.StdEncoding.EncodeToString([]byte(user + ":" + secret))},
		on:      func() bool { return b.On("1") },
		wasOff:  func() bool { return b.WasOff("1") },
		refused: b.Refused,
		commands: func() (all []string) {
			for _, c := range b.Commands() {
				all = append(all, powerCommands[c.ResetType])
			}
			return all
		},
		close: func() { _ = b.Close() }, // nothing is left to save
	}
	ca := b.CA
	if f == identity {
		other, err := fakeredfish.Start(fakeredfish.Options{})
		if err != nil {
			s.close()
			return nil, err
		}
		ca = other.CA
		_ = other.Close() // only its certificate was wanted
	}
	file := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(file, ca, 0o600); err != nil {
		s.close()
		return nil, err
	}
	s.options = append([]string{"ip=" + b.Host, fmt.Sprintf("ipport=%d", b.Port), "ssl_ca_file=" + file, "username=" + user, "password=" + secret}, d.options...)
	return s, nil
}

// powerCommands are the reset types that the agents may ask for; any other one is
// an empty word, which no table expects.
var powerCommands = map[string]string{"On": "on", "ForceOff": "off", "Nmi": "diag"}
