package packages

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/packaging/linked"
	"github.com/oneha/oneha/test/lab/labtest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestContents is about what is in the packages, and that a second build is the same.
func TestContents(t *testing.T) {
	dir := packages(t, older)
	debs := readDebs(t, dir, here)
	for name, d := range debs {
		t.Run(name, func(t *testing.T) { golden(t, name+".deb.files", stable(listing(d.files))) })
		t.Run(name+" harmless", func(t *testing.T) { harmless(t, d) })
		t.Run(name+" control", func(t *testing.T) { control(t, name, d) })
	}
	t.Run("nothing forgotten", func(t *testing.T) { nothingForgotten(t, debs) })
	t.Run("links", func(t *testing.T) { links(t, debs["oneha"]) })
	t.Run("sums", func(t *testing.T) { sums(t, dir) })
	t.Run("binaries", func(t *testing.T) { binaries(t, debs) })
	t.Run("bill of materials", func(t *testing.T) { bill(t, dir, older, debs, here) })
	t.Run("other machines", func(t *testing.T) {
		if !labtest.All("ONEHA_PACKAGES") {
			t.Skip("ONEHA_PACKAGES=all builds for both: make installs")
		}
		both := build(t, t.TempDir(), older, "amd64 arm64")
		for _, arch := range []string{"amd64", "arm64"} {
			for name, d := range readDebs(t, both, arch) {
				golden(t, name+".deb.files", stable(listing(d.files)))
				harmless(t, d)
				control(t, name, d)
				programs(t, d, arch)
			}
			bill(t, both, older, readDebs(t, both, arch), arch)
		}
	})
	t.Run("again", func(t *testing.T) {
		again := build(t, t.TempDir(), older, here)
		first, second := read(t, dir), read(t, again)
		for name := range first {
			if !bytes.Equal(first[name], second[name]) {
				t.Errorf("%s differs from the one that was built before", name)
			}
		}
		if len(first) != 2*len(names)+2 || len(second) != len(first) {
			t.Errorf("%d and %d files, want %d packages, the bill of materials and SHA256SUMS", len(first), len(second), 2*len(names))
		}
	})
}

// readDebs reads every package for an architecture, by name.
func readDebs(t *testing.T, dir, arch string) map[string]deb {
	t.Helper()
	debs := map[string]deb{}
	for _, name := range names {
		d, err := readDeb(debFile(t, dir, name, archOf(name, arch)))
		if err != nil {
			t.Fatal(err)
		}
		debs[name] = d
	}
	return debs
}

// manual is the number of pages, which grows with every command: which of them are
// there, nothingForgotten asks.
var manual = regexp.MustCompile(`(?m)^.* (/usr/share/man/man\d/)\S+\n`)

// stable takes from a listing what other rooms change: pages, example files and guides.
func stable(list string) string {
	list = manual.ReplaceAllString(list, "$1*\n")
	list = regexp.MustCompile(`(?m)^.* (/usr/share/doc/oneha/(?:docs|examples)/)\S+\n`).ReplaceAllString(list, "$1*\n")
	lines := slices.Collect(strings.Lines(list))
	return strings.Join(slices.Compact(lines), "")
}

// harmless: everything belongs to root, nothing gives its caller another's rights, and
// nobody else may write to it.
func harmless(t *testing.T, d deb) {
	for _, f := range d.files {
		if f.owner != "0:0" {
			t.Errorf("%s belongs to %s", f.path, f.owner)
		}
		if f.mode&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky) != 0 {
			t.Errorf("%s has mode %s", f.path, f.mode)
		}
		if f.mode&fs.ModeSymlink == 0 && f.mode.Perm()&0o022 != 0 {
			t.Errorf("%s may be written by others than root: %s", f.path, f.mode)
		}
		if filepath.IsAbs(f.link) {
			t.Errorf("%s -> %s: a relative link works below another root, too", f.path, f.link)
		}
	}
}

