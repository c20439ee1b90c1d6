package fakezone

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// caller makes XML-RPC calls, each by a connection of its own, as oned does.
type caller struct{ http *http.Client }

// newCaller makes one that connects by dial; nil is the usual way.
func newCaller(dial func(ctx context.Context, network, address string) (net.Conn, error)) caller {
	return caller{&http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Calls is how another package's client makes calls, each by a connection of its own that
// dial makes; nil is the usual way. Errors are those of Zone.Call.
func Calls(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(ctx context.Context, endpoint, method string, params ...any) (string, error) {
	return newCaller(dial).call
}

// Refusal is the answer of a server that does not do what it was asked.
type Refusal struct {
	Code    int
	Message string
	Object  int // ID of what it is about; of the fake's own methods, the server's term
}

// Error is the server's message with its code.
func (r *Refusal) Error() string { return fmt.Sprintf("refused, code %d: %s", r.Code, r.Message) }

// call yields the text of the result. The error is a *Refusal when the server
// answered and refused.
func (c caller) call(ctx context.Context, endpoint, method string, params ...any) (string, error) {
	text, err := c.post(ctx, endpoint, encodeCall(method, params...))
	if err != nil {
		return "", err
	}
	return parseAnswer(text)
}

// parseAnswer reads the body of an answer.
func parseAnswer(text string) (string, error) {
	var r struct {
		Values []struct {
			Any struct {
				Text string `xml:",chardata"`
			} `xml:",any"`
		} `xml:"params>param>value>array>data>value"`
	}
	if err := xml.Unmarshal([]byte(text), &r); err != nil {
		return "", fmt.Errorf("read answer: %w", err)
	}
	if len(r.Values) < 3 {
		return "", fmt.Errorf("read answer: %q is no array", text)
	}
	if r.Values[0].Any.Text == "1" {
		return r.Values[1].Any.Text, nil
	}
	refusal := &Refusal{Message: r.Values[1].Any.Text, Object: -1}
	_, err := fmt.Sscan(r.Values[2].Any.Text, &refusal.Code)
	if err == nil && len(r.Values) > 3 {
		_, err = fmt.Sscan(r.Values[3].Any.Text, &refusal.Object)
	}
	if err != nil {
		return "", fmt.Errorf("read answer: %w", err)
	}
	return "", refusal
}

// post sends a call and returns the body of the answer.
func (c caller) post(ctx context.Context, endpoint string, body []byte) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("make call: %w", err)
	}
	req.Header.Set("Content-Type", "text/xml")
	resp, err := c.http.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", fmt.Errorf("read answer: %w", err)
	}
	return string(text), nil
}

// encodeCall is the body of a call with texts and numbers.
func encodeCall(method string, params ...any) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "<?xml version=\"1.0\"?><methodCall><methodName>%s</methodName><params>", method)
	for _, p := range params {
		switch p := p.(type) {
		case int:
			fmt.Fprintf(&b, "<param><value><i4>%d</i4></value></param>", p)
		case string:
			b.WriteString("<param><value><string>")
			_ = xml.EscapeText(&b, []byte(p)) // a Builder takes everything
			b.WriteString("</string></value></param>")
		}
	}
	b.WriteString("</params></methodCall>")
	return []byte(b.String())
}
