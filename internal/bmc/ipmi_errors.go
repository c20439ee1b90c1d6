package bmc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/bougou/go-ipmi/pkg/client"
	"github.com/bougou/go-ipmi/pkg/types"
)

// errNextSuite marks a login that failed without a word about the password, so
// that another cipher suite may be tried.
var errNextSuite = errors.New("cipher suite not usable")

// Texts for what go-ipmi and ipmitool both find out.
const (
	refusedText   = "the BMC refused the user name or the password: check both"
	unknownText   = "the BMC does not know the user name: check username, and that IPMI over LAN is enabled for it"
	privilegeText = "the BMC does not grant the privilege level to this user: set privlvl=operator, or raise the user's level on the BMC"
	suiteText     = "the BMC does not offer the cipher suite"
	sessionsText  = "the BMC has no free session: close other sessions or wait for them to expire"
	anonymousText = "the BMC does not take an empty user name: set username"
	silencedText  = "the BMC keeps silent about the cipher suite"
	mute15Text    = "the BMC does not answer the login, which is how IPMI 1.5 refuses a password: check username and password"
	silentText    = "the BMC does not answer: check its address, port and network, and that IPMI over LAN is enabled"
	slowText      = "the BMC answered before, but not in time now: if it is slow or the network loses packets, raise login_timeout and shell_timeout"
	noKeyText     = "the BMC took the password and wants its BMC key (K_g): set hexadecimal_kg to it, or clear the key on the BMC"
	otherKeyText  = "the BMC took the password but has another BMC key (K_g): check hexadecimal_kg"
)

// meaning is what an error of go-ipmi's login means for a person and for the
// caller.
type meaning struct {
	words string // in go-ipmi's error
	text  string
	kind  error
}

// answers are logins that the BMC refused. go-ipmi joins the errors of an RMCP+
// login into text, so text is what there is to look at; the tests hold these
// words against the pinned version.
var answers = []meaning{
	{"RAKP4 integrity check value does not match", noKeyText, ErrLogin},
	{client.ErrRAKPAuthentication.Error(), "the BMC refused the user name or the password: check both; if they are right, try cipher=3", ErrLogin},
	{types.RmcpStatusCodeInvalidIntegrityCheckValue.String(), refusedText, ErrLogin},
	{types.RmcpStatusCodeUnauthorizedName.String(), unknownText, ErrLogin},
	{"anonymous login is not enabled", anonymousText, ErrLogin},
	{types.RmcpStatusCodeUnauthorizedRoleOfPriLevel.String(), privilegeText, ErrLogin},
	{types.RmcpStatusCodeInvalidRole.String(), "the BMC does not know the privilege level: set privlvl=operator", ErrLogin},
	{"SetSessionPrivilegeLevel to", privilegeText, ErrLogin},
	{types.RmcpStatusCodeNoResToCreateSess.String(), sessionsText, nil},
	{types.RmcpStatusCodeInvalidAuthAlg.String(), suiteText, errNextSuite},
	{types.RmcpStatusCodeInvalidIntegrityAlg.String(), suiteText, errNextSuite},
	{types.RmcpStatusCodeInvalidConfidentAlg.String(), suiteText, errNextSuite},
	{types.RmcpStatusCodeNoMatchingAuthPayload.String(), suiteText, errNextSuite},
	{types.RmcpStatusCodeNoMatchingIntegrityPayload.String(), suiteText, errNextSuite},
	{types.RmcpStatusCodeNoCipherSuiteMatch.String(), suiteText, errNextSuite},
	{"RMCP+ Open Session failed", "the BMC does not open a session with the cipher suite", errNextSuite}, // go-ipmi finds some refusals too short to read
	{"GetSessionChallenge failed", "the BMC does not know the user name: check username, and that IPMI 1.5 is enabled for it", ErrLogin},
	{"ActivateSession failed", "the BMC does not accept the login: check username, password and privlvl", ErrLogin},
}

// silences are logins in which the BMC stopped to answer.
var silences = []meaning{
	{"RMCP+ Open Session failed", silencedText, errNextSuite},
	{"ActivateSession failed", mute15Text, ErrLogin},
}

// established reports whether a failed login left a session on the BMC: the
// privilege level is asked for inside it.
func established(err error) bool { return strings.Contains(err.Error(), "SetSessionPrivilegeLevel") }

// mixedUp reports whether a login was refused in its last step, by what a BMC says that
// has taken another random number since its RAKP message 2, or has no such session any
// more. That the password is right has been seen then: go-ipmi found RAKP message 2 to
// be made with it (IPMI 2.0, section 13.31).
func mixedUp(err error) bool {
	return strings.Contains(err.Error(), "rakp3 failed") && !isSilent(err)
}

// explainLogin puts the error of a login, in which something was heard of the BMC or
// not, into words that say what to do.
func explainLogin(err error, heard bool) error {
	meanings, kind := answers, error(nil)
	if isSilent(err) {
		meanings, kind = silences, ErrSilent
	}
	for _, m := range meanings {
		if strings.Contains(err.Error(), m.words) {
			return &failure{text: m.text, kind: errors.Join(m.kind, kind), err: err}
		}
	}
	switch {
	case kind != nil && heard:
		return &failure{text: slowText, kind: kind, err: err}
	case kind != nil:
		return &failure{text: silentText, kind: kind, err: err}
	}
	return explain("open a session", err)
}

// explain puts the error of a command into words that say what to do.
func explain(what string, err error) error {
	if err == nil {
		return nil
	}
	if isSilent(err) {
		return &failure{text: what + ": " + slowText, kind: ErrSilent, err: err}
	}
	if cc, ok := errors.AsType[*types.ResponseError](err); ok {
		text := fmt.Sprintf("%s: the BMC answered with completion code %#02x (%v)", what, uint8(cc.CompletionCode()), cc.CompletionCode())
		if cc.CompletionCode() == types.CodeInsufficientPrivilege {
			text = what + ": the BMC says that the user's privileges do not suffice: power control needs operator or administrator"
		}
		return &failure{text: text, err: err}
	}
	return &failure{text: what + ": " + err.Error(), err: err}
}

// isSilent reports whether no answer came, or the network said that nobody is
// there.
func isSilent(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return true
	}
	text := err.Error()                         // a joined error of an RMCP+ login has lost its chain
	return strings.Contains(text, "IPMI LAN: ") // go-ipmi's prefix for a request that got no answer
}
