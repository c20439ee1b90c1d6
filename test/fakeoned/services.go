package fakeoned

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
)

// handlers are the services that speak HTTP; endpoint is the URL of oned's XML-RPC.
var handlers = map[string]func(endpoint string) http.Handler{
	"sunstone": sunstone,
	"fireedge": func(string) http.Handler { return http.HandlerFunc(fireedge) },
	"gate":     func(string) http.Handler { return http.HandlerFunc(gate) },
	"flow":     cloud("/service", `{"DOCUMENT_POOL": {}}`),
	"form":     cloud("/api/v1/", "OneForm"),
	"ks":       cloud("/api/v1/", "OneKS"),
	"novnc":    func(string) http.Handler { return http.HandlerFunc(websockify) },
}

// runWeb runs one of the handlers.
func runWeb(ctx context.Context, c Config, ready func(string), _ *log.Logger) error {
	l, err := listen(c.Listen)
	if err != nil {
		return err
	}
	ready(listensOn(l))
	return serve(ctx, l, handlers[c.Role](c.Endpoint))
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

// cloud answers as OneFlow does, and after it OneForm and OneKS: to it, a oned
// that is down and a wrong password are the same. The document is what a user
// finds at path. OneForm and OneKS were not observed; they ask for credentials in
// the same words (src/ods/app/controllers/auth_controller.rb).
func cloud(path, document string) func(endpoint string) http.Handler {
	return func(endpoint string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, _, given := r.BasicAuth(); !given {
				say(w, http.StatusUnauthorized, "text/html", "A username and password must be provided")
				return
			}
			accepted, err := accepts(r, endpoint)
			switch {
			case err != nil || !accepted:
				say(w, http.StatusUnauthorized, "text/html", "Invalid credentials")
			case r.URL.Path == path:
				say(w, http.StatusOK, "application/json", document)
			default:
				page(w, http.StatusNotFound)
			}
		})
	}
}

// websockify answers as noVNC's proxy does to who does not upgrade to a
// WebSocket; it hands out no files. It was not observed (websockify's
// websockifyserver.py, and Python's http.server).
func websockify(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "WebSockify Python/3.11.2")
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		page(w, http.StatusMethodNotAllowed)
	} else {
		page(w, http.StatusNotImplemented)
	}
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
	return ask(r.Context(), endpoint, user+":"+password, "one.system.version")
}

// ask makes a call with integers as parameters and reports whether oned carried
// it out. An error means that oned did not answer.
func ask(ctx context.Context, endpoint, session, method string, params ...int) (bool, error) {
	var b strings.Builder
	b.WriteString("<methodCall><methodName>" + method + "</methodName><params><param><value><string>" + escaped.Replace(session) + "</string></value></param>")
	for _, p := range params {
		fmt.Fprintf(&b, "<param><value><i4>%d</i4></value></param>", p)
	}
	body, err := call(ctx, endpoint, b.String()+"</params></methodCall>")
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
