package zone

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/confedit"
	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/spec"
)

// OnedConf is oned's configuration on a server.
const OnedConf = "/etc/one/oned.conf"

// ErrNoRaft says that the oned of this machine is not a server of a zone under Raft.
var ErrNoRaft = errors.New("this machine's oned is not under Raft")

// Local is the zone that this machine's oned is a server of: the timers and the
// floating addresses of its hooks as its oned.conf has them, the servers as its
// oned lists them, which it does in every state. Without oned.conf the error is
// fs.ErrNotExist, with SERVER_ID -1 ErrNoRaft. ctx bounds the question.
func Local(ctx context.Context, onedConf string, c one.Credentials) (Zone, error) {
	read, err := one.ReadOnedConfig(onedConf)
	if err != nil {
		return Zone{}, err
	}
	text, err := os.ReadFile(onedConf)
	if err != nil {
		return Zone{}, fmt.Errorf("read configuration of oned: %w", err)
	}
	own := parse(filepath.Base(onedConf), text)
	if read.ServerID < 0 {
		return Zone{}, fmt.Errorf("%w: SERVER_ID in %s is %d", ErrNoRaft, onedConf, read.ServerID)
	}
	e, err := one.ParseEndpoint("http://" + net.JoinHostPort(reachable(read.Listen), strconv.Itoa(read.Port)) + "/RPC2")
	if err != nil {
		return Zone{}, fmt.Errorf("read configuration of oned: LISTEN_ADDRESS or PORT in %s: the endpoint %w", onedConf, err)
	}
	asked, err := one.AskZone(ctx, e, c, own.ID)
	if err != nil {
		return Zone{}, err
	}
	z, err := From(asked, c)
	if err != nil {
		return Zone{}, err
	}
	if len(z.Servers) == 0 {
		return Zone{}, fmt.Errorf("%w: zone %d has no servers", ErrNoRaft, own.ID)
	}
	own.Servers, own.Credentials, own.Here = z.Servers, c, read.ServerID
	return own, nil
}

// parse is what an oned.conf says about its zone; for what it does not, oned's
// defaults (src/nebula/NebulaTemplate.cc).
func parse(file string, text []byte) Zone {
	f, _ := confedit.Parse(file, text) // what stands before a mistake is better than nothing
	number := func(ifNone int, path ...string) int {
		value, _ := f.Get(path...)
		if n, err := strconv.ParseInt(value, 10, 32); err == nil && n >= 0 { // more, in seconds, no time can hold
			return int(n)
		}
		return ifNone
	}
	// Without any RAFT vector the compiled defaults hold, with one only what it says.
	ms := func(key string, compiled int) time.Duration {
		if slices.ContainsFunc(f.All(), func(a confedit.Attribute) bool { return a.Name == "RAFT" }) {
			compiled = 0
		}
		return time.Duration(number(compiled, "RAFT", key)) * time.Millisecond
	}
	z := Zone{User: "root", GuardPort: GuardPort, Here: -1}
	if mode, _ := f.Get("FEDERATION", "MODE"); mode != "STANDALONE" { // there oned takes 0 whatever the file says
		z.ID = number(0, "FEDERATION", "ZONE_ID")
	}
	z.Election, z.Heartbeat = ms("ELECTION_TIMEOUT_MS", 1500), ms("BROADCAST_TIMEOUT_MS", 500)
	z.Rest = spec.RaftTimers{
		LimitPurge: number(0, "RAFT", "LIMIT_PURGE"), LogRetention: number(0, "RAFT", "LOG_RETENTION"),
		LogPurge: time.Duration(number(0, "RAFT", "LOG_PURGE_TIMEOUT")) * time.Second, XMLRPC: ms("XMLRPC_TIMEOUT_MS", 100),
	}
	arguments, _ := f.Get("RAFT_LEADER_HOOK", "ARGUMENTS")
	z.VIPs = hookVIPs(arguments)
	z.Guarded = strings.Contains(arguments, " raft hook leader ")
	z.Database, _ = f.Get("DB", "BACKEND")
	return z
}

// hookVIPs are the floating addresses in the arguments of a leader hook: the word
// leader, and pairs of interface and address, for OpenNebula's vip.sh as for ours.
func hookVIPs(arguments string) (all []spec.ZoneVIP) {
	words := strings.Fields(arguments)
	i := slices.Index(words, "leader")
	if i < 0 {
		return nil
	}
	for pair := range slices.Chunk(words[i+1:], 2) {
		if len(pair) < 2 {
			break
		}
		if address, err := netip.ParsePrefix(pair[1]); err == nil {
			all = append(all, spec.ZoneVIP{Address: address, NIC: pair[0]})
		}
	}
	return all
}

// Locate finds out which of the servers this machine is, by its addresses.
func (z *Zone) Locate(own []net.Addr) {
	for _, a := range own {
		p, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		if i := slices.IndexFunc(z.Servers, func(s Server) bool { return s.Addr == p.Addr().Unmap() }); i >= 0 {
			z.Here = z.Servers[i].ID
		}
	}
}

// reachable is the address by which something that listens at host is asked from
// its own machine.
func reachable(host string) string {
	host = strings.Trim(strings.TrimSpace(host), "[]")
	addr, err := netip.ParseAddr(host)
	switch {
	case host == "" || host == "*" || err == nil && addr.IsUnspecified() && addr.Is4():
		return "127.0.0.1"
	case err == nil && addr.IsUnspecified():
		return "::1"
	}
	return host
}

// hostPort is the host and port of a URL, "" when it cannot be read.
func hostPort(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return ""
	}
	if u.Port() == "" {
		return net.JoinHostPort(u.Hostname(), "80")
	}
	return u.Host
}
