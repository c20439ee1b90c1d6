package fence

import (
	"context"
	"errors"
)

// State is the power state of a machine.
type State string

// A Device knows no third state: what is neither on nor off is an error.
const (
	On  State = "on"
	Off State = "off"
)

// Device is one machine's power switch. Every method returns soon after its
// context ends, at the latest two seconds after its deadline; one that does not is
// left alone, and the device is not used again.
type Device interface {
	Power(context.Context) (State, error)  // On or Off, as the device says now
	SetPower(context.Context, State) error // asks; the caller polls
	Close(context.Context) error           // ends the session
}

// Interrupter is a Device that can send its machine a diagnostic interrupt, an
// NMI, which makes an operating system that is set up for it write a crash dump.
// That switches nothing off, so it never fences.
type Interrupter interface {
	Interrupt(context.Context) error
}

// ErrLogin marks an Open that failed because the device refused the
// credentials. One process offers refused credentials at most twice, and once
// where the cluster only looks: many
// devices lock an account after a few failures, and a cluster asks again and
// again.
var ErrLogin = errors.New("login refused")

// ErrSilent marks an error of Open or of a Device that says that the device answered
// nothing. One that answers nothing for power_timeout after a power command is given
// up: whether it took the command is then not known.
var ErrSilent = errors.New("no answer")

// ErrUntrusted marks an Open that failed because the device could not prove that
// it is the right one, before any credentials were offered. It is not tried
// again: a key or a certificate does not change by asking.
var ErrUntrusted = errors.New("device not trusted")
