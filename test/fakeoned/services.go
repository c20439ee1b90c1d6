package fakeoned

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// roles are the services that the fake can be: the port, and how it answers;
// endpoint is the URL of oned's XML-RPC. oned itself is "oned".
var roles = map[string]struct {
	port    string
	handler func(endpoint string) http.Handler
}{
	"oned":     {port: "2633"},
	"sunstone": {"9869", sunstone},
	"gate":     {"5030", func(string) http.Handler { return http.HandlerFunc(gate) }},
	"flow":     {"2474", flow},
	"fireedge": {"2616", func(string) http.Handler { return http.HandlerFunc(fireedge) }},
}

// sunstone answers as Sunstone 6.10 does, without a session of its own: only the
// login asks oned.
func sunstone(endpoint string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost && r.URL.Path == "/login":
			accepted, err := accepts(r, endpoint)
			switch {
			case err != nil:
				w.WriteHeader(http.StatusInternalServerError)
			case !accepted:
				w.WriteHeader(http.StatusUnauthorized)
			default:
				http.SetCookie(w, &http.Cookie{Name: "sunstone", Value: "fake", HttpOnly: true})
				w.WriteHeader(http.StatusNoContent)
			}
		case r.URL.Path == "/" || r.URL.Path == "/login":
			page(w, http.StatusOK)
		case r.URL.Path == "/version":
			say(w, http.StatusOK, "application/json", `{"version":"`+Version+`"}`)
		default:
			say(w, http.StatusUnauthorized, "text/html", "csrftoken")
		}
	})
}

// gate answers as OneGate does to who has no token, and nobody has one.
func gate(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/", "/vm", "/service":
		say(w, http.StatusUnauthorized, "text/html", "Not authorized")
	default:
		say(w, http.StatusBadRequest, "text/html", "OneGate server doesn't support this feature")
	}
}

// flow answers as OneFlow does: to it, a oned that is down and a wrong password
// are the same.
func flow(endpoint string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, given := r.BasicAuth(); !given {
			say(w, http.StatusUnauthorized, "text/html", "A username and password must be provided")
			return
		}
		accepted, err := accepts(r, endpoint)
		switch {
		case err != nil || !accepted:
			say(w, http.StatusUnauthorized, "text/html", "Invalid credentials")
		case r.URL.Path == "/service":
			say(w, http.StatusOK, "application/json", `{"DOCUMENT_POOL": {}}`)
		default:
			page(w, http.StatusNotFound)
		}
	})
}

// fireedge answers the two addresses that a liveness probe would ask. FireEdge
// was not observed; this is what its documentation leads one to expect.
func fireedge(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		http.Redirect(w, r, "/fireedge/", http.StatusFound)
	case "/fireedge/", "/fireedge/sunstone":
		page(w, http.StatusOK)
	default:
		page(w, http.StatusNotFound)
	}
}

func say(w http.ResponseWriter, status int, kind, text string) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // a client that left needs no answer
}

// accepts asks oned whether the request's credentials are good. Like the real
// services it waits for a hung oned as long as its client waits; an error means
// that oned is down.
func accepts(r *http.Request, endpoint string) (bool, error) {
	user, password, given := r.BasicAuth()
	if !given {
		return false, nil
	}
	body, err := call(r.Context(), endpoint, "<methodCall><methodName>one.system.version</methodName><params><param><value><string>"+
		escaped.Replace(user+":"+password)+"</string></value></param></params></methodCall>")
	return strings.Contains(body, "<boolean>1</boolean>"), err
}

// call sends an XML-RPC call and returns the body of the answer.
func call(ctx context.Context, endpoint, request string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(request))
	if err != nil {
		return "", fmt.Errorf("call oned: %w", err)
	}
	req.Header.Set("Content-Type", "text/xml")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("call oned: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, callLimit))
	if err != nil {
		return "", fmt.Errorf("call oned: %w", err)
	}
	return string(body), nil
}
