package pacemaker

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// simulator is a Runner that stands for crm_simulate: it remembers its arguments and
// writes what it is told to.
type simulator struct {
	args       []string
	dir        string
	mode       os.FileMode // of the CIB that it was given
	cib, graph string
	err        error
}

func (s *simulator) run(_ context.Context, _ []byte, name string, args ...string) ([]byte, error) {
	s.args = append([]string{name}, args...)
	file := func(flag string) string { return args[slices.Index(args, flag)+1] }
	s.dir = filepath.Dir(file("-x"))
	if info, err := os.Stat(file("-x")); err == nil {
		s.mode = info.Mode()
	}
	for flag, text := range map[string]string{"-O": s.cib, "-G": s.graph} {
		if text != "" {
			if err := os.WriteFile(file(flag), []byte(text), 0o600); err != nil {
				return nil, err
			}
		}
	}
	return []byte("what releases say differs"), s.err
}

func TestSimulate(t *testing.T) {
	s := &simulator{cib: "<cib/>", graph: "<transition_graph/>"}
	got, err := Tools{Run: s.run}.Simulate(t.Context(), []byte("secret"), Injection{
		Up: []string{"a", "b"}, Failed: []string{"c"}, Happened: []string{"r_monitor_10000@a=7"}, Fails: []string{"r_stop_0@a=1"},
	})
	if err != nil || string(got.CIB) != s.cib || string(got.Graph) != s.graph || got.Stuck {
		t.Errorf("%+v, %v", got, err)
	}
	if line := strings.Join(s.args, " "); !strings.HasSuffix(line, " -u a -u b -f c -i r_monitor_10000@a=7 -F r_stop_0@a=1") || strings.Contains(line, "secret") {
		t.Errorf("arguments: %s", line)
	}
	if s.mode.Perm() != 0o600 {
		t.Errorf("the CIB had mode %v", s.mode)
	}
	if _, err := os.Stat(s.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory is still there: %v", err)
	}
}

func TestSimulateFails(t *testing.T) {
	refused := &Error{Tool: "crm_simulate", Code: 1, Stderr: "An invalid transition was produced\n"}
	for _, c := range []struct {
		what  string
		s     simulator
		stuck bool
		want  string
	}{
		{"a transition that cannot be completed", simulator{cib: "<cib/>", graph: "<g/>", err: refused}, true, ""},
		{"a CIB that it does not read", simulator{err: refused}, false, "simulate cluster: crm_simulate: An invalid transition was produced"},
		{"not installed", simulator{cib: "<cib/>", graph: "<g/>", err: &Error{Tool: "crm_simulate", Code: -1, Cause: ErrNoTool}}, false, "it is not installed"},
		{"killed", simulator{cib: "<cib/>", graph: "<g/>", err: &Error{Tool: "crm_simulate", Code: -1, Cause: context.DeadlineExceeded}}, false, "deadline"},
		{"no graph", simulator{cib: "<cib/>"}, false, "read what crm_simulate wrote"},
	} {
		got, err := Tools{Run: c.s.run}.Simulate(t.Context(), nil, Injection{})
		switch {
		case c.want == "" && (err != nil || got.Stuck != c.stuck):
			t.Errorf("%s: %+v, %v", c.what, got, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v", c.what, err)
		}
		if _, err := os.Stat(c.s.dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the directory is still there: %v", c.what, err)
		}
	}
	if _, err := (Tools{Run: (&simulator{err: &Error{Cause: ErrNoTool}}).run}).Simulate(t.Context(), nil, Injection{}); !errors.Is(err, ErrNoTool) {
		t.Errorf("ErrNoTool was lost: %v", err)
	}
}
