package zoneconf

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// patch(1) makes of every file what Edits makes of it, and no patch shows more than
// the lines that change.
func TestPatch(t *testing.T) {
	tool, err := exec.LookPath("patch")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Log("no patch(1): only the form of the patches is checked")
		}
		tool = ""
	}
	z := zone(t, "raft")
	for _, file := range files(t) {
		was := read(t, file)
		edited, findings := Edits(z, z.Servers[1], OnedConf, was)
		if findings.HasErrors() {
			continue
		}
		p := string(Patch(OnedConf, was, edited.Text))
		if strings.Contains(p, "PASSWD") || (p == "") != (string(was) == string(edited.Text)) {
			t.Errorf("%s: %s", file, p)
		}
		if tool == "" || p == "" {
			continue
		}
		path := filepath.Join(t.TempDir(), "oned.conf")
		if err := os.WriteFile(path, was, 0o640); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(tool, "--binary", "-s", path)
		cmd.Stdin = strings.NewReader(p)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s\n%s", file, err, out, p)
			continue
		}
		if got := read(t, path); string(got) != string(edited.Text) {
			t.Errorf("%s: patched to something else", file)
		}
	}
}

func TestPatchForms(t *testing.T) {
	for _, test := range []struct{ was, is, want string }{
		{"a\n", "a\n", ""},
		{"", "a\n", "@@ -0,0 +1,1 @@\n+a\n"},
		{"a\nb\nc\n", "a\nx\nc\n", "@@ -2,1 +2,1 @@\n-b\n+x\n"},
		{"a\nc\n", "a\nb\nc\n", "@@ -1,0 +2,1 @@\n+b\n"},
		{"a\nb\nc\n", "a\nc\n", "@@ -2,1 +1,0 @@\n-b\n"},
		{"a\nb", "a\nc", "@@ -2,1 +2,1 @@\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n"},
		{"1\n2\n3\n4\n5\n", "0\n1\n2\n4\n6\n5\n", "@@ -0,0 +1,1 @@\n+0\n@@ -3,1 +3,0 @@\n-3\n@@ -4,0 +5,1 @@\n+6\n"},
	} {
		want := test.want
		if want != "" {
			want = "--- f\n+++ f\n" + want
		}
		if got := string(Patch("f", []byte(test.was), []byte(test.is))); got != want {
			t.Errorf("%q to %q: %q, want %q", test.was, test.is, got, want)
		}
	}
}
