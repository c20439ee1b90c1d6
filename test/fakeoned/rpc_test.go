package fakeoned

import (
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const session = "oneadmin:sec<&>ret"

// rpc writes a call; each parameter is the XML of a value.
func rpc(method string, params ...string) string {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\"?><methodCall><methodName>" + method + "</methodName><params>")
	for _, p := range params {
		b.WriteString("<param><value>" + p + "</value></param>")
	}
	return b.String() + "</params></methodCall>"
}

const (
	good = "<string>oneadmin:sec&lt;&amp;&gt;ret</string>"
	any2 = "<i4>-2</i4>"
	any1 = "<int>-1</int>"
)

// The files in testdata are what a real oned 6.10.5 answered.
func TestAnswersAreThoseOfARealOned(t *testing.T) {
	srv := httptest.NewServer(oned(switches{}).handler())
	defer srv.Close()
	for capture, request := range map[string]string{
		"system_version_ok":           rpc("one.system.version", good),
		"system_version_badpw":        rpc("one.system.version", "<string>oneadmin:wrong</string>"),
		"system_version_noarg":        rpc("one.system.version"),
		"nomethod":                    rpc("one.foo.bar", good),
		"raftstatus_solo":             rpc("one.zone.raftstatus", good),
		"refused_one.zone.raftstatus": rpc("one.zone.raftstatus", ""),
		"vmpool_info_running":         rpc("one.vmpool.info", good, any2, integer(0), integer(0), any2), // the same oned had one VM
		"vmpool_info_mixed":           rpc("one.vmpool.info", good, any2, integer(0), integer(4), any2), // and then five
		"vm_info_prolog_stuck":        rpc("one.vm.info", good, integer(4)),
		"zone_info":                   rpc("one.zone.info", good, integer(0)),
		"zone_info_badid":             rpc("one.zone.info", good, integer(7)),
		"host_info_monitored":         rpc("one.host.info", good, integer(0)),
		"refused_one.vmpool.info":     rpc("one.vmpool.info", "<string>nobody:x</string>", any2, any1, any1, any2),
	} {
		t.Run(capture, func(t *testing.T) {
			want := captured(t, capture)
			status, head, got := exchange(t, http.MethodPost, srv.URL+"/RPC2", request)
			if got != want {
				t.Errorf("answer\n%q, captured\n%q", got, want)
			}
			if status != 200 || head.Get("Server") != "Xmlrpc-c_Abyss" || head.Get("Content-Type") != "text/xml" {
				t.Errorf("status %d, headers %v", status, head)
			}
		})
	}
	for name, tt := range map[string]struct{ request, want string }{
		"junk":              {"junk", "<i4>-503</i4>"},
		"empty":             {"", "<i4>-503</i4>"},
		"cut off":           {rpc("one.system.version", good)[:80], "<i4>-503</i4>"},
		"too long":          {rpc("one.system.version", strings.Repeat("x", callLimit)), "<i4>-503</i4>"},
		"untyped string":    {rpc("one.system.version", "oneadmin:sec&lt;&amp;&gt;ret"), Version},
		"too few":           {rpc("one.vmpool.info", good, any2), "<i4>-501</i4>"},
		"no integer":        {rpc("one.zone.info", good, "x"), "<i4>-501</i4>"},
		"too few, bad user": {rpc("one.vmpool.info", ""), "<i4>256</i4>"},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, got := exchange(t, http.MethodPost, srv.URL+"/RPC2", tt.request)
			if status != 200 || !strings.Contains(got, tt.want) {
				t.Errorf("status %d, want %s in\n%s", status, tt.want, got)
			}
		})
	}
	for request, want := range map[string]int{"GET /RPC2": 405, "HEAD /RPC2": 405, "GET /": 404, "POST /other": 404} {
		t.Run(request, func(t *testing.T) {
			method, path, _ := strings.Cut(request, " ")
			status, head, _ := exchange(t, method, srv.URL+path, "")
			if status != want || head.Get("Content-Type") != "text/html" {
				t.Errorf("status %d, want %d; headers %v", status, want, head)
			}
		})
	}
}

// captured is what a real oned answered, with the times of virtual machines in
// it a year earlier, as the fake tells them.
func captured(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(name, "vm") {
		return string(text)
	}
	return strings.ReplaceAll(string(text), "17952", "17607") // seconds since 1970
}

// oned is a oned whose database obeys the switches.
func oned(s switches) api { return api{session: session, database: s.answers} }

func integer(n int) string { return fmt.Sprintf("<i4>%d</i4>", n) }

