package one

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// poolServer answers one.vmpool.infoextended with a document, as oned does.
func poolServer(t testing.TB, pool string) Endpoint {
	t.Helper()
	e := serve(t, func(c net.Conn) {
		_, _, request := readRequest(c)
		body := success(pool)
		if !strings.Contains(request, "<i4>-2</i4></value></param><param><value><i4>-1</i4></value></param><param><value><i4>-1</i4></value></param><param><value><i4>-1</i4>") {
			t.Errorf("the request is not for everyone's: %s", request)
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	})
	e.path = "/RPC2"
	return e
}

func success(doc string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(doc))
	return `<?xml version="1.0" encoding="UTF-8"?>` + "\r\n<methodResponse>\r\n<params>\r\n<param><value><array><data>\r\n<value><boolean>1</boolean></value>\r\n<value><string>" +
		b.String() + "</string></value>\r\n<value><i4>0</i4></value>\r\n</data></array></value></param>\r\n</params>\r\n</methodResponse>\r\n"
}

// The pool of a real oned, whose short documents have no times, and a whole document,
// which has.
func TestVMsOfARealOned(t *testing.T) {
	var waiting []vmRecord
	err := eachVM(bytes.NewReader(read(t, "vmpool_info_allstates")), func(r vmRecord) {
		if _, waits := StateOf(r.state, r.lcm); waits {
			waiting = append(waiting, r)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range waiting {
		name, _ := StateOf(r.state, r.lcm)
		got = append(got, fmt.Sprintf("%d %s %s %s %d %d", r.id, r.name, name, r.host, r.created, r.entered))
	}
	want := strings.Split(strings.TrimSpace(allStates), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var prolog vmRecord
	if err := eachVM(bytes.NewReader(read(t, "vm_info_prolog_stuck")), func(r vmRecord) { prolog = r }); err != nil {
		t.Fatal(err)
	}
	if want := (vmRecord{id: 4, name: prolog.name, state: 3, lcm: 1, created: prolog.created, host: "h1", entered: 1795290236, driver: "dummy"}); prolog != want || prolog.name == "" {
		t.Errorf("got %+v, want %+v", prolog, want)
	}
}

func vmDoc(id, lcm int, history string) string {
	return fmt.Sprintf("<VM><ID>%d</ID><NAME>vm&amp;%d</NAME><STATE>3</STATE><LCM_STATE>%d</LCM_STATE><STIME>50</STIME>"+
		"<TEMPLATE><NAME>no</NAME><VM><ID>7</ID></VM><HISTORY_RECORDS/></TEMPLATE><HISTORY_RECORDS>%s</HISTORY_RECORDS></VM>", id, id, lcm, history)
}

const shortHistory = "<HISTORY><OID>1</OID><SEQ>1</SEQ><HOSTNAME><![CDATA[h2]]></HOSTNAME></HISTORY>"

func fullHistory(stime, pstime, rstime int) string {
	return fmt.Sprintf("<HISTORY><SEQ>0</SEQ><HOSTNAME>h1</HOSTNAME><STIME>900</STIME></HISTORY><HISTORY><SEQ>1</SEQ><HOSTNAME>h2</HOSTNAME>"+
		"<STIME>%d</STIME><PSTIME>%d</PSTIME><RSTIME>%d</RSTIME><SNAPSHOT><STIME>990</STIME></SNAPSHOT></HISTORY>", stime, pstime, rstime)
}

func TestEachVM(t *testing.T) {
	noFDLeak(t)
	e := poolServer(t, "<VM_POOL>"+
		vmDoc(9, 2, fullHistory(100, 110, 120))+
		vmDoc(5, 1, shortHistory)+ // a release that does not tell the times
		"<VM><ID>2</ID><NAME>c</NAME><STATE>10</STATE><LCM_STATE>0</LCM_STATE><STIME>60</STIME><HISTORY_RECORDS/></VM>"+
		"</VM_POOL>")
	var got []PoolVM
	err := EachVM(t.Context(), e, Credentials{session: secret}, func(vm PoolVM) { got = append(got, vm) })
	want := []PoolVM{
		{VM: VM{ID: 9, Name: "vm&9", State: 3, LCM: 2, Seq: 1, Host: "h2"}, Since: time.Unix(120, 0)},
		{VM: VM{ID: 5, Name: "vm&5", State: 3, LCM: 1, Seq: 1, Host: "h2"}},
		{VM: VM{ID: 2, Name: "c", State: 10, Seq: -1}, Since: time.Unix(60, 0)},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// What was read before an error was handed on before it.
func TestEachVMErrors(t *testing.T) {
	ask := func(ctx context.Context, e Endpoint) (n int, err error) {
		err = EachVM(ctx, e, Credentials{session: secret}, func(PoolVM) { n++ })
		return n, err
	}
	var refusal *APIError
	n, err := ask(t.Context(), fakeOned(t, map[string]string{"": "dbdown_one.vmpool.info"}))
	if n != 0 || !errors.As(err, &refusal) || refusal.Code != CodeAuthentication || strings.Contains(err.Error(), "not-to-be-seen") {
		t.Errorf("got %d, %v", n, err)
	}
	body := success("<VM_POOL>" + vmDoc(5, 1, shortHistory) + vmDoc(6, 1, shortHistory) + "</VM_POOL>")
	cut := serve(t, func(c net.Conn) {
		readRequest(c)
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:len(body)*2/3])
	})
	if n, err = ask(t.Context(), cut); n != 1 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut off: got %d, %v", n, err)
	}
	slow := serve(t, func(c net.Conn) {
		readRequest(c)
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\n\r\n%s", body[:len(body)*2/3])
		hang(c)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err = ask(ctx, slow); !errors.Is(err, ErrHung) {
		t.Errorf("slow: %v", err)
	}
	endless := serve(t, func(c net.Conn) {
		readRequest(c)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"+strings.Split(body, "&lt;VM_POOL")[0]+"&lt;A&gt;")
		for err := error(nil); err == nil; {
			_, err = c.Write(bytes.Repeat([]byte("x"), 4096))
		}
	})
	if n, err = ask(t.Context(), endless); n != 0 || !errors.Is(err, errRation) {
		t.Errorf("endless: got %d, %v", n, err)
	}
}

// A cloud of 20,000 machines: its pool is tens of megabytes, and is never held.
func TestEachVMOfALargeCloud(t *testing.T) {
	if testing.Short() {
		t.Skip("measures for a while")
	}
	const machines = 20000
	var one bytes.Buffer
	_ = xml.EscapeText(&one, []byte(strings.Replace(vmDoc(1, 3, shortHistory), "<TEMPLATE>", "<TEMPLATE>"+strings.Repeat("<DISK><DATASTORE><![CDATA[default]]></DATASTORE><SIZE>1024</SIZE></DISK>", 15), 1)))
	whole := success("<VM_POOL>@</VM_POOL>")
	begin, end, _ := strings.Cut(whole, "@")
	size := 0
	e := serve(t, func(c net.Conn) {
		readRequest(c)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"+begin)
		var err error
		for i := 0; i < machines && err == nil; i++ {
			size += one.Len()
			_, err = c.Write(one.Bytes())
		}
		_, _ = io.WriteString(c, end)
	})
	peak := watchMemory(t)
	began, got := time.Now(), 0
	err := EachVM(t.Context(), e, Credentials{session: secret}, func(PoolVM) { got++ })
	took, most := time.Since(began), peak()
	t.Logf("%d MB of %d machines in %s, %.1f MB of memory on top", size>>20, machines, took.Round(time.Millisecond), float64(most)/(1<<20))
	if err != nil || got != machines {
		t.Errorf("got %d, %v", got, err)
	}
	if most > 8<<20 {
		t.Errorf("it needed %d bytes of memory on top", most)
	}
}

// watchMemory returns a function that says by how much the heap grew at most.
func watchMemory(t *testing.T) func() uint64 {
	t.Helper()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, most := m.HeapInuse, uint64(0)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-done
		return most - min(most, before)
	}
}

func TestStates(t *testing.T) {
	waiting, failed := 0, 0
	for i, s := range lcmStates {
		switch {
		case s.name == "":
			t.Errorf("LCM_STATE %d has no name", i)
		case strings.HasSuffix(s.name, "FAILURE") && s.waits:
			t.Errorf("%s waits for a person", s.name)
		case s.waits:
			waiting++
		case strings.HasSuffix(s.name, "_FAILURE"):
			failed++
		}
	}
	if len(lcmStates) != 72 || waiting != 54 || failed != 14 {
		t.Errorf("%d states, %d wait, %d failed", len(lcmStates), waiting, failed)
	}
	for _, c := range []struct {
		state, lcm int
		name       string
		waits      bool
	}{{3, 1, "PROLOG", true}, {3, 3, "RUNNING", false}, {3, 71, "RESTORE", true}, {3, 72, "LCM_STATE 72", true}, {8, 3, "POWEROFF", false},
		{10, 0, "CLONING", true}, {12, 0, "STATE 12", true}, {-1, 0, "STATE -1", true}, {3, -1, "LCM_STATE -1", true}} {
		if name, waits := StateOf(c.state, c.lcm); name != c.name || waits != c.waits {
			t.Errorf("state %d/%d is %s, %t", c.state, c.lcm, name, waits)
		}
	}
}

func FuzzEachVM(f *testing.F) {
	for _, name := range []string{"vmpool_info_mixed", "vm_info_prolog_stuck", "dbdown_one.vmpool.info", "nomethod"} {
		f.Add(read(f, name))
	}
	f.Add([]byte(success("<VM_POOL>" + vmDoc(1, 2, fullHistory(1, 2, 3)))))
	f.Fuzz(func(t *testing.T, body []byte) {
		n := 0
		_ = eachVM(bytes.NewReader(body), func(r vmRecord) {
			n++
			if r.since().Before(time.Unix(-1, 0)) && !r.since().IsZero() {
				t.Errorf("%+v", r)
			}
		})
		if n > len(body) {
			t.Errorf("%d machines in %d bytes", n, len(body))
		}
	})
}

// The stream of a result is what the whole answer holds.
func FuzzResult(f *testing.F) {
	f.Add(read(f, "system_version_ok"), 1)
	f.Add([]byte(success(`<a b="c">&amp;&#65;&#x42; é</a>`)), 7)
	f.Add([]byte(success("")), 3)
	f.Fuzz(func(t *testing.T, body []byte, chunk int) {
		whole, errWhole := answer(body)
		r, err := resultOf(&trickle{bytes.NewReader(body), max(1, chunk%64)})
		if err != nil {
			if errWhole == nil {
				t.Errorf("%v, but the answer is %q", err, whole)
			}
			return
		}
		stream, err := io.ReadAll(r)
		// XML turns CR LF into LF; the stream may keep it.
		same := func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n") }
		if errWhole == nil && err == nil && bytes.Count(body, []byte("<string>")) == 1 && !bytes.Contains(body, []byte("<!")) && !bytes.Contains(body, []byte("<?")) && same(string(stream)) != same(whole) {
			t.Errorf("stream %q, answer %q", stream, whole)
		}
	})
}

// trickle hands out few bytes at a time.
type trickle struct {
	r io.Reader
	n int
}

func (t *trickle) Read(p []byte) (int, error) { return t.r.Read(p[:min(len(p), t.n)]) }

func BenchmarkEachVM(b *testing.B) {
	var pool strings.Builder
	for i := range 1000 {
		pool.WriteString(vmDoc(i, 3, shortHistory))
	}
	body := []byte(success("<VM_POOL>" + pool.String() + "</VM_POOL>"))
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if err := eachVM(bytes.NewReader(body), func(vmRecord) {}); err != nil {
			b.Fatal(err)
		}
	}
}

// allStates are those of vmpool_info_allstates that wait: id, name, state, host,
// STIME, and no time of the history record.
const allStates = `
20 s-epilog EPILOG h0 1795292175 0
17 s-prolog PROLOG h0 1795292173 0
16 s-savesuspend SAVE_SUSPEND h0 1795292173 0
15 s-shutdown SHUTDOWN h0 1795292172 0
13 s-boot BOOT h0 1795292171 0
`
