package one

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The bodies in testdata came from a real oned 6.10.5 over the wire.
func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAnswersOfARealOned(t *testing.T) {
	for _, c := range []struct {
		file    string
		want    string
		code    int // of the APIError
		fault   int
		message string
	}{
		{file: "system_version_ok", want: "6.10.5"},
		{file: "raftstatus_solo", want: "<RAFT><SERVER_ID>-1</SERVER_ID><STATE>0</STATE>"},
		{file: "system_version_badpw", code: CodeAuthentication, message: "credentials are wrong, or oned has lost its database"},
		{file: "dbdown_one.system.version", code: CodeAuthentication, message: "lost its database"},
		{file: "survivor_one.system.version", code: CodeInternal, message: "election mode"},
		{file: "nomethod", fault: -506, message: "'one.foo.bar' not defined"},
		{file: "system_version_noarg", fault: -501, message: "Not enough parameters"},
	} {
		t.Run(c.file, func(t *testing.T) {
			got, err := answer(read(t, c.file))
			var refusal *APIError
			var fault *Fault
			switch {
			case c.code != 0:
				if !errors.As(err, &refusal) || refusal.Code != c.code {
					t.Fatalf("error %v, want an APIError with code %d", err, c.code)
				}
			case c.fault != 0:
				if !errors.As(err, &fault) || fault.Code != c.fault {
					t.Fatalf("error %v, want fault %d", err, c.fault)
				}
			case err != nil:
				t.Fatal(err)
			case !strings.HasPrefix(got, c.want):
				t.Fatalf("got %q, want it to begin with %q", got, c.want)
			}
			if err != nil && !strings.Contains(err.Error(), c.message) {
				t.Errorf("error %q does not say %q", err, c.message)
			}
		})
	}
}

func TestMalformedAnswersAreErrors(t *testing.T) {
	const open, end = "<methodResponse><params><param><value><array><data>", "</data></array></value></param></params></methodResponse>"
	for name, body := range map[string]string{
		"empty":             "",
		"not XML":           "nonsense",
		"other document":    "<html/>",
		"no value":          "<methodResponse/>",
		"no array":          "<methodResponse><params><param><value><string>x</string></value></param></params></methodResponse>",
		"short array":       open + "<value><boolean>1</boolean></value>" + end,
		"no boolean":        open + strings.Repeat("<value><string>1</string></value>", 3) + end,
		"code is no number": open + "<value><boolean>0</boolean></value><value><string>m</string></value><value><i4>many</i4></value>" + end,
		"cut off":           string(read(t, "system_version_ok")[:150]),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := answer([]byte(body))
			var refusal *APIError
			if err == nil || errors.As(err, &refusal) {
				t.Errorf("got %q, %v; want an error about the answer's form", got, err)
			}
		})
	}
}

func TestCallEscapesItsParameters(t *testing.T) {
	got := string(call("one.system.version", `a:<b>&"c`))
	if !strings.Contains(got, "<string>a:&lt;b&gt;&amp;&#34;c</string>") {
		t.Errorf("call is %s", got)
	}
}

func FuzzAnswer(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.xml")
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		text, err := answer(body)
		if err != nil && text != "" {
			t.Errorf("both a result %q and an error %v", text, err)
		}
	})
}
