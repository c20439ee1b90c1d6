package cib

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/spec"
)

// awkward are values that a careless quoting breaks.
var awkward = []string{
	"plain", "two words", "  spaces  ", "it's", `say "hi"`, `back\slash`, `ends\`, `$HOME`, "$(touch hit)", "`touch hit`", "a;touch hit",
	"a|b&c", "#no comment", "*", "?", "[a]", "~", "{a,b}", "(x)", "<x>", "!x", "a=b=c", "=x", "-x", "--force", "%s", "é中\u00a0", "'", `"`, `\`, "''", `\n`, "&amp;",
}

// script writes the pcs script of a cluster and a stand-in for pcs that writes
// down its arguments, one a line, and a line "." after each call. A call with the
// argument "fail" fails.
func script(t *testing.T, c spec.Cluster) (path string, run func(args ...string) (string, error), calls func() [][]string) {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Fatal("these tests need a POSIX shell: ", err)
	}
	files, err := Generate(c, "pcs")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path = filepath.Join(dir, files[0].Name)
	write(t, path, string(files[0].Data))
	pcs, log := filepath.Join(dir, "pcs"), filepath.Join(dir, "log")
	write(t, pcs, `#!/bin/sh
printf '%s\n' "$@" . >>`+log+`
[ "$1" = -f ] && { echo "$*" >>"$2"; shift 2; }
[ "$1 $2" = "cluster cib" ] && echo live >"$3"
[ "$1 $2" = "cluster cib-push" ] && cp "$3" `+filepath.Join(dir, "pushed")+`
for a; do [ "$a" != fail ] || exit 1; done
exit 0
`)
	run = func(args ...string) (string, error) {
		cmd := exec.Command("sh", append([]string{path}, args...)...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "PCS=sh "+pcs, "TMPDIR="+dir)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	calls = func() (all [][]string) {
		b, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		for line := range strings.Lines(string(b)) {
			if line == ".\n" {
				all, words = append(all, words), nil
				continue
			}
			words = append(words, strings.TrimSuffix(line, "\n"))
		}
		return all
	}
	return path, run, calls
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestScriptQuotes(t *testing.T) {
	c := twoNodes(spec.Staged, "oned")
	var want []string
	for i, v := range awkward {
		o := spec.Option{Name: "o" + string(rune('A'+i/26)) + string(rune('a'+i%26)), Value: v}
		c.Fencing[0].Options = append(c.Fencing[0].Options, o)
		want = append(want, o.Name+"="+o.Value)
	}
	path, run, calls := script(t, c)
	file := filepath.Join(filepath.Dir(path), "cib.xml")
	write(t, file, "empty\n")
	if out, err := run("-f", file); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, call := range calls() {
		if strings.Contains(strings.Join(call, " "), "stonith create fence-one-server1 ") {
			var got []string
			for _, w := range call {
				if strings.HasPrefix(w, "oA") || strings.HasPrefix(w, "oB") {
					got = append(got, w)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), "hit")); err == nil {
				t.Error("the shell ran a part of a value")
			}
			return
		}
	}
	t.Errorf("no call creates the device: %q", calls())
}

func TestScriptOnFile(t *testing.T) {
	path, run, calls := script(t, twoNodes(spec.Staged, allServices...))
	dir := filepath.Dir(path)
	file := filepath.Join(dir, "cib.xml")
	for name, args := range map[string][]string{"argument": {"-f", file}, "environment": nil} {
		t.Run(name, func(t *testing.T) {
			write(t, file, "empty\n")
			if args == nil {
				t.Setenv("CIB_file", file)
			}
			out, err := run(args...)
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(b), "\n"); !strings.HasPrefix(string(b), "empty\n") || n != 1+14 {
				t.Errorf("%d commands reached the file:\n%s", n-1, b)
			}
			if !strings.Contains(out, "pcs resource group add frontend vip oned\n") {
				t.Errorf("it does not say what it does:\n%s", out)
			}
		})
	}
	for _, call := range calls() {
		if call[0] != "-f" || call[1] == file {
			t.Errorf("call %q: every call works on a scratch copy", call)
		}
	}
	left, _ := filepath.Glob(filepath.Join(dir, "tmp.*"))
	if len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestScriptOnCluster(t *testing.T) {
	path, run, calls := script(t, twoNodes(spec.Group, allServices...))
	if out, err := run(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	all := calls()
	first, last := all[0], all[len(all)-1]
	if first[1] != "cib" || last[1] != "cib-push" || !strings.HasPrefix(last[3], "diff-against=") || strings.TrimPrefix(last[3], "diff-against=") != first[2] {
		t.Errorf("first call %q, last call %q", first, last)
	}
	for _, call := range all[1 : len(all)-1] {
		if call[0] != "-f" || call[1] != last[2] {
			t.Errorf("call %q does not work on the scratch copy %s", call, last[2])
		}
	}
	pushed, err := os.ReadFile(filepath.Join(filepath.Dir(path), "pushed"))
	if err != nil || strings.Count(string(pushed), "\n") != len(all)-2+1 {
		t.Errorf("pushed: %v\n%s", err, pushed)
	}
}

func TestScriptFailsWhole(t *testing.T) {
	c := twoNodes(spec.Staged, allServices...)
	path, run, calls := script(t, c)
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, strings.Replace(string(body), "edit resource group", "edit fail", 1))
	file := filepath.Join(filepath.Dir(path), "cib.xml")
	write(t, file, "empty\n")
	out, err := run("-f", file)
	if err == nil || !strings.Contains(out, "the configuration is as it was") {
		t.Errorf("error %v\n%s", err, out)
	}
	if b, _ := os.ReadFile(file); string(b) != "empty\n" {
		t.Errorf("a failed run changed the file:\n%s", b)
	}
	if out, err := run(); err == nil || !strings.Contains(out, "the configuration is as it was") {
		t.Errorf("error %v\n%s", err, out)
	}
	for _, call := range calls() {
		if call[0] == "cluster" && call[1] == "cib-push" {
			t.Errorf("a failed run pushed: %q", call)
		}
	}
}

func TestScriptUsage(t *testing.T) {
	path, run, _ := script(t, twoNodes(spec.Staged, "oned"))
	for _, args := range [][]string{{"-x"}, {"-f"}, {"cib.xml"}, {"-f", "a", "b"}} {
		out, err := run(args...)
		if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 2 || !strings.Contains(out, "usage: sh "+path+" [-f FILE]") {
			t.Errorf("%q: %v\n%s", args, err, out)
		}
	}
	if out, err := run("-f", "/nonexistent/cib.xml"); err == nil || !strings.Contains(out, "as it was") {
		t.Errorf("missing file: %v\n%s", err, out)
	}
}

// TestScriptRaw: what the description appends works on the scratch copy although it
// says pcs, and the push after it is pcs itself again.
func TestScriptRaw(t *testing.T) {
	c := twoNodes(spec.Staged, "oned")
	c.Raw.PCS = "pcs tag create 'a b' vip\n"
	path, _, calls := script(t, c)
	dir := filepath.Dir(path)
	if err := os.Chmod(filepath.Join(dir, "pcs"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", path)
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "TMPDIR="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	all := calls()
	tag, push := all[len(all)-2], all[len(all)-1]
	if diff := cmp.Diff([]string{"tag", "create", "a b", "vip"}, tag[2:]); diff != "" || tag[0] != "-f" || tag[1] != push[2] {
		t.Errorf("%q before %q: %s", tag, push, diff)
	}
	if push[0] != "cluster" || push[1] != "cib-push" {
		t.Errorf("last call %q", push)
	}
}
