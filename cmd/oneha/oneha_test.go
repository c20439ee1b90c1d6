package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/test/examples"
)

// The scripts run the program with a machine of their own: its files are those
// under $WORK/root.
func TestMain(m *testing.M) {
	cli.HelpFlag, cli.VersionFlag = sharedFlag{cli.HelpFlag.(*cli.BoolFlag)}, sharedFlag{cli.VersionFlag.(*cli.BoolFlag)}
	testscript.Main(patient{m}, map[string]func(){
		"oneha": func() {
			t := newTool(os.Stdin, os.Stdout, os.Stderr)
			t.root, t.syslog = os.DirFS(os.Getenv("WORK")+"/root"), nil
			t.machine = scriptMachine(os.Getenv("WORK"))
			code := t.run(context.Background(), os.Args)
			if file := os.Getenv("ONEHA_TEST_STATUS"); file != "" { // for tests of what it takes
				status, err := os.ReadFile("/proc/self/status")
				if err == nil {
					err = os.WriteFile(file, status, 0o600)
				}
				if err != nil {
					panic(err)
				}
			}
			os.Exit(code)
		},
	})
}

// sharedFlag makes commands that run side by side possible: the library has one --help and
// one --version for all, and each writes to them.
type sharedFlag struct{ *cli.BoolFlag }

func (f sharedFlag) Apply(set *flag.FlagSet) error {
	own := *f.BoolFlag
	return own.Apply(set)
}

// patient runs four tests at a time where there are fewer cores: those that say
// t.Parallel mostly wait.
type patient struct{ *testing.M }

func (m patient) Run() int {
	flag.Parse()
	if n, err := strconv.Atoi(flag.Lookup("test.parallel").Value.String()); err == nil && n < 4 {
		_ = flag.Set("test.parallel", "4")
	}
	return m.M.Run()
}

func TestScripts(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// exitcode N PROGRAM ARGS...: runs it and compares its exit code.
			"exitcode": func(ts *testscript.TestScript, _ bool, args []string) {
				code := "0"
				if err := ts.Exec(args[1], args[2:]...); err != nil {
					code = strings.TrimPrefix(err.Error(), "exit status ")
				}
				if code != args[0] {
					ts.Fatalf("%s: exit code %s, want %s", strings.Join(args[1:], " "), code, args[0])
				}
			},
			// mode PATTERN FILE: compares the permissions of a file.
			"mode": func(ts *testscript.TestScript, _ bool, args []string) {
				info, err := os.Stat(ts.MkAbs(args[1]))
				ts.Check(err)
				if got := info.Mode().String(); got != args[0] {
					ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
				}
			},
			// onlyfiles DIR NAMES...: DIR holds these and nothing else.
			"onlyfiles": func(ts *testscript.TestScript, _ bool, args []string) {
				entries, err := os.ReadDir(ts.MkAbs(args[0]))
				ts.Check(err)
				var names []string
				for _, e := range entries {
					names = append(names, e.Name())
				}
				want := append([]string(nil), args[1:]...)
				slices.Sort(want)
				if !slices.Equal(names, want) {
					ts.Fatalf("%s holds %q, want %q", args[0], names, want)
				}
			},
		},
	})
}

func TestFlagsFirst(t *testing.T) {
	commands := tool{}.app().Commands
	for _, test := range []struct{ args, want string }{
		{"oneha", "oneha"},
		{"oneha --help", "oneha --help"},
		{"oneha banana x -o y", "oneha banana x -o y"},
		{"oneha generate f -o d", "oneha generate -o d -- f"},
		{"oneha generate -o d f", "oneha generate -o d -- f"},
		{"oneha generate f --output d --format pcs", "oneha generate --output d --format pcs -- f"},
		{"oneha generate f --output=d", "oneha generate --output=d -- f"},
		{"oneha generate - -o d", "oneha generate -o d -- -"},
		{"oneha generate -o - f", "oneha generate -o - -- f"},
		{"oneha generate --no-local-files f", "oneha generate --no-local-files -- f"},
		{"oneha generate f -o", "oneha generate -o"}, // its value is missing, and the library says so
		{"oneha generate f -o d --help", "oneha generate --help"},
		{"oneha generate f -o --help", "oneha generate -o --help -- f"},
		{"oneha generate -x f", "oneha generate -x -- f"},
		{"oneha generate -- -f -o", "oneha generate -- -f -o"},
		{"oneha generate a -- b", "oneha generate -- a b"},
		{"oneha check f --json --strict", "oneha check --json --strict -- f"},
		{"oneha fence", "oneha fence --"},
		{"oneha fence --help", "oneha fence --help"},
		{"oneha fence off n --yes", "oneha fence off --yes -- n"},
		{"oneha fence off n -f d", "oneha fence off -f d -- n"},
		{"oneha fence -f d off n", "oneha fence off -f d -- n"},
		{"oneha fence -f d", "oneha fence --"},
		{"oneha fence -f d --help", "oneha fence --help"},
		{"oneha fence probe -f d", "oneha fence probe -f d --"},
		{"oneha fence probe -f", "oneha fence probe -f"},
		{"oneha fence off n --help", "oneha fence off --help"},
		{"oneha fence off -- --yes", "oneha fence off -- --yes"},
		{"oneha fence banana n", "oneha fence -- banana n"},
	} {
		args := strings.Fields(test.args)
		if got := strings.Join(flagsFirst(args, commands), " "); got != test.want {
			t.Errorf("%s: %s, want %s", test.args, got, test.want)
		}
		if strings.Join(args, " ") != test.args {
			t.Errorf("%s: the arguments were changed", test.args)
		}
	}
}

