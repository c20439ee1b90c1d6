package procedure

import (
	"context"
	"fmt"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/spec"
)

// XMLRPC is Oned over the network.
type XMLRPC struct {
	ID int // of the zone
	// Credentials reads them; a new server has none before its oned runs.
	Credentials func() (one.Credentials, error)
}

func (x XMLRPC) to(s spec.ZoneServer, do func(one.Endpoint, one.Credentials) error) error {
	e, err := one.ParseEndpoint(s.Endpoint)
	if err != nil {
		return fmt.Errorf("endpoint %q of %s %w", s.Endpoint, s.Name, err)
	}
	c, err := x.Credentials()
	if err != nil {
		return err
	}
	return do(e, c)
}

// Raft asks a server for its place in Raft.
func (x XMLRPC) Raft(ctx context.Context, s spec.ZoneServer) (r one.RaftStatus, err error) {
	err = x.to(s, func(e one.Endpoint, c one.Credentials) (err error) {
		r, err = one.AskRaft(ctx, e, c)
		return err
	})
	return r, err
}

// Zone asks a server for the zone.
func (x XMLRPC) Zone(ctx context.Context, s spec.ZoneServer) (z one.Zone, err error) {
	err = x.to(s, func(e one.Endpoint, c one.Credentials) (err error) {
		z, err = one.AskZone(ctx, e, c, x.ID)
		return err
	})
	return z, err
}

// AddServer adds a server.
func (x XMLRPC) AddServer(ctx context.Context, by spec.ZoneServer, server one.ZoneServer) error {
	return x.to(by, func(e one.Endpoint, c one.Credentials) error { return one.AddServer(ctx, e, c, x.ID, server) })
}

// DeleteServer removes a server.
func (x XMLRPC) DeleteServer(ctx context.Context, by spec.ZoneServer, id int) error {
	return x.to(by, func(e one.Endpoint, c one.Credentials) error { return one.DeleteServer(ctx, e, c, x.ID, id) })
}

// ResetServer has the leader forget where a follower's log ends.
func (x XMLRPC) ResetServer(ctx context.Context, by spec.ZoneServer, id int) error {
	return x.to(by, func(e one.Endpoint, c one.Credentials) error { return one.ResetServer(ctx, e, c, x.ID, id) })
}

// SetEndpoint says where clients find the zone.
func (x XMLRPC) SetEndpoint(ctx context.Context, by spec.ZoneServer, endpoint string) error {
	return x.to(by, func(e one.Endpoint, c one.Credentials) error { return one.SetZoneEndpoint(ctx, e, c, x.ID, endpoint) })
}
