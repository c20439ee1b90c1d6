package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/bmc"
)

// machine is a BMC's session as the fence contract sees it.
type machine struct {
	*bmc.Client
}

func (m machine) Power(ctx context.Context) (fence.State, error) {
	on, err := m.On(ctx)
	switch {
	case err != nil:
		return "", err
	case on:
		return fence.On, nil
	}
	return fence.Off, nil
}

func (m machine) SetPower(ctx context.Context, s fence.State) error {
	switch s {
	case fence.On:
		return m.SetOn(ctx, true)
	case fence.Off:
		return m.SetOn(ctx, false)
	}
	return fmt.Errorf("no such power state: %q", s)
}

// loginError tells the contract about refused credentials.
func loginError(err error) error {
	if errors.Is(err, bmc.ErrLogin) {
		return refused{err}
	}
	return err
}

// refused reads as its cause and is a fence.ErrLogin.
type refused struct{ error }

func (refused) Is(target error) bool { return target == fence.ErrLogin }
