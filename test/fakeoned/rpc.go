package fakeoned

import (
	_ "embed"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Version is the release that the fake claims to be: the one whose answers were
// captured.
const Version = "6.10.5"

// callLimit is far above any call of a test, in bytes.
const callLimit = 1 << 20

// Fault codes of the library that oned uses (xmlrpc-c, xmlrpc-c/base.h).
const (
	faultParams  = -501
	faultParse   = -503
	faultNoSuchM = -506
)

// notAuthenticated is oned's error code for bad credentials.
const notAuthenticated = 256

// solo is the Raft state of a oned that is in no zone of several servers.
const solo = "<RAFT><SERVER_ID>-1</SERVER_ID><STATE>0</STATE><TERM>0</TERM><VOTEDFOR>-1</VOTEDFOR><COMMIT>0</COMMIT>" +
	"<LOG_INDEX>-1</LOG_INDEX><LOG_TERM>-1</LOG_TERM><FEDLOG_INDEX>-1</FEDLOG_INDEX></RAFT>"

// vmPool is the pool of a captured oned with one running VM. Filters of
// one.vmpool.info are not applied to it.
//
//go:embed data/vm_pool.xml
var vmPool string

// methods are what the fake knows: the number of parameters that oned reads, the
// session among them, and the text that it answers.
var methods = map[string]struct {
	params int
	text   string
}{
	"one.system.version":  {1, Version},
	"one.zone.raftstatus": {1, solo},
	"one.vmpool.info":     {5, vmPool},
}

// methodCall is a call of the XML-RPC specification, as far as the fake reads it.
type methodCall struct {
	XMLName xml.Name `xml:"methodCall"`
	Method  string   `xml:"methodName"`
	Params  []struct {
		String *string `xml:"string"`
		Bare   string  `xml:",chardata"` // a value without a type is a string
	} `xml:"params>param>value"`
}

// rpcHandler answers as oned does to who knows session ("user:password").
func rpcHandler(session string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "Xmlrpc-c_Abyss")
		switch {
		case r.URL.Path != "/RPC2":
			page(w, http.StatusNotFound)
		case r.Method != http.MethodPost:
			page(w, http.StatusMethodNotAllowed)
		default:
			w.Header().Set("Content-Type", "text/xml")
			_, _ = io.WriteString(w, answer(http.MaxBytesReader(w, r.Body, callLimit), session)) // a client that left needs no answer
		}
	})
}

// answer is the body of the answer to the call in body. All of it goes out with
// HTTP status 200, faults too.
func answer(body io.Reader, session string) string {
	var call methodCall
	if err := xml.NewDecoder(body).Decode(&call); err != nil {
		return fault(faultParse, "Call is not valid XML-RPC") // the code was captured, the text was not
	}
	method, known := methods[call.Method]
	if !known {
		return fault(faultNoSuchM, fmt.Sprintf("Method '%s' not defined", call.Method))
	}
	if len(call.Params) == 0 {
		return fault(faultParams, "Not enough parameters")
	}
	given := call.Params[0].Bare
	if s := call.Params[0].String; s != nil {
		given = *s
	}
	if given != session { // before oned looks at the other parameters
		return response(fmt.Sprintf("<value><boolean>0</boolean></value>\r\n"+
			"<value><string>%s</string></value>\r\n<value><i4>%d</i4></value>\r\n<value><i4>-1</i4></value>\r\n<value><i8>-1</i8></value>\r\n",
			escaped.Replace("["+call.Method+"] User couldn't be authenticated, aborting call."), notAuthenticated))
	}
	if len(call.Params) < method.params {
		return fault(faultParams, "Not enough parameters")
	}
	return response(fmt.Sprintf("<value><boolean>1</boolean></value>\r\n<value><string>%s</string></value>\r\n<value><i4>0</i4></value>\r\n",
		escaped.Replace(method.text)))
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