// control is what dpkg is told beside the files.
func control(t *testing.T, name string, d deb) {
	text := d.control["control"]
	if got := controlField(text, "Version"); got != older+revision {
		t.Errorf("version %s, want %s", got, older+revision)
	}
	wantConf, wantDepends := "", ""
	if name == "oneha-raft" {
		wantConf, wantDepends = "/etc/sudoers.d/oneha-raft\n", "oneha (= "+older+revision+"), sudo, systemd"
	}
	if strings.Contains(text, "${") {
		t.Errorf("a variable was not replaced:\n%s", text)
	}
	if got := d.control["conffiles"]; strings.TrimSpace(got) != strings.TrimSpace(wantConf) {
		t.Errorf("conffiles %q, want %q", got, wantConf)
	}
	if got := controlField(text, "Depends"); got != wantDepends {
		t.Errorf("depends on %q, want %q", got, wantDepends)
	}
	for _, script := range []string{"preinst", "postinst", "prerm", "postrm"} {
		for _, verb := range []string{"start", "stop", "restart", "try-restart", "enable", "preset", "crm_resource", "pcs"} {
			if regexp.MustCompile(`(?m)^[^#\n]*\bsystemctl\b[^#\n]*\s` + verb + `\b`).MatchString(d.control[script]) {
				t.Errorf("%s runs systemctl %s: a running resource is not a package's business", script, verb)
			}
		}
	}
}

// nothingForgotten compares the packages with what make install puts anywhere: each
// file is in exactly one of them.
func nothingForgotten(t *testing.T, debs map[string]deb) {
	owners := map[string][]string{}
	for _, name := range names {
		for _, f := range debs[name].files {
			if !f.mode.IsDir() {
				owners[f.path] = append(owners[f.path], name)
			}
		}
	}
	for path, names := range owners {
		if len(names) != 1 {
			t.Errorf("%s is in %v", path, names)
		}
	}
	root, bin := t.TempDir(), t.TempDir()
	cmd := exec.CommandContext(t.Context(), "make", "-s", "install", "DESTDIR="+root, "BIN="+bin)
	cmd.Dir = checkout
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make install: %v\n%s", err, out)
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		installed := strings.TrimPrefix(path, root)
		if strings.Contains(installed, "zsh/site-functions") { // Debian has a place of its own
			installed = strings.Replace(installed, "site-functions", "vendor-completions", 1)
		}
		if owners[installed] == nil {
			t.Errorf("make install puts %s there, and no package has it", installed)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sums checks SHA256SUMS with the tool that people check it with.
func sums(t *testing.T, dir string) {
	cmd := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("sha256sum: %v\n%s", err, out)
	}
	if n := strings.Count(string(out), ": OK\n"); n != 2*len(names)+1 {
		t.Errorf("%d sums, want one for each of %d packages and of the bill of materials:\n%s", n, 2*len(names), out)
	}
}

// binaries are static and say which version and commit they are.
func binaries(t *testing.T, debs map[string]deb) {
	for _, p := range linked.Packages {
		if p.Command == "" {
			continue
		}
		program := unpack(t, debs[p.Name], p.Path)
		out, err := exec.CommandContext(t.Context(), program, "--version").CombinedOutput()
		if err != nil || !strings.Contains(string(out), older) {
			t.Errorf("%s version: %v, %s, want %s", p.Path, err, out, older)
		}
		static(t, program)
		if p.Name != "oneha" || !inGit() {
			continue
		}
		out, err = exec.CommandContext(t.Context(), program, "version").CombinedOutput()
		if err != nil || !regexp.MustCompile(`commit [0-9a-f]{40}\n$`).Match(out) {
			t.Errorf("oneha version: %v, %s, want the commit too", err, out)
		}
	}
}

// unpack puts one file of a package where it can be run.
func unpack(t *testing.T, d deb, path string) string {
	t.Helper()
	i := slices.IndexFunc(d.files, func(f file) bool { return f.path == path })
	if i < 0 {
		t.Fatalf("there is no %s in the package", path)
	}
	to := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(to, d.files[i].content, 0o755); err != nil {
		t.Fatal(err)
	}
	return to
}

// inGit says whether the checkout has a history to take a commit from.
func inGit() bool {
	_, err := os.Stat(filepath.Join(checkout, ".git"))
	return err == nil
}

func read(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, e := range entries {
		if all[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); -update rewrites it:\n%s", path, diff)
	}
}
