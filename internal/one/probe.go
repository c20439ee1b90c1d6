package one

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

// ErrCredentials says that the credentials of the probe are wrong; the service and
// the database work.
var ErrCredentials = errors.New("oned refuses the credentials")

// ErrOned says that the service works, and its path to oned does not: starting the
// service anew mends nothing. It never comes with ErrHung or ErrNotListening, which
// speak of the service itself.
var ErrOned = errors.New("the service works, its path to oned does not")

// Depths of a probe.
const (
	depthAnswers = 10 // the right protocol on its port
	depthPath    = 20 // the path to oned, or from oned to its database
)

// probeLimit is how long a probe takes at most when ctx sets no limit.
const probeLimit = 30 * time.Second

// Probe is what a service is asked with.
type Probe struct {
	Settings
	Credentials Credentials
	PIDs        []int      // the unit's processes; hem is judged by their connections
	OnedConfig  OnedConfig // of the oned on this machine, to find the database; zero: not known
}

// Probe asks the service whether it works and changes nothing. nil means that it
// does. Below depth 10 nothing is asked; at 10 the service speaks its protocol; at
// 20, too, oned answers an authenticated call at the address that the service uses,
// and oned reads its database. Zero Settings are the service's defaults.
//
// What is wrong is told by errors.Is: ErrHung, ErrNotListening (the service),
// ErrOned (its path to oned), ErrDatabase, ErrCredentials. Any other error is
// another program on the port, a service that fails, or oned's refusal as
// *APIError or *Fault.
func (s Service) Probe(ctx context.Context, depth int, p Probe) error {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, probeLimit)
		defer cancel()
	}
	if p.Settings == (Settings{}) {
		p.Settings = s.defaults()
	}
	if s.asked == asOned {
		p.Oned = p.Endpoint
	}
	if depth >= depthAnswers {
		if err := s.answers(ctx, p); err != nil {
			return fmt.Errorf("probe %s: %w", s.Name, err)
		}
	}
	if depth >= depthPath {
		if err := s.reaches(ctx, p); err != nil {
			return fmt.Errorf("probe %s: %w", s.Name, err)
		}
	}
	return nil
}

// answers is depth 10.
func (s Service) answers(ctx context.Context, p Probe) error {
	switch s.asked {
	case asOned:
		_, err := askOned(ctx, p, Version)
		var refusal *APIError
		var fault *Fault
		if errors.As(err, &refusal) || errors.As(err, &fault) {
			return nil // it speaks the protocol; why it refuses is asked at depth 20
		}
		return err
	case asHTTP, asFlow:
		return p.Endpoint.answersHTTP(ctx)
	case asGuacamole:
		if p.Endpoint.tls {
			return named(p.Endpoint.String(), probeTLS(ctx, p.Endpoint))
		}
		return named(p.Endpoint.String(), probeGuacamole(ctx, p.Endpoint))
	case asSubscriber:
		return connected(ctx, p.PIDs, p.Events)
	}
	return nil
}

// answersHTTP proves that a web server answers. A refusal is an answer: OneGate and
// OneFlow say 401 to everyone they do not know.
func (e Endpoint) answersHTTP(ctx context.Context) error {
	if e.tls {
		return named(e.String(), probeTLS(ctx, e))
	}
	status, reason, err := e.get(ctx, "/", "")
	if err == nil && status >= 500 {
		err = fmt.Errorf("HTTP status %d %s", status, reason)
	}
	return named("GET http://"+e.address+"/", err)
}

// reaches is depth 20.
func (s Service) reaches(ctx context.Context, p Probe) error {
	if s.asked == asOned {
		_, err := askOned(ctx, p, func(ctx context.Context, e Endpoint, c Credentials) (string, error) {
			return "", readDatabase(ctx, e, c)
		})
		return judge(ctx, p, err)
	}
	if p.Oned == (Endpoint{}) {
		return nil
	}
	if _, err := askOned(ctx, p, Version); err != nil {
		return pathFailed(judge(ctx, p, err))
	}
	if s.asked == asFlow {
		return flowReaches(ctx, p)
	}
	return nil
}

// pathFailed wraps what is wrong with oned so that it is not taken for what is wrong
// with the service.
func pathFailed(err error) error {
	if errors.Is(err, ErrHung) || errors.Is(err, ErrNotListening) {
		return fmt.Errorf("%w: %v", ErrOned, err)
	}
	return fmt.Errorf("%w: %w", ErrOned, err)
}

// flowReaches makes OneFlow itself ask oned: it has no users of its own. oned took
// these credentials a moment ago, so a 401 means that OneFlow does not reach oned,
// or that oned does not take OneFlow's own credentials.
func flowReaches(ctx context.Context, p Probe) error {
	const path = "/service"
	head := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(p.Credentials.session)) + "\r\n"
	status, reason, err := p.Endpoint.get(ctx, path, head)
	switch {
	case err != nil:
	case status == 401:
		err = fmt.Errorf("%w: it answers 401 to credentials that oned at %s takes: see its log, :one_xmlrpc in its configuration, and /var/lib/one/.one/oneflow_auth", ErrOned, p.Oned)
	case status >= 500:
		err = fmt.Errorf("HTTP status %d %s", status, reason)
	}
	return named("GET http://"+p.Endpoint.address+path, err)
}

// askOned makes a call within three quarters of the time that is left, so that
// there is time to ask the database why oned does not answer.
func askOned(ctx context.Context, p Probe, ask func(context.Context, Endpoint, Credentials) (string, error)) (string, error) {
	short := ctx
	if end, ok := ctx.Deadline(); ok && p.knowsDatabase() {
		var cancel context.CancelFunc
		short, cancel = context.WithDeadline(ctx, end.Add(-time.Until(end)/4))
		defer cancel()
	}
	v, err := ask(short, p.Oned, p.Credentials)
	if errors.Is(err, ErrHung) && p.knowsDatabase() {
		if lost := p.OnedConfig.DB.Check(ctx); errors.Is(lost, ErrDatabase) {
			// oned waits for it as long as it takes; so would any other oned.
			return v, fmt.Errorf("%w; ask oned at %s: %v", lost, p.Oned, err)
		}
	}
	return v, err
}

// judge finds out what a refusal means. oned says the same, code 256, to a wrong
// password and when its database is down or locked; and a SELECT that fails is code
// 8192, as is a Raft zone without a leader. The database itself knows.
func judge(ctx context.Context, p Probe, err error) error {
	var refusal *APIError
	if !errors.As(err, &refusal) || refusal.Code != CodeAuthentication && refusal.Code != CodeInternal || !p.knowsDatabase() {
		return err
	}
	lost := p.OnedConfig.DB.Check(ctx)
	switch {
	case errors.Is(lost, ErrDatabase):
		return fmt.Errorf("%w (oned at %s says code %d)", lost, p.Oned, refusal.Code)
	case lost == nil && refusal.Code == CodeAuthentication:
		return fmt.Errorf("%w: %s (its database works)", ErrCredentials, p.Credentials.advice())
	}
	return err
}

// knowsDatabase reports whether the oned that is asked is the one whose
// configuration says where its database is.
func (p Probe) knowsDatabase() bool {
	return p.OnedConfig.File != "" && p.Oned.local()
}
