package guard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/floating"
	"github.com/oneha/oneha/internal/raft/guard/control"
	"github.com/oneha/oneha/internal/raft/lease"
	"github.com/oneha/oneha/internal/spec"
)

// Paths are the files that a guard reads and writes. On a server they are those of
// DefaultPaths. A test with several servers on one machine runs a guard in the network
// namespace of each and moves all of them (`oneha raft guard` has a flag for each;
// test/guardproc does it for the servers of test/fakezone):
//
//	oneha raft guard --file DIR/oneha.yaml --oned-conf DIR/etc/oned.conf \
//	    --auth DIR/var/.one/one_auth --key DIR/var/.one/one_key \
//	    --state DIR/guard.json --socket DIR/guard.sock --no-services
type Paths struct {
	Description string
	OnedConf    string
	Auth, Key   string // one_auth and one_key of oneadmin
	State       string // what a guard has to remember
	Socket      string
}

// DefaultPaths are those on a server.
func DefaultPaths() Paths {
	return Paths{
		Description: "/etc/oneha/oneha.yaml", OnedConf: "/etc/one/oned.conf",
		Auth: one.DefaultAuthFile, Key: filepath.Join(filepath.Dir(one.DefaultAuthFile), "one_key"),
		State: "/var/lib/oneha/guard.json", Socket: control.Socket,
	}
}

// Services brings the services that follow the leader where they belong.
// It is given its turn again and again, and called by one goroutine at a time.
type Services interface {
	// Reconcile starts or stops them, waits for the outcome, and returns in a few words
	// what it changed, "" for nothing.
	Reconcile(ctx context.Context, leader bool) (changed string, err error)
}

// Config is what a guard works with. Load makes it of the files of a server.
type Config struct {
	Paths
	Server   int    // SERVER_ID, -1: not in a zone
	Name     string // of this server, for people
	Zone     int
	Listen   string // address:port for the other guards and for load balancers
	Port     int    // that the others listen at
	VIPs     []floating.Address
	Follow   []string           // services that the description names, nil: by what is installed
	Known    map[int]netip.Addr // addresses of servers, where the description has them
	Timers   lease.Timers
	Oned     one.Endpoint
	Auth     one.Credentials
	Peers    Key
	Services Services // nil: none follow
	// Look finds out what a takeover has left, as lines for the log. It returns soon
	// after ctx ends. An error says that it did not come to its end. nil: nobody looks.
	Look func(ctx context.Context, since time.Time) (lines []string, err error)

	Notify   string        // systemd's socket (NOTIFY_SOCKET), "": none
	Watchdog time.Duration // within which systemd wants a sign of life, 0: never
	Log      io.Writer

	stamp string // of the files, before they were read
}

// ErrNoZone says that the description is not one of a zone under Raft.
var ErrNoZone = errors.New("it describes no zone under Raft (mode: raft)")

// Load reads what a guard needs from the files of this server.
func Load(p Paths) (Config, error) {
	c := Config{Paths: p, Server: -1, Known: map[int]netip.Addr{}, stamp: p.stamp()}
	text, err := readSmall(p.Description)
	if err != nil {
		return c, fmt.Errorf("read description: %w", err)
	}
	cluster, findings := spec.Parse(p.Description, text)
	for _, f := range findings {
		if f.Severity == diag.Error {
			return c, fmt.Errorf("read description: %s", f)
		}
	}
	zone := cluster.Zone
	if zone == nil {
		return c, fmt.Errorf("read description %s: %w", p.Description, ErrNoZone)
	}
	conf, err := one.ReadOnedConfig(p.OnedConf)
	if err != nil {
		return c, fmt.Errorf("read configuration of oned: %w", err)
	}
	if c.Oned, err = onedAt(conf); err != nil {
		return c, err
	}
	if c.Auth, err = one.ReadCredentials(p.Auth); err != nil {
		return c, err
	}
	if c.Peers, err = ReadKey(p.Key); err != nil {
		return c, err
	}
	c.Server, c.Zone, c.Port, c.Follow = conf.ServerID, zone.ID, zone.Port, zone.Services
	c.Listen = ":" + strconv.Itoa(zone.Port)
	c.Timers = lease.For(lease.Election{ElectionTimeout: zone.Election, BroadcastTimeout: zone.Heartbeat})
	for _, s := range zone.Servers {
		c.Known[s.ID] = s.Addr
		if s.ID == c.Server {
			c.Name = s.Name
		}
	}
	for _, v := range zone.VIPs {
		c.VIPs = append(c.VIPs, floating.Address{Prefix: v.Address, NIC: v.NIC})
	}
	return c, nil
}

// onedAt is where the oned with that configuration answers on its own machine.
func onedAt(conf one.OnedConfig) (one.Endpoint, error) {
	host := strings.Trim(strings.TrimSpace(conf.Listen), "[]")
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsUnspecified() || host == "*" || host == "" {
		host = "127.0.0.1"
		if err == nil && addr.Is6() {
			host = "::1"
		}
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	e, err := one.ParseEndpoint(fmt.Sprintf("http://%s:%d/RPC2", host, conf.Port))
	if err != nil {
		return e, fmt.Errorf("read configuration of oned: LISTEN_ADDRESS %q and PORT %d: the URL %w", conf.Listen, conf.Port, err)
	}
	return e, nil
}

// readSmall reads a file that a person wrote.
func readSmall(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 1<<20))
}
