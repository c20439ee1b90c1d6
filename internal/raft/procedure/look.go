package procedure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/remote"
	"github.com/oneha/oneha/internal/spec"
)

// unit is what systemd says about one.
type unit struct{ installed, active, ended, enabled bool }

// units asks systemd, of which version 219 is the oldest, for units by their names.
func (a at) units(ctx context.Context, names ...string) (map[string]unit, error) {
	out, err := a.host.Run(ctx, append([]string{"systemctl", "show", "-p", "Id", "-p", "LoadState", "-p", "ActiveState", "-p", "UnitFileState"}, names...)...)
	if err != nil {
		return nil, err
	}
	all := map[string]unit{}
	for block := range strings.SplitSeq(strings.TrimSpace(string(out)), "\n\n") {
		value := map[string]string{}
		for line := range strings.Lines(block) {
			key, text, _ := strings.Cut(strings.TrimSpace(line), "=")
			value[key] = text
		}
		all[value["Id"]] = unit{
			installed: value["LoadState"] == "loaded",
			active:    value["ActiveState"] == "active",
			ended:     value["ActiveState"] == "inactive" || value["ActiveState"] == "failed",
			enabled:   strings.HasPrefix(value["UnitFileState"], "enabled") || value["UnitFileState"] == "static",
		}
	}
	for _, name := range names {
		if _, ok := all[name]; !ok {
			return nil, fmt.Errorf("%s: systemctl show says nothing about %s", a.Name, name)
		}
	}
	return all, nil
}

// stopped tells whether oned does not run.
func (a at) stopped(ctx context.Context) (bool, error) {
	units, err := a.units(ctx, onedUnit)
	return units[onedUnit].ended, err
}

// exists tells whether a file is there.
func (a at) exists(ctx context.Context, path string) (bool, error) {
	_, err := a.host.Run(ctx, "test", "-e", path)
	return answer(err)
}

// answer reads the exit code of a command that answers by it: 0 is yes, 1 is no.
func answer(err error) (bool, error) {
	var exit *remote.ExitError
	if errors.As(err, &exit) && exit.Code == 1 {
		return false, nil
	}
	return err == nil, err
}

// sum is the checksum of a file, "" when it is not there.
func (a at) sum(ctx context.Context, path string) (string, error) {
	out, err := a.host.Run(ctx, "sha256sum", path)
	if ok, err := answer(err); !ok {
		return "", err
	}
	sum, _, _ := strings.Cut(string(out), " ")
	return sum, nil
}

// content is that of a file, "" when it is not there.
func (a at) content(ctx context.Context, path string) (string, error) {
	data, err := a.host.ReadFile(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(data), err
}

// seen is a server's place in Raft; err is why it does not say.
type seen struct {
	spec.ZoneServer
	one.RaftStatus
	err error
}

// askTime is how long one server may take to answer.
const askTime = 5 * time.Second

// ask asks all servers at once.
func (e Env) ask(ctx context.Context, servers []spec.ZoneServer) []seen {
	answers := make([]seen, len(servers))
	done := make(chan struct{})
	for i, s := range servers {
		go func() {
			ctx, cancel := context.WithTimeout(ctx, askTime)
			defer cancel()
			status, err := e.Oned.Raft(ctx, s)
			answers[i] = seen{s, status, err}
			done <- struct{}{}
		}()
	}
	for range servers {
		<-done
	}
	return answers
}

// leaderOf is the leader of the latest term.
func leaderOf(answers []seen) (seen, bool) {
	answers = slices.DeleteFunc(slices.Clone(answers), func(s seen) bool { return s.err != nil || s.State != one.Leader })
	if len(answers) == 0 {
		return seen{}, false
	}
	return slices.MaxFunc(answers, func(a, b seen) int { return cmp.Compare(a.Term, b.Term) }), true
}

// known are the servers of the description and those that the zone has besides.
func (e Env) known(list one.Zone) []spec.ZoneServer {
	all := slices.Clone(e.Zone.Servers)
	for _, member := range list.Servers {
		if !slices.ContainsFunc(all, func(s spec.ZoneServer) bool { return s.Endpoint == member.Endpoint }) {
			all = append(all, undescribed(member))
		}
	}
	return all
}

// undescribed is a server that only the zone knows.
func undescribed(member one.ZoneServer) spec.ZoneServer {
	s := spec.ZoneServer{Name: member.Name, ID: member.ID, Endpoint: member.Endpoint}
	if u, err := url.Parse(member.Endpoint); err == nil {
		s.Addr, _ = netip.ParseAddr(u.Hostname())
	}
	return s
}

// leader finds the leader and the zone as it has it. A server that is not asked is
// one of which it is known that its answer does not count.
func (e Env) leader(ctx context.Context, not ...string) (spec.ZoneServer, one.Zone, error) {
	servers := slices.DeleteFunc(slices.Clone(e.Zone.Servers), func(s spec.ZoneServer) bool { return slices.Contains(not, s.Name) })
	answers := e.ask(ctx, servers)
	lead, ok := leaderOf(answers)
	if !ok {
		return spec.ZoneServer{}, one.Zone{}, fmt.Errorf("no server says that it leads: %s; oneha raft doctor says more", describe(answers))
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	list, err := e.Oned.Zone(ctx, lead.ZoneServer)
	return lead.ZoneServer, list, err
}

var stateWords = map[one.RaftState]string{one.Solo: "alone", one.Candidate: "candidate", one.Follower: "follower", one.Leader: "leader"}

// describe says what servers answered.
func describe(answers []seen) string {
	var words []string
	for _, s := range answers {
		switch {
		case s.err != nil:
			words = append(words, s.Name+" does not answer")
		default:
			words = append(words, fmt.Sprintf("%s is %s in term %d", s.Name, cmp.Or(stateWords[s.State], "in an unknown state"), s.Term))
		}
	}
	return strings.Join(words, ", ")
}

// memberAt finds a server in the zone's list by its endpoint.
func memberAt(list one.Zone, endpoint string) (one.ZoneServer, bool) {
	i := slices.IndexFunc(list.Servers, func(s one.ZoneServer) bool { return sameEndpoint(s.Endpoint, endpoint) })
	if i < 0 {
		return one.ZoneServer{}, false
	}
	return list.Servers[i], true
}

// sameEndpoint compares URLs without minding a slash at the end.
func sameEndpoint(a, b string) bool { return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/") }

// nextID is the one that oned gives the next server.
func nextID(list one.Zone) int {
	id := -1
	for _, s := range list.Servers {
		id = max(id, s.ID)
	}
	return id + 1
}

// zoneEndpoint is what clients of the zone are to be told, "" without a floating IP.
func (e Env) zoneEndpoint(s spec.ZoneServer) string {
	if len(e.Zone.VIPs) == 0 {
		return ""
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil {
		return ""
	}
	ip := e.Zone.VIPs[0].Address.Addr().String()
	u.Host = net.JoinHostPort(ip, cmp.Or(u.Port(), "2633"))
	return u.String()
}

// poll is how often a state is looked at that is waited for.
const poll = 500 * time.Millisecond

// until waits for a state. The last reason why it is not reached is the error.
func (e Env) until(ctx context.Context, limit time.Duration, reached func(ctx context.Context) (bool, string, error)) error {
	end := e.Now().Add(limit)
	for {
		ok, why, err := reached(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil && ok:
			return nil
		case err != nil:
			why = err.Error()
		}
		if !e.Now().Before(end) {
			return fmt.Errorf("after %v: %s", limit, why)
		}
		if err := e.Sleep(ctx, poll); err != nil {
			return err
		}
	}
}
