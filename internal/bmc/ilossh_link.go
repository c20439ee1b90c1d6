package bmc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync/atomic"

	"golang.org/x/crypto/ssh"
)

// sshLink is an SSH connection whose user is logged in.
type sshLink struct {
	client *ssh.Client
	opened bool // a session channel was opened on it
}

func (l *sshLink) close() { _ = l.client.Close() } // an error means that it is closed already

// dialLink connects and logs in. A connection that is lost before the
// credentials were offered is made once more.
func dialLink(ctx context.Context, c ILOSSHConfig) (*sshLink, error) {
	keys, err := newHostKeys(c)
	if err != nil {
		return nil, err
	}
	signer, err := identity(c)
	if err != nil {
		return nil, &failure{text: err.Error(), err: err}
	}
	l, err := dialOnce(ctx, c, keys, signer)
	if errors.Is(err, errLost) && ctx.Err() == nil {
		l, err = dialOnce(ctx, c, keys, signer)
	}
	if err != nil {
		return nil, explainSSH(ctx, "connect by SSH", err)
	}
	return l, nil
}

func dialOnce(ctx context.Context, c ILOSSHConfig, keys *hostKeys, signer ssh.Signer) (*sshLink, error) {
	network := c.Network
	if network == "" {
		network = "tcp"
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, c.address())
	if err != nil {
		return nil, unreachable(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	var offered atomic.Bool
	sconn, channels, requests, err := ssh.NewClientConn(conn, c.address(), &ssh.ClientConfig{
		Config:            transportAlgorithms(c.LegacyAlgorithms),
		User:              c.Username,
		HostKeyCallback:   keys.check,
		HostKeyAlgorithms: keys.algorithms(c.address(), conn.RemoteAddr(), c.LegacyAlgorithms),
		AuthCallback:      offerOnce(c, signer, &offered),
		ClientVersion:     "SSH-2.0-oneha",
	})
	if !stop() && err == nil { // the context ended in the last moment
		_ = sconn.Close()
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = conn.Close()
		return nil, explainHandshake(ctx, err, offered.Load(), signer != nil)
	}
	return &sshLink{client: ssh.NewClient(sconn, channels, requests)}, nil
}

// transportAlgorithms is what may protect the connection, the library's secure
// set, spelled out because its default has some of the old ones.
func transportAlgorithms(legacy bool) ssh.Config {
	all := ssh.SupportedAlgorithms()
	c := ssh.Config{KeyExchanges: all.KeyExchanges, Ciphers: all.Ciphers, MACs: all.MACs}
	if legacy {
		c.KeyExchanges = append(c.KeyExchanges, legacyKeyExchanges...)
		c.Ciphers = append(c.Ciphers, legacyCiphers...)
		c.MACs = append(c.MACs, ssh.InsecureHMACSHA196)
	}
	return c
}

// The old algorithms of iLO 2 to 4, the better first. RC4 is not among them.
var (
	legacyKeyExchanges = []string{ssh.InsecureKeyExchangeDHGEXSHA1, ssh.InsecureKeyExchangeDH14SHA1, ssh.InsecureKeyExchangeDH1SHA1}
	legacyCiphers      = []string{ssh.InsecureCipherAES128CBC, ssh.InsecureCipherTripleDESCBC}
	//lint:ignore SA1019 iLO 2 and 3 have no other key
	legacyHostKeys = []string{ssh.KeyAlgoRSA, ssh.InsecureKeyAlgoDSA}
)

// isLegacy reports whether one of the algorithms is served by LegacyAlgorithms
// only.
func isLegacy(offered []string) bool {
	legacy := slices.Concat(legacyKeyExchanges, legacyCiphers, legacyHostKeys, []string{ssh.InsecureHMACSHA196})
	return slices.ContainsFunc(offered, func(a string) bool { return slices.Contains(legacy, a) })
}

// openSession opens a session channel and makes the requests in it.
func (l *sshLink) openSession(ctx context.Context, requests ...sshRequest) (*sshChannel, error) {
	type result struct {
		c   *sshChannel
		err error
	}
	done := make(chan result, 1)
	again := l.opened
	l.opened = true
	go func() { // ends with the connection at the latest
		c, err := l.openNow(again, requests)
		done <- result{c, err}
	}()
	select {
	case r := <-done:
		return r.c, r.err
	case <-ctx.Done():
		go func() {
			if r := <-done; r.c != nil {
				r.c.close()
			}
		}()
		return nil, context.Cause(ctx)
	}
}

// sshRequest is a channel request (RFC 4254, section 6).
type sshRequest struct {
	name     string
	payload  []byte
	optional bool // a refusal does no harm
}

func (l *sshLink) openNow(again bool, requests []sshRequest) (*sshChannel, error) {
	ch, incoming, err := l.client.OpenChannel("session", nil)
	if refused, ok := errors.AsType[*ssh.OpenChannelError](err); ok {
		if again { // one at a time, perhaps one in all
			return nil, fmt.Errorf("%w: no second session: %s", errLost, refused.Reason)
		}
		return nil, &failure{text: "the BMC opens no session: too many may be open; end others in its web interface or wait until they expire", err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: open a session: %w", errLost, err)
	}
	go ssh.DiscardRequests(incoming)
	for _, r := range requests {
		ok, err := ch.SendRequest(r.name, true, r.payload)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: request %s: %w", errLost, r.name, err)
		case !ok && !r.optional:
			_ = ch.Close()
			return nil, &refusedRequest{r.name}
		}
	}
	return newSSHChannel(ch), nil
}

// refusedRequest is the error for a channel request that the BMC refused.
type refusedRequest struct{ name string }

func (r *refusedRequest) Error() string { return "the BMC refuses the SSH request " + r.name }
