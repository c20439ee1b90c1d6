package fakezone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/fakeoned"
)

// oned's error codes.
const (
	authentication = 256
	noExists       = 1024
	internal       = 8192
)

// handler answers XML-RPC. The zone's calls are the server's own, one.fake.* are
// the fake's, and all others are answered as fakeoned does, on every server alike
// (oned never passes one.*.info on to the leader).
func (s *server) handler() http.Handler {
	own := map[string]fakeoned.Method{
		"one.system.version":  {Params: 0, Answer: s.leaderOnly(func(_ context.Context, c fakeoned.Call) string { return c.Yield(fakeoned.Version) })},
		"one.zone.raftstatus": {Params: 0, Answer: func(_ context.Context, c fakeoned.Call) string { return c.Yield(s.raftStatus()) }},
		"one.zone.info":       {Params: 1, Answer: numbers(1, s.zoneInfo)},
		"one.zonepool.info": {Params: 0, Answer: func(_ context.Context, c fakeoned.Call) string {
			return c.Yield("<ZONE_POOL>" + s.zone() + "</ZONE_POOL>")
		}},
		"one.zone.addserver":   {Params: 2, Answer: s.leaderOnly(numbers(1, s.addServer))},
		"one.zone.delserver":   {Params: 2, Answer: s.leaderOnly(numbers(2, s.deleteServer))},
		"one.zone.update":      {Params: 3, Answer: s.leaderOnly(s.updateZone)},
		"one.zone.resetserver": {Params: 2, Answer: s.leaderOnly(numbers(2, s.resetServer))},

		"one.fake.write":     {Params: 2, Answer: s.leaderOnly(s.fakeWrite)},
		"one.fake.dump":      {Params: 0, Answer: s.fakeDump},
		"one.fake.clock":     {Params: 1, Answer: numbers(1, s.fakeClock)},
		"one.fake.vote":      {Params: 4, Answer: numbers(4, s.fakeVote)},
		"one.fake.replicate": {Params: 6, Answer: numbers(5, s.fakeReplicate)},
	}
	for name, m := range own {
		own[name] = fakeoned.Method{Params: m.Params, Answer: s.withDatabase(m.Answer)}
	}
	return fakeoned.Handler(s.session, own)
}

// withDatabase refuses a call as oned does while it cannot read who the caller is.
func (s *server) withDatabase(f answer) answer {
	return func(ctx context.Context, c fakeoned.Call) string {
		s.mu.Lock()
		lost := s.failed > 0
		s.mu.Unlock()
		if lost {
			return c.Refuse(authentication, -1, "User couldn't be authenticated, aborting call.")
		}
		return f(ctx, c)
	}
}

type answer = func(context.Context, fakeoned.Call) string

// numbers gives f the first parameters after the session, which must be numbers.
func numbers(n int, f func(context.Context, fakeoned.Call, []int) string) answer {
	return func(ctx context.Context, c fakeoned.Call) string {
		args := make([]int, n)
		for i := range args {
			var ok bool
			if args[i], ok = c.Int(i); !ok {
				return c.BadParameter(i)
			}
		}
		return f(ctx, c, args)
	}
}

// curlConnect is how long the library that oned calls with waits for a connection.
const curlConnect = 300 * time.Second

// leaderOnly passes a call on to the leader, and waits as long as that takes.
func (s *server) leaderOnly(f answer) answer {
	return func(ctx context.Context, c fakeoned.Call) string {
		s.mu.Lock()
		state, reconciling := s.state, s.state == Leader && s.commit < s.leading.reconciled
		leader, known := s.db.member(s.leader)
		s.mu.Unlock()
		refuse := func(why string) string { return c.Refuse(internal, -1, why) }
		switch {
		case state == Candidate:
			return refuse("Cannot process request, oned cluster in election mode")
		case reconciling:
			return refuse("Cannot process request, oned cluster is replicating log")
		case state != Follower:
			return f(ctx, c)
		case !known:
			return refuse("Cannot process request, no leader found")
		}
		limit := curlConnect
		if s.c.left(FollowersHang) {
			limit = s.conf.raft.xmlrpc
		}
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		text, err := s.peers.post(ctx, leader.Endpoint, c.Body)
		if err != nil {
			return refuse("libcurl failed to execute the HTTP POST transaction, explaining:  " + curl(err, leader.Endpoint))
		}
		return text
	}
}

