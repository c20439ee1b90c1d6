package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/health"
	"github.com/oneha/oneha/internal/raft/procedure"
	"github.com/oneha/oneha/internal/raft/zone"
	"github.com/oneha/oneha/internal/remote"
	"github.com/oneha/oneha/internal/spec"
)

// prepare reads the description and says how the servers are reached.
func (run *changingZone) prepare() (closeAll func(), err error) {
	z, text, err := run.describedZone()
	if err != nil {
		return nil, err
	}
	for _, flag := range []string{"wait", "copy-wait"} {
		if run.c.Duration(flag) <= 0 {
			return nil, fmt.Errorf("--%s must be more than 0", flag)
		}
	}
	auth := run.c.String("credentials")
	credentials := func() (one.Credentials, error) { return one.ReadCredentials(auth) }
	if _, err := credentials(); err != nil && run.request.Kind != procedure.Init && !run.c.Bool("abandon") {
		return nil, failure{fmt.Errorf("%w: run this on a server that is in the zone", err)}
	}
	hosts := newHosts(z, run.here(z))
	run.env = procedure.Env{
		Zone: z, Description: text, Operator: operator() + run.onThis(), Here: hosts.here,
		Host: hosts.of, Local: hosts.local,
		Oned:   procedure.XMLRPC{ID: z.ID, Credentials: credentials},
		Steady: func(ctx context.Context, except ...int) error { return steady(ctx, *z, credentials, except) },
		Now:    time.Now, Sleep: sleep,
		Waits: procedure.Waits{State: run.c.Duration("wait"), Copy: run.c.Duration("copy-wait")},
	}
	return hosts.close, nil
}

// describedZone is the description of a zone and its text.
func (run *changingZone) describedZone() (*spec.Zone, []byte, error) {
	name, text, err := run.serverDescription(run.c.String("file"))
	if err != nil {
		return nil, nil, err
	}
	cluster, findings := spec.Parse(name, text)
	if findings.HasErrors() {
		run.print(findings)
		return nil, nil, errFindings
	}
	if cluster.Zone == nil {
		return nil, nil, fmt.Errorf("%s describes a cluster of Pacemaker: a zone has mode: raft", name)
	}
	return cluster.Zone, text, nil
}

// here is the name of the server that this machine is, "" for none.
func (run *changingZone) here(z *spec.Zone) string {
	addresses, err := run.addresses()
	if err != nil {
		return ""
	}
	for _, s := range z.Servers {
		for _, a := range addresses {
			if own, _, _ := strings.Cut(a.String(), "/"); own == s.Addr.String() {
				return s.Name
			}
		}
	}
	return ""
}

func (run *changingZone) onThis() string {
	name, err := fs.ReadFile(run.root, "proc/sys/kernel/hostname")
	if err != nil {
		return ""
	}
	return " on " + strings.TrimSpace(string(name))
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// steady asks the whole zone, and waits until its guards have the last change of it.
func steady(ctx context.Context, d spec.Zone, credentials func() (one.Credentials, error), except []int) error {
	c, err := credentials()
	if err != nil {
		return err
	}
	z, err := zone.Of(d, c)
	if err != nil {
		return err
	}
	for until := time.Now().Add(settleBy); ; {
		p := health.Gather(ctx, z, health.Options{})
		if err := p.Steady(except...); err != nil {
			return err
		}
		err := p.Settled(except...)
		var u health.Unsettled
		switch {
		case err == nil:
			return nil
		case time.Now().Before(until):
			if err := sleep(ctx, settleEvery); err != nil {
				return err
			}
		case errors.As(err, &u) && len(u.Disagree) > 0:
			return err
		default:
			return nil // what is left costs the floating IP at most
		}
	}
}

// The guards have a change of the zone within seconds, and a new one votes after eight.
const (
	settleBy    = 30 * time.Second
	settleEvery = 500 * time.Millisecond
)

// hosts are the connections to servers, one each.
type hosts struct {
	mu    sync.Mutex
	user  string
	here  string
	local remote.Host
	all   map[string]remote.Host
}

func newHosts(z *spec.Zone, here string) *hosts {
	return &hosts{user: cmp.Or(z.User, "root"), here: here, local: remote.Local(), all: map[string]remote.Host{}}
}

func (h *hosts) of(s spec.ZoneServer) remote.Host {
	if s.Name == h.here {
		return h.local
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all[s.Name] == nil {
		h.all[s.Name] = remote.SSH(s.Name, h.user, s.Addr.String())
	}
	return h.all[s.Name]
}

func (h *hosts) close() {
	for _, host := range h.all {
		_ = host.Close() // ssh ends by itself in a minute
	}
}
