package one

import (
	"net"
	"strings"
	"testing"
)

// An endpoint that is read is written as a URL that is read as the same, and what is
// refused is not repeated where it may hold a password.
func FuzzParseEndpoint(f *testing.F) {
	for _, s := range []string{DefaultEndpoint, "http://one.example:80", "http://[2001:db8::1]:2633/RPC2", "http://[fe80::1%25eth0]:2633/", "http://u:p@h:1/", "https://h/", "http://h:0/", "http://h/%2f?x#y", "http://:1/", "http://[::1", "x\x7f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseEndpoint(s)
		if err != nil {
			if e != (Endpoint{}) || strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("%q is %s, %q", s, e, err)
			}
			return
		}
		if _, port, err := net.SplitHostPort(e.address); err != nil || port == "" || !strings.HasPrefix(e.path, "/") {
			t.Errorf("%q is %+v", s, e)
		}
		if again, err := ParseEndpoint(e.String()); err != nil || again != e {
			t.Errorf("%q is %q, which is read as %q, %v", s, e, again, err)
		}
	})
}

// The document of a host, as a hook is given it: where it names no host, none is made up.
func FuzzParseHost(f *testing.F) {
	f.Add([]byte(`<HOST><ID>7</ID><NAME>kvm1</NAME><STATE>3</STATE><PREV_STATE>2</PREV_STATE><TEMPLATE><FENCE_IP><![CDATA[10.0.0.7]]></FENCE_IP></TEMPLATE></HOST>`))
	f.Add([]byte("<HOST/>"))
	f.Add([]byte("<HOST><ID>-9</ID><ID>x</ID></HOST>"))
	f.Add([]byte("<VM><ID>7</ID></VM>"))
	f.Add([]byte("<HOST><TEMPLATE><A><B/>x</A><A>y</A></TEMPLATE></HOST>"))
	f.Fuzz(func(t *testing.T, document []byte) {
		h, err := ParseHost(document)
		if err != nil {
			return
		}
		if h.ID < 0 || !strings.Contains(string(document), "ID") {
			t.Errorf("%q is host %d", document, h.ID)
		}
		for name := range h.Template {
			if name == "" || !strings.Contains(string(document), name) {
				t.Errorf("%q has the attribute %q", document, name)
			}
		}
		if h.Template == nil {
			t.Errorf("%q has no template", document)
		}
	})
}
