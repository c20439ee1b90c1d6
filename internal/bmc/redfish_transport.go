package bmc

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// redfishTransport carries gofish's requests. It gives each one the context of the step
// that is under way, a time limit and the credentials, reads the whole answer
// within that limit, and keeps the connection for the next. It is used by one
// goroutine at a time.
type redfishTransport struct {
	http.Transport
	ctx   context.Context // of the step under way
	limit time.Duration   // of one request

	header, value string   // credentials, sent with every request
	secrets       []string // which no error may show
	last          []byte   // the body of the last answer
}

// maxBody is far above any system or collection: iLO's system has 20 KB.
const maxBody = 1 << 20

func newRedfishTransport(c RedfishConfig) (*redfishTransport, error) {
	verify, err := tlsConfig(c)
	if err != nil {
		return nil, err
	}
	t := &redfishTransport{limit: c.Timeout, secrets: []string{c.Password}}
	if t.limit <= 0 {
		t.limit = DefaultRedfishTimeout
	}
	// No proxy: a BMC is near, and its password must not go through one by an
	// environment variable.
	t.TLSClientConfig = verify
	t.IdleConnTimeout = 5 * time.Second
	t.MaxResponseHeaderBytes = 64 << 10
	return t, nil
}

func (t *redfishTransport) setBasic(user, password string) {
	t.header, t.value = "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	t.secrets = append(t.secrets, strings.TrimPrefix(t.value, "Basic "))
}

func (t *redfishTransport) setToken(token string) {
	t.header, t.value = "X-Auth-Token", token
	t.secrets = append(t.secrets, token)
}

func (t *redfishTransport) client() *http.Client {
	return &http.Client{Transport: t, CheckRedirect: checkRedirect}
}

// checkRedirect follows a BMC that corrects a path of its own, as iLO does for a
// missing slash at the end. Nothing is sent elsewhere, and an order is not
// repeated elsewhere: net/http would make a GET of it.
func checkRedirect(to *http.Request, via []*http.Request) error {
	from := via[0]
	switch {
	case to.URL.Scheme != from.URL.Scheme || to.URL.Host != from.URL.Host:
		return &failure{text: fmt.Sprintf("the BMC redirects to %.80q, which is another place; the password is not sent there: check the address and port", to.URL.Scheme+"://"+to.URL.Host)}
	case from.Method != http.MethodGet || len(via) > 3:
		return &failure{text: fmt.Sprintf("the BMC answers %s %.80q with a redirect, which is not followed", from.Method, from.URL.Path)}
	}
	return nil
}

func (t *redfishTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(t.ctx, t.limit)
	defer cancel()
	req = req.Clone(ctx)
	req.Close = false // gofish closes the connection after each request
	if t.header != "" {
		req.Header.Set(t.header, t.value)
	}
	req.Header.Set("OData-Version", "4.0")
	resp, err := t.Transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	_ = resp.Body.Close() // all was read, or an error tells why not
	switch {
	case len(body) > maxBody:
		return nil, &failure{text: fmt.Sprintf("the BMC's answer to %s %.80q has more than %d bytes", req.Method, req.URL.Path, maxBody)}
	case err != nil && resp.StatusCode == http.StatusCreated && req.Method == http.MethodPost:
		// A session: its header has what is needed to use and to end it.
	case err != nil:
		return nil, err
	}
	t.last = body
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// tlsConfig verifies as RedfishConfig says. TLS 1.2 is the oldest version: iLO 4
// has it since firmware 2.30.
func tlsConfig(c RedfishConfig) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.Insecure}
	if c.CAFile == "" {
		return config, nil
	}
	text, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, &failure{text: fmt.Sprintf("read the CA file: %v", err), err: err}
	}
	trusted, err := certificates(text)
	if err != nil {
		return nil, &failure{text: fmt.Sprintf("read the CA file %s: %v", c.CAFile, err), err: err}
	}
	roots := x509.NewCertPool()
	for _, cert := range trusted {
		roots.AddCert(cert)
	}
	config.InsecureSkipVerify = true // VerifyConnection does it
	config.VerifyConnection = func(state tls.ConnectionState) error {
		leaf := state.PeerCertificates[0]
		if slices.ContainsFunc(trusted, leaf.Equal) {
			return nil
		}
		between := x509.NewCertPool()
		for _, cert := range state.PeerCertificates[1:] {
			between.AddCert(cert)
		}
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: c.Host}); err != nil {
			return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err} // as crypto/tls does
		}
		return nil
	}
	return config, nil
}

func certificates(text []byte) (all []*x509.Certificate, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, cert)
	}
	if all == nil {
		return nil, fmt.Errorf("there is no certificate in it: it must be PEM")
	}
	return all, nil
}

// localPath reports whether a path stays on the BMC when it is put behind its
// address: gofish joins the two as they are.
func localPath(path string) bool {
	u, err := url.Parse(path)
	return err == nil && strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && u.Host == "" && u.Fragment == "" && !strings.ContainsAny(path, " \\")
}
