package matrix

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/oneha/oneha/test/fakeilo"
)

// iloSSHDevice is the stand-in for an iLO's command line, logged in to with a
// password or a key.
type iloSSHDevice struct{ key bool }

func (d iloSSHDevice) start(f fault, off bool, dir string) (*subject, error) {
	o := fakeilo.Options{Off: off}
	switch f {
	case slow:
		o.Slow, o.SlowLogin = slowBy, slowBy
	case silent:
		o.Silent = true
	case loginLost:
		o.DropAtLogin = forever
	case loginLostOnce:
		o.DropAtLogin = 1
	case sessionLost:
		o.DropAtCommand = 1
	case answerLost:
		o.DropAtPower = 1
	case restarts:
		o.DropAtPower, o.Away, o.AwayOnce = 1, awayFor, true
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
		o.RefuseOff = true
	case onRefused:
		o.RefuseOn = true
	case bounce:
		o.Bounce = bounceIn
	case between:
		o.EnabledState = "enabledbutoffline"
	case unknown:
		o.EnabledState = "2"
	case privilege:
		o.RefuseOff, o.RefuseOn = true, true
	case failing:
		o.Garbage = []byte("status=2\r\nstatus_tag=COMMAND PROCESSING FAILED\r\nerror_tag=COMMAND ERROR-UNSPECIFIED\r\n")
	case garbage:
		o.Garbage = []byte("\x00\xffnot what you think\r\n")
	case busy:
		return nil, nil
	}
	login, secret := "password="+fakeilo.Password, fakeilo.Password
	switch {
	case d.key:
		file := filepath.Join(dir, "key")
		key, err := newKey(file)
		if err == nil && f == password { // another one is authorized
			key, err = newKey(filepath.Join(dir, "other"))
		}
		if err != nil {
			return nil, err
		}
		login, o.AuthorizedKey = "identity_file="+file, key
	case f == password:
		secret = "wr0ng-One"
		login = "password=" + secret
	}
	server, err := fakeilo.New(o, nil)
	if err != nil {
		return nil, err
	}
	s := &subject{
		host:    server.Host(),
		secrets: []string{fakeilo.Password, secret},
		on:      server.On,
		wasOff:  server.WasOff,
		refused: func() int { return server.Offers() - server.Logins() },
		commands: func() (all []string) {
			for _, c := range server.Commands() {
				if _, command, _ := strings.Cut(c, ": "); iloPower[command] != "" {
					all = append(all, iloPower[command])
				}
			}
			return all
		},
		close: server.Close,
	}
	fingerprint := ssh.FingerprintSHA256(server.HostKeys()[0])
	if f == identity {
		if err := server.NewHostKeys(); err != nil {
			s.close()
			return nil, err
		}
	}
	s.options = []string{"ip=" + s.host, fmt.Sprintf("ipport=%d", server.Port()), "username=" + fakeilo.Username, "host_key=" + fingerprint, login}
	return s, nil
}

// iloPower are the commands of an iLO that switch power.
var iloPower = map[string]string{
	"start /system1": "on", "power on": "on",
	"power off hard": "off", "stop -force /system1": "off",
	"reset /system1 hard": "reset", "power reset": "reset", "power off": "shutdown",
}

// newKey makes a key pair, writes its private half to a file and returns the other.
func newKey(file string) (ssh.PublicKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		return nil, err
	}
	return ssh.NewPublicKey(public)
}
