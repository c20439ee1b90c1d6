package ocf_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/oneha/oneha/ocf"
)

var manual = ocf.Manual{Provider: "desk", Package: "desktop 2.1", Date: "2026-02-03", SeeAlso: []string{"ocf_desk_chair(7)"}}

// odd is a text that means something else to roff.
const odd = ".hidden 'quoted' `so` ^~ \\fBnot bold\\fR -- \u00e9\u2192"

// lampWithManual declares all that a manual page can say.
func lampWithManual() ocf.Agent {
	a := new(lamp).agent()
	a.Long += "\n\n" + odd
	deepest := a.Actions[len(a.Actions)-1]
	deepest.Depth, deepest.Interval, deepest.OnRequest = 20, 300e9, true
	a.Actions = append(a.Actions, deepest)
	return a
}

func TestManPage(t *testing.T) {
	golden(t, "lamp.7", string(lampWithManual().ManPage(manual)))
}

// What people read comes out as it was declared, and the tools find no fault.
func TestManPageIsTaken(t *testing.T) {
	found := false
	for _, args := range [][]string{
		{"groff", "-man", "-Tutf8", "-ww", "-P-cbou"},
		{"mandoc", "-Tlint", "-Wstyle"},
	} {
		if _, err := exec.LookPath(args[0]); err != nil {
			continue
		}
		found = true
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Stdin = bytes.NewReader(lampWithManual().ManPage(manual))
		var out, warnings strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &warnings
		if err := cmd.Run(); err != nil || warnings.Len() > 0 || args[0] == "mandoc" && out.Len() > 0 {
			t.Errorf("%v: %v\n%s%s", args, err, warnings.String(), out.String())
		}
		page := strings.Join(strings.Fields(out.String()), " ")
		for _, text := range []string{odd, "socket (string, required, unique, for example wall 3)", `lamp \ socket='wall 3' \ op start`, "ocf-tester(8)"} {
			if args[0] == "groff" && !strings.Contains(page, text) {
				t.Errorf("%q is not on the page:\n%s", text, out.String())
			}
		}
	}
	switch {
	case found:
	case os.Getenv("CI") == "true":
		t.Fatal("neither groff nor mandoc is here: apt-get install groff-base")
	default:
		t.Skip("neither groff nor mandoc is here")
	}
}

func TestManPageNamesRequiredParametersWithoutExample(t *testing.T) {
	a := new(lamp).agent()
	a.Params[0].Example = ""
	if page := string(a.ManPage(manual)); strings.Count(page, "socket=SOCKET") != 2 {
		t.Error(page)
	}
}

var (
	roffMacro  = regexp.MustCompile(`^\.(TH|SH|PP|IP|TP|RS|RE|nf|fi|nh|ad l|ss 12 0)( ".*")?$`)
	roffSpoken = regexp.MustCompile(`\\(e|-|&|f[BR]|\(aq|\(dq|\(ga|\(ha|\(ti|\[u[0-9A-F]{4,6}\])`)
)

// FuzzManPage declares an agent of any texts: none of them becomes a request or
// an escape sequence, and each is on the page.
func FuzzManPage(f *testing.F) {
	f.Add("name", ".so /etc/passwd", "'br\n.br", `\n \fB \\ \`, "it's")
	f.Add("a b", "\x00\x1f\x7f\u0080", "\xff\xfe", "-x \u00e9\U0010FFFF", `"q"`)
	f.Fuzz(func(t *testing.T, name, short, long, value, alias string) {
		page := string(ocf.Agent{
			Name: name, Short: short, Long: long,
			Params: []ocf.Param{{Name: name, Type: ocf.String, Default: value, Example: value, Aliases: []string{alias}, Short: short, Long: long}},
		}.ManPage(ocf.Manual{Provider: name, Package: value, Date: alias}))
		for line := range strings.Lines(page) {
			line = strings.TrimSuffix(line, "\n")
			if strings.HasPrefix(line, "'") || strings.HasPrefix(line, ".") && !roffMacro.MatchString(line) {
				t.Errorf("not a macro of ours: %q", line)
			}
			if strings.Contains(roffSpoken.ReplaceAllString(line, ""), `\`) {
				t.Errorf("not an escape of ours: %q", line)
			}
			if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r >= utf8.RuneSelf }) {
				t.Errorf("not ASCII: %q", line)
			}
		}
	})
}
