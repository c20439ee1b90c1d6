package incident

import (
	"encoding/base64"
	"os"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	const noHost = `the host is neither an ID nor a document in base64: give the ID that onehost list has; the hook wants ARGUMENTS = "$TEMPLATE ..."`
	document := base64.StdEncoding.EncodeToString([]byte("<HOST><ID>7</ID><NAME>h</NAME><STATE>3</STATE><PREV_STATE>2</PREV_STATE></HOST>"))
	for _, test := range []struct {
		words string
		host  int
		want  Options
		err   string
	}{
		{document + " -m -p 5", 7, Options{Mode: Migrate, Pause: 5}, ""},
		{"-p 5 -m " + document, 7, Options{Mode: Migrate, Pause: 5}, ""},
		{"3 -r", 3, Options{Mode: Recreate, Pause: 2}, ""},
		{"3 -r -f -u -p0", 3, Options{Mode: Recreate, Force: true, NoFencing: true}, ""},
		{"3 -mfu", 3, Options{Mode: Migrate, Pause: 2, Force: true, NoFencing: true}, ""},
		{"-mfp 7 3", 3, Options{Mode: Migrate, Pause: 7, Force: true}, ""},
		{"3 -m -d -r -d", 3, Options{Mode: Delete, Pause: 2}, ""},
		{"3 --migrate --pause 1 --no-fencing --force", 3, Options{Mode: Migrate, Pause: 1, Force: true, NoFencing: true}, ""},
		{"3 --delete --pause=9 --anew", 3, Options{Mode: Delete, Pause: 9, Anew: true}, ""},
		{"3 --recreate", 3, Options{Mode: Recreate, Pause: 2}, ""},
		{"3 -p 5", 3, Options{Pause: 5}, "Exiting. A mode must be supplied."},
		{"3 -m -x", 3, Options{Mode: Migrate, Pause: 2}, "invalid option -- x"},
		{"3 -m --banana", 3, Options{Mode: Migrate, Pause: 2}, "unrecognized option `--banana'"},
		{"3 -m -p", 3, Options{Mode: Migrate, Pause: 2}, "option requires an argument -- p"},
		{"3 -m --pause", 3, Options{Mode: Migrate, Pause: 2}, "option `--pause' requires an argument"},
		{"3 -m --pause=", 3, Options{Mode: Migrate, Pause: 2}, `-p "" is no number of cycles from 0 to 1440`},
		{"3 --mig --no-f --f --pau 1", 3, Options{Mode: Migrate, Pause: 1, NoFencing: true, Force: true}, ""},
		{"3 --migrate=1", 3, Options{Pause: 2}, "option `--migrate' doesn't allow an argument"},
		{"3 -m --=x", 3, Options{Mode: Migrate, Pause: 2}, "unrecognized option `--'"},
		{"-m -- 3 -d", 3, Options{Mode: Migrate, Pause: 2}, ""},
		{"-m -", -1, Options{Mode: Migrate, Pause: 2}, noHost},
		{"3 -m -p 1440", 3, Options{Mode: Migrate, Pause: 1440}, ""},
		{"3 -m -p 1441", 3, Options{Mode: Migrate, Pause: 2}, `-p "1441" is no number of cycles from 0 to 1440`},
		{"3 -m -p -1", 3, Options{Mode: Migrate, Pause: 2}, `-p "-1" is no number of cycles from 0 to 1440`},
		{"3 -m -p five", 3, Options{Mode: Migrate, Pause: 2}, `-p "five" is no number of cycles from 0 to 1440`},
		{"-m", -1, Options{Mode: Migrate, Pause: 2}, "no host is given: neither its ID nor its document in base64"},
		{"h0 -m", -1, Options{Mode: Migrate, Pause: 2}, noHost},
		{"kvm1 -m", -1, Options{Mode: Migrate, Pause: 2}, noHost}, // which is base64
	} {
		e, err := Parse(Words(nil, test.words))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if e.Host != test.host || e.Options != test.want || got != test.err {
			t.Errorf("%s: %+v %q", test.words, e, got)
		}
	}
	if e, _ := Parse([]string{document, "-m"}); e.Before != 2 || e.Text == "" {
		t.Errorf("%+v", e)
	}
	if e, _ := Parse([]string{"3", "-m"}); e.Before != -1 || e.Text != "" {
		t.Errorf("%+v", e)
	}
}

// What is not the document of a host must not be taken for one: a hook for RESOURCE=VM
// would have the host with the machine's number fenced.
func TestParseOfAnotherDocument(t *testing.T) {
	bomb := `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><HOST><ID>3</ID><NAME>&b;</NAME></HOST>`
	for name, document := range map[string]string{
		"a machine": "<VM><ID>3</ID><NAME>vm</NAME></VM>", "no ID": "<HOST><NAME>kvm1</NAME></HOST>", "a bad ID": "<HOST><ID>-3</ID></HOST>",
		"an empty ID": "<HOST><ID></ID></HOST>", "nothing": "", "half": "<HOST><ID>3</ID>", "entities": bomb,
		"deep": strings.Repeat("<HOST>", 200000),
	} {
		if e, err := Parse([]string{base64.StdEncoding.EncodeToString([]byte(document)), "-m"}); err == nil || e.Host != -1 {
			t.Errorf("%s is host %d: %v", name, e.Host, err)
		}
	}
}

func FuzzEvent(f *testing.F) {
	f.Add("3 -m -p 5", "")
	f.Add("-mfp 7", "<HOST><ID>7</ID><NAME>h</NAME><PREV_STATE>2</PREV_STATE></HOST>")
	f.Fuzz(func(t *testing.T, words, document string) {
		all := strings.Fields(words)
		if document != "" {
			all = append(all, base64.StdEncoding.EncodeToString([]byte(document)))
		}
		e, err := Parse(all)
		if err == nil && (e.Host < 0 || e.Options.Mode == "" || e.Options.Pause < 0 || e.Options.Pause > maxPause) {
			t.Errorf("%q: %+v", all, e)
		}
	})
}

// What a real hook manager of 6.10.5 wrote to a hook's standard input.
func TestParseOfARealHookManager(t *testing.T) {
	text, err := os.ReadFile("testdata/hook.stdin")
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(string(text), "\n") {
		t.Fatal("the capture has a line break that the real one has not")
	}
	e, err := Parse(Words(nil, string(text)))
	if err != nil || e.Host != 0 || e.Before != 2 || e.Options != (Options{Mode: Migrate, Pause: 5, NoFencing: true}) {
		t.Errorf("%+v %v", e, err)
	}
}