// curl is why a call failed, as far as its words were captured.
func curl(err error, endpoint string) string {
	var dial *net.OpError
	u, bad := url.Parse(endpoint)
	if errors.As(err, &dial) && dial.Op == "dial" && bad == nil {
		return fmt.Sprintf("Failed to connect to %s port %s: Connection refused", u.Hostname(), u.Port())
	}
	return err.Error()
}

// raftStatus is the document of one.zone.raftstatus.
func (s *server) raftStatus() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	voted, commit := s.db.VotedFor, s.commit
	index, term := s.db.Last()
	if s.state == Solo {
		voted, commit, index, term = -1, 0, -1, -1
	}
	return fmt.Sprintf("<RAFT><SERVER_ID>%d</SERVER_ID><STATE>%d</STATE><TERM>%d</TERM><VOTEDFOR>%d</VOTEDFOR><COMMIT>%d</COMMIT>"+
		"<LOG_INDEX>%d</LOG_INDEX><LOG_TERM>%d</LOG_TERM><FEDLOG_INDEX>-1</FEDLOG_INDEX></RAFT>",
		s.conf.serverID, s.state, s.db.Term, voted, commit, index, term)
}

// zone is the document of the only zone.
func (s *server) zone() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db.zone()
}

// zone is the document of the zone.
func (d *Database) zone() string {
	var b strings.Builder
	b.WriteString("<ZONE><ID>0</ID><NAME>OpenNebula</NAME><STATE>0</STATE><TEMPLATE>")
	for _, name := range slices.Sorted(maps.Keys(d.Template)) {
		fmt.Fprintf(&b, "<%s><![CDATA[%s]]></%s>", name, d.Template[name], name)
	}
	b.WriteString("</TEMPLATE><SERVER_POOL>")
	for _, m := range d.Members {
		fmt.Fprintf(&b, "<SERVER><ENDPOINT><![CDATA[%s]]></ENDPOINT>", m.Endpoint)
		if m.GRPC != "" { // of 7.2 and later, not captured
			fmt.Fprintf(&b, "<ENDPOINT_GRPC><![CDATA[%s]]></ENDPOINT_GRPC>", m.GRPC)
		}
		fmt.Fprintf(&b, "<ID><![CDATA[%d]]></ID><NAME><![CDATA[%s]]></NAME></SERVER>", m.ID, m.Name)
	}
	return b.String() + "</SERVER_POOL></ZONE>"
}

func (s *server) zoneInfo(_ context.Context, c fakeoned.Call, args []int) string {
	if args[0] != 0 {
		return noZone(c, args[0])
	}
	return c.Yield(s.zone())
}

func noZone(c fakeoned.Call, id int) string {
	return c.Refuse(noExists, id, fmt.Sprintf("Error getting zone [%d].", id))
}

// addServer is one.zone.addserver: the zone, and SERVER = [ NAME = ..., ENDPOINT = ... ].
func (s *server) addServer(ctx context.Context, c fakeoned.Call, args []int) string {
	if args[0] != 0 {
		return noZone(c, args[0])
	}
	all, err := vectors(c.Text(1))
	v := all["SERVER"]
	m := Member{Name: v["NAME"], Endpoint: v["ENDPOINT"], GRPC: v["ENDPOINT_GRPC"]}
	if err != nil || m.Name == "" || m.Endpoint == "" {
		return c.Refuse(actionError, -1, "Missing NAME or ENDPOINT in the server") // not captured
	}
	s.mu.Lock()
	m.ID = s.db.newID()
	s.mu.Unlock()
	return s.written(ctx, c, Record{Op: "add", Zone: m})
}

