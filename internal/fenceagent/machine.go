package fenceagent

import (
	"context"
	"errors"
	"fmt"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/bmc"
)

// machine is a BMC's session as the fence contract sees it. Agents whose driver
// has a diagnostic interrupt declare Diag.
type machine struct {
	*bmc.Client
}

var _ fence.Interrupter = machine{}

func (m machine) Power(ctx context.Context) (fence.State, error) {
	on, err := m.On(ctx)
	switch {
	case err != nil:
		return "", silence(err)
	case on:
		return fence.On, nil
	}
	return fence.Off, nil
}

func (m machine) SetPower(ctx context.Context, s fence.State) error {
	switch s {
	case fence.On:
		return silence(m.SetOn(ctx, true))
	case fence.Off:
		return silence(m.SetOn(ctx, false))
	}
	return fmt.Errorf("no such power state: %q", s)
}

// loginError tells the contract about refused credentials and untrusted devices.
func loginError(err error) error {
	switch {
	case errors.Is(err, bmc.ErrLogin):
		return marked{err, fence.ErrLogin}
	case errors.Is(err, bmc.ErrHostKey):
		return marked{err, fence.ErrUntrusted}
	}
	return silence(err)
}

// silence tells it that a BMC did not answer.
func silence(err error) error {
	if errors.Is(err, bmc.ErrSilent) {
		return marked{err, fence.ErrSilent}
	}
	return err
}

// marked reads as its cause and is a kind that the contract knows.
type marked struct {
	error
	kind error
}

func (m marked) Is(target error) bool { return target == m.kind }
func (m marked) Unwrap() error        { return m.error }
