package one

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestAskRaft(t *testing.T) {
	for file, want := range map[string]RaftStatus{
		"raftstatus_solo":                {ServerID: -1, State: Solo, VotedFor: -1, LogIndex: -1, LogTerm: -1, FedLogIndex: -1},
		"raftstatus_candidate":           {ServerID: 0, State: Candidate, Term: 11, VotedFor: -1, Commit: 3, LogIndex: 3, LogTerm: 6, FedLogIndex: -1},
		"raftstatus_follower":            {ServerID: 1, State: Follower, Term: 2, FedLogIndex: -1},
		"raftstatus_leader":              {ServerID: 0, State: Leader, Term: 2, FedLogIndex: -1},
		"nomajority_one.zone.raftstatus": {ServerID: 1, State: Leader, Term: 6, VotedFor: 1, FedLogIndex: -1},
	} {
		t.Run(file, func(t *testing.T) {
			begin := time.Now()
			got, err := AskRaft(bounded(t), fakeOned(t, map[string]string{"one.zone.raftstatus": file, "": "nomethod"}), Credentials{session: secret})
			if err != nil {
				t.Fatal(err)
			}
			if got.Asked.Before(begin) || got.Asked.Add(got.Took).After(time.Now()) || got.Took <= 0 {
				t.Errorf("asked at %s, took %s", got.Asked, got.Took)
			}
			got.Asked, got.Took = time.Time{}, 0
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// bounded is a context that ends long after a call that works, and before the test.
func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// everyCall makes each of the calls that are made to a zone.
func everyCall(ctx context.Context, e Endpoint) map[string]error {
	c := Credentials{session: secret}
	_, raft := AskRaft(ctx, e, c)
	_, zone := AskZone(ctx, e, c, 7)
	const endpoint = "http://10.0.0.1:2633/RPC2"
	return map[string]error{
		"raft": raft, "zone": zone, "add": AddServer(ctx, e, c, 0, ZoneServer{Name: "s", Endpoint: endpoint}),
		"delete": DeleteServer(ctx, e, c, 0, 1), "endpoint": SetZoneEndpoint(ctx, e, c, 0, endpoint),
	}
}

func TestZoneCallsSayWhatIsWrong(t *testing.T) {
	refused := func(code int) func(error) bool {
		return func(err error) bool {
			var no *APIError
			return errors.As(err, &no) && no.Code == code
		}
	}
	says := func(text string) func(error) bool {
		return func(err error) bool { return strings.Contains(err.Error(), text) }
	}
	for name, c := range map[string]struct {
		e     Endpoint
		right func(error) bool
	}{
		"no database":       {fakeOned(t, map[string]string{"": "dbdown_one.zone.raftstatus"}), refused(CodeAuthentication)},
		"no such zone":      {fakeOned(t, map[string]string{"": "zone_info_badid"}), refused(CodeNoExists)},
		"a candidate":       {fakeOned(t, map[string]string{"": "survivor_one.system.version"}), refused(CodeInternal)},
		"another API":       {fakeOned(t, map[string]string{"": "nomethod"}), func(err error) bool { var f *Fault; return errors.As(err, &f) }},
		"nothing there":     {freePort(t), func(err error) bool { return errors.Is(err, ErrNotListening) }},
		"a hang up":         {serve(t, func(c net.Conn) { readRequest(c) }), says("EOF")},
		"another server":    {serve(t, respond("404 Not Found")), says("is not oned")},
		"half of an answer": {serve(t, half), says("EOF")},
	} {
		t.Run(name, func(t *testing.T) {
			for what, err := range everyCall(bounded(t), c.e) {
				if err == nil || !c.right(err) || strings.Contains(err.Error(), "not-to-be-seen") {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
	}
	t.Run("a hang", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := AskRaft(ctx, stopped(t), Credentials{}); !errors.Is(err, ErrHung) {
			t.Errorf("got %v", err)
		}
	})
}

// half answers the begin of a document and hangs up.
func half(c net.Conn) {
	readRequest(c)
	begin, _, _ := strings.Cut(success("<RAFT>"), "AFT")
	_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"+begin)
}

func TestReadRaft(t *testing.T) {
	const three = "<SERVER_ID>1</SERVER_ID><STATE>3</STATE><TERM>9</TERM>"
	leader := RaftStatus{ServerID: 1, State: Leader, Term: 9, VotedFor: -1, Commit: -1, LogIndex: -1, LogTerm: -1, FedLogIndex: -1}
	with := func(change func(*RaftStatus)) RaftStatus {
		s := leader
		change(&s)
		return s
	}
	for _, c := range []struct {
		name, text string
		want       RaftStatus
		wrong      string // part of the error
	}{
		{"a release with less", "<RAFT>" + three + "</RAFT>", leader, ""},
		{"a release with more", "<?xml version=\"1.0\"?>\n<RAFT>\n <NEW><TERM>8</TERM></NEW>\n " + three + "\n <X><![CDATA[<x>]]></X><EMPTY/>\n</RAFT>\n", leader, ""},
		{"another order and CDATA", "<RAFT><TERM><![CDATA[9]]></TERM><STATE> 3 </STATE><SERVER_ID>1</SERVER_ID><COMMIT>5</COMMIT></RAFT>", with(func(s *RaftStatus) { s.Commit = 5 }), ""},
		{"no sign", "<RAFT>" + three + "<LOG_INDEX>18446744073709551615</LOG_INDEX><LOG_TERM>4</LOG_TERM></RAFT>", with(func(s *RaftStatus) { s.LogTerm = 4 }), ""},
		{"no term", "<RAFT><SERVER_ID>1</SERVER_ID><STATE>3</STATE></RAFT>", RaftStatus{}, "no TERM"},
		{"nothing", "<RAFT></RAFT>", RaftStatus{}, "no SERVER_ID, STATE, TERM"},
		{"a term in something else", "<RAFT><SERVER_ID>1</SERVER_ID><STATE>3</STATE><X><TERM>9</TERM></X></RAFT>", RaftStatus{}, "no TERM"},
		{"a state that is none", strings.Replace("<RAFT>"+three+"</RAFT>", ">3<", ">4<", 1), RaftStatus{}, `STATE cannot be "4"`},
		{"a term below 0", strings.Replace("<RAFT>"+three+"</RAFT>", ">9<", ">-9<", 1), RaftStatus{}, `TERM cannot be "-9"`},
		{"an index that is none", "<RAFT>" + three + "<COMMIT>-2</COMMIT></RAFT>", RaftStatus{}, "COMMIT cannot be"},
		{"another document", "<ZONE>" + three + "</ZONE>", RaftStatus{}, "begins with <ZONE>"},
		{"cut off", "<RAFT>" + three, RaftStatus{}, "EOF"},
		{"crossed", "<RAFT><A><B></A></B></RAFT>", RaftStatus{}, "</A> ends nothing"},
		{"empty", "", RaftStatus{}, "EOF"},
		{"endless", "<RAFT>" + strings.Repeat("<A>1</A>", maxZone/8), RaftStatus{}, "more than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readRaft(strings.NewReader(c.text))
			if got != c.want || (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("got %+v, %v; want %+v, %q", got, err, c.want, c.wrong)
			}
		})
	}
}

func TestAskZone(t *testing.T) {
	const endpoint = "http://localhost:2633/RPC2"
	for file, want := range map[string]Zone{
		"zone_info": {Name: "OpenNebula", Endpoint: endpoint},
		"zone_info_r1": {Name: "OpenNebula", Endpoint: endpoint, Servers: []ZoneServer{
			{0, "s1", "http://127.0.0.1:2633/RPC2", ""}, {1, "s2", "http://127.0.0.2:2633/RPC2", ""}, {2, "s3", "http://127.0.0.3:2633/RPC2", ""}}},
	} {
		t.Run(file, func(t *testing.T) {
			got, err := AskZone(bounded(t), fakeOned(t, map[string]string{"one.zone.info": file, "": "nomethod"}), Credentials{session: secret}, 0)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v; want %+v", got, err, want)
			}
		})
	}
}

func TestReadZone(t *testing.T) {
	const newer = `<ZONE><ID>5</ID><NAME>a &amp; b</NAME><STATE>1</STATE><TEMPLATE><ENDPOINT>x</ENDPOINT><MORE><NAME>no</NAME></MORE></TEMPLATE>` +
		`<SERVER_POOL><SERVER><ENDPOINT_GRPC>10.0.0.2:2634</ENDPOINT_GRPC><ID>4</ID><NAME>b</NAME></SERVER>` +
		`<SERVER><ENDPOINT>y</ENDPOINT><ID>3</ID><NAME>a</NAME><NEW><ID>8</ID></NEW></SERVER></SERVER_POOL></ZONE>`
	want := Zone{ID: 5, Name: "a & b", Disabled: true, Endpoint: "x", Servers: []ZoneServer{{3, "a", "y", ""}, {4, "b", "", "10.0.0.2:2634"}}}
	got, err := readZone(strings.NewReader(newer))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if s, ok := got.Server(4); !ok || s.Name != "b" {
		t.Errorf("server 4 is %+v, %t", s, ok)
	}
	if _, ok := got.Server(0); ok {
		t.Error("there is a server 0")
	}
	for _, text := range []string{"<ZONE/>", "<ZONE><ID>x</ID></ZONE>", strings.Replace(newer, "<ID>3</ID>", "", 1), "<RAFT><ID>5</ID></RAFT>"} {
		if z, err := readZone(strings.NewReader(text)); err == nil {
			t.Errorf("%s became %+v", text, z)
		}
	}
}

func TestChangesOfAZoneAreAskedAsOnedExpects(t *testing.T) {
	c := Credentials{session: secret}
	for name, tt := range map[string]struct {
		do   func(Endpoint) error
		want string // method and the parameters behind the session
	}{
		"add": {func(e Endpoint) error {
			return AddServer(bounded(t), e, c, 3, ZoneServer{Name: "one & 1", Endpoint: "http://[fd00::1]:2633/RPC2"})
		},
			`one.zone.addserver <i4>3</i4> <string>SERVER=[NAME=&#34;one &amp; 1&#34;,ENDPOINT=&#34;http://[fd00::1]:2633/RPC2&#34;]</string>`},
		"add with gRPC": {func(e Endpoint) error {
			return AddServer(bounded(t), e, c, 3, ZoneServer{Name: "s", Endpoint: "http://x:1/RPC2", GRPC: "x:2634"})
		},
			`one.zone.addserver <i4>3</i4> <string>SERVER=[NAME=&#34;s&#34;,ENDPOINT=&#34;http://x:1/RPC2&#34;,ENDPOINT_GRPC=&#34;x:2634&#34;]</string>`},
		"delete":   {func(e Endpoint) error { return DeleteServer(bounded(t), e, c, 3, 7) }, `one.zone.delserver <i4>3</i4> <i4>7</i4>`},
		"endpoint": {func(e Endpoint) error { return SetZoneEndpoint(bounded(t), e, c, 3, "http://x:1/RPC2") }, `one.zone.update <i4>3</i4> <string>ENDPOINT=&#34;http://x:1/RPC2&#34;</string> <i4>1</i4>`},
	} {
		t.Run(name, func(t *testing.T) {
			asked := make(chan string, 1)
			e := serve(t, func(conn net.Conn) {
				_, _, body := readRequest(conn)
				asked <- body
				fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\n\r\n%s", strings.Replace(success("@"), "<string>@</string>", "<i4>3</i4>", 1))
			})
			if err := tt.do(e); err != nil {
				t.Fatal(err)
			}
			method, params, _ := strings.Cut(tt.want, " ")
			want := "<methodName>" + method + "</methodName><params><param><value><string>" + secret + "</string></value></param>"
			for p := range strings.SplitSeq(strings.ReplaceAll(params, "> <", ">\x00<"), "\x00") {
				want += "<param><value>" + p + "</value></param>"
			}
			if body := <-asked; !strings.Contains(body, want+"</params>") {
				t.Errorf("asked\n%s\nwant\n%s", body, want)
			}
		})
	}
	for _, bad := range []string{"", `a"b`, "a\nb", `a\`} {
		if err := AddServer(bounded(t), Endpoint{}, c, 0, ZoneServer{Name: bad, Endpoint: "http://x:1/RPC2"}); err == nil || strings.Contains(err.Error(), "no endpoint to ask") {
			t.Errorf("a name of %q is sent: %v", bad, err)
		}
	}
}

func FuzzReadRaft(f *testing.F) {
	for _, name := range []string{"raftstatus_leader", "raftstatus_solo", "nomethod", "zone_info_r1", "dbdown_one.zone.raftstatus"} {
		f.Add(read(f, name))
	}
	f.Add([]byte(success("<RAFT><TERM>1</TERM><STATE>3</STATE><SERVER_ID><!-- x -->0</SERVER_ID></RAFT>")))
	f.Fuzz(func(t *testing.T, body []byte) {
		if document, err := resultOf(bytes.NewReader(body)); err == nil {
			s, err := readRaft(document)
			if err == nil && (s.State < Solo || s.State > Leader || s.ServerID < -1 || s.Term > 1<<63 || s.Commit < -1) {
				t.Errorf("%q became %+v", body, s)
			}
			if err != nil && s != (RaftStatus{}) {
				t.Errorf("both %+v and %v", s, err)
			}
		}
		if document, err := resultOf(bytes.NewReader(body)); err == nil {
			if z, err := readZone(document); err == nil && z.ID < 0 {
				t.Errorf("%q became %+v", body, z)
			}
		}
		_ = done(body)
	})
}

// A guard reads one per second and server, for years.
func BenchmarkReadRaft(b *testing.B) {
	body := read(b, "raftstatus_leader")
	b.ReportAllocs()
	for b.Loop() {
		document, err := resultOf(bytes.NewReader(body))
		if err == nil {
			_, err = readRaft(document)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
