package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/test/examples"
)

func explainOutput(t *testing.T, args ...string) string {
	t.Helper()
	var out, bad bytes.Buffer
	if code := run(context.Background(), append([]string{"oneha", "explain"}, args...), strings.NewReader(""), &out, &bad); code != exitOK {
		t.Fatalf("oneha explain %q: exit code %d: %s", args, code, bad.String())
	}
	return out.String()
}

func TestExplainGolden(t *testing.T) {
	for _, name := range []string{"two-node", "fencing-levels", "stock"} {
		got := explainOutput(t, "../../examples/"+name+".yaml")
		path := filepath.Join("testdata", "explain", name+".txt")
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", path, diff)
		}
	}
}

// Every example can be explained, at 80 columns, with a reason for every value, and
// for machines the same.
func TestExplainExamples(t *testing.T) {
	for _, file := range append(examples.Pacemaker(t, "../../examples"), examples.Raft(t, "../../examples")...) {
		for line := range strings.Lines(explainOutput(t, file)) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > 80 && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("%s: more than 80 columns: %s", file, line)
			}
		}
		var values []cib.Value
		if err := json.Unmarshal([]byte(explainOutput(t, "--json", file)), &values); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, v := range values {
			if v.Part == "" || v.Name == "" || v.Value == "" || v.Why == "" {
				t.Errorf("%s: incomplete: %+v", file, v)
			}
		}
	}
}

func TestExplainJSONOfKeys(t *testing.T) {
	var keys []keyReport
	if err := json.Unmarshal([]byte(explainOutput(t, "--json", "qdevice")), &keys); err != nil {
		t.Fatal(err)
	}
	if len(keys) != 4 || keys[2].Key != "qdevice.algorithm" || keys[2].Default != "ffsplit" {
		t.Errorf("%+v", keys)
	}
}
