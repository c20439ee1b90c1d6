package cloud

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/test/guardproc"
)

// tools is a directory for PATH with onehook: OpenNebula's own where it is installed,
// and elsewhere a script that hands its template to this test.
func (s *site) tools(t *testing.T) (path string, made func() string) {
	t.Helper()
	if own, err := exec.LookPath("onehook"); err == nil && s.fake == nil {
		return filepath.Dir(own), func() string { return "" }
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "onehook"), []byte("#!/bin/sh\n[ \"$1\" = create ] && exec cp \"$2\" "+dir+"/template\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir, func() string {
		text, err := os.ReadFile(filepath.Join(dir, "template"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}

// oneha hook install makes a hook that OpenNebula takes and shows as it was meant, and
// finds it again. Its name is not one of these tests: so it is made only where no hook
// is for a host, and deleted by the ID that was not there before.
func TestHookInstall(t *testing.T) {
	s := open(t)
	before := map[int]bool{}
	for _, h := range s.hooks(t) {
		before[h.ID] = true
		if h.Resource == "HOST" || h.Name == "host_error" {
			s.cannot(t, "hook %d (%s) is there already", h.ID, h.Name)
		}
	}
	t.Cleanup(func() {
		for _, h := range s.hooks(t) {
			if !before[h.ID] && h.Command == "oneha/host_error" {
				s.deleteHook(t, h.ID)
			}
		}
	})
	program, err := guardproc.Build(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	settings := filepath.Join(dir, "host-error.yaml")
	if err := os.WriteFile(settings, fmt.Appendf(nil, "endpoint: %s\ncredentials: %s\n", s.url, s.auth), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "remotes/hooks"), 0o755); err != nil {
		t.Fatal(err)
	}
	path, made := s.tools(t)
	install := func() string {
		t.Helper()
		var output bytes.Buffer
		ctx, cancel := context.WithTimeout(context.Background(), callLimit)
		defer cancel()
		cmd := exec.CommandContext(ctx, program, "hook", "install", "--settings="+settings, "--remotes="+filepath.Join(dir, "remotes"), "--records="+filepath.Join(dir, "records"))
		cmd.Env = []string{"PATH=" + path + ":" + os.Getenv("PATH"), "HOME=" + dir}
		cmd.Stdout, cmd.Stderr = &output, &output
		if err := cmd.Run(); err != nil {
			t.Fatalf("oneha hook install: %v\n%s", err, &output)
		}
		return output.String()
	}
	install()
	if template := made(); template != "" {
		if r := s.call(t, "one.hook.allocate", template); !r.ok {
			t.Fatalf("OpenNebula does not take the template: code %d, %s\n%s", r.code, r.value, template)
		}
	}
	var ours one.Hook
	for _, h := range s.hooks(t) {
		if !before[h.ID] {
			ours = h
		}
	}
	want := one.Hook{ID: ours.ID, Name: "host_error", Type: "state", Command: "oneha/host_error", Arguments: "$TEMPLATE -m -p 5 --settings=" + settings + " --records=" + filepath.Join(dir, "records"), Stdin: "yes", Resource: "HOST", State: "ERROR"}
	if ours != want {
		t.Fatalf("the hook is %+v, want %+v", ours, want)
	}
	if out := install(); !strings.Contains(out, "hook "+strconv.Itoa(ours.ID)+" is there already") {
		t.Errorf("the second time: %s", out)
	}
	s.deleteHook(t, ours.ID)
	for _, h := range s.hooks(t) {
		if h.ID == ours.ID {
			t.Errorf("%+v was deleted, and is there", h)
		}
	}
}

func (s *site) deleteHook(t *testing.T, id int) {
	t.Helper()
	if r := s.call(t, "one.hook.delete", id); !r.ok {
		t.Errorf("delete hook %d: code %d, %s", id, r.code, r.value)
	}
}
