package agents

import (
	"context"
	"errors"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/unit"
	"github.com/oneha/oneha/ocf"
)

// onedPause is the time between two calls while oned starts; it opens its port
// last, after five to ten seconds.
const onedPause = 100 * time.Millisecond

// oned is how this node's oned is asked.
type oned struct {
	endpoint    one.Endpoint
	credentials one.Credentials
	timeout     time.Duration // of one call
}

// onedFrom reads the parameters. Without readable credentials oned is asked
// with none: it refuses then, and a refusal is an answer.
func onedFrom(req *ocf.Request) (oned, error) {
	e, err := one.ParseEndpoint(req.String("endpoint"))
	if err != nil {
		return oned{}, ocf.Configured("endpoint", err.Error())
	}
	seconds, err := req.Int("probe_timeout")
	if err != nil {
		return oned{}, err
	}
	if seconds <= 0 {
		return oned{}, ocf.Configured("probe_timeout", "is not above 0")
	}
	c, err := one.ReadCredentials(req.String("auth_file"))
	if err != nil {
		req.Log.Warn("oned is asked without credentials", "because", err)
	}
	return oned{endpoint: e, credentials: c, timeout: time.Duration(seconds) * time.Second}, nil
}

// answers asks oned once. That it refuses, or does not understand, is an answer
// too: the process works, and starting it anew would change nothing.
func (o oned) answers(ctx context.Context, req *ocf.Request) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	version, err := one.Version(ctx, o.endpoint, o.credentials)
	var refusal *one.APIError
	var fault *one.Fault
	switch {
	case errors.As(err, &refusal), errors.As(err, &fault):
		req.Log.Warn("oned answers, but not to this call", "because", err)
		return nil
	case err != nil:
		return err
	}
	req.Log.Debug("oned answers", "version", version)
	return nil
}

func validateOned(ctx context.Context, req *ocf.Request) error {
	if _, err := onedFrom(req); err != nil {
		return err
	}
	return validateUnit(ctx, req)
}

// startOned starts the unit and waits until oned answers: what starts after it
// needs that, and a unit is active earlier than that before release 5.6.
func startOned(ctx context.Context, req *ocf.Request) error {
	o, err := onedFrom(req)
	if err != nil {
		return err
	}
	if err := startUnit(ctx, req); err != nil {
		return err
	}
	name, err := unitOf(req)
	if err != nil {
		return err
	}
	m := unit.New("")
	defer m.Close()
	for {
		failure := o.answers(ctx, req)
		if failure == nil {
			return nil
		}
		st, err := m.State(ctx, name)
		switch {
		case err == nil && !st.Phase().Up() && !st.Phase().Pending():
			return ocf.Failed("oned ended while it started: "+st.String(), nil)
		case ctx.Err() != nil:
			return ocf.Failed("oned is up but XML-RPC does not answer", failure)
		}
		select {
		case <-ctx.Done():
			return ocf.Failed("oned is up but XML-RPC does not answer", failure)
		case <-time.After(onedPause):
		}
	}
}

// monitorOned looks at the unit and then asks oned itself.
func monitorOned(ctx context.Context, req *ocf.Request) error {
	o, err := onedFrom(req)
	if err != nil {
		return err
	}
	if err := monitorUnit(ctx, req); err != nil {
		return err
	}
	if err := o.answers(ctx, req); err != nil {
		return ocf.Failed("the unit is up, but oned does not work", err)
	}
	return nil
}
