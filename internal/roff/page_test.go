package roff_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/oneha/oneha/internal/roff"
)

// everything is a page with every kind of text, each of them given.
func everything(name, text, word string) []byte {
	p := roff.New(roff.Title{Name: name, Section: "8", Date: word, Package: text, Manual: text})
	p.Name(name, text)
	p.Section("DESCRIPTION")
	p.Text(text)
	p.Subsection(text)
	p.Fill(append(roff.Words(text), roff.Bold(word), roff.Italic(word))...)
	p.Paragraph()
	p.Text(word)
	p.Entry(roff.Bold(word), "("+roff.Italic(text)+")")
	p.Fill(roff.Bold(word))
	p.Break()
	p.EntryText(text)
	p.Section("EXAMPLES")
	p.Text("With parts:")
	p.Command(name, text, roff.NewLine, word)
	p.Paragraph()
	p.Text("With lines:")
	p.Literal(text, word)
	p.Section("SEE ALSO")
	p.References([]string{name + "(8)", word + "(7)"})
	return p.Bytes()
}

// odd is a text that means something else to roff.
const odd = ".hidden 'quoted' `so` ^~ \\fBnot bold\\fR -- \u00e9\u2192"

func TestTextComesOutAsItIs(t *testing.T) {
	if _, err := exec.LookPath("groff"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("groff is not here: apt-get install groff-base")
		}
		t.Skip("groff is not here: apt-get install groff-base")
	}
	cmd := exec.Command("groff", "-man", "-Tutf8", "-ww", "-rLL=80n", "-P-cbou")
	cmd.Stdin = strings.NewReader(string(everything("page", odd, "'word")))
	var out, warnings strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &warnings
	if err := cmd.Run(); err != nil || warnings.Len() > 0 {
		t.Errorf("%v: %s", err, warnings.String())
	}
	want := `NAME
       page - ODD

DESCRIPTION
       ODD

   ODD
       ODD 'word 'word

       'word

       'word (ODD)
              'word
              ODD

EXAMPLES
       With parts:

           page ODD \
               'word

       With lines:

           ODD
           'word

SEE ALSO
       page(8), 'word(7)
`
	if shown := out.String(); !strings.Contains(shown, strings.ReplaceAll(want, "ODD", odd)) {
		t.Errorf("got:\n%s", shown)
	}
}

func TestCommandKeepsPartsTogether(t *testing.T) {
	p := roff.New(roff.Title{Name: "x", Section: "8"})
	first := strings.Repeat("a", 40)
	parts := []string{first, "b c", strings.Repeat("d", 30), roff.NewLine, "e"}
	p.Command(parts...)
	want := "\n" + first + " b c \\e\n    " + parts[2] + " \\e\n    e\n.fi\n"
	if got := string(p.Bytes()); !strings.Contains(got, want) || parts[0] != first {
		t.Errorf("got %s", got)
	}
}

var (
	macros  = regexp.MustCompile(`^\.(TH|SH|SS|PP|IP|TP|RS|RE|nf|fi|br|nh|ad l|ss 12 0)( ".*")?$`)
	escapes = regexp.MustCompile(`\\(e|-|&|f[BIR]|\(aq|\(dq|\(ga|\(ha|\(ti|\[u[0-9A-F]{4,6}\])`)
)

// No text becomes a request or an escape sequence.
func FuzzPage(f *testing.F) {
	f.Add("name", ".so /etc/passwd", "'br\n.br")
	f.Add("a b", `\n \fB \\ \`, "it's")
	f.Add("\x00\x1f\x7f\u0080", "\xff\xfe", "-x \u00e9\U0010FFFF")
	f.Add(" .a", "\n\n'", `"q"`)
	f.Add("a(\x00", "b", "(\\fB")
	f.Fuzz(func(t *testing.T, name, text, word string) {
		for line := range strings.Lines(string(everything(name, text, word))) {
			line = strings.TrimSuffix(line, "\n")
			if strings.HasPrefix(line, "'") || strings.HasPrefix(line, ".") && !macros.MatchString(line) {
				t.Errorf("not a macro of ours: %q", line)
			}
			if strings.Contains(escapes.ReplaceAllString(line, ""), `\`) {
				t.Errorf("not an escape of ours: %q", line)
			}
			if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r >= utf8.RuneSelf }) {
				t.Errorf("not ASCII: %q", line)
			}
		}
	})
}
