package one

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func etc(release, file string) string { return filepath.Join("testdata", "etc", release, file) }

func TestReadOnedConfig(t *testing.T) {
	mysql := Database{Backend: "mysql", Server: "10.1.2.3", File: "/var/lib/one/one.db"}
	for release, want := range map[string]OnedConfig{
		"5.4":  {Port: 2633, Listen: "0.0.0.0", ServerID: -1, DB: mysql},
		"6.10": {Port: 2633, Listen: "::", ServerID: 0, LeaderHook: true, FollowerHook: true, DB: Database{Backend: "sqlite", Server: "localhost", File: "/var/lib/one/one.db"}},
		"7.4":  {Port: 2633, Listen: "10.3.4.2", ServerID: -1, DB: Database{Backend: "mysql", Server: "localhost", Port: 3307, File: "/var/lib/one/one.db"}},
	} {
		want.File = etc(release, "oned.conf")
		got, err := ReadOnedConfig(want.File)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", want.File, err, diff)
		}
	}
}

func TestOnedConfigMissing(t *testing.T) {
	c, err := ReadOnedConfig(filepath.Join(t.TempDir(), "oned.conf"))
	if !errors.Is(err, fs.ErrNotExist) || c.ServerID != -1 || c.Port != 2633 || c.Raft() != "" || c.Endpoint().String() != DefaultEndpoint {
		t.Errorf("%+v, %v", c, err)
	}
	if c, _ := parseOnedConfig("/opt/one/etc/oned.conf", ""); c.DB.File != "/opt/one/var/one.db" {
		t.Errorf("self-contained: %s", c.DB.File)
	}
	if c, _ := parseOnedConfig("/etc/one/oned.conf", ""); c.DB.File != "/var/lib/one/one.db" {
		t.Errorf("packages: %s", c.DB.File)
	}
}

func TestOnedEndpoint(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "http://127.0.0.1:2633/RPC2",
		"PORT=2700":                            "http://127.0.0.1:2700/RPC2",
		`LISTEN_ADDRESS = "10.3.4.2"`:          "http://10.3.4.2:2633/RPC2",
		`listen_address = "::"`:                "http://[::1]:2633/RPC2",
		`LISTEN_ADDRESS = "fd00::2"`:           "http://[fd00::2]:2633/RPC2",
		`LISTEN_ADDRESS = ""`:                  "http://127.0.0.1:2633/RPC2",
		"LISTEN_ADDRESS =\nPORT = 1":           "http://127.0.0.1:1/RPC2",
		"PORT = 1 # x\nPORT = 2":               "http://127.0.0.1:1/RPC2",
		"DB = [ PORT = 3306 ]":                 "http://127.0.0.1:2633/RPC2",
		"DB = [ A = 1\n PORT = 3306 ]\nX = 1":  "http://127.0.0.1:2633/RPC2", // a comma is missing
		"DB = [ A = 1,,\n PORT = 3 ]\nPORT=17": "http://127.0.0.1:17/RPC2",
	} {
		c, _ := parseOnedConfig("oned.conf", text)
		if got := c.Endpoint().String(); got != want {
			t.Errorf("%q is reached at %s, want %s", text, got, want)
		}
	}
}

func TestRaftInWords(t *testing.T) {
	for text, says := range map[string][]string{
		"":                              nil,
		"FEDERATION = [ SERVER_ID=-1 ]": nil,
		"FEDERATION = [ SERVER_ID=0 ]":  {"oned.conf", "SERVER_ID is 0"},
		"FEDERATION = [ server_id = \"2\", SERVER_ID = -1 ]": {"SERVER_ID is 2"},
		"RAFT_LEADER_HOOK = [ COMMAND = \"x\" ]":             {"RAFT_LEADER_HOOK is set"},
		"RAFT_FOLLOWER_HOOK = [ COMMAND = \"x\" ]":           {"RAFT_FOLLOWER_HOOK is set"},
		"RAFT_FOLLOWER_HOOK = [ ]":                           nil,
		"# RAFT_LEADER_HOOK = [\n#  COMMAND = x ]":           nil,
	} {
		c, mistakes := parseOnedConfig("/etc/one/oned.conf", text)
		got := c.Raft()
		if len(mistakes) > 0 || (got == "") != (says == nil) {
			t.Errorf("%q: %q, %v", text, got, mistakes)
		}
		for _, s := range says {
			if !strings.Contains(got, s) {
				t.Errorf("%q: %q does not say %q", text, got, s)
			}
		}
	}
}

func TestOnedConfigMistakesHaveAPlaceAndNoSecret(t *testing.T) {
	const password = "not-to-be-seen"
	for text, want := range map[string]string{
		"PORT = many":                       ":1:1: PORT is not a number",
		"PORT = 0":                          ":1:1: PORT is not a number",
		"\n  FEDERATION = 3":                ":2:3: FEDERATION is a single value",
		"FEDERATION = [ SERVER_ID = x ]":    ":1:16: SERVER_ID is not a number",
		"PORT = [ A = 1 ]":                  ":1:1: PORT is a vector",
		"DB = [ PASSWD = \"" + password:     ":1:17: the double quotes",
		"DB = [ PASSWD = " + password + ",": ":1:32: want a name",
		"DB = [\n  A = é " + password:       ":2:9: want , or ]",
		"PASSWD " + password:                ":1:8: want =",
		"A = [ B = 1, ]":                    ":1:14: want a name",
		"=":                                 ":1:1: want a name",
		"A = b c":                           ":1:8: want =",
		"A = ,":                             ":1:5: want a value",
	} {
		file := filepath.Join(t.TempDir(), "oned.conf")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadOnedConfig(file)
		if err == nil || !strings.HasPrefix(err.Error(), file+want) || strings.Contains(err.Error(), password) {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}

func TestTemplateGrammar(t *testing.T) {
	text := "a=1#c\nB = \"x\\\"y\n# no comment\" C = [ k = v , L = \"],=\",\n# comment\n M=\n ] d=/var/tmp/one\r\nE = [ ]\nF =\nG = 02:00"
	all, bad := parseTemplate(text)
	var got []string
	for _, a := range all {
		s := a.name + "=" + a.text
		for _, v := range a.vector {
			s += "|" + v.name + "=" + v.text
		}
		got = append(got, s)
	}
	want := []string{"A=1", "B=x\"y\n# no comment", "C=|K=v|L=],=|M=", "D=/var/tmp/one", "E=", "F=", "G=02:00"}
	if diff := cmp.Diff(want, got); diff != "" || bad != nil {
		t.Errorf("%v\n%s", bad, diff)
	}
}

func FuzzOnedConfig(f *testing.F) {
	for _, release := range []string{"5.4", "6.10", "7.4"} {
		b, err := os.ReadFile(etc(release, "oned.conf"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	f.Add("A = [ B = \"\\\"\", C = [ ] ]")
	f.Fuzz(func(t *testing.T, text string) {
		c, mistakes := parseOnedConfig("f", text)
		if c.Port < 1 || c.Port > 65535 || c.ServerID < -1 || c.DB.Port < 0 {
			t.Errorf("%+v", c)
		}
		lines := strings.Count(text, "\n") + 1
		for _, m := range mistakes {
			if m.line < 1 || m.line > lines || m.column < 1 || m.column > len(text)+1 {
				t.Errorf("%d lines: %+v", lines, m)
			}
		}
		all, _ := parseTemplate(text)
		for _, a := range all {
			if a.name == "" || a.name != strings.ToUpper(a.name) || a.offset >= len(text) {
				t.Errorf("%+v", a)
			}
		}
	})
}
