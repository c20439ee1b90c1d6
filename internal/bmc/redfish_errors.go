package bmc

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/stmcginnis/gofish/common"
)

// explain puts the error of a step into words that say what to do. What the BMC
// itself wrote is cut, and left out when there is a secret in it.
func (d *redfishDriver) explain(what string, err error) error {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*failure](err); ok { // ours, wrapped by net/http
		return f
	}
	if e, ok := errors.AsType[*common.Error](err); ok && e.HTTPReturnedStatusCode != 0 {
		return d.explainStatus(what, e)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // a url.Error calls itself a network error, whatever is in it
	}
	if text := certificateText(err); text != "" {
		return &failure{text: text, err: err}
	}
	if name, ok := errors.AsType[*net.DNSError](err); ok {
		return &failure{text: fmt.Sprintf("look up %q: %s: give the BMC's address, so that fencing does not depend on DNS", name.Name, name.Err), err: err}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &failure{text: what + ": the BMC ends the connection instead of answering", kind: ErrSilent, err: err}
	}
	if isSilent(err) {
		return &failure{text: what + ": the BMC does not answer: check its address, port and network, and that Redfish is enabled", kind: ErrSilent, err: err}
	}
	_, wrongType := errors.AsType[*json.UnmarshalTypeError](err)
	if _, syntax := errors.AsType[*json.SyntaxError](err); syntax || wrongType {
		return &failure{text: what + ": the BMC's answer is not what Redfish says: check that the address and port are those of a BMC, and its firmware"}
	}
	return &failure{text: what + ": " + d.quote(err.Error())}
}

// explainSession is explain for the request that opens a session, where BMCs
// differ in how they refuse a password.
func (d *redfishDriver) explainSession(err error) error {
	e, ok := errors.AsType[*common.Error](err)
	switch {
	case ok && (e.HTTPReturnedStatusCode == http.StatusServiceUnavailable || limitReached(e)):
		return &failure{text: fmt.Sprintf("the BMC has no free session (HTTP %d)%s: end other sessions, or use basic authentication", e.HTTPReturnedStatusCode, d.said(e))}
	case ok && slices.Contains([]int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden}, e.HTTPReturnedStatusCode):
		return d.refused(e)
	}
	return d.explain("open a session", err)
}

// limitReached finds the messages of the Base registry for too many sessions.
func limitReached(e *common.Error) bool {
	return slices.ContainsFunc(e.ExtendedInfos, func(i common.ErrExtendedInfo) bool {
		return strings.HasSuffix(i.MessageID, ".SessionLimitExceeded") || strings.HasSuffix(i.MessageID, ".CreateLimitReachedForResource")
	})
}

func (d *redfishDriver) refused(e *common.Error) error {
	return &failure{text: fmt.Sprintf("the BMC refused the user name or the password (HTTP %d)%s: check both, and that the account may use Redfish", e.HTTPReturnedStatusCode, d.said(e)), kind: ErrLogin}
}

func (d *redfishDriver) explainStatus(what string, e *common.Error) error {
	code := e.HTTPReturnedStatusCode
	var advice string
	switch {
	case code == http.StatusUnauthorized && d.session != "":
		advice = "it ended the session"
	case code == http.StatusUnauthorized:
		return d.refused(e)
	case code == http.StatusForbidden:
		advice = "give the user the role Operator or Administrator there"
	case code == http.StatusNotFound:
		advice = "check the path of the system, and that Redfish is enabled"
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		advice = "it is busy or starting: try again later"
	case code >= 500:
		advice = "look into its log, or restart the BMC"
	default:
		advice = "look into its log"
	}
	return &failure{text: fmt.Sprintf("%s: the BMC answers HTTP %d%s: %s", what, code, d.said(e), advice)}
}

// said is what the BMC itself gives as the reason, ready to follow a status.
func (d *redfishDriver) said(e *common.Error) string {
	text := e.Message
	if e.Code == "" { // not a Redfish error: gofish has put the whole body there
		text = ""
	}
	for _, info := range e.ExtendedInfos {
		if s := firstOf(info.Message, info.MessageID); s != "" {
			text = s
			break
		}
	}
	if text = d.quote(text); text != "" {
		text = ", " + text
	}
	return text
}

func firstOf(texts ...string) string {
	i := slices.IndexFunc(texts, func(s string) bool { return s != "" })
	if i < 0 {
		return ""
	}
	return texts[i]
}

// quote makes foreign text fit for a log: one line, short, and no secret.
func (d *redfishDriver) quote(text string) string {
	for _, secret := range d.transport.secrets {
		if secret != "" && strings.Contains(text, secret) {
			return ""
		}
	}
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	const most = 160
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "..."
	}
	return strings.TrimRight(text, ".:")
}

// certificateText is the error of a TLS handshake in words, "" for other errors.
func certificateText(err error) string {
	if e, ok := errors.AsType[x509.HostnameError](err); ok {
		return fmt.Sprintf("the BMC's certificate is not made for %q: use the name that is in it, or put the certificate itself into the CA file", e.Host)
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if e.Reason == x509.Expired {
			return "the BMC's certificate has expired or is not valid yet: renew it and check both clocks, or put the certificate itself into the CA file"
		}
		return "the BMC's certificate is not valid: " + e.Error()
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the BMC's certificate is not from a known authority: put the authority's certificate, or the BMC's own, into the CA file"
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "the BMC's certificate cannot be verified: " + e.Err.Error()
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") {
		return "the BMC does not speak TLS on this port: check the port"
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "remote error" { // so crypto/tls marks what the peer sent
		return fmt.Sprintf("the BMC refuses the TLS connection (%v): it may be too old for TLS 1.2, look for newer firmware", e.Err)
	}
	return ""
}
