package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/raft/doctor"
	"github.com/oneha/oneha/internal/raft/health"
)

// onedZone are three onedes of a zone, each at a port of its own, and the files of
// server 0.
type onedZone struct {
	t       *testing.T
	servers []*httptest.Server
	states  [3]atomic.Int32 // STATE of each: 0 solo, 1 candidate, 2 follower, 3 leader
	conf    string
	auth    string
}

func newOnedZone(t *testing.T) *onedZone {
	t.Helper()
	z := &onedZone{t: t}
	list := "" // complete before anybody asks
	for id := range 3 {
		z.states[id].Store(2)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(io.LimitReader(r.Body, 4096))
			if err != nil {
				return // the client is gone
			}
			text := "<ZONE><ID>0</ID><NAME>OpenNebula</NAME><TEMPLATE><ENDPOINT>http://one.example.com:2633/RPC2</ENDPOINT></TEMPLATE><SERVER_POOL>" + list + "</SERVER_POOL></ZONE>"
			if strings.Contains(string(body), "one.zone.raftstatus") {
				text = fmt.Sprintf("<RAFT><SERVER_ID>%d</SERVER_ID><STATE>%d</STATE><TERM>7</TERM><VOTEDFOR>1</VOTEDFOR><COMMIT>41</COMMIT><LOG_INDEX>41</LOG_INDEX><LOG_TERM>7</LOG_TERM><FEDLOG_INDEX>-1</FEDLOG_INDEX></RAFT>", id, z.states[id].Load())
			}
			fmt.Fprint(w, `<?xml version="1.0" encoding="UTF-8"?><methodResponse><params><param><value><array><data><value><boolean>1</boolean></value><value><string>`+
				strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(text)+`</string></value><value><i4>0</i4></value></data></array></value></param></params></methodResponse>`)
		}))
		t.Cleanup(s.Close)
		z.servers = append(z.servers, s)
		list += fmt.Sprintf("<SERVER><ID>%d</ID><NAME>server-%d</NAME><ENDPOINT>%s/RPC2</ENDPOINT></SERVER>", id, id, s.URL)
	}
	z.states[1].Store(3)
	u, err := url.Parse(z.servers[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	z.conf = z.write("oned.conf", fmt.Sprintf("LISTEN_ADDRESS = \"127.0.0.1\"\nPORT = %s\nFEDERATION = [ MODE = \"STANDALONE\", ZONE_ID = 0, SERVER_ID = 0 ]\nRAFT = [ LOG_RETENTION = 250000, ELECTION_TIMEOUT_MS = 100, BROADCAST_TIMEOUT_MS = 10 ]\n", u.Port()))
	z.auth = z.write("one_auth", "oneadmin:a-secret-word\n")
	return z
}

func (z *onedZone) write(name, text string) string {
	z.t.Helper()
	file := filepath.Join(z.t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		z.t.Fatal(err)
	}
	return file
}

// flags are how a command finds the zone.
func (z *onedZone) flags() []string {
	return []string{"--oned-conf", z.conf, "--credentials", z.auth}
}

// run runs oneha raft on a machine that has no description.
func (z *onedZone) run(arguments ...string) (stdout, stderr string, code int) {
	z.t.Helper()
	z.t.Chdir(z.t.TempDir())
	var out, errs bytes.Buffer
	tool := newTool(strings.NewReader(""), &out, &errs)
	tool.root = os.DirFS(z.t.TempDir())
	code = tool.run(z.t.Context(), append(append([]string{"oneha", "raft"}, arguments...), z.flags()...))
	if strings.Contains(out.String()+errs.String(), "a-secret-word") {
		z.t.Error("the credentials are shown")
	}
	return out.String(), errs.String(), code
}

func TestRaftStatus(t *testing.T) {
	z := newOnedZone(t)
	out, errs, code := z.run("status")
	if code != 0 || errs != "" || !strings.HasPrefix(out, "zone 0 is healthy: server-1 leads since term 7\n") || strings.Contains(out, "\x1b") {
		t.Errorf("a healthy zone: exit code %d, %s\n%s", code, errs, out)
	}
	out, _, code = z.run("status", "--json")
	var r health.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Picture.Version != 1 || r.State != health.Good || len(r.Servers) != 3 || r.Verdict.Leader == nil || *r.Verdict.Leader != 1 {
		t.Errorf("as JSON: exit code %d, %v\n%s", code, err, out)
	}
	z.servers[2].Close()
	out, _, code = z.run("status")
	if code != 1 || !strings.HasPrefix(out, "zone 0 works, but is not healthy: ") || !strings.Contains(out, "Z11 oned of server-2 does not run") {
		t.Errorf("a follower that is down: exit code %d\n%s", code, out)
	}
	z.servers[0].Close()
	if out, errs, code := z.run("status"); code != 2 || out != "" || !strings.Contains(errs, "give a description with --file") {
		t.Errorf("nobody says who is in the zone: exit code %d, %s\n%s", code, errs, out)
	}
}

func TestRaftDoctor(t *testing.T) {
	z := newOnedZone(t)
	out, errs, code := z.run("doctor")
	if code != 0 || errs != "" || !strings.Contains(out, "nothing is wrong\n") || !strings.Contains(out, "oneha raft doctor --ssh") {
		t.Errorf("a healthy zone: exit code %d, %s\n%s", code, errs, out)
	}
	z.servers[2].Close()
	out, _, code = z.run("doctor", "--json")
	var r doctor.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 1 || r.Version != 1 || len(r.Findings) != 2 || r.Findings[0].ID != "Z11" || len(r.Unknown) != 1 {
		t.Errorf("a follower that is down: exit code %d, %v\n%s", code, err, out)
	}
	// Nobody leads: it waits for the election, and says so when that is over.
	z.states[1].Store(1)
	out, _, code = z.run("doctor")
	if code != 1 || !strings.HasPrefix(out, "zone 0 has no leader") || !strings.Contains(out, "Z05") {
		t.Errorf("no leader: exit code %d\n%s", code, out)
	}
}

// The watch on a terminal draws over itself and leaves the last picture behind.
func TestRaftWatchOnATerminal(t *testing.T) {
	z := newOnedZone(t)
	cmd := program(t, append([]string{"raft", "status", "--watch=0.5"}, z.flags()...)...)
	cmd.Dir = t.TempDir()
	screen := openScreen(t, cmd)
	if err := unix.IoctlSetWinsize(int(screen.person.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	screen.await(t, "\x1b[?1049h")
	screen.await(t, "server-1 leads since term 7")
	z.states[2].Store(1)
	screen.await(t, "Z17")
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	screen.await(t, "\x1b[?1049l")
	if code := exitOf(t, cmd); code != 1 {
		t.Errorf("exit code %d, want that of the last look", code)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) { // a terminal hands on what was written bit by bit
		_, left, _ := strings.Cut(screen.text(), "\x1b[?1049l")
		if strings.Contains(left, "Z17") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("left behind: %q", left)
		}
	}
}
