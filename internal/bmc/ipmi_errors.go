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
	{client.ErrRAKPAuthentication.Error(), "the BMC refused the user name or the password: check both; if they are right, try cipher=3", ErrLogin},
	{types.RmcpStatusCodeInvalidIntegrityCheckValue.String(), "the BMC refused the user name or the password: check both", ErrLogin},
	{types.RmcpStatusCodeUnauthorizedName.String(), "the BMC does not know the user name: check username, and that IPMI over LAN is enabled for it", ErrLogin},
	{"anonymous login is not enabled", "the BMC does not take an empty user name: set username", ErrLogin},
	{types.RmcpStatusCodeUnauthorizedRoleOfPriLevel.String(), "the BMC does not grant the privilege level to this user: set privlvl=operator, or raise the user's level on the BMC", ErrLogin},
	{types.RmcpStatusCodeInvalidRole.String(), "the BMC does not know the privilege level: set privlvl=operator", ErrLogin},
	{"SetSessionPrivilegeLevel to", "the BMC does not grant the privilege level to this user: set privlvl=operator, or raise the user's level on the BMC", ErrLogin},
	{types.RmcpStatusCodeNoResToCreateSess.String(), "the BMC has no free session: close other sessions or wait for them to expire", nil},
	{types.RmcpStatusCodeInvalidAuthAlg.String(), "the BMC does not offer the cipher suite", errNextSuite},
	{types.RmcpStatusCodeInvalidIntegrityAlg.String(), "the BMC does not offer the cipher suite", errNextSuite},
	{types.RmcpStatusCodeInvalidConfidentAlg.String(), "the BMC does not offer the cipher suite", errNextSuite},
	{types.RmcpStatusCodeNoMatchingAuthPayload.String(), "the BMC does not offer the cipher suite", errNextSuite},
	{types.RmcpStatusCodeNoMatchingIntegrityPayload.String(), "the BMC does not offer the cipher suite", errNextSuite},
	{types.RmcpStatusCodeNoCipherSuiteMatch.String(), "the BMC does not offer the cipher suite", errNextSuite},
	{"RMCP+ Open Session failed", "the BMC does not open a session with the cipher suite", errNextSuite}, // go-ipmi finds some refusals too short to read
	{"GetSessionChallenge failed", "the BMC does not know the user name: check username, and that IPMI 1.5 is enabled for it", ErrLogin},
	{"ActivateSession failed", "the BMC does not accept the login: check username, password and privlvl", ErrLogin},
}

// silences are logins in which the BMC stopped to answer.
var silences = []meaning{
	{"RMCP+ Open Session failed", "the BMC keeps silent about the cipher suite", errNextSuite},
	{"ActivateSession failed", "the BMC does not answer the login, which is how IPMI 1.5 refuses a password: check username and password", ErrLogin},
}

// established reports whether a failed login left a session on the BMC: the
// privilege level is asked for inside it.
func established(err error) bool { return strings.Contains(err.Error(), "SetSessionPrivilegeLevel") }

// explainLogin puts the error of a login into words that say what to do.
func explainLogin(err error) error {
	meanings, kind := answers, error(nil)
	if isSilent(err) {
		meanings, kind = silences, ErrSilent
	}
	for _, m := range meanings {
		if strings.Contains(err.Error(), m.words) {
			return &failure{text: m.text, kind: errors.Join(m.kind, kind), err: err}
		}
	}
	return explain("log in", err)
}

// explain puts the error of a command into words that say what to do.
func explain(what string, err error) error {
	if err == nil {
		return nil
	}
	if isSilent(err) {
		return &failure{text: "the BMC does not answer: check its address, port and network, and that IPMI over LAN is enabled", kind: ErrSilent, err: err}
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
