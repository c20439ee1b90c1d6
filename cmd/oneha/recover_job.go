package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/remote"
	"github.com/oneha/oneha/internal/vmha/hypervisor"
	"github.com/oneha/oneha/internal/vmha/survey"
)

// recoverJob is what oneha recover looks at, and how.
type recoverJob struct {
	source   survey.Source
	notes    []string // what was found out before
	follower string   // says that the server follows; its picture may be an old one
	waiting  func(what string) (done func())
}

// recoverJob takes in the flags. It asks oned once, for its place in Raft.
func (t tool) recoverJob(ctx context.Context, c *cli.Context) (*recoverJob, error) {
	endpoint, err := one.ParseEndpoint(c.String("endpoint"))
	if err != nil {
		return nil, fmt.Errorf("--endpoint %w", err)
	}
	only, err := ids(c.StringSlice("vm"))
	if err != nil {
		return nil, err
	}
	ago, err := startedAgo(c.String("started"))
	if err != nil {
		return nil, err
	}
	credentials, err := one.ReadCredentials(c.String("credentials"))
	if err != nil {
		return nil, failure{fmt.Errorf("%w; run this as oneadmin or root, or name the file with --credentials", err)}
	}
	job := &recoverJob{source: survey.Source{Endpoint: endpoint, Credentials: credentials, Only: only}, waiting: t.waiting}
	asking, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	raft, err := one.AskRaft(asking, endpoint, credentials)
	switch fault := (*one.Fault)(nil); {
	case errors.As(err, &fault): // a release without Raft
		raft = one.RaftStatus{State: one.Solo}
	case err != nil:
		return nil, failure{askedWrong(err)}
	}
	if raft.State != one.Solo && raft.State != one.Leader {
		job.follower = fmt.Sprintf("the server at %s does not lead its zone", endpoint)
		job.notes = append(job.notes, job.follower+": what it tells may be older than what the leader knows")
	}
	job.since(asking, c, ago, raft, t.guardPort())
	if c.Bool("ssh") {
		job.source.Look = t.gatherer(asking, c, job, raft).Look
	}
	return job, nil
}

// since says from when on oned drives what it finds, and with --verbose or --json how
// that is known.
func (job *recoverJob) since(ctx context.Context, c *cli.Context, ago time.Duration, raft one.RaftStatus, port int) {
	if ago > 0 || c.String("started") == "none" {
		if ago > 0 {
			job.source.Started = time.Now().Add(-ago)
		}
		return
	}
	at, by, err := startedAuto(ctx, job.source.Endpoint, raft, port)
	if err != nil {
		job.notes = append(job.notes, err.Error()+", so what oned drives at this moment is listed, too: say how long ago it was started, as in --started 10m")
		return
	}
	job.source.Started = at
	if c.Bool("verbose") || c.Bool("json") {
		job.notes = append(job.notes, fmt.Sprintf("what began after %s is left out: %s", at.Format(time.DateTime), by))
	}
}

// gatherer asks the hypervisors, and the front-ends on which scripts may still work.
func (t tool) gatherer(ctx context.Context, c *cli.Context, job *recoverJob, raft one.RaftStatus) hypervisor.Gatherer {
	frontEnds := slices.Clone(c.StringSlice("front-end"))
	others, err := t.otherServers(ctx, job.source, raft)
	if err != nil {
		job.notes = append(job.notes, fmt.Sprintf("the other servers of the zone are not known, name them with --front-end: %v", err))
	}
	for _, name := range others {
		if !slices.Contains(frontEnds, name) {
			frontEnds = append(frontEnds, name)
		}
	}
	user, source := c.String("ssh-user"), job.source
	return hypervisor.Gatherer{
		Visitor: hypervisor.Visitor{
			Open:  func(host string) remote.Host { return remote.Login(host, user, host) },
			Limit: hypervisor.Limit, Parallel: hypervisor.Parallel,
		},
		Here: remote.Local(), FrontEnds: frontEnds, Datastores: c.String("datastores"), Incidents: hypervisor.Incidents,
		Whole: func(ctx context.Context, id int) (one.WholeVM, error) {
			ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
			defer cancel()
			return one.AskWholeVM(ctx, source.Endpoint, source.Credentials, id)
		},
		Stays: func(ctx context.Context, since time.Time, do func(id int, s one.Stay)) error {
			ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
			defer cancel()
			return one.EachStay(ctx, source.Endpoint, source.Credentials, since, do)
		},
	}
}