func (s *server) deleteServer(ctx context.Context, c fakeoned.Call, args []int) string {
	if why := s.lacks(args); why != nil {
		return why(c)
	}
	return s.written(ctx, c, Record{Op: "delete", Zone: Member{ID: args[1]}})
}

// updateZone is one.zone.update: the zone, a template, and whether that replaces the
// old one (0) or is merged with it (1). Templates are of single values.
func (s *server) updateZone(ctx context.Context, c fakeoned.Call) string {
	zone, ok := c.Int(0)
	kind, known := c.Int(2)
	switch {
	case !ok:
		return c.BadParameter(0)
	case !known || kind != 0 && kind != 1:
		return c.BadParameter(2)
	case zone != 0:
		return noZone(c, zone)
	}
	update, err := singles(c.Text(1))
	if err != nil || len(update) == 0 {
		return c.Refuse(internal, -1, "Cannot update template. Parse error") // not captured
	}
	next := Template{}
	if kind == 1 {
		s.mu.Lock()
		maps.Copy(next, s.db.Template)
		s.mu.Unlock()
	}
	maps.Copy(next, update)
	return s.written(ctx, c, Record{Op: "template", Template: next})
}

// resetServer makes the leader go on behind its last record with a follower whose
// database was restored. It copies nothing.
func (s *server) resetServer(_ context.Context, c fakeoned.Call, args []int) string {
	if why := s.lacks(args); why != nil {
		return why(c)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Leader {
		last, _ := s.db.Last()
		s.leading.next[args[1]] = last + 1
		s.notify()
	}
	return c.YieldNumber(args[0])
}

// lacks is the answer to a call about a zone and a server that are not both there;
// nil when they are.
func (s *server) lacks(args []int) func(fakeoned.Call) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if args[0] != 0 {
		return func(c fakeoned.Call) string { return noZone(c, args[0]) }
	}
	if !slices.ContainsFunc(s.db.Members, func(m Member) bool { return m.ID == args[1] }) {
		return func(c fakeoned.Call) string {
			return c.Refuse(actionError, -1, fmt.Sprintf("Server %d is not in the zone", args[1])) // not captured
		}
	}
	return nil
}

// written writes a record and answers with the zone's ID.
func (s *server) written(ctx context.Context, c fakeoned.Call, r Record) string {
	if err := s.write(ctx, r); err != nil {
		return c.Refuse(internal, -1, err.Error())
	}
	return c.YieldNumber(0)
}

func (s *server) fakeWrite(ctx context.Context, c fakeoned.Call) string {
	return s.written(ctx, c, Record{Op: "set", Key: c.Text(0), Value: c.Text(1)})
}

// fakeDump is the database as it is on the disk.
func (s *server) fakeDump(_ context.Context, c fakeoned.Call) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := json.Marshal(s.db)
	if err != nil {
		return c.Refuse(internal, -1, filepath.Base(DatabaseFile)+": "+err.Error())
	}
	return c.Yield(string(text))
}

// fakeClock steps the clock of this server, in milliseconds.
func (s *server) fakeClock(_ context.Context, c fakeoned.Call, args []int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step += time.Duration(args[0]) * time.Millisecond
	s.journal.event(s.db.Term, "clock", "%s", s.step)
	return c.YieldNumber(0)
}

func (s *server) fakeVote(_ context.Context, c fakeoned.Call, args []int) string {
	return inTerm(c)(s.vote(args[0], args[1], args[2], args[3]))
}

func (s *server) fakeReplicate(_ context.Context, c fakeoned.Call, args []int) string {
	var r Record
	if err := json.Unmarshal([]byte(c.Text(5)), &r); err != nil {
		return c.Refuse(actionError, -1, err.Error())
	}
	return inTerm(c)(s.receive(args[0], args[1], args[2], args[3], args[4], r))
}

// inTerm answers with the server's term, and why not, if not.
func inTerm(c fakeoned.Call) func(term int, why string) string {
	return func(term int, why string) string {
		if why != "" {
			return c.Refuse(actionError, term, why)
		}
		return c.YieldNumber(term)
	}
}
