package fakeoned

import (
	"encoding/xml"
	"errors"
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
	srv := httptest.NewServer(rpcHandler(session))
	defer srv.Close()
	for capture, request := range map[string]string{
		"system_version_ok":           rpc("one.system.version", good),
		"system_version_badpw":        rpc("one.system.version", "<string>oneadmin:wrong</string>"),
		"system_version_noarg":        rpc("one.system.version"),
		"nomethod":                    rpc("one.foo.bar", good),
		"raftstatus_solo":             rpc("one.zone.raftstatus", good),
		"refused_one.zone.raftstatus": rpc("one.zone.raftstatus", ""),
		"vmpool_info_running":         rpc("one.vmpool.info", good, any2, any1, any1, any2),
		"refused_one.vmpool.info":     rpc("one.vmpool.info", "<string>nobody:x</string>", any2, any1, any1, any2),
	} {
		t.Run(capture, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("testdata", capture+".xml"))
			if err != nil {
				t.Fatal(err)
			}
			status, head, got := exchange(t, http.MethodPost, srv.URL+"/RPC2", request)
			if got != string(want) {
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

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{"", "junk", rpc("one.system.version", good), rpc("one.foo'<bar", "x"), "<methodCall><methodName>a&#x0;</methodName>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, request string) {
		got := answer(strings.NewReader(request), session)
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
