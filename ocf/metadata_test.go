package ocf_test

import (
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/oneha/oneha/ocf"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update rewrites it); got:\n%s", path, got)
	}
}

func TestRendered(t *testing.T) {
	a := new(lamp).agent()
	golden(t, "lamp.xml", string(a.Metadata()))
	golden(t, "lamp.md", a.Markdown())
	golden(t, "lamp.usage", call(t.Context(), a, vars{}, "usage").stdout)
}

func TestMetadataWithoutVersion(t *testing.T) {
	a := new(lamp).agent()
	a.Version = ""
	if got := string(a.Metadata()); !strings.Contains(got, "<resource-agent name=\"lamp\">\n<version>1.0</version>") {
		t.Error(got)
	}
}

func TestMetadataDoNotListWhatIsOnRequest(t *testing.T) {
	a := new(lamp).agent()
	deep := len(a.Actions) - 1
	listed := string(a.Metadata())
	a.Actions[deep].OnRequest = true
	got := string(a.Metadata())
	if strings.Count(listed, `name="monitor"`) != 2 || strings.Count(got, `name="monitor"`) != 1 {
		t.Errorf("metadata before:\n%s\nafter:\n%s", listed, got)
	}
	if err := a.Check(); err != nil {
		t.Error(err)
	}
}

func TestMetadataLeavesTheDeclarationAlone(t *testing.T) {
	a := new(lamp).agent()
	a.Actions = append(make([]ocf.Action, 0, 9), a.Actions...)
	a.Metadata()
	if extra := a.Actions[:len(a.Actions)+1][len(a.Actions)]; extra.Name != "" {
		t.Errorf("Metadata wrote %s behind the agent's actions", extra.Name)
	}
}

// document is metadata as a consumer reads it.
type document struct {
	Name   string `xml:"name,attr"`
	Long   string `xml:"longdesc"`
	Short  string `xml:"shortdesc"`
	Params []struct {
		Name    string `xml:"name,attr"`
		Long    string `xml:"longdesc"`
		Content struct {
			Default string `xml:"default,attr"`
		} `xml:"content"`
	} `xml:"parameters>parameter"`
}

// FuzzMetadata declares an agent of any texts: its metadata is well-formed and
// says what was declared.
func FuzzMetadata(f *testing.F) {
	f.Add("a & b", `<!-- " ]]> '`, "\t\r\n", "<![CDATA[")
	f.Add("\x00\x1f", "\xff\xfe", "\uFFFE\uFFFF\U0010FFFF", "&#0;")
	f.Fuzz(func(t *testing.T, name, short, long, value string) {
		got := ocf.Agent{
			Name: name, Short: short, Long: long,
			Params: []ocf.Param{{Name: name, Type: ocf.String, Default: value, Short: short, Long: long}},
		}.Metadata()
		if !utf8.Valid(got) {
			t.Fatalf("not UTF-8: %q", got)
		}
		var doc document
		dec := xml.NewDecoder(strings.NewReader(string(got)))
		if err := dec.Decode(&doc); err != nil {
			t.Fatalf("%v\n%s", err, got)
		}
		if _, err := dec.Token(); err != nil && err != io.EOF { // the newline, or the end
			t.Fatalf("after the document: %v", err)
		}
		p := doc.Params[0]
		for what, pair := range map[string][2]string{
			"name": {doc.Name, name}, "shortdesc": {doc.Short, short}, "longdesc": {doc.Long, long},
			"parameter": {p.Name, name}, "parameter longdesc": {p.Long, long}, "default": {p.Content.Default, value},
		} {
			if want := representable(pair[1]); pair[0] != want {
				t.Errorf("%s is %q, want %q", what, pair[0], want)
			}
		}
	})
}

// representable replaces the characters that XML 1.0 does not have.
func representable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return utf8.RuneError
		}
		return r
	}, s)
}
