package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneha/oneha/agents"
	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/version"
	"github.com/oneha/oneha/ocf"
)

// asMain makes the test binary behave as the command itself, under the name
// that it is called by.
const asMain = "OCF_OPENNEBULA_TEST_AS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
	}
	os.Exit(m.Run())
}

// run calls the command through a link called name, with no parameter in its
// environment.
func run(t *testing.T, name string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), link, args...)
	cmd.Env = []string{asMain + "=1", "GOCOVERDIR=" + t.TempDir()}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestDeclarations(t *testing.T) {
	names := []string{"vip"}
	for _, s := range one.Services {
		names = append(names, s.Name)
	}
	var got []string
	for _, a := range agents.All() {
		got = append(got, a.Name)
		if err := a.Check(); err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(got, names) {
		t.Errorf("agents %v, want %v", got, names)
	}
	if _, ok := agents.Named("ocf-opennebula"); ok {
		t.Error("the binary's own name is an agent's")
	}
}

func TestMetadataByEitherName(t *testing.T) {
	for _, a := range agents.All() {
		code, byLink, stderr := run(t, a.Name, "meta-data")
		if code != 0 || stderr != "" || byLink != string(a.Metadata()) {
			t.Errorf("%s meta-data: code %d, stderr %q, stdout:\n%s", a.Name, code, stderr, byLink)
		}
		if err := xml.Unmarshal([]byte(byLink), new(struct{})); err != nil {
			t.Errorf("%s meta-data: %v", a.Name, err)
		}
		code, byWord, stderr := run(t, "ocf-opennebula", a.Name, "meta-data")
		if code != 0 || stderr != "" || byWord != byLink {
			t.Errorf("ocf-opennebula %s meta-data: code %d, stderr %q, stdout:\n%s", a.Name, code, stderr, byWord)
		}
	}
}

// The contract's answers come before anything of the agent runs, so they hold
// on any machine.
func TestContract(t *testing.T) {
	for _, a := range agents.All() {
		if code, _, _ := run(t, a.Name); code != int(ocf.ArgsCode) {
			t.Errorf("%s without an action: code %d", a.Name, code)
		}
		code, _, stderr := run(t, a.Name, "promote")
		if code != int(ocf.UnimplementedCode) || !strings.HasPrefix(stderr, "ocf-exit-reason:") && !strings.Contains(stderr, "\nocf-exit-reason:") {
			t.Errorf("%s promote: code %d, stderr %q", a.Name, code, stderr)
		}
		for _, p := range a.Params {
			if !p.Required {
				continue
			}
			code, _, stderr := run(t, a.Name, "monitor")
			if code != int(ocf.ConfiguredCode) || !strings.Contains(stderr, "ocf-exit-reason:parameter "+p.Name+" is required but not set\n") {
				t.Errorf("%s monitor without %s: code %d, stderr %q", a.Name, p.Name, code, stderr)
			}
			if code, _, stderr := run(t, a.Name, "stop"); code != 0 || strings.Contains(stderr, "ocf-exit-reason:") {
				t.Errorf("%s stop without %s: code %d, stderr %q", a.Name, p.Name, code, stderr)
			}
			break
		}
	}
}

func TestByOwnName(t *testing.T) {
	listed := func(s string) bool {
		for _, a := range agents.All() {
			if !strings.Contains(s, "\n  "+a.Name+" ") {
				return false
			}
		}
		return true
	}
	if code, stdout, stderr := run(t, "ocf-opennebula", "--version"); code != 0 || stdout != "ocf-opennebula "+version.String()+"\n" || stderr != "" {
		t.Errorf("--version: code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	var names strings.Builder
	for _, a := range agents.All() {
		names.WriteString(a.Name + "\n")
	}
	if code, stdout, stderr := run(t, "ocf-opennebula", "--list"); code != 0 || stdout != names.String() || stderr != "" {
		t.Errorf("--list: code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if code, stdout, stderr := run(t, "ocf-opennebula", "--help"); code != 0 || !listed(stdout) || stderr != "" {
		t.Errorf("--help: code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if code, stdout, stderr := run(t, "ocf-opennebula"); code != 2 || stdout != "" || !listed(stderr) {
		t.Errorf("nothing: code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if code, stdout, stderr := run(t, "ocf-opennebula", "vpi", "start"); code != 2 || stdout != "" || !strings.HasPrefix(stderr, `ocf-opennebula: there is no agent "vpi"`) {
		t.Errorf("vpi: code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}
