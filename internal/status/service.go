package status

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/one"
)

// check asks a service whether it works: on this node as its agent asks it; elsewhere
// through the floating IP, if it is oned; and always what its last monitor said.
func (g *gatherer) check(ctx context.Context, s *Service, p primitive, addresses []Address) {
	if len(s.Nodes) == 0 {
		return
	}
	node := s.Nodes[0]
	if row, ok := p.service(); ok && g.Probe != nil {
		if node == g.here() {
			ctx, cancel := context.WithTimeout(ctx, checkWithin)
			defer cancel()
			s.Checks = append(s.Checks, g.probe(ctx, row, p))
		} else if row.Name == onedName {
			ctx, cancel := context.WithTimeout(ctx, vipWithin)
			defer cancel()
			s.Checks = append(s.Checks, g.throughAddresses(ctx, row, p, node, addresses)...)
		}
	}
	if op, ok := g.config.monitored(s.ID, node); ok {
		c := Check{By: ByMonitor, OK: op.works() && !op.degraded(), Works: op.works(), Since: op.since}
		switch {
		case op.degraded():
			c.Says = "degraded"
		case !c.OK:
			c.Says = "exit code " + op.code
		}
		s.Checks = append(s.Checks, c)
	}
}

// Values of Check.By.
const (
	ByProbe   = "probe"
	ByVIP     = "vip"
	ByMonitor = "monitor"
)

// onedName is the service that listens at the floating IP and has to be asked there.
const onedName = "oned"

// probe asks a service of this node with the settings, the credentials and the
// patience that its agent's parameters name.
func (g *gatherer) probe(ctx context.Context, row one.Service, p primitive) Check {
	if seconds, err := strconv.Atoi(p.params["probe_timeout"]); err == nil && seconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
		defer cancel()
	}
	if !row.Asked() {
		return g.unitUp(ctx, p.unit())
	}
	var ask one.Probe
	ask.Settings, _ = row.Settings(p.params["config"]) // defaults stand in for what cannot be read
	if endpoint := p.params["endpoint"]; endpoint != "" && row.Port != 0 {
		var err error
		if ask.Endpoint, err = one.ParseEndpoint(endpoint); err != nil {
			return Check{By: ByProbe, Says: fmt.Sprintf("parameter endpoint %v", err)}
		}
	}
	depth := 10
	if row.ReachesOned() {
		file := p.params["auth_file"]
		if file == "" {
			file = one.DefaultAuthFile
		}
		var err error
		if ask.Credentials, err = one.ReadCredentials(file); err == nil {
			depth = 20
		}
		if row.Name == onedName {
			ask.OnedConfig = onedConfig(row, p)
		}
	}
	if row.Port == 0 && g.PIDs != nil { // it is judged by its connections
		var err error
		if ask.PIDs, err = g.PIDs(ctx, p.unit()); err != nil {
			return Check{By: ByProbe, Says: err.Error()}
		}
	}
	return verdictOf(ByProbe, row.Name, g.Probe(ctx, row, depth, ask))
}

// unitUp stands for a service that answers nobody.
func (g *gatherer) unitUp(ctx context.Context, name string) Check {
	if g.Unit == nil {
		return Check{By: ByProbe, Says: "systemd is not asked"}
	}
	u, err := g.Unit(ctx, name)
	switch {
	case err != nil:
		return Check{By: ByProbe, Says: err.Error()}
	case !u.Up:
		return Check{By: ByProbe, Says: u.Name + " is " + u.State}
	}
	return Check{By: ByProbe, OK: true, Works: true}
}

// verdictOf is what an answer says of a service: one that lacks its way to oned, or
// whose probe is refused, works itself.
func verdictOf(by, name string, err error) Check {
	if err == nil {
		return Check{By: by, OK: true, Works: true}
	}
	said := err.Error()
	for _, known := range []error{one.ErrHung, one.ErrNotListening} {
		if errors.Is(err, known) {
			said = known.Error() // where it was asked is said beside it
		}
	}
	if by == ByVIP && errors.Is(err, one.ErrHung) {
		said = fmt.Sprintf("silence for %g s", vipWithin.Seconds())
	}
	said = strings.TrimPrefix(said, "probe "+name+": ")
	return Check{By: by, Works: errors.Is(err, one.ErrOned) || errors.Is(err, one.ErrCredentials), Says: said}
}

func onedConfig(row one.Service, p primitive) one.OnedConfig {
	file := p.params["config"]
	if file == "" {
		file = row.Config
	}
	c, err := one.ReadOnedConfig(file)
	if err != nil {
		return one.OnedConfig{}
	}
	return c
}

// throughAddresses asks the oned of another node through the floating IPs that
// Pacemaker has there. It is asked without credentials, which whoever has the address
// would get to read: the refusal proves that it answers. The port is that of this
// node's oned.conf, which has to be the same on every node.
func (g *gatherer) throughAddresses(ctx context.Context, row one.Service, p primitive, node string, addresses []Address) []Check {
	c := onedConfig(row, p)
	port := row.Port
	if c.Port != 0 {
		port = c.Port
	}
	var checks []Check
	for _, a := range addresses {
		if len(a.Nodes) != 1 || a.Nodes[0] != node || !listensAt(c.Listen, a.IP) {
			continue
		}
		endpoint, err := one.ParseEndpoint("http://" + net.JoinHostPort(a.IP, strconv.Itoa(port)) + "/RPC2")
		if err != nil {
			continue
		}
		check := verdictOf(ByVIP, row.Name, g.Probe(ctx, row, 10, one.Probe{Settings: one.Settings{Endpoint: endpoint}}))
		check.Where = a.IP
		checks = append(checks, check)
	}
	return checks
}

// listensAt reports whether a service that listens at an address answers at ip.
func listensAt(listen, ip string) bool {
	addr, err := netip.ParseAddr(strings.Trim(listen, "[]"))
	return listen == "" || listen == "*" || listen == ip || err == nil && addr.IsUnspecified()
}
