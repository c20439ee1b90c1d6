package yamledit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/oneha/oneha/internal/confedit"
)

const flow = `# Where oned answers
#
:one_xmlrpc: http://localhost:2633/RPC2

# must be as in oned.conf
:subscriber_endpoint: 'tcp://localhost:2101'

# Where this server listens
:host: 127.0.0.1
:port: 2474   # OneFlow

:shutdown_action: "terminate"
:vm_name_template: '$ROLE_NAME_$VM_NUMBER_(service_$SERVICE_ID)'
#:vn_name_template: '$ROLE_NAME(service_$SERVICE_ID)'
#:ssl_server: https://service.endpoint.fqdn:port/

:core_auth: cipher
:vnc_proxy_cert:
:vnc_proxy_key:   # none

:log:
  :level: 2
  :system: 'file'

:permissions:
  :vm:
    :show: true
  :service:
    :show: true
:restricted_attrs:
  - SCHED_REQUIREMENTS
  - SERVICE_ID
:routes:
- oneflow
:paginate: "[[6, 12], [6, 12]]"
:few: [1,
  2]
:text: |
  :host: not this
`

func TestSet(t *testing.T) {
	for _, test := range []struct{ name, path, value, old, new string }{
		{"plain", ":host", "0.0.0.0", ":host: 127.0.0.1\n", ":host: 0.0.0.0\n"},
		{"comment behind", ":port", "2475", ":port: 2474   # OneFlow", ":port: 2475   # OneFlow"},
		{"single quotes", ":subscriber_endpoint", "tcp://10.0.0.9:2101", "'tcp://localhost:2101'", "'tcp://10.0.0.9:2101'"},
		{"double quotes", ":shutdown_action", "terminate-hard", `"terminate"`, `"terminate-hard"`},
		{"double quotes cannot", ":shutdown_action", `a"b`, `"terminate"`, `'a"b'`},
		{"nested", ":log :level", "3", ":level: 2", ":level: 3"},
		{"nested quotes", ":log :system", "syslog", "'file'", "'syslog'"},
		{"empty", ":vnc_proxy_cert", "/etc/one/cert.pem", ":vnc_proxy_cert:\n", ":vnc_proxy_cert: /etc/one/cert.pem\n"},
		{"empty with a comment", ":vnc_proxy_key", "k", ":vnc_proxy_key:   # none", ":vnc_proxy_key: k   # none"},
		{"text that needs quotes", ":host", "::", "127.0.0.1", "'::'"},
		{"text that is no number", ":host", "10:30", "127.0.0.1", "'10:30'"},
		{"text that is no symbol", ":core_auth", ":x509", "cipher", "':x509'"},
		{"text that is no truth value", ":core_auth", "no", "cipher", "'no'"},
		{"text with a quote", ":core_auth", "it's # it", "cipher", "'it''s # it'"},
		{"empty text", ":core_auth", "", "cipher", "''"},
		{"in a comment", ":ssl_server", "https://one.example:5031/", "#:ssl_server: https://service.endpoint.fqdn:port/", ":ssl_server: https://one.example:5031/"},
		{"new key below", ":log :format", "long", "  :system: 'file'\n", "  :system: 'file'\n  :format: long\n"},
		{"new key at the top", ":new_key", "1", "  :host: not this\n", "  :host: not this\n:new_key: 1\n"},
		{"new map", ":server :port", "5030", "  :host: not this\n", "  :host: not this\n:server:\n  :port: 5030\n"},
		{"map where nothing is", ":vnc_proxy_cert :a", "1", ":vnc_proxy_cert:\n", ":vnc_proxy_cert:\n  :a: 1\n"},
	} {
		for _, eol := range []string{"\n", "\r\n"} {
			t.Run(test.name+strings.Trim(eol, "\n"), func(t *testing.T) {
				ends := func(s string) string { return strings.ReplaceAll(s, "\n", eol) }
				f := parsed(t, ends(flow))
				path := strings.Fields(test.path)
				was, had := f.Get(path...)
				if err := f.Set(test.value, path...); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(ends(strings.Replace(flow, test.old, test.new, 1)), string(f.Bytes())); diff != "" {
					t.Fatal(diff)
				}
				if got, ok := parsed(t, string(f.Bytes())).Get(path...); !ok || got != test.value {
					t.Fatalf("got %q, %v", got, ok)
				}
				once := f.Bytes()
				if err := f.Set(test.value, path...); err != nil || string(once) != string(f.Bytes()) || len(f.Edits()) != 1 {
					t.Fatalf("set again: %v, %v", err, f.Edits())
				}
				if had {
					if err := f.Set(was, path...); err != nil || string(f.Bytes()) != ends(flow) || len(f.Edits()) != 0 {
						t.Fatalf("set back: %v, %v\n%s", err, f.Edits(), cmp.Diff(ends(flow), string(f.Bytes())))
					}
				}
			})
		}
	}
}

