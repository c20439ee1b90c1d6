package one

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

func service(t testing.TB, name string) Service {
	t.Helper()
	s, ok := ServiceNamed(name)
	if !ok {
		t.Fatalf("no service %s", name)
	}
	return s
}

// is compares settings in the words "endpoint oned events".
func (s Settings) words() string {
	words := []string{s.Endpoint.String(), s.Oned.String(), s.Events.String()}
	for i, w := range words {
		if w == "" {
			words[i] = "-"
		}
	}
	if s.Endpoint.tls {
		words[0] += "(tls)"
	}
	return strings.Join(words, " ")
}

const localOned = "http://localhost:2633/RPC2"

func TestSettings(t *testing.T) {
	for _, c := range []struct{ service, file, want string }{
		{"oned", etc("5.4", "oned.conf"), DefaultEndpoint + " " + DefaultEndpoint + " -"},
		{"oned", etc("6.10", "oned.conf"), "http://[::1]:2633/RPC2 http://[::1]:2633/RPC2 -"},
		{"scheduler", etc("6.10", "sched.conf"), "- http://10.3.4.2:2633/RPC2 -"},
		{"sunstone", etc("6.10", "sunstone-server.conf"), "127.0.0.1:9869 http://one.example:2633/RPC2 -"},
		{"novnc", etc("6.10", "sunstone-server.conf"), "127.0.0.2:29877(tls) - -"},
		{"fireedge", etc("6.10", "fireedge-server.conf"), "[::1]:2616 " + localOned + " -"},
		{"gate", etc("6.10", "onegate-server.conf"), "10.3.4.2:5031 " + localOned + " -"},
		{"gate", etc("7.4", "onegate-server.conf"), "127.0.0.1:5032 " + localOned + " -"},
		{"ks", etc("7.4", "oneks-server.conf"), "[::1]:10781 " + localOned + " -"},
		{"hem", etc("7.4", "onehem-server.conf"), "- " + DefaultEndpoint + " 127.0.0.1:2201"},
		{"guacd", etc("7.4", "guacd"), "127.0.0.1:4823 - -"},
	} {
		got, err := service(t, c.service).Settings(c.file)
		if err != nil || got.words() != c.want {
			t.Errorf("%s from %s: %s, %v\nwant %s", c.service, c.file, got.words(), err, c.want)
		}
	}
}

func TestSettingsWithoutFile(t *testing.T) {
	for name, want := range map[string]string{
		"oned":      DefaultEndpoint + " " + DefaultEndpoint + " -",
		"sunstone":  "127.0.0.1:9869 " + DefaultEndpoint + " -",
		"fireedge":  "127.0.0.1:2616 " + DefaultEndpoint + " -",
		"gate":      "127.0.0.1:5030 " + DefaultEndpoint + " -",
		"flow":      "127.0.0.1:2474 " + DefaultEndpoint + " -",
		"hem":       "- " + DefaultEndpoint + " localhost:2101",
		"scheduler": "- " + DefaultEndpoint + " -",
		"novnc":     "127.0.0.1:29876 - -",
		"guacd":     "localhost:4822 - -",
		"form":      "127.0.0.1:13013 " + DefaultEndpoint + " -",
		"ks":        "127.0.0.1:10780 " + DefaultEndpoint + " -",
		"showback":  "- " + DefaultEndpoint + " -",
	} {
		s := service(t, name)
		got, err := s.Settings(filepath.Join(t.TempDir(), "missing"))
		if err != nil || got.words() != want {
			t.Errorf("%s: %s, %v\nwant %s", name, got.words(), err, want)
		}
		if s.defaults() != got {
			t.Errorf("%s: defaults %s", name, s.defaults().words())
		}
	}
}

