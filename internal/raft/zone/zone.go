// Package zone is what a command knows of an OpenNebula zone under Raft before it
// asks anybody how the zone is: its servers and where they answer, the floating
// addresses, the timers, and the credentials to ask with.
//
// It comes from a description (mode: raft), or, on a server without one, from the
// server's own oned.conf and the list of servers that its oned has.
package zone

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/spec"
)

// GuardPort is the TCP port of guards unless a description says otherwise.
const GuardPort = 2645

// Zone is a zone, and how it is asked.
type Zone struct {
	ID        int
	Described bool     // there is a description; otherwise all is from one server
	Servers   []Server // sorted by ID
	VIPs      []spec.ZoneVIP
	Services  []string      // that follow the leader; nil when nobody said
	User      string        // whom ssh logs in as
	Release   string        // of OpenNebula, "" when nobody said
	Database  string        // "sqlite" or "mysql", "" when nobody said
	Election  time.Duration // RAFT/ELECTION_TIMEOUT_MS
	Heartbeat time.Duration // RAFT/BROADCAST_TIMEOUT_MS
	Rest      spec.RaftTimers
	Guarded   bool // guards should run: it is described, or oned's hook is ours
	GuardPort int
	Here      int // SERVER_ID of this machine, -1: it is no server, or nobody said

	Credentials one.Credentials
}

// Server is an oned of a zone and the guard beside it.
type Server struct {
	ID       int
	Name     string
	Addr     netip.Addr // invalid when the endpoint names a host and nothing tells its address
	Endpoint one.Endpoint
	URL      string // of Endpoint, as it was written
}

// Server finds a server by its ID.
func (z *Zone) Server(id int) (Server, bool) {
	i := slices.IndexFunc(z.Servers, func(s Server) bool { return s.ID == id })
	if i < 0 {
		return Server{}, false
	}
	return z.Servers[i], true
}

// Named finds a server by its name or, when no name matches, by its ID in digits.
func (z *Zone) Named(name string) (Server, bool) {
	i := slices.IndexFunc(z.Servers, func(s Server) bool { return s.Name == name })
	if i >= 0 {
		return z.Servers[i], true
	}
	if id, err := strconv.Atoi(name); err == nil {
		return z.Server(id)
	}
	return Server{}, false
}

// Names are those of the servers.
func (z *Zone) Names() (names []string) {
	for _, s := range z.Servers {
		names = append(names, s.Name)
	}
	return names
}

// Host is where a server is reached: its address, or the host of its endpoint.
func (s Server) Host() string {
	if s.Addr.IsValid() {
		return s.Addr.String()
	}
	host, _, _ := net.SplitHostPort(hostPort(s.URL))
	return host
}

// Of is the zone that a description has.
func Of(d spec.Zone, c one.Credentials) (Zone, error) {
	z := Zone{
		ID: d.ID, Described: true, Guarded: true, VIPs: slices.Clone(d.VIPs), Services: append([]string{}, d.Services...), User: cmp.Or(d.User, "root"),
		Release: d.Release, Database: d.Database, Election: d.Election, Heartbeat: d.Heartbeat, Rest: d.Rest,
		GuardPort: cmp.Or(d.Port, GuardPort), Here: -1, Credentials: c,
	}
	var errs []error
	for _, s := range d.Servers {
		server, err := NewServer(s.ID, s.Name, s.Endpoint)
		errs = append(errs, err)
		server.Addr = s.Addr
		z.Servers = append(z.Servers, server)
	}
	z.sort()
	return z, errors.Join(errs...)
}

// From is the zone as an oned lists it (one.zone.info).
func From(d one.Zone, c one.Credentials) (Zone, error) {
	z := Zone{ID: d.ID, User: "root", GuardPort: GuardPort, Here: -1, Credentials: c}
	var errs []error
	for _, s := range d.Servers {
		server, err := NewServer(s.ID, s.Name, s.Endpoint)
		errs = append(errs, err)
		z.Servers = append(z.Servers, server)
	}
	z.sort()
	return z, errors.Join(errs...)
}

func (z *Zone) sort() {
	slices.SortStableFunc(z.Servers, func(a, b Server) int { return cmp.Compare(a.ID, b.ID) })
}

// Port is that of the server's endpoint, "" when the endpoint cannot be read.
func (s Server) Port() string {
	_, port, _ := net.SplitHostPort(hostPort(s.URL))
	return port
}

// NewServer is a server whose endpoint has this URL. The error says what is wrong
// with the URL.
func NewServer(id int, name, url string) (Server, error) {
	s := Server{ID: id, Name: cmp.Or(name, fmt.Sprintf("server %d", id)), URL: url}
	e, err := one.ParseEndpoint(url)
	if err != nil {
		return s, fmt.Errorf("endpoint of server %d, %q, %w", id, url, err)
	}
	s.Endpoint = e
	if host, _, err := net.SplitHostPort(hostPort(url)); err == nil {
		s.Addr, _ = netip.ParseAddr(host) // a name stays a name
	}
	return s, nil
}