// Every virtual machine of the pool was captured, and the two forms of the pool
// tell the same.
func TestVirtualMachinesAreCaptured(t *testing.T) {
	texts := html.UnescapeString(captured(t, "vmpool_info_mixed") + captured(t, "vmpool_info_allstates"))
	all := parsePool(vmPool)
	for _, m := range all {
		if !strings.Contains(texts, "<VM>"+m.Inner+"</VM>") {
			t.Errorf("was not captured: %s", m.Inner)
		}
	}
	extended := parsePool(vmPoolExtended)
	if len(extended) != len(all) {
		t.Fatalf("%d in one form, %d in the other", len(all), len(extended))
	}
	for i, m := range all {
		for _, tag := range []string{"ID", "NAME", "STATE", "LCM_STATE", "STIME", "DEPLOY_ID"} {
			tag = "<" + tag + ">"
			a, _, _ := strings.Cut(m.Inner[strings.Index(m.Inner, tag):], "</")
			b, _, _ := strings.Cut(extended[i].Inner[strings.Index(extended[i].Inner, tag):], "</")
			if a != b {
				t.Errorf("virtual machine %d: %s in one form, %s in the other", m.ID, a, b)
			}
		}
	}
}

func TestPoolFilters(t *testing.T) {
	for request, want := range map[string]string{
		rpc("one.vmpool.info", good, any2, any1, any1, any2):             "20 16 15 9 4 3 2 1 0",
		rpc("one.vmpool.infoextended", good, any2, any1, any1, any1):     "20 16 15 9 4 3 2 1 0",
		rpc("one.vmpool.info", good, any2, any1, any1, integer(3)):       "20 16 15 4 3 2 1 0",
		rpc("one.vmpool.info", good, any2, integer(4), any1, integer(8)): "9",
		rpc("one.vmpool.info", good, any2, any1, any1, integer(6)):       "",
	} {
		var ids []string
		for _, m := range parsePool(document(t, oned(switches{}), request)) {
			ids = append(ids, fmt.Sprint(m.ID))
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("got %q, want %q from %s", got, want, request)
		}
	}
}

// What was not captured is at least made of the right elements.
func TestOtherDocuments(t *testing.T) {
	for request, want := range map[string]string{
		rpc("one.zonepool.info", good):             "ZONE_POOL ZONE ID",
		rpc("one.userpool.info", good):             "USER_POOL USER ID",
		rpc("one.user.info", good, any1):           "USER ID",
		rpc("one.hostpool.info", good):             "HOST_POOL HOST ID",
		rpc("one.host.info", good, "<int>1</int>"): "HOST ID",
	} {
		var names []string
		dec := xml.NewDecoder(strings.NewReader(document(t, oned(switches{}), request)))
		for len(names) < len(strings.Fields(want)) {
			token, err := dec.Token()
			if err != nil {
				t.Fatalf("%s: %v", request, err)
			}
			if e, ok := token.(xml.StartElement); ok {
				names = append(names, e.Name.Local)
			}
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("begins with %s, want %s: %s", got, want, request)
		}
	}
	got := oned(switches{}).answer(t.Context(), strings.NewReader(rpc("one.vm.info", good, integer(99))))
	// The captured one is of another call about the same virtual machine.
	if want := strings.Replace(captured(t, "recover_nosuchvm"), "one.vm.recover", "one.vm.info", 1); got != want {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

// document is the text of a successful answer.
func document(t *testing.T, a api, request string) string {
	t.Helper()
	body := a.answer(t.Context(), strings.NewReader(request))
	var answer struct {
		Succeeded int    `xml:"params>param>value>array>data>value>boolean"`
		Text      string `xml:"params>param>value>array>data>value>string"`
	}
	if err := xml.Unmarshal([]byte(body), &answer); err != nil || answer.Succeeded != 1 {
		t.Fatalf("%v: answer to %s:\n%s", err, request, body)
	}
	return answer.Text
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{"", "junk", rpc("one.system.version", good), rpc("one.foo'<bar", "x"), "<methodCall><methodName>a&#x0;</methodName>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, request string) {
		got := oned(switches{}).answer(t.Context(), strings.NewReader(request))
		dec := xml.NewDecoder(strings.NewReader(got))
		for {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("answer to %q is not XML: %v\n%s", request, err, got)
			}
		}
		if strings.Contains(got, "<boolean>1</boolean>") && !strings.Contains(request, "ret") {
			t.Errorf("answered without the password: %q", request)
		}
	})
}

// exchange sends a request and returns the answer. It follows no redirection.
func exchange(t *testing.T, method, url, body string) (int, http.Header, string) {
	t.Helper()
	return exchangeAs(t, method, url, body, "")
}

// exchangeAs sends user:password of the session too, unless it is empty.
func exchangeAs(t *testing.T, method, url, body, session string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if user, password, given := strings.Cut(session, ":"); given {
		req.SetBasicAuth(user, password)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(text)
}