func parsed(t *testing.T, text string) *File {
	t.Helper()
	f, findings := Parse("x.conf", []byte(text))
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	return f
}

func TestEdits(t *testing.T) {
	f := parsed(t, "# fireedge\nhost: '0.0.0.0'\ndb_password: very secret\n\nport: 2616\n")
	for _, set := range [][]string{{"2617", "port"}, {"other", "db_password"}, {"127.0.0.1", "host"}} {
		if err := f.Set(set[0], set[1]); err != nil {
			t.Fatal(err)
		}
	}
	want := []confedit.Edit{
		{File: "x.conf", Line: 2, What: "host", Was: `"0.0.0.0"`, Is: `"127.0.0.1"`},
		{File: "x.conf", Line: 3, What: "db_password", Was: "a value that is not shown", Is: "a value that is not shown"},
		{File: "x.conf", Line: 5, What: "port", Was: `"2616"`, Is: `"2617"`},
	}
	if diff := cmp.Diff(want, f.Edits()); diff != "" {
		t.Error(diff)
	}
}

func TestRemove(t *testing.T) {
	for path, old := range map[string]string{
		":port":        ":port: 2474   # OneFlow\n",
		":log :system": "  :system: 'file'\n",
		":absent":      "",
	} {
		f := parsed(t, flow)
		if err := f.Remove(strings.Fields(path)...); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Replace(flow, old, "", 1), string(f.Bytes())); diff != "" {
			t.Error(diff)
		}
	}
	f := parsed(t, "a:\n  b: 1\nc: 2\n")
	if err := f.Remove("a", "b"); err == nil {
		t.Error("the only key of a map was taken away")
	}
}

func TestRefusesEdits(t *testing.T) {
	f := parsed(t, flow)
	for _, path := range []string{":permissions", ":permissions :vm", ":restricted_attrs", ":routes", ":few", ":text", ":port :x", ":few :x", ":a :b :c", "a: b", ""} {
		if err := f.Set("1", strings.Fields(path)...); err == nil {
			t.Errorf("%s was set", path)
		} else if string(f.Bytes()) != flow {
			t.Fatalf("%s: %v, but the text has changed", path, err)
		}
		if path != "a: b" && path != "" && path != ":a :b :c" && path != ":port :x" && path != ":few :x" {
			if err := f.Remove(strings.Fields(path)...); err == nil {
				t.Errorf("%s was removed", path)
			}
		}
	}
	for _, value := range []string{"a\nb", "a\x00", "\xff", "a\u2028b"} {
		if err := f.Set(value, ":port"); err == nil {
			t.Errorf("%q was set", value)
		}
	}
}