func TestColor(t *testing.T) {
	fs := diag.Findings{
		{File: "error: f", Line: 1, Column: 2, Severity: diag.Warning, What: "warning: w"},
		{File: "f", Line: 1, Column: 2, Severity: diag.Error, What: "w"},
	}
	var plain, color bytes.Buffer
	tool{stderr: &plain}.print(fs)
	tool{stderr: &color, color: true}.print(fs)
	if got, want := plain.String(), "error: f:1:2: warning: warning: w\nf:1:2: error: w\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := color.String(), "error: f:1:2: \x1b[1;33mwarning:\x1b[0m warning: w\nf:1:2: \x1b[1;31merror:\x1b[0m w\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if isTerminal(&plain) {
		t.Error("a buffer is no terminal")
	}
}

// When the last of the renames cannot work, none of the files arrives.
func TestWriteFilesIsAllOrNothing(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "out")
	if err := os.MkdirAll(filepath.Join(dir, "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	files := []cib.File{{Name: "a", Data: []byte("a"), Mode: 0o644}, {Name: "b", Data: []byte("b"), Mode: 0o644}}
	if err := writeFiles(dir, files); err == nil {
		t.Error("wrote over a directory")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
	// A name that cannot be written fails after the directories were made.
	if err := writeFiles(filepath.Join(parent, "x", "y"), []cib.File{files[0], {Name: "no/such", Mode: 0o644}}); err == nil {
		t.Error("wrote a file into a directory that is not there")
	}
	if _, err := os.Stat(filepath.Join(parent, "x")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory it made is still there: %v", err)
	}
}

// Every command has a help with an example, and every flag a text.
func TestHelp(t *testing.T) {
	called := map[*cli.Command]string{}
	for _, c := range (tool{}).app().Commands {
		called[c] = "oneha " + c.Name
		for _, sub := range c.Subcommands {
			called[sub] = "oneha " + c.Name + " " + sub.Name
		}
	}
	for c, name := range called {
		if c.Usage == "" || !strings.Contains(c.Description, name) {
			t.Errorf("%s: no usage or no example", name)
		}
		for _, f := range c.Flags {
			if d, ok := f.(cli.DocGenerationFlag); !ok || d.GetUsage() == "" {
				t.Errorf("%s %s: no text", c.Name, f.Names()[0])
			}
		}
	}
}

func TestNextNamesWhatWasWritten(t *testing.T) {
	for formats, want := range map[string]string{"all": "'o ut/runbook.md'", "pcs": "'o ut.yaml' --format runbook"} {
		f, err := formatsOf([]string{formats})
		if err != nil {
			t.Fatal(err)
		}
		if got := next("o ut", "o ut.yaml", f); !strings.Contains(got, want) {
			t.Errorf("%s: %s", formats, got)
		}
	}
}

// FuzzGenerate: what spec accepts, cib can say, and says the same way twice.
func FuzzGenerate(f *testing.F) {
	for _, file := range examples.Pacemaker(f, "../../examples") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, findings := spec.Parse("f", data)
		if findings.HasErrors() || c.Zone != nil || spec.CheckFormats(c, cib.Formats()).HasErrors() {
			return
		}
		one, err := cib.Generate(c)
		if err != nil && strings.Contains(err.Error(), "raw xml") {
			return // whose ids are the writer's own affair until they meet ours
		}
		if err != nil {
			t.Fatalf("accepted, but %v\n%s", err, data)
		}
		c, _ = spec.Parse("another name", data)
		two, err := cib.Generate(c)
		if err != nil || !slices.EqualFunc(one, two, func(a, b cib.File) bool { return a.Name == b.Name && bytes.Equal(a.Data, b.Data) }) {
			t.Fatalf("the second time is another: %v", err)
		}
	})
}
