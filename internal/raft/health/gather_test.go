package health

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/zone"
)

// answer is how oned answers, with a document in it.
func answer(document string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><methodResponse><params><param><value><array><data><value><boolean>1</boolean></value><value><string>` +
		strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(document) +
		`</string></value><value><i4>0</i4></value></data></array></value></param></params></methodResponse>`
}

// onedServer is an oned that says so, and a guard that says that, at the same port.
func onedServer(t *testing.T, id int, state one.RaftState, list func() string, guard string) (address string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" {
			fmt.Fprint(w, guard)
			return
		}
		body := make([]byte, 4096)
		n, _ := r.Body.Read(body)
		if strings.Contains(string(body[:n]), "one.zone.raftstatus") {
			fmt.Fprint(w, answer(fmt.Sprintf("<RAFT><SERVER_ID>%d</SERVER_ID><STATE>%d</STATE><TERM>7</TERM><VOTEDFOR>1</VOTEDFOR><COMMIT>40</COMMIT><LOG_INDEX>41</LOG_INDEX><LOG_TERM>7</LOG_TERM><FEDLOG_INDEX>-1</FEDLOG_INDEX></RAFT>", id, state)))
			return
		}
		fmt.Fprint(w, answer("<ZONE><ID>0</ID><NAME>OpenNebula</NAME><TEMPLATE><ENDPOINT>http://127.0.0.1:1/RPC2</ENDPOINT></TEMPLATE><SERVER_POOL>"+list()+"</SERVER_POOL></ZONE>"))
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func member(id int, address string) string {
	return fmt.Sprintf("<SERVER><ID>%d</ID><NAME>server-%d</NAME><ENDPOINT>http://%s/RPC2</ENDPOINT></SERVER>", id, id, address)
}

func server(t *testing.T, id int, address string) zone.Server {
	t.Helper()
	s, err := zone.NewServer(id, "server-"+strconv.Itoa(id), "http://"+address+"/RPC2")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// silent is where connections are taken by the kernel and answered by nobody.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

// closed is where nobody listens.
func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// One of each: what answers is known, whatever the others do, and a server that
// only the zone's list names is asked too.
func TestGather(t *testing.T) {
	var addresses []string
	list := func() (all string) {
		for id, a := range addresses {
			all += member(id, a)
		}
		return all
	}
	state := `{"version":1,"server":0,"servers":[0,1,2,3,4],"now":"` + time.Now().Add(time.Hour).Format(time.RFC3339Nano) + `","lease":{"holding":true},"vips":[{"address":"127.0.0.1/8","nic":"lo","here":true}],"later":{"key":1}}`
	addresses = []string{
		onedServer(t, 0, one.Leader, list, state), onedServer(t, 1, one.Follower, list, "no JSON"),
		silent(t), closed(t), onedServer(t, 4, one.Candidate, list, "{}"),
	}
	z := zone.Zone{Here: 1, Guarded: true, GuardPort: portOf(t, addresses[0])}
	for id, a := range addresses[:4] { // the fifth is only in the list
		z.Servers = append(z.Servers, server(t, id, a))
	}
	began := time.Now()
	p := Gather(t.Context(), z, Options{Deadline: 3 * time.Second})
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
	var got []string
	for _, s := range p.Servers {
		got = append(got, fmt.Sprintf("%d %s", s.ID, s.Oned.Answer))
		if s.Here != (s.ID == 1) {
			t.Errorf("server %d is here: %t", s.ID, s.Here)
		}
	}
	if want := []string{"0 answers", "1 answers", "2 hangs", "3 refuses", "4 answers"}; !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	if r := p.Servers[0].Oned.Raft; *r != (Raft{ServerID: 0, State: Leader, Term: 7, VotedFor: 1, Commit: 40, Index: 41}) {
		t.Errorf("server 0: %+v", r)
	}
	if l := p.Servers[1].Oned.List; len(l.Servers) != 5 || l.Name != "OpenNebula" {
		t.Errorf("list of server 1: %+v", l)
	}
	// All servers are at one address here, and so is the one guard.
	g := p.Servers[0].Guard
	if g.Answer != Answers || g.State == nil || !g.State.Lease.Holding || g.Clock == nil {
		t.Fatalf("guard %+v", g)
	}
	if by := g.Clock.By.Duration(); by < 59*time.Minute || by > 61*time.Minute {
		t.Errorf("a clock that is an hour ahead is ahead by %s", by)
	}
}

func portOf(t *testing.T, address string) int {
	t.Helper()
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return int(a.Port())
}

func TestGuardsAnswers(t *testing.T) {
	list := func() string { return "" }
	for what, test := range map[string]struct {
		address string
		want    Answer
	}{
		"a state":  {onedServer(t, 0, one.Solo, list, `{"version":1,"server":-1}`), Answers},
		"no JSON":  {onedServer(t, 0, one.Solo, list, `<html>`), Denies},
		"no guard": {onedServer(t, 0, one.Solo, list, `{}`), Denies},
		"silence":  {silent(t), Hangs},
		"nobody":   {closed(t), Refuses},
	} {
		z := zone.Zone{Guarded: true, GuardPort: portOf(t, test.address), Servers: []zone.Server{server(t, 0, test.address)}}
		deadline := 20 * time.Second
		if test.want == Hangs {
			deadline = 300 * time.Millisecond
		}
		g := Gather(t.Context(), z, Options{Deadline: deadline}).Servers[0].Guard
		if g.Answer != test.want || (g.Answer == Answers) != (g.Error == "") || (g.Answer == Answers) != (g.State != nil) {
			t.Errorf("%s: %+v, want %s", what, g, test.want)
		}
		if g := Gather(t.Context(), z, Options{Deadline: deadline, NoGuards: true}).Servers[0].Guard; g.Answer != NotAsked {
			t.Errorf("%s: asked although nobody wants that: %s", what, g.Answer)
		}
		z.Guarded = false
		if p := Gather(t.Context(), z, Options{Deadline: deadline}); p.Guarded || p.Servers[0].Guard.Answer != NotAsked {
			t.Errorf("%s: asked although the zone has none: %s", what, p.Servers[0].Guard.Answer)
		}
	}
}

func TestClassify(t *testing.T) {
	for _, test := range []struct {
		err  error
		want Answer
	}{
		{nil, Answers},
		{fmt.Errorf("ask: %w", one.ErrNotListening), Refuses},
		{fmt.Errorf("ask: %w", one.ErrHung), Hangs},
		{fmt.Errorf("ask: %w (%w)", one.ErrHung, one.ErrNotTaken), Unreachable},
		{&net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}, Unreachable},
		{&one.APIError{Code: one.CodeAuthentication}, Denies},
		{errors.New("what answers is not oned"), Denies},
	} {
		got, why := classify(test.err)
		if got != test.want || (why == "") != (test.err == nil) {
			t.Errorf("%v: %s, %q", test.err, got, why)
		}
	}
}

func TestOffset(t *testing.T) {
	began := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	took := 40 * time.Millisecond
	if o := offset(began, took, began.Add(2*time.Second), began); o.By.Duration() != 1980*time.Millisecond || o.Error.Duration() != 20*time.Millisecond {
		t.Errorf("exact: %+v", o)
	}
	if o := offset(began, took, time.Time{}, began); o.By.Duration() != 480*time.Millisecond || o.Error.Duration() != 520*time.Millisecond {
		t.Errorf("by the header: %+v", o)
	}
	if o := offset(began, took, time.Time{}, time.Time{}); o != nil {
		t.Errorf("nobody said: %+v", o)
	}
}

// A Report is read back as it was written.
func TestReportAsJSON(t *testing.T) {
	p := healthy()
	text, err := json.Marshal(p.Report())
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, p.Report()) {
		t.Errorf("got %+v\nwant %+v", back, p.Report())
	}
	for _, key := range []string{`"version":1`, `"verdict":"healthy"`, `"leader":1`, `"ahead_ms":-3`, `"election_timeout_ms":5000`, `"problems":[]`} {
		if !strings.Contains(string(text), key) {
			t.Errorf("no %s in %s", key, text)
		}
	}
}

func FuzzReadState(f *testing.F) {
	text, err := json.Marshal(healthy().Servers[1].Guard.State)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"version":2,"vips":[{"address":"nothing","here":true}],"services":{"want":"\u001b[2J"}}`))
	f.Add([]byte(`{"version":1,"lease":{"left_ms":-9223372036854775808,"holding":true},"trouble":["\n"]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := readState(text)
		if (s == nil) == (err == nil) {
			t.Fatalf("%v, %v", s, err)
		}
		if err != nil {
			return
		}
		p := healthy()
		p.Servers[0].Guard.State = s
		p.claim()
		out := render(*p, 80)
		for _, r := range out {
			if r < ' ' && r != '\n' {
				t.Errorf("a guard writes %q to the terminal", r)
			}
		}
		p.Key()
		if _, err := json.Marshal(p.Report()); err != nil {
			t.Error(err)
		}
	})
}

func FuzzMillis(f *testing.F) {
	f.Add("1.5")
	f.Add("-3e3")
	f.Fuzz(func(t *testing.T, text string) {
		var m Millis
		if m.UnmarshalJSON([]byte(text)) != nil {
			return
		}
		out, err := m.MarshalJSON()
		if err != nil || !json.Valid(out) {
			t.Errorf("%q: %s, %v", text, out, err)
		}
	})
}
