package fakeoned

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

// The rows are what real services of 6.10.5 answered; "!" before a request sends
// good credentials, "?" bad ones.
func TestServicesAnswerAsObserved(t *testing.T) {
	oned := httptest.NewServer(rpcHandler(session))
	defer oned.Close()
	down := httptest.NewServer(rpcHandler(session))
	down.Close()
	for _, tt := range []struct {
		role, oned, request, want string // want: the status and the start of the body
	}{
		{"sunstone", oned.URL, "GET /", "200 <"},
		{"sunstone", oned.URL, "GET /login", "200 <"},
		{"sunstone", oned.URL, "GET /version", `200 {"version":"6.10.5"}`},
		{"sunstone", oned.URL, "GET /nosuch", "401 csrftoken"},
		{"sunstone", oned.URL, "!POST /login", "204 "},
		{"sunstone", oned.URL, "?POST /login", "401 "},
		{"sunstone", oned.URL, "POST /login", "401 "},
		{"sunstone", down.URL, "!POST /login", "500 "},
		{"sunstone", down.URL, "GET /version", "200 "},
		{"flow", oned.URL, "GET /service", "401 A username and password must be provided"},
		{"flow", oned.URL, "GET /", "401 A username and password must be provided"},
		{"flow", oned.URL, "!GET /service", `200 {"DOCUMENT_POOL": {}}`},
		{"flow", oned.URL, "?GET /service", "401 Invalid credentials"},
		{"flow", down.URL, "!GET /service", "401 Invalid credentials"},
		{"flow", oned.URL, "!GET /", "404 <"},
		{"flow", oned.URL, "!GET /service/99", "404 "},
		{"gate", oned.URL, "GET /", "401 Not authorized"},
		{"gate", oned.URL, "GET /vm", "401 Not authorized"},
		{"gate", oned.URL, "GET /service", "401 Not authorized"},
		{"gate", oned.URL, "GET /nosuch", "400 OneGate server doesn't support this feature"},
		{"fireedge", oned.URL, "GET /", "302 "},
		{"fireedge", oned.URL, "GET /fireedge/", "200 <"},
	} {
		t.Run(fmt.Sprintf("%s %s up=%t", tt.role, tt.request, tt.oned == oned.URL), func(t *testing.T) {
			srv := httptest.NewServer(roles[tt.role].handler(tt.oned + "/RPC2"))
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