func TestRefusesFiles(t *testing.T) {
	for text, line := range map[string]int{
		"a: 1\n---\nb: 2\n":      2,
		"%YAML 1.1\n---\na: 1\n": 1,
		"a: 1\na: 2\n":           2,
		"m:\n  a: 1\n  a: 2\n":   3,
		"a: 1\n\tb: 2\n":         2,
		"m:\n  a: 1\n b: 2\n":    3,
		"a: \"x\ny\"\n":          1,
		"a: 'x\n":                1,
		"a: 'x' y\n":             1,
		"a: [1\n":                1,
		"a: [1] x\n":             1,
		"just words\n":           1,
		"- a\n":                  1,
		"  a: 1\n":               1,
		"a: &x 1\nb: *x\n":       1,
		"a: 1\rb: 2\n":           1,
		"<<: {a: 1}\n":           1,
		"a: \x00\n":              1,
		"a: 1\nb: \xd0\n":        1,
	} {
		f, findings := Parse("x.conf", []byte(text))
		if !findings.HasErrors() || findings[0].Line != line || findings[0].Column < 1 || findings[0].Fix == "" {
			t.Errorf("%q: %v", text, findings)
		}
		if err := f.Set("1", "zz"); err == nil {
			t.Errorf("%q is edited although it was refused", text)
		}
	}
}

func TestOddFiles(t *testing.T) {
	for _, test := range []struct{ text, value, path, want string }{
		{"", "1", "a", "a: 1\n"},
		{"", "1", "a b", "a:\n  b: 1\n"},
		{"# only a comment", "1", "a", "# only a comment\na: 1"},
		{"a: 1", "2", "a", "a: 2"},
		{"a: 1", "2", "b", "a: 1\nb: 2"},
		{"\ufeffa: 1\n", "2", "a", "\ufeffa: 2\n"},
		{"---\na: 1\n", "2", "a", "---\na: 2\n"},
		{"\"a\": 1\n", "2", "a", "\"a\": 2\n"},
		{"a:  ~\n", "x", "a", "a:  x\n"},
		{"api_timeout: 120_000\nport: 1\n", "2", "port", "api_timeout: 120_000\nport: 2\n"},
		{"m:\n  a:\n    - 1\n  b: 2\n\n# next\nn: 3\n", "4", "m c", "m:\n  a:\n    - 1\n  b: 2\n  c: 4\n\n# next\nn: 3\n"},
		{"a: x y\n", "z", "a", "a: z\n"},
		{"a: http://h/#x\n", "z", "a", "a: z\n"},
		{"a: 'it''s'\n", "that's", "a", "a: 'that''s'\n"},
		{"a: \"é\" # ü\n", "ö", "a", "a: \"ö\" # ü\n"},
	} {
		f := parsed(t, test.text)
		if err := f.Set(test.value, strings.Fields(test.path)...); err != nil {
			t.Errorf("%q: %v", test.text, err)
		} else if got := string(f.Bytes()); got != test.want {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
}

// Whatever the text, an edit is made as told, or refused with nothing changed.
func FuzzSet(f *testing.F) {
	f.Add(flow, ":host", "0.0.0.0")
	f.Add("guacd:\n  port: 4822\n  host: 'localhost'\n", "guacd port", "1")
	f.Add("a: {b: 1}\nc: \"\\n\"\n", "a b", "x: y")
	f.Fuzz(func(t *testing.T, text, path, value string) {
		file, findings := Parse("x", []byte(text))
		if string(file.Bytes()) != text {
			t.Fatal("reading changed the text")
		}
		words := strings.Fields(path)
		was, had := file.Get(words...)
		if err := file.Set(value, words...); err != nil {
			if string(file.Bytes()) != text {
				t.Fatal("a refused edit changed the text")
			}
			return
		}
		if findings.HasErrors() {
			t.Fatal("edited a file that was refused")
		}
		again, findings := Parse("x", file.Bytes())
		if got, ok := again.Get(words...); !ok || got != value || findings.HasErrors() {
			t.Fatalf("set %q, got %q, %v, %v in %q", value, got, ok, findings, file.Bytes())
		}
		if !had {
			return
		}
		if err := file.Set(was, words...); err != nil || string(file.Bytes()) != text {
			t.Fatalf("set back: %v\n%q\n%q", err, text, file.Bytes())
		}
	})
}
