// Package bmc switches machines through their baseboard management controllers.
//
// It drives bmclib with exactly one driver in the registry, the one that the
// caller chose: bmclib alone would offer the password to every protocol it
// knows, at once. Only on, off and reading the state are used; the caller polls.
package bmc

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bmc-toolbox/bmclib/v2"
	"github.com/bmc-toolbox/bmclib/v2/providers"
	"github.com/jacobweinstock/registrar"
)

// Errors that callers treat differently. They are found with errors.Is in what
// opening and using a Client returns.
var (
	ErrLogin  = errors.New("the BMC refused the login")
	ErrSilent = errors.New("the BMC does not answer")
	ErrSystem = errors.New("it is not clear which system of the BMC is meant")
)

// driver is what bmclib needs of a power driver. Its methods return soon after
// their context ends. Open leaves nothing open when it fails.
type driver interface {
	Name() string
	Open(context.Context) error
	Close(context.Context) error
	PowerStateGet(context.Context) (string, error)
	PowerSet(ctx context.Context, state string) (bool, error)
}

// Client is a session with one BMC.
type Client struct {
	lib *bmclib.Client
}

// open logs in through one driver. The driver has the credentials; bmclib gets
// none.
func open(ctx context.Context, host, protocol string, d driver) (*Client, error) {
	reg := registrar.NewRegistry()
	reg.Register(d.Name(), protocol, registrar.Features{providers.FeaturePowerState, providers.FeaturePowerSet}, nil, d)
	c := &Client{lib: bmclib.NewClient(host, "", "", bmclib.WithRegistry(reg))}
	if err := c.lib.Open(ctx); err != nil {
		return nil, plain(err)
	}
	return c, nil
}

// On reads the power state: true is on, false is off. Any other state, such as
// one between the two, is an error.
func (c *Client) On(ctx context.Context) (bool, error) {
	state, err := c.lib.GetPowerState(ctx)
	if err != nil {
		return false, plain(err)
	}
	switch strings.ToLower(strings.TrimSpace(state)) {
	case "on":
		return true, nil
	case "off":
		return false, nil
	}
	return false, fmt.Errorf("the BMC reports the power state %q, neither on nor off", state)
}

// SetOn asks for the power to be on or off and returns when the BMC took the
// command, before it is carried out. Off is the hard power off, never a shutdown.
func (c *Client) SetOn(ctx context.Context, on bool) error {
	state := "off"
	if on {
		state = "on"
	}
	_, err := c.lib.SetPowerState(ctx, state)
	return plain(err)
}

// Close ends the session.
func (c *Client) Close(ctx context.Context) error { return plain(c.lib.Close(ctx)) }

// failure is an error of a driver, in words for a person. bmclib wraps it in a
// list of what it tried; with one driver that list says nothing.
type failure struct {
	text string
	kind error // ErrLogin, ErrSilent, ErrSystem or nil
	err  error // cause
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return errors.Join(f.kind, f.err) }

// plain returns the driver's own error where there is one inside err.
func plain(err error) error {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	return err
}