// What is malformed has its default and an error at its place; the rest counts.
func TestSettingsMalformed(t *testing.T) {
	for _, c := range []struct{ service, text, says, want string }{
		{"flow", ":host: 10.0.0.1\n:port: many\n", ":2:8: want a port", "10.0.0.1:2474 " + DefaultEndpoint + " -"},
		{"flow", ":port: 99999\n", ":1:8: want a port", "127.0.0.1:2474 " + DefaultEndpoint + " -"},
		{"flow", ":port: 12\n:one_xmlrpc: https://u:not-to-be-seen@one/RPC2\n", ":2:14: the endpoint of oned is not of the form", "127.0.0.1:12 " + DefaultEndpoint + " -"},
		{"flow", ":host: [1, 2]\n:port: 2\n", ":1:8: want an address", "127.0.0.1:2 " + DefaultEndpoint + " -"},
		{"flow", ":port: 2\nnot-to-be-seen\n", ":2:1: want a key and a colon", "127.0.0.1:2 " + DefaultEndpoint + " -"},
		{"flow", strings.Repeat("#", maxConfig+1), "more than 1048576 bytes", "127.0.0.1:2474 " + DefaultEndpoint + " -"},
		{"flow", "{:port: 3}\n", ":1:1: want a key", "127.0.0.1:2474 " + DefaultEndpoint + " -"},
		{"gate", ":server: {\n  :port: 8 }\n", ":1:10: want a map", "127.0.0.1:5030 " + DefaultEndpoint + " -"},
		{"gate", ":server:\n  :port: é x\n", ":2:10: want a port", "127.0.0.1:5030 " + DefaultEndpoint + " -"},
		{"hem", ":subscriber_endpoint: ipc:///x\n", ":1:23: want a ZeroMQ endpoint", "- " + DefaultEndpoint + " localhost:2101"},
		{"novnc", ":vnc_proxy_port: a:b\n", ":1:18: want a port", "127.0.0.1:29876 - -"},
		{"guacd", "# x\nOPTS=\"-l x -b 10.0.0.9\"\n", ":2:1: option -l: want a port", "10.0.0.9:4822 - -"},
		{"scheduler", "ONE_XMLRPC = \"ftp://x\"", ":1:1: the endpoint of oned", "- " + DefaultEndpoint + " -"},
		{"oned", "PORT = x", ":1:1: PORT is not a number", DefaultEndpoint + " " + DefaultEndpoint + " -"},
		{"flow", "\x00", "is not a text", "127.0.0.1:2474 " + DefaultEndpoint + " -"},
	} {
		file := filepath.Join(t.TempDir(), "conf")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := service(t, c.service).Settings(file)
		if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "not-to-be-seen") {
			t.Errorf("%s: %.40q: error %v, want %q", c.service, c.text, err, c.says)
		}
		if got.words() != c.want {
			t.Errorf("%s: %.40q: %s, want %s", c.service, c.text, got.words(), c.want)
		}
	}
}

func TestSettingsLenient(t *testing.T) {
	for _, c := range []struct{ service, text, want string }{
		{"flow", "", "127.0.0.1:2474 " + DefaultEndpoint + " -"},
		{"flow", "# nothing\n", "127.0.0.1:2474 " + DefaultEndpoint + " -"},
		{"flow", "- a\n- b\n", "127.0.0.1:2474 " + DefaultEndpoint + " -"},
		{"flow", "---\n:port: 1\n:port: 2\n", "127.0.0.1:2 " + DefaultEndpoint + " -"},
		{"flow", ":host:\n:port: \"7\" # seven\n", "127.0.0.1:7 " + DefaultEndpoint + " -"},
		{"flow", ":log:\n  :port: 9\n:port: 8\r\n", "127.0.0.1:8 " + DefaultEndpoint + " -"},
		{"flow", ":log: {:level: 2}\n:port: 11\n:password: 'a\n", "127.0.0.1:11 " + DefaultEndpoint + " -"},
		{"flow", ":a:\n\t:port: 9\n:text: |\n  :port: 9\n :port: 10\n:port:   12   # x\n---\n:port: 13\n", "127.0.0.1:12 " + DefaultEndpoint + " -"},
		{"gate", ":server: {:bind: '10.0.0.3', :port: 6}\n:port: 7\n", "10.0.0.3:6 " + DefaultEndpoint + " -"},
		{"gate", "\ufeff:server:\n # x\n    :tls:\n      :port: 1\n    :port: 6\n", "127.0.0.1:6 " + DefaultEndpoint + " -"},
		{"gate", ":server:\n:port: 7\n", "127.0.0.1:7 " + DefaultEndpoint + " -"},
		{"fireedge", "\"port\" : 9\n", "127.0.0.1:9 " + DefaultEndpoint + " -"},
		{"fireedge", "host: ~\nport: null\n", "127.0.0.1:2616 " + DefaultEndpoint + " -"},
		{"flow", "port: 9\n", "127.0.0.1:2474 " + DefaultEndpoint + " -"}, // a string is no symbol to Ruby
		{"fireedge", "port: 9\nhost: ::\n", "[::1]:9 " + DefaultEndpoint + " -"},
		{"novnc", ":vnc_proxy_port: 30000\n:vnc_proxy_support_wss: yes\n", "127.0.0.1:30000 - -"},
		{"novnc", ":vnc_proxy_port: \"[::1]:30000\"\n", "[::1]:30000 - -"},
		{"guacd", "OPTS=-b::1\n", "[::1]:4822 - -"},
		{"guacd", "OPTS='-l 5000 -C /cert -K /key'", "localhost:5000(tls) - -"},
		{"guacd", "OPTS=-l 1\nOPTS=\"-f\"\n", "localhost:4822 - -"},
	} {
		got, err := service(t, c.service).parseSettings("conf", c.text)
		if err != nil || got.words() != c.want {
			t.Errorf("%s: %q: %s, %v, want %s", c.service, c.text, got.words(), err, c.want)
		}
	}
}

