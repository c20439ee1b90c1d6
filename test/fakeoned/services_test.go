package fakeoned

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

// The rows are what real services of 6.10.5 answered, but for FireEdge, noVNC,
// OneForm and OneKS; "!" before a request sends
// good credentials, "?" bad ones.
func TestServicesAnswerAsObserved(t *testing.T) {
	up := httptest.NewServer(oned(switches{}).handler())
	defer up.Close()
	down := httptest.NewServer(oned(switches{}).handler())
	down.Close()
	for _, tt := range []struct {
		role, oned, request, want string // want: the status and the start of the body
	}{
		{"form", up.URL, "GET /", "401 A username and password must be provided"},
		{"ks", up.URL, "GET /api/v1/", "401 A username and password must be provided"},
		{"ks", up.URL, "!GET /api/v1/", "200 "},
		{"ks", down.URL, "!GET /api/v1/", "401 Invalid credentials"},
		{"novnc", up.URL, "GET /", "405 <"},
		{"novnc", up.URL, "POST /", "501 <"},
		{"sunstone", up.URL, "GET /", "200 <"},
		{"sunstone", up.URL, "GET /login", "200 <"},
		{"sunstone", up.URL, "GET /version", `200 {"version":"6.10.5"}`},
		{"sunstone", up.URL, "GET /nosuch", "401 csrftoken"},
		{"sunstone", up.URL, "!POST /login", "204 "},
		{"sunstone", up.URL, "?POST /login", "401 "},
		{"sunstone", up.URL, "POST /login", "401 "},
		{"sunstone", down.URL, "!POST /login", "500 "},
		{"sunstone", down.URL, "GET /version", "200 "},
		{"flow", up.URL, "GET /service", "401 A username and password must be provided"},
		{"flow", up.URL, "GET /", "401 A username and password must be provided"},
		{"flow", up.URL, "!GET /service", `200 {"DOCUMENT_POOL": {}}`},
		{"flow", up.URL, "?GET /service", "401 Invalid credentials"},
		{"flow", down.URL, "!GET /service", "401 Invalid credentials"},
		{"flow", up.URL, "!GET /", "404 <"},
		{"flow", up.URL, "!GET /service/99", "404 "},
		{"gate", up.URL, "GET /", "401 Not authorized"},
		{"gate", up.URL, "GET /vm", "401 Not authorized"},
		{"gate", up.URL, "GET /service", "401 Not authorized"},
		{"gate", up.URL, "GET /nosuch", "400 OneGate server doesn't support this feature"},
		{"fireedge", up.URL, "GET /", "302 "},
		{"fireedge", up.URL, "GET /fireedge/", "200 <"},
	} {
		t.Run(fmt.Sprintf("%s %s up=%t", tt.role, tt.request, tt.oned == up.URL), func(t *testing.T) {
			srv := httptest.NewServer(handlers[tt.role](tt.oned + "/RPC2"))
			defer srv.Close()
			as, request := "", tt.request
			if rest, ok := strings.CutPrefix(request, "!"); ok {
				as, request = session, rest
			} else if rest, ok := strings.CutPrefix(request, "?"); ok {
				as, request = "oneadmin:wrong", rest
			}
			method, path, _ := strings.Cut(request, " ")
			status, head, body := exchangeAs(t, method, srv.URL+path, "", as)
			if got := fmt.Sprint(status, " ", body); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if status == 204 && head.Get("Set-Cookie") == "" {
				t.Error("logged in without a cookie")
			}
		})
	}
}
