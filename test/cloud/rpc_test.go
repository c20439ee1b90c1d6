package cloud

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// reply is what oned answers: a value, or a code and why not.
type reply struct {
	ok    bool
	value string // a document, or a number
	code  int    // of OpenNebula, or of XML-RPC when fault
	fault bool
}

// call makes a call of OpenNebula's XML-RPC API in the simplest way there is: what
// package internal/one makes of answers is to be tested, so that it is not used here.
func (s *site) call(t *testing.T, method string, params ...any) reply {
	t.Helper()
	var body bytes.Buffer
	fmt.Fprintf(&body, "<?xml version=\"1.0\"?><methodCall><methodName>%s</methodName><params>", method)
	for _, p := range append([]any{s.session}, params...) {
		kind := map[bool]string{true: "string", false: "int"}
		word, isText := p.(string)
		if yes, is := p.(bool); is {
			p = map[bool]int{true: 1}[yes]
			kind[false] = "boolean"
		}
		if isText {
			var escaped bytes.Buffer
			_ = xml.EscapeText(&escaped, []byte(word)) // a Buffer takes everything
			p = escaped.String()
		}
		fmt.Fprintf(&body, "<param><value><%[1]s>%[2]v</%[1]s></value></param>", kind[isText], p)
	}
	body.WriteString("</params></methodCall>")
	client := http.Client{Timeout: time.Minute}
	answer, err := client.Post(s.url, "text/xml", &body)
	if err != nil {
		t.Fatalf("%s: %v", method, err) // the error has the URL and not the body
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	return parse(t, method, text)
}

// parse reads an XML-RPC answer in the form of oned's.
func parse(t *testing.T, method string, text []byte) reply {
	t.Helper()
	var document struct {
		Values []struct {
			Boolean *int   `xml:"boolean"`
			String  string `xml:"string"`
			I4      *int   `xml:"i4"`
		} `xml:"params>param>value>array>data>value"`
		Fault []struct {
			Name string `xml:"name"`
			I4   int    `xml:"value>i4"`
		} `xml:"fault>value>struct>member"`
	}
	if err := xml.Unmarshal(text, &document); err != nil {
		t.Fatalf("%s: %v: %.300s", method, err, text)
	}
	for _, member := range document.Fault {
		if member.Name == "faultCode" {
			return reply{code: member.I4, fault: true}
		}
	}
	v := document.Values
	if len(v) < 3 || v[0].Boolean == nil || v[2].I4 == nil {
		t.Fatalf("%s: an answer of another form: %.300s", method, text)
	}
	r := reply{ok: *v[0].Boolean == 1, value: v[1].String, code: *v[2].I4}
	if v[1].I4 != nil {
		r.value = fmt.Sprint(*v[1].I4)
	}
	return r
}
