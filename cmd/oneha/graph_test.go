package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriteGraph(t *testing.T) {
	configuration, err := os.ReadFile("../../cib/testdata/qdevice/cib.xml")
	if err != nil {
		t.Fatal(err)
	}
	corosync, err := os.ReadFile("../../cib/testdata/qdevice/corosync.conf")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, want := range map[string]string{"a.svg": "<svg ", "b.DOT": "digraph ", "new/c.dot": "digraph "} {
		file := filepath.Join(dir, name)
		if err := (tool{}).writeGraph(file, configuration, corosync, "my <cluster>"); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{want, "cluster", "witness.example.com"} {
			if !bytes.Contains(got, []byte(text)) {
				t.Errorf("%s: no %q", name, text)
			}
		}
	}
	for _, name := range []string{"", "-", "a.png", "svg", "a.svg.gz"} {
		err := (tool{}).writeGraph(filepath.Join(dir, name), configuration, corosync, "")
		if err == nil || !strings.Contains(err.Error(), "has to end in .svg or .dot") {
			t.Errorf("%q: %v", name, err)
		}
	}
	bad := filepath.Join(dir, "bad.svg")
	if err := (tool{}).writeGraph(bad, []byte("no CIB"), nil, ""); err == nil {
		t.Error("no error for what is no CIB")
	}
	if _, err := os.Stat(bad); err == nil {
		t.Error("a picture of nothing was written")
	}
}
