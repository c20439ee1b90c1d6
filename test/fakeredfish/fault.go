package fakeredfish

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Fault is a way to misbehave: it stands in front of the BMC for one request.
type Fault func(http.Handler) http.Handler

// Rule says which requests a fault strikes.
type Rule struct {
	Method string // "" is every one
	Path   string // the end of the path, "" is every one
	Fault  Fault
}

func (r Rule) strikes(req *http.Request) bool {
	return (r.Method == "" || r.Method == req.Method) && strings.HasSuffix(req.URL.Path, r.Path)
}

// disturbed lets the first rule that fits strike.
func (b *BMC) disturbed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		i := slices.IndexFunc(b.rules, func(rule Rule) bool { return rule.strikes(r) })
		next := h
		switch {
		case time.Now().Before(b.back):
			next = Busy(b.options.Away)(h)
		case i >= 0:
			next = b.rules[i].Fault(h)
		}
		b.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// Slow waits before the BMC gets the request.
func Slow(d time.Duration) Fault {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if wait(r.Context(), d) {
				h.ServeHTTP(w, r)
			}
		})
	}
}

// SlowAnswer lets the BMC act at once and waits before it answers, whether somebody
// listens or not.
func SlowAnswer(d time.Duration) Fault {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			made := httptest.NewRecorder()
			h.ServeHTTP(made, r)
			wait(r.Context(), d)
			replay(w, made)
		})
	}
}

// Silent never answers.
func Silent() Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	}
}

// Reset breaks the TCP connection instead of answering, after the BMC acted.
func Reset() Fault { return cut(func(*httptest.ResponseRecorder) []byte { return nil }) }

// Drop breaks the TCP connection before the BMC gets the request.
func Drop() Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { hangUp(w, nil) })
	}
}

// CutShort breaks the TCP connection after half of the answer's body.
func CutShort() Fault {
	return cut(func(made *httptest.ResponseRecorder) []byte {
		var b bytes.Buffer
		fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n", made.Code, http.StatusText(made.Code), made.Body.Len()+1)
		_ = made.Header().Write(&b) // to memory
		b.WriteString("\r\n")
		b.Write(made.Body.Bytes()[:made.Body.Len()/2])
		return b.Bytes()
	})
}

// Garbage answers with something that is not JSON.
func Garbage() Fault { return Text(http.StatusOK, "<html>not what you think</html>") }

// NotHTTP answers with something that is not HTTP.
func NotHTTP() Fault {
	return cut(func(*httptest.ResponseRecorder) []byte { return []byte("\x00\x01garbage\r\n\r\n") })
}

// Text answers with a status and a body of the caller's, and the BMC knows nothing
// of it.
func Text(status int, body string) Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { send(w, status, []byte(body)) })
	}
}

// Status answers with a Redfish error.
func Status(status int) Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, status, "InternalError", "The request failed due to an internal service error.")
		})
	}
}

// Busy answers HTTP 503 and says when to come back.
func Busy(d time.Duration) Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(d.Seconds()))))
			refuse(w, http.StatusServiceUnavailable, "ServiceTemporarilyUnavailable", "The service is temporarily unavailable. Retry in a while.")
		})
	}
}

// Echo answers with an error that has the request's credentials in it.
func Echo() Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			refuse(w, http.StatusBadRequest, "Echo", "You sent "+strings.TrimPrefix(r.Header.Get("Authorization"), "Basic ")+r.Header.Get("X-Auth-Token"))
		})
	}
}

// Huge answers with so many bytes of JSON.
func Huge(size int) Fault {
	return Text(http.StatusOK, `{"Name":"`+strings.Repeat("x", size)+`"}`)
}

// RedirectTo sends the client elsewhere.
func RedirectTo(url string, status int) Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, url, status) })
	}
}

// Times lets a fault strike the first n requests only.
func Times(n int, f Fault) Fault {
	var so atomic.Int32
	return func(h http.Handler) http.Handler {
		if int(so.Add(1)) > n {
			return h
		}
		return f(h)
	}
}

// After lets the first n requests through.
func After(n int, f Fault) Fault {
	var so atomic.Int32
	return func(h http.Handler) http.Handler {
		if int(so.Add(1)) <= n {
			return h
		}
		return f(h)
	}
}

// cut lets the BMC act, sends what is made of its answer, and breaks the connection.
func cut(make func(*httptest.ResponseRecorder) []byte) Fault {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			made := httptest.NewRecorder()
			h.ServeHTTP(made, r)
			hangUp(w, make(made))
		})
	}
}

func replay(w http.ResponseWriter, made *httptest.ResponseRecorder) {
	maps.Copy(w.Header(), made.Header())
	w.WriteHeader(made.Code)
	_, _ = w.Write(made.Body.Bytes()) // a client that has gone does not matter
}

func hangUp(w http.ResponseWriter, last []byte) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = conn.Write(last) // a client that has gone does not matter
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok && last == nil {
		_ = tcp.SetLinger(0) // a reset
	}
	_ = conn.Close()
}

// ParseRule reads a rule as "METHOD PATH FAULT", "*" for every method or path, the
// path being the end of one. Faults are slow:DURATION, slowanswer:DURATION, silent,
// reset, drop, cut, garbage, nothttp, status:CODE, and redirect:URL.
func ParseRule(text string) (Rule, error) {
	words := strings.Fields(text)
	if len(words) != 3 {
		return Rule{}, fmt.Errorf("rule %q: want METHOD PATH FAULT", text)
	}
	r := Rule{Method: strings.TrimPrefix(words[0], "*"), Path: strings.TrimPrefix(words[1], "*")}
	name, arg, _ := strings.Cut(words[2], ":")
	var err error
	switch name {
	case "slow", "slowanswer":
		var d time.Duration
		if d, err = time.ParseDuration(arg); name == "slow" {
			r.Fault = Slow(d)
		} else {
			r.Fault = SlowAnswer(d)
		}
	case "silent":
		r.Fault = Silent()
	case "reset":
		r.Fault = Reset()
	case "drop":
		r.Fault = Drop()
	case "cut":
		r.Fault = CutShort()
	case "garbage":
		r.Fault = Garbage()
	case "nothttp":
		r.Fault = NotHTTP()
	case "status":
		var code int
		code, err = strconv.Atoi(arg)
		r.Fault = Status(code)
	case "redirect":
		r.Fault = RedirectTo(arg, http.StatusTemporaryRedirect)
	default:
		err = fmt.Errorf("unknown fault %q", name)
	}
	if err != nil {
		return Rule{}, fmt.Errorf("rule %q: %w", text, err)
	}
	return r, nil
}
