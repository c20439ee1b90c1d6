package ocf

import (
	"errors"
	"fmt"
)

// Code is an exit code of the OCF Resource Agent API 1.1, section "Exit codes".
type Code int

const (
	SuccessCode          Code = 0   // OCF_SUCCESS
	GenericCode          Code = 1   // OCF_ERR_GENERIC: soft error, may be retried here
	ArgsCode             Code = 2   // OCF_ERR_ARGS: invalid call
	UnimplementedCode    Code = 3   // OCF_ERR_UNIMPLEMENTED: unknown action
	PermCode             Code = 4   // OCF_ERR_PERM: not enough privileges
	InstalledCode        Code = 5   // OCF_ERR_INSTALLED: something needed is missing on this node
	ConfiguredCode       Code = 6   // OCF_ERR_CONFIGURED: the parameters are wrong on every node
	NotRunningCode       Code = 7   // OCF_NOT_RUNNING: proved to be stopped
	RunningPromotedCode  Code = 8   // OCF_RUNNING_PROMOTED
	FailedPromotedCode   Code = 9   // OCF_FAILED_PROMOTED
	DegradedCode         Code = 190 // OCF_DEGRADED (Pacemaker)
	DegradedPromotedCode Code = 191 // OCF_DEGRADED_PROMOTED (Pacemaker)
)

// Error is a failed action: the exit code that says what Pacemaker may do about
// it, and the exit reason that tells a person what happened.
type Error struct {
	Code   Code
	Reason string // one line; shown by crm_mon as the operation's exit reason
	Err    error  // cause, if there was one
}

// Error returns the reason, followed by the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Reason
	}
	return e.Reason + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// NotRunning says that the resource is proved to be stopped, and how that shows.
func NotRunning(why string) error { return &Error{Code: NotRunningCode, Reason: why} }

// Configured says that parameter name is wrong whatever the node; why is a
// clause that completes "parameter NAME ...", e.g. "is not an IP address: x".
func Configured(name, why string) error {
	return &Error{Code: ConfiguredCode, Reason: fmt.Sprintf("parameter %s %s", name, why)}
}

// Installed says that something the resource needs is missing on this node.
func Installed(reason string) error { return &Error{Code: InstalledCode, Reason: reason} }

// Perm says that the caller lacks privileges.
func Perm(reason string) error { return &Error{Code: PermCode, Reason: reason} }

// Failed is a soft error with its cause: OCF_ERR_GENERIC.
func Failed(reason string, err error) error {
	return &Error{Code: GenericCode, Reason: reason, Err: err}
}

// Degraded says that the resource runs, though not as it should, and why. To
// Pacemaker (from 1.1.13) that is a success that status displays show with its
// reason; the resource is not restarted.
func Degraded(reason string) error { return &Error{Code: DegradedCode, Reason: reason} }

// CodeOf returns the exit code an error stands for: SuccessCode for nil, the
// code inside an *Error anywhere in the chain, else GenericCode. An *Error
// without a code is an error all the same, never a success.
func CodeOf(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return SuccessCode
	case errors.As(err, &e) && e.Code != SuccessCode:
		return e.Code
	default:
		return GenericCode
	}
}
