package bmc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh"
)

const silentSSH = "the BMC does not answer: check its address, port and network, and that SSH is enabled on it"

// explainHandshake puts the error of a handshake into words. offered says that
// the credentials were on their way.
func explainHandshake(ctx context.Context, err error, offered, byKey bool) error {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	if ctx.Err() != nil {
		return &failure{text: silentSSH, kind: ErrSilent, err: context.Cause(ctx)}
	}
	if n, ok := errors.AsType[*ssh.AlgorithmNegotiationError](err); ok {
		text := fmt.Sprintf("the BMC and this program have no %s algorithm in common; the BMC offers %s", n.What, strings.Join(n.RequestedAlgorithms, ", "))
		if isLegacy(n.RequestedAlgorithms) {
			text += ": update its firmware, or allow the old ones with legacy_algorithms=1"
		}
		return &failure{text: text, err: err}
	}
	switch {
	case offered && isLost(err):
		return &failure{text: "the BMC ended the connection during the login: check the user name and the password, and whether too many sessions are open", kind: ErrLogin, err: err}
	case offered && byKey:
		return &failure{text: "the BMC refused the user name or the key of the identity file: check both, and that the public key is stored for this user; an RSA key needs legacy_algorithms=1 with old firmware", kind: ErrLogin, err: err}
	case offered:
		return &failure{text: "the BMC refused the user name or the password: check both", kind: ErrLogin, err: err}
	case isLost(err):
		return fmt.Errorf("%w: %w", errLost, err)
	}
	return &failure{text: "the SSH handshake failed: check that the port is the BMC's SSH port: " + cliAnswer(err.Error()).excerpt(), err: err}
}

// isLost reports whether the peer ended the connection.
func isLost(err error) bool {
	for _, e := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// unreachable is the error of a connection that was not made.
func unreachable(err error) error {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return &failure{text: fmt.Sprintf("look up %q: %v: give the BMC's address, so that fencing does not depend on DNS", dns.Name, err), err: err}
	}
	return &failure{text: silentSSH, kind: ErrSilent, err: err}
}

// explainSSH puts the error of a step into words.
func explainSSH(ctx context.Context, what string, err error) error {
	f, ok := errors.AsType[*failure](err)
	switch {
	case ok:
		return f
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &failure{text: what + ": " + silentSSH, kind: ErrSilent, err: err}
	case errors.Is(err, errLost):
		return &failure{text: what + ": the BMC ended the connection: too many sessions may be open; end others in its web interface or wait until they expire", err: err}
	}
	return &failure{text: what + ": " + err.Error(), err: err}
}
