package one

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Codes of OpenNebula's refusals that this package knows by meaning (its XML-RPC
// API, "Error codes").
const (
	CodeAuthentication = 0x0100 // also what oned says when it has lost its database
	CodeNoExists       = 0x0400 // no such object
	CodeInternal       = 0x2000 // among others: a failed SELECT, and a Raft zone without a leader
)

// codeName is OpenNebula's own name of a code (include/Request.h), "" for one
// that it does not have.
func codeName(code int) string {
	switch code {
	case CodeAuthentication:
		return "AUTHENTICATION"
	case 0x0200:
		return "AUTHORIZATION"
	case CodeNoExists:
		return "NO_EXISTS"
	case 0x0800:
		return "ACTION"
	case 0x1000:
		return "XML_RPC_API"
	case CodeInternal:
		return "INTERNAL"
	case 0x4000:
		return "ALLOCATE"
	case 0x8000:
		return "LOCKED"
	case 0x10000:
		return "REPLICATION"
	}
	return ""
}

// APIError is a call that oned understood and refused.
type APIError struct {
	Code    int
	Message string
}

// Error returns oned's message; where its meaning is wider than its words, both.
func (e *APIError) Error() string {
	if e.Code == CodeAuthentication {
		// Seen alike on a real oned: a wrong password, a stopped MariaDB, a locked SQLite file.
		return fmt.Sprintf("the credentials are wrong, or oned has lost its database (code %d: %s)", e.Code, e.Message)
	}
	if name := codeName(e.Code); name != "" {
		return fmt.Sprintf("oned refuses (code %d, %s): %s", e.Code, name, e.Message)
	}
	return fmt.Sprintf("oned refuses (code %d): %s", e.Code, e.Message)
}

// Fault is XML-RPC's own refusal of a call: unknown method, too few parameters
// (XML-RPC specification, "Fault example").
type Fault struct {
	Code    int
	Message string
}

// Error returns the fault's text and code.
func (f *Fault) Error() string { return fmt.Sprintf("XML-RPC fault %d: %s", f.Code, f.Message) }

// call is a methodCall whose parameters are strings and ints.
func call(method string, params ...any) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0"?><methodCall><methodName>` + method + `</methodName><params>`)
	for _, p := range params {
		b.WriteString("<param><value>")
		switch p := p.(type) {
		case int:
			fmt.Fprintf(&b, "<i4>%d</i4>", p)
		case string:
			b.WriteString("<string>")
			_ = xml.EscapeText(&b, []byte(p)) // a Buffer takes everything
			b.WriteString("</string>")
		}
		b.WriteString("</value></param>")
	}
	b.WriteString("</params></methodCall>")
	return b.Bytes()
}

// value is an XML-RPC value of the kinds that oned's answers have. One without
// a type is a string.
type value struct {
	Boolean *string  `xml:"boolean"`
	String  *string  `xml:"string"`
	Int     *string  `xml:"int"`
	I4      *string  `xml:"i4"`
	I8      *string  `xml:"i8"`
	Array   *array   `xml:"array"`
	Struct  []member `xml:"struct>member"`
	Text    string   `xml:",chardata"`
}

type array struct {
	Values []value `xml:"data>value"`
}

type member struct {
	Name  string `xml:"name"`
	Value value  `xml:"value"`
}

// answer reads a methodResponse and returns the string that a call yielded. The
// error is a *Fault, an *APIError, or says how the answer is malformed.
func answer(body []byte) (string, error) {
	values, err := arrayOf(body)
	if err != nil {
		return "", err
	}
	return result(values)
}

// done reads the methodResponse to a call that yields nothing of interest: only
// whether it succeeded. Errors are those of answer.
func done(body []byte) error {
	values, err := arrayOf(body)
	if err == nil && !succeeded(values) {
		_, err = result(values)
	}
	return err
}

// arrayOf reads the values of the array that oned sends.
func arrayOf(body []byte) ([]value, error) {
	var r struct {
		XMLName xml.Name `xml:"methodResponse"`
		Params  []value  `xml:"params>param>value"`
		Fault   *value   `xml:"fault>value"`
	}
	if err := xml.Unmarshal(body, &r); err != nil {
		return nil, fmt.Errorf("read XML-RPC answer: %w", err)
	}
	if r.Fault != nil {
		return nil, fault(*r.Fault)
	}
	if len(r.Params) != 1 || r.Params[0].Array == nil {
		return nil, errors.New("read XML-RPC answer: it is not the array that oned sends")
	}
	return r.Params[0].Array.Values, nil
}

// succeeded reports whether oned's array says so.
func succeeded(values []value) bool {
	return len(values) >= 3 && values[0].Boolean != nil && strings.TrimSpace(*values[0].Boolean) == "1"
}

// result reads oned's array: whether the call succeeded, its result or the error
// message, the error code, and from release to release more.
func result(values []value) (string, error) {
	if len(values) < 3 || values[0].Boolean == nil {
		return "", errors.New("read XML-RPC answer: want success, result and code")
	}
	text, isText := values[1].text()
	if succeeded(values) {
		if !isText {
			return "", errors.New("read XML-RPC answer: the result is not a string")
		}
		return text, nil
	}
	code, ok := values[2].number()
	if !ok || !isText {
		return "", errors.New("read XML-RPC answer: want an error message and its code")
	}
	return "", &APIError{Code: code, Message: text}
}

func fault(v value) error {
	f := &Fault{}
	for _, m := range v.Struct {
		switch m.Name {
		case "faultCode":
			f.Code, _ = m.Value.number()
		case "faultString":
			f.Message, _ = m.Value.text()
		}
	}
	return f
}

func (v value) text() (string, bool) {
	switch {
	case v.String != nil:
		return *v.String, true
	case v.Boolean == nil && v.Int == nil && v.I4 == nil && v.I8 == nil && v.Array == nil && v.Struct == nil:
		return v.Text, true
	}
	return "", false
}

func (v value) number() (int, bool) {
	for _, s := range []*string{v.I4, v.Int, v.I8} {
		if s != nil {
			n, err := strconv.Atoi(strings.TrimSpace(*s))
			return n, err == nil
		}
	}
	return 0, false
}
