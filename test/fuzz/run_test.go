package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Every function of the tree that is declared as a fuzz target is found, by its own package.
func TestFindsAll(t *testing.T) {
	declared := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(\w+ \*testing\.F\)`)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	err = filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() && (strings.HasPrefix(e.Name(), ".") || e.Name() == "testdata") {
			if err == nil {
				err = fs.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(name))
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			want = append(want, filepath.ToSlash(dir)+"."+m[1])
		}
		return err
	})
	if err != nil || len(want) == 0 {
		t.Fatalf("%d targets, %v", len(want), err)
	}
	t.Chdir(root)
	all, err := find(t.Context(), "urfave_cli_no_docs", regexp.MustCompile(""))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range all {
		got = append(got, a.String())
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-declared +found:\n%s", diff)
	}
}

// module is one with a package p of these fuzz targets.
func module(t *testing.T, targets string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":      "module x\n\ngo 1.24\n",
		"p/p.go":      "package p\n",
		"p/p_test.go": "package p\n\nimport \"testing\"\n\n" + targets,
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// go test itself: a crash is found and kept where a later go test runs it as a case.
func TestCrash(t *testing.T) {
	dir := module(t, "func FuzzLength(f *testing.F) {\n\tf.Add([]byte(\"ab\"))\n\tf.Fuzz(func(t *testing.T, b []byte) {\n\t\tif len(b) > 2 {\n\t\t\tt.Error(\"long\")\n\t\t}\n\t})\n}\n")
	var progress bytes.Buffer
	r := runner{dir: dir, each: 5 * time.Minute, limit: 10 * time.Minute, progress: &progress}
	done := r.all(t.Context(), []target{{"p", "FuzzLength"}}, 2)
	if len(done) != 1 || done[0].Result != crash || done[0].Case == "" {
		t.Fatalf("%+v", done)
	}
	if kept, err := os.ReadFile(filepath.Join(dir, done[0].File)); err != nil || !strings.HasPrefix(string(kept), "go test fuzz v1\n") {
		t.Errorf("%s holds %q, %v", done[0].File, kept, err)
	}
	if !strings.HasPrefix(progress.String(), "1/1 p.FuzzLength: ") {
		t.Errorf("progress %q", &progress)
	}
}

// Who interrupts a run waits for nothing, and nothing is called a failure.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := runner{dir: t.TempDir(), each: time.Hour, limit: time.Hour, progress: &bytes.Buffer{}}
	for _, o := range r.all(ctx, []target{{"p", "FuzzA"}, {"p", "FuzzB"}, {"p", "FuzzC"}}, 1) {
		if o.Result != never && o.Result != stopped || failed(o) {
			t.Errorf("%+v", o)
		}
	}
}

func TestByPackage(t *testing.T) {
	got := byPackage([]target{{"a", "FuzzA"}, {"b", "FuzzA"}, {"b", "FuzzB"}, {"c", "FuzzA"}, {"b", "FuzzC"}})
	if diff := cmp.Diff([][]int{{1, 2, 4}, {0}, {3}}, got); diff != "" {
		t.Error(diff)
	}
}