func TestEndpointIsLocal(t *testing.T) {
	for host, want := range map[string]bool{"127.0.0.1": true, "::1": true, "localhost": true, "127.9.9.9": true, "192.0.2.7": false, "one.example": false} {
		if got := endpointOf(host, 1).local(); got != want {
			t.Errorf("%s is local: %t", host, got)
		}
	}
}

// A YAML library reads the same out of files in the forms that are shipped.
func TestYAMLAgreesWithALibrary(t *testing.T) {
	files, _ := filepath.Glob("testdata/etc/*/*-server.conf")
	if len(files) < 5 {
		t.Fatalf("%d fixtures", len(files))
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// The library takes no Ruby symbols as keys inside braces.
		text := strings.ReplaceAll(string(b), "{:level: 2, :system: 'file'}", "{level: 2, system: 'file'}")
		var tree map[string]any
		if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		want := map[string]string{}
		for key, v := range tree {
			nested, isMap := v.(map[string]any)
			for k, v := range nested {
				want[key+"/"+k] = fmt.Sprint(v)
			}
			if _, isList := v.([]any); !isMap && !isList && v != nil {
				want[key] = fmt.Sprint(v)
			}
		}
		got := map[string]string{}
		words, mistakes := parseYAML(text)
		for key, w := range words {
			if w.text != "" {
				got[key] = w.text
			}
		}
		delete(got, "api_timeout") // 45_000 is a number to the library
		delete(want, "api_timeout")
		for key := range want { // what lies deeper
			if strings.HasPrefix(want[key], "map[") {
				delete(want, key)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || len(mistakes) > 0 {
			t.Errorf("%s: %v\n%s", file, mistakes, diff)
		}
	}
}

func FuzzYAML(f *testing.F) {
	f.Add(":server:\n  :bind: 'a''b' # c\n  :port: \"1\"\n")
	f.Add("---\na: {b: 1, c: 'x'}\n- x\n}\n%Y\n")
	f.Fuzz(func(t *testing.T, text string) {
		words, mistakes := parseYAML(text)
		lines := strings.Count(text, "\n") + 1
		for key, w := range words {
			if w.line < 1 || w.line > lines || w.column < 1 || w.column > len(text)+1 || len(w.text) > len(text) {
				t.Errorf("%q: %+v in %d lines", key, w, lines)
			}
		}
		for _, m := range mistakes {
			if m.line < 1 || m.line > lines || m.column < 1 {
				t.Errorf("%+v in %d lines", m, lines)
			}
		}
	})
}

func FuzzSettings(f *testing.F) {
	files, err := filepath.Glob("testdata/etc/*/*")
	if err != nil || len(files) == 0 {
		f.Fatalf("%d fixtures, %v", len(files), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for i := range Services {
			f.Add(i, string(b))
		}
	}
	f.Fuzz(func(t *testing.T, row int, text string) {
		s := Services[uint(row)%uint(len(Services))]
		got, _ := s.parseSettings("f", text)
		if (got.Endpoint == Endpoint{}) != (s.Port == 0) || (got.Oned == Endpoint{}) != (!s.asksOned && s.asked != asOned) {
			t.Errorf("%s: %s", s.Name, got.words())
		}
		if e := got.Endpoint; s.Port != 0 && (strings.HasSuffix(e.address, ":0") || !strings.Contains(e.address, ":")) {
			t.Errorf("%s: %s", s.Name, e)
		}
	})
}
