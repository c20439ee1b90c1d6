package agents

import (
	"context"
	"errors"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/unit"
	"github.com/oneha/oneha/ocf"
)

// startPause is the time between two questions to a service that starts; oned
// opens its port last, after five to ten seconds.
const startPause = 100 * time.Millisecond

// asker is how this node's service is asked.
type asker struct {
	service
	probe         one.Probe
	timeout       time.Duration // of one question
	noCredentials error         // why there are none
	noSettings    error         // why defaults stand in for some of them
}

// longestProbe is the most that probe_timeout may be, in seconds: what lasts longer than a
// time can hold would be over before it began.
const longestProbe = 24 * 60 * 60

// askerFrom reads the parameters and the configuration files. Without readable
// credentials the service is asked with none: it refuses then, and a refusal is an
// answer.
func (s service) askerFrom(req *ocf.Request) (asker, error) {
	a := asker{service: s}
	seconds, err := req.Int("probe_timeout")
	if err != nil {
		return a, err
	}
	switch {
	case seconds <= 0:
		return a, ocf.Configured("probe_timeout", "is not above 0")
	case seconds > longestProbe:
		return a, ocf.Configured("probe_timeout", "is above 86400, a day")
	}
	a.timeout = time.Duration(seconds) * time.Second
	config := ""
	if s.Config != "" {
		config = req.String("config")
	}
	a.probe.Settings, a.noSettings = s.Settings(config)
	if s.Port != 0 && req.Set("endpoint") {
		if a.probe.Endpoint, err = one.ParseEndpoint(req.String("endpoint")); err != nil {
			return a, ocf.Configured("endpoint", err.Error())
		}
	}
	if s.ReachesOned() {
		a.probe.Credentials, a.noCredentials = one.ReadCredentials(req.String("auth_file"))
		a.probe.OnedConfig = s.readOned(req)
	}
	return a, nil
}

// readOned reads what this node's oned.conf says of the database, which may know
// why oned refuses or does not answer.
func (s service) readOned(req *ocf.Request) one.OnedConfig {
	file := ""
	if s.isOned() {
		file = req.String("config")
	} else if row, ok := one.ServiceNamed(onedName); ok && req.Depth >= 20 {
		file = row.Config
	}
	if file == "" {
		return one.OnedConfig{}
	}
	c, err := one.ReadOnedConfig(file)
	if err != nil {
		req.Log.Debug("cannot tell where the database is", "because", err)
	}
	return c
}

// ask asks the service once. It must be up, by what systemd says.
func (a asker) ask(ctx context.Context, m *unit.Manager, name string, depth int) error {
	if a.Port == 0 {
		pids, err := m.PIDs(ctx, name)
		if err != nil {
			return err
		}
		a.probe.PIDs = pids
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	return a.Probe(ctx, depth, a.probe)
}

// monitorDeep looks at the unit and then asks the service itself.
func (s service) monitorDeep(ctx context.Context, req *ocf.Request) error {
	name, err := unitOf(req)
	if err != nil {
		return err
	}
	a, err := s.askerFrom(req)
	if err != nil {
		return err
	}
	m := unit.New("")
	defer m.Close()
	if err := s.look(ctx, req, m, name); err != nil {
		return err
	}
	if err := a.judge(req, a.ask(ctx, m, name, req.Depth)); err != nil {
		return err
	}
	if s.isOned() && !req.Probe() {
		a.lookAfterTakeover(ctx, req, m, name)
	}
	return nil
}

// works reports whether an answer, good or not, shows that the service works.
func works(err error) bool {
	return err == nil || errors.Is(err, one.ErrCredentials) || errors.Is(err, one.ErrOned)
}

// judge gives an answer its exit code. What a restart of the service would not
// mend is no failure of it: a oned that it does not reach, credentials that are
// refused. Pacemaker takes that for success and shows it.
func (a asker) judge(req *ocf.Request, err error) error {
	switch {
	case err == nil:
		return nil
	case !works(err):
		return ocf.Failed("the unit is up, but does not work", err)
	}
	if a.noCredentials != nil && errors.Is(err, one.ErrCredentials) {
		err = a.noCredentials
	}
	if req.Probe() {
		req.Log.Warn("the service works, but not all of it", "because", err)
		return nil
	}
	return ocf.Degraded(err.Error())
}

// awaitAnswer waits until the service answers, its unit ends, or the time is up.
func (s service) awaitAnswer(ctx context.Context, req *ocf.Request, m *unit.Manager, name string) error {
	a, err := s.askerFrom(req)
	if err != nil {
		return err
	}
	watched, giveUp := context.WithCancelCause(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		giveUp(untilDown(watched, name))
	}()
	defer func() { giveUp(nil); <-over }()
	var failure error
	for {
		err := a.ask(watched, m, name, 10)
		if works(err) {
			return s.stillUp(ctx, m, name)
		}
		if watched.Err() == nil || failure == nil {
			failure = err // later ones only say that the time is up
		}
		select {
		case <-watched.Done():
			var down *downError
			if errors.As(context.Cause(watched), &down) {
				return ocf.Failed(down.Error(), nil)
			}
			return ocf.Failed("it does not answer", failure)
		case <-time.After(startPause):
		}
	}
}

// stillUp looks once more at a unit whose service seems to answer: it may have ended
// because another program has its port, and answers.
func (s service) stillUp(ctx context.Context, m *unit.Manager, name string) error {
	st, err := m.State(ctx, name)
	if err == nil && !st.Phase().Up() {
		err = ocf.Failed((&downError{st, m.Why(ctx, name)}).Error(), nil)
	}
	return err
}

// downError says that a unit went down that should come up.
type downError struct {
	state unit.State
	why   string
}

// Error names the state and, when systemd knows it, the reason.
func (e *downError) Error() string {
	text := "it ended while it started: " + e.state.String()
	if e.why != "" {
		text += ": " + e.why
	}
	return text
}

// untilDown watches the unit until it is down, which is a *downError, or ctx ends.
// A question may take long while nobody is there to answer it.
func untilDown(ctx context.Context, name string) error {
	m := unit.New("") // a Manager is not for concurrent use
	defer m.Close()
	for {
		st, err := m.State(ctx, name)
		if err == nil && !st.Phase().Up() && !st.Phase().Pending() {
			return &downError{st, m.Why(ctx, name)}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * startPause):
		}
	}
}
