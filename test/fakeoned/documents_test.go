package fakeoned

import (
	"encoding/xml"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func text(s string) string { return "<string>" + escaped.Replace(s) + "</string>" }

// table is a oned that has the documents in a directory.
func table(t *testing.T, dir string) api {
	t.Helper()
	d, err := openDocuments(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	a := oned(switches{})
	a.own = d.methods()
	return a
}

func (a api) ask(t *testing.T, request string) string {
	t.Helper()
	return a.answer(t.Context(), strings.NewReader(request))
}

func TestDocuments(t *testing.T) {
	dir := t.TempDir()
	a := table(t, dir)
	// The envelope of a number was captured with another method.
	captured := strings.Replace(yield("<i4>1</i4>"), "<i4>1</i4>", "<i4>%</i4>", 1)
	for id, template := range []string{`NAME="first"`, "NAME = \"a<&>b\"\n\nNUMBER=\"17\"\n", ""} {
		want := strings.Replace(captured, "%", string(rune('0'+id)), 1)
		if got := a.ask(t, rpc("one.document.allocate", good, text(template), integer(id%2))); got != want {
			t.Errorf("got\n%q, want\n%q", got, want)
		}
	}
	for _, a := range []api{a, table(t, dir)} { // also after a start
		var d struct {
			XMLName xml.Name `xml:"DOCUMENT"`
			ID      int
			Name    string `xml:"NAME"`
			Type    int    `xml:"TYPE"`
			Number  string `xml:"TEMPLATE>NUMBER"`
		}
		if err := xml.Unmarshal([]byte(document(t, a, rpc("one.document.info", good, integer(1)))), &d); err != nil || d.Name != "a<&>b" || d.Type != 1 || d.Number != "17" || d.ID != 1 {
			t.Errorf("%v: %+v", err, d)
		}
		for request, want := range map[string]string{
			rpc("one.documentpool.info", good, any2, any1, any1, integer(0)):             "document-2 first",
			rpc("one.documentpool.info", good, any2, integer(0), integer(1), integer(0)): "first",
			rpc("one.documentpool.info", good, any2, integer(1), any1, integer(0)):       "document-2",
			rpc("one.documentpool.info", good, any2, integer(1), integer(9), integer(1)): "a<&>b",
			rpc("one.documentpool.info", good, any2, integer(7), integer(9), integer(1)): "",
		} {
			var pool struct {
				XMLName xml.Name `xml:"DOCUMENT_POOL"`
				Names   []string `xml:"DOCUMENT>NAME"`
			}
			err := xml.Unmarshal([]byte(document(t, a, request)), &pool)
			if got := strings.Join(pool.Names, " "); err != nil || got != want {
				t.Errorf("got %q, want %q: %v", got, want, err)
			}
		}
	}
	for request, want := range map[string]string{
		rpc("one.document.info", good, integer(3)):                                                         "[one.document.info] Error getting document [3].",
		rpc("one.document.info", good, any1):                                                               "[one.document.info] Error getting document [-1].",
		rpc("one.document.info", good):                                                                     notEnough,
		rpc("one.document.allocate", good, text(`NAME="x`), integer(0)):                                    "Cannot parse template.",
		rpc("one.document.allocate", good, text(""), text("x")):                                            "Parameter 2 is not an integer",
		rpc("one.documentpool.info", good, any2, any1, text("x"), any1):                                    "Parameter 3 is not an integer",
		rpc("one.document.allocate", good, text(`NAME="`+strings.Repeat("x", 129)+`"`), integer(0)):        "NAME is too long",
		rpc("one.document.allocate", good, text(`TEXT="`+strings.Repeat("x", recordSize)+`"`), integer(0)): "has room for",
		rpc("one.document.allocate", text("nobody:x"), text(""), integer(0)):                               "User couldn't be authenticated",
	} {
		if got := a.ask(t, request); !strings.Contains(got, want) || strings.Contains(got, "<boolean>1</boolean>") {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if got := a.ask(t, rpc("one.document.allocate", good, text(""), integer(0))); !strings.Contains(got, "<i4>3</i4>") {
		t.Errorf("what was refused took an ID: %s", got)
	}
}

// A record that is not whole is none, and the next document comes behind it.
func TestDocumentCutOff(t *testing.T) {
	dir := t.TempDir()
	a := table(t, dir)
	for range 2 {
		a.ask(t, rpc("one.document.allocate", good, text(""), integer(0)))
	}
	if err := os.Truncate(filepath.Join(dir, DocumentsName), recordSize+recordSize/2); err != nil {
		t.Fatal(err)
	}
	a = table(t, dir)
	if got := a.ask(t, rpc("one.document.info", good, integer(1))); !strings.Contains(got, "Error getting document [1]") {
		t.Errorf("half a document is one: %s", got)
	}
	if got := a.ask(t, rpc("one.document.allocate", good, text(""), integer(0))); !strings.Contains(got, "<i4>2</i4>") {
		t.Error(got)
	}
	document(t, a, rpc("one.document.info", good, integer(0)))
	document(t, a, rpc("one.document.info", good, integer(2)))
}

// What was acknowledged outlives the process, and of two at once one loses.
func TestDocumentsOfProcesses(t *testing.T) {
	s := newSite(t)
	a := s.start(t, "a")
	allocate := func(d *daemon, name, want string) {
		t.Helper()
		_, _, got := exchange(t, http.MethodPost, d.url, rpc("one.document.allocate", good, text(`NAME="`+name+`"`), integer(0)))
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	see := func(d *daemon, id int, want string) {
		t.Helper()
		_, _, got := exchange(t, http.MethodPost, d.url, rpc("one.document.info", good, integer(id)))
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	allocate(a, "a-0", "<i4>0</i4>")
	_ = a.end(t, syscall.SIGKILL)
	b := s.start(t, "b")
	see(b, 0, "a-0")
	late := s.start(t, "late")
	allocate(b, "b-1", "<i4>1</i4>")
	see(late, 1, "b-1")
	allocate(late, "late-1", "<i4>1</i4>")
	see(b, 1, "late-1")
	if err := SetMode(s.shared, Away); err != nil {
		t.Fatal(err)
	}
	allocate(b, "b-2", "couldn't be authenticated")
}
