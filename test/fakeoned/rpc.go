package fakeoned

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Version is the release that the fake claims to be: the one whose answers were
// captured.
const Version = "6.10.5"

// callLimit is far above any call of a test, in bytes.
const callLimit = 1 << 20

// Fault codes of the library that oned uses (xmlrpc-c, xmlrpc-c/base.h).
const (
	faultType    = -501
	faultParse   = -503
	faultNoSuchM = -506
)

// oned's own error codes: bad credentials, or no database to check them with;
// and no such object.
const (
	notAuthenticated = 256
	noExists         = 1024
)

// notEnough is the text of a fault.
const notEnough = "Not enough parameters"

// methodCall is a call of the XML-RPC specification, as far as the fake reads it.
type methodCall struct {
	XMLName xml.Name `xml:"methodCall"`
	Method  string   `xml:"methodName"`
	Params  []struct {
		Typed []struct {
			Text string `xml:",chardata"`
		} `xml:",any"`
		Bare string `xml:",chardata"` // a value without a type is a string
	} `xml:"params>param>value"`
}

// param returns the text of a parameter, whatever its type.
func (c methodCall) param(n int) string {
	if typed := c.Params[n].Typed; len(typed) > 0 {
		return typed[0].Text
	}
	return c.Params[n].Bare
}

// api is what oned answers with.
type api struct {
	session  string                              // "user:password", the only one that it knows
	database func(context.Context) (bool, error) // waits for the database and reports whether it is there
	own      map[string]Method                   // documents, or those of another stand-in, see Handler
}

// handler answers as oned does.
func (a api) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "Xmlrpc-c_Abyss")
		switch {
		case r.URL.Path != "/RPC2":
			page(w, http.StatusNotFound)
		case r.Method != http.MethodPost:
			page(w, http.StatusMethodNotAllowed)
		default:
			w.Header().Set("Content-Type", "text/xml")
			_, _ = io.WriteString(w, a.answer(r.Context(), http.MaxBytesReader(w, r.Body, callLimit))) // a client that left needs no answer
		}
	})
}

// answer is the body of the answer to the call in body. All of it goes out with
// HTTP status 200, faults too.
func (a api) answer(ctx context.Context, body io.Reader) string {
	var call methodCall
	text, err := io.ReadAll(body) // all of it: only then the server tells when the client leaves
	if err == nil {
		err = xml.Unmarshal(text, &call)
	}
	if err != nil {
		return fault(faultParse, "Call is not valid XML-RPC") // the code was captured, the text was not
	}
	own, theirs := a.own[call.Method]
	method, known := methods[call.Method]
	if !known && !theirs {
		return fault(faultNoSuchM, fmt.Sprintf("Method '%s' not defined", call.Method))
	}
	if len(call.Params) == 0 {
		return fault(faultType, notEnough)
	}
	// Users are in the database: without it, or with another session, oned does
	// not look at the other parameters.
	if up, err := a.database(ctx); err != nil || !up || call.param(0) != a.session {
		return call.refuse(notAuthenticated, -1, "User couldn't be authenticated, aborting call.")
	}
	if theirs {
		if len(call.Params) < 1+own.Params {
			return fault(faultType, notEnough)
		}
		return own.Answer(ctx, Call{Body: text, call: call})
	}
	if len(call.Params) < 1+method.integers {
		return fault(faultType, notEnough)
	}
	args := make([]int, method.integers)
	for i := range args {
		if args[i], err = strconv.Atoi(strings.TrimSpace(call.param(1 + i))); err != nil {
			return fault(faultType, fmt.Sprintf("Parameter %d is not an integer", 1+i)) // the text was not captured
		}
	}
	document, missing := method.text(args)
	if missing != "" {
		return call.refuse(noExists, args[0], fmt.Sprintf("Error getting %s [%d].", missing, args[0]))
	}
	return yield("<string>" + escaped.Replace(document) + "</string>")
}

// yield is the answer to a call that succeeded with value.
func yield(value string) string {
	return response("<value><boolean>1</boolean></value>\r\n<value>" + value + "</value>\r\n<value><i4>0</i4></value>\r\n")
}

// refuse is the answer to a call that oned understands and does not carry out;
// object is the ID of what it is about, -1 for nothing.
func (c methodCall) refuse(code, object int, why string) string {
	return response(fmt.Sprintf("<value><boolean>0</boolean></value>\r\n"+
		"<value><string>%s</string></value>\r\n<value><i4>%d</i4></value>\r\n<value><i4>%d</i4></value>\r\n<value><i8>-1</i8></value>\r\n",
		escaped.Replace("["+c.Method+"] "+why), code, object))
}

// escaped is how oned's library writes text: quotes stay.
var escaped = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// response is an answer with an array of values.
func response(values string) string {
	return envelope("<params>\r\n<param><value><array><data>\r\n" + values + "</data></array></value></param>\r\n</params>\r\n")
}

// fault is an answer that says that the call itself was wrong.
func fault(code int, text string) string {
	return envelope(fmt.Sprintf("<fault>\r\n<value><struct>\r\n<member><name>faultCode</name>\r\n<value><i4>%d</i4></value></member>\r\n"+
		"<member><name>faultString</name>\r\n<value><string>%s</string></value></member>\r\n</struct></value>\r\n</fault>\r\n", code, escaped.Replace(text)))
}

func envelope(inner string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>` + "\r\n<methodResponse>\r\n" + inner + "</methodResponse>\r\n"
}

// page writes a status as HTML.
func page(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<HTML><HEAD><TITLE>%d %s</TITLE></HEAD><BODY>fakeoned, a stand-in for OpenNebula</BODY></HTML>\n", status, http.StatusText(status))
}
