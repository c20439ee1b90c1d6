package confedit

import (
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/diag"
)

// mistakes are texts that oned refuses, or reads otherwise than they look, and the
// finding for each.
var mistakes = []struct {
	text     string
	severity diag.Severity
	want     string
}{
	{"A = 1\nX = [ A = 1, ]\n", diag.Error, "x:2:12: error: there is nothing between this comma and the ] of X; remove the comma"},
	{"X = [\n  A = 1\n  B = 2 ]\n", diag.Error, "x:3:3: error: there is no comma after the value of A in X; put a comma there; a value with blanks needs double quotes"},
	{"X = [ A =\n 1 ]\n", diag.Error, `x:1:7: error: A in X has no value on its line; write A = ""`},
	{"X = [ A = [ B = 1 ] ]\n", diag.Error, "x:1:11: error: A in X is a vector, which oned does not take inside of another; put the value in double quotes"},
	{"X = [ A = 1\n", diag.Error, "x:1:5: error: the vector X that opens here is not closed; write its ], and look for double quotes that are not closed"},
	{"X = [ A = 1, B\n", diag.Error, `x:1:14: error: there is no = after the word that stands here; write NAME = "value"`},
	{"X = [ A = 1 = 2 ]\n", diag.Error, "x:1:13: error: there is an = after the value of A in X; put the value in double quotes"},
	{"é = 1\n", diag.Error, "x:1:3: error: there is no name before this =; write a name of letters, digits and _, or put the value that the = belongs to in double quotes"},
	{"A = 1 ]\n", diag.Error, "x:1:7: error: this ] closes nothing; remove it, or write the [ of its vector"},
	{"A = 1, 2\n", diag.Error, "x:1:6: error: there is no attribute before this comma; remove the comma, or put what it stands in into double quotes"},
	{"A = foo bar\n", diag.Error, "x:1:9: error: there is no = after the word that stands here; if this belongs to the value of A, put that value in double quotes"},
	{"A", diag.Error, `x:1:1: error: there is no = after the word that stands here; write NAME = "value"`},
	{"B = 1\nA = ", diag.Error, "x:2:1: error: A has no value, and the file ends; write its value, or end its line"},
	{"A = \"x\n", diag.Warning, ""},
	{"A = \"x y\n", diag.Error, "x:1:8: error: there is no = after the word that stands here; if this belongs to the value of A, put that value in double quotes"},
	{"A = \"x ]]> y\"\nB = 2\n", diag.Error, "x:1:5: error: there is ]]> in the line of A: oned stops reading here without a word and takes its defaults for whatever follows; take ]]> out of the line"},
	{"X = [ A = 1,\nB = 2 ]]>\n", diag.Error, "x:2:5: error: there is ]]> in the line of B in X; take ]]> out of the line"},
	{"A = \x00\n", diag.Error, "x:1:5: error: there is a zero byte, at which oned ends a value; remove it"},
	{"A = 1\n# B = 2", diag.Warning, "x:2:1: warning: the file ends in a comment without the end of its line, and oned reads the comment's words as configuration; end the line"},
	{"A = # c\n", diag.Warning, `x:1:5: warning: oned passes over "# " here and goes on behind it; remove it; a value that has any of = # , [ ] or blanks needs double quotes`},
	{"A = 1\n- B = 2\n", diag.Warning, `x:2:1: warning: oned passes over "-" here and goes on behind it; remove it; a value that has any of = # , [ ] or blanks needs double quotes`},
	{"A = 1\r\nB = \"2\"\r\n", diag.Warning, `x:1:6: warning: this line ends with a carriage return, which oned takes for a part of the value, and keeps the quotes of a value before it; end the lines with a line feed alone, as by sed -i 's/\r$//'`},
	{"PORT = 1\nPort = 2\n", diag.Warning, "x:2:1: warning: PORT is given twice; oned takes the first, in line 1; keep one of them"},
	{"V = [ A = 1, a = 2 ]\n", diag.Warning, "x:1:14: warning: A is given twice in V; oned takes the first; keep one of them"},
	{"VM_MAD = [ NAME = a ]\nVM_MAD = [ NAME = b ]\n", diag.Warning, ""},
}

func TestFindings(t *testing.T) {
	for _, test := range mistakes {
		f, findings := Parse("x", []byte(test.text))
		switch {
		case test.want == "":
			if len(findings) > 0 {
				t.Errorf("%q: %v", test.text, findings)
			}
			continue
		case len(findings) == 0 || findings[len(findings)-1].String() != test.want || findings[len(findings)-1].Severity != test.severity:
			t.Errorf("%q:\n got %v\nwant %s", test.text, findings, test.want)
		}
		if strings.HasPrefix(test.text, "A = 1\n#") {
			if edit := f.Set("1", "NEW"); edit == nil || !strings.Contains(edit.Error(), "end that line") {
				t.Errorf("%q: %v, but whatever ends that line takes B away", test.text, edit)
			}
			continue
		}
		for _, edit := range []error{f.Set("1", "NEW"), f.SetVector("NEW2", Pair{"A", "1"}), f.Remove("NEW")} {
			if refused := test.severity == diag.Error; refused != (edit != nil) {
				t.Errorf("%q: refused is %v, but %v", test.text, refused, edit)
			}
		}
	}
}

func TestFindingsShowNoSecret(t *testing.T) {
	for _, text := range []string{
		"DB = [ BACKEND = mysql, PASSWD = very secret ]\n", "DB = [ PASSWD = very=secret ]\n", "DB = [ PASSWD = \"very secret ]\n", "DB = [ PASSWD = very secret = ]\n",
		"PASSWD = very secret\n", "DB = [ PASSWD = \"very]]>secret\" ]\n",
	} {
		_, findings := Parse("x", []byte(text))
		if !findings.HasErrors() {
			t.Errorf("%q was taken", text)
		}
		for _, f := range findings {
			if strings.Contains(f.String(), "secret") {
				t.Errorf("%q: %s", text, f)
			}
		}
	}
}

func TestTooLarge(t *testing.T) {
	f, findings := Parse("x", []byte(strings.Repeat("#\n", maxSize)))
	if !findings.HasErrors() || f.Set("1", "A") == nil {
		t.Errorf("%v", findings)
	}
}