// otherServers are the hosts that oned runs on, and those of the other servers of its own
// zone, but this machine: wherever this is run, the scripts of the oned that it asks work
// on that one's machine.
func (t tool) otherServers(ctx context.Context, s survey.Source, raft one.RaftStatus) (hosts []string, err error) {
	asked := hostOf(s.Endpoint.String())
	if raft.State == one.Solo {
		return t.elsewhere(asked, 0, []one.ZoneServer{{Endpoint: s.Endpoint.String()}}), nil
	}
	id, err := one.LocalZone(ctx, s.Endpoint, s.Credentials)
	if err != nil {
		return t.elsewhere(asked, -1, []one.ZoneServer{{Endpoint: s.Endpoint.String()}}), err
	}
	zone, err := one.AskZone(ctx, s.Endpoint, s.Credentials, id)
	if err != nil {
		return t.elsewhere(asked, -1, []one.ZoneServer{{Endpoint: s.Endpoint.String()}}), err
	}
	return t.elsewhere(asked, raft.ServerID, zone.Servers), nil
}

// elsewhere are the hosts of servers without this machine; self answers at the host asked.
func (t tool) elsewhere(asked string, self int, servers []one.ZoneServer) (hosts []string) {
	here := func(host string) bool {
		ip, err := netip.ParseAddr(host)
		return err == nil && ip.IsLoopback() || t.isHere(host)
	}
	for _, server := range servers {
		host := hostOf(server.Endpoint)
		if host == "" || here(host) || server.ID == self && here(asked) {
			continue
		}
		hosts = append(hosts, host)
	}
	return hosts
}

// hostOf is the host of an endpoint, "" if it has none.
func hostOf(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// find looks at everything once.
func (job *recoverJob) find(ctx context.Context) (survey.Report, error) {
	what := "asking oned"
	if job.source.Look != nil {
		what += " and the hypervisors"
	}
	defer job.waiting(what)()
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	report, err := survey.Find(ctx, job.source)
	if err != nil {
		return report, askedWrong(err)
	}
	return report, nil
}

// askedWrong adds to an error of oned's what to do about it.
func askedWrong(err error) error {
	refusal := (*one.APIError)(nil)
	switch {
	case errors.Is(err, one.ErrNotListening):
		return fmt.Errorf("%w: run this where oned runs, or give its --endpoint; in a zone or a cluster that of the floating IP", err)
	case errors.Is(err, one.ErrHung):
		return fmt.Errorf("%w: see oned.log there", err)
	case errors.As(err, &refusal) && refusal.Code == one.CodeAuthentication:
		return fmt.Errorf("%w: see that --credentials names the file of oneadmin, as oned knows it", err)
	case errors.As(err, &refusal) && refusal.Code == one.CodeInternal:
		return fmt.Errorf("%w: a zone without a leader answers so: oneha raft status", err)
	}
	return err
}

// ids reads --vm.
func ids(words []string) (list []int, err error) {
	for _, word := range strings.FieldsFunc(strings.Join(words, ","), func(r rune) bool { return r == ',' }) {
		id, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || id < 0 {
			return nil, fmt.Errorf("--vm %q is no ID of a virtual machine: use a number as onevm list has it", word)
		}
		list = append(list, id)
	}
	return list, nil
}

// startedAgo reads --started: 0 for auto and none.
func startedAgo(word string) (time.Duration, error) {
	if word == "auto" || word == "none" {
		return 0, nil
	}
	ago, err := time.ParseDuration(word)
	if err != nil || ago <= 0 {
		return 0, fmt.Errorf("--started %q: use auto, none, or how long ago that was, such as 10m", word)
	}
	return ago, nil
}
