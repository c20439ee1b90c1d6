package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/packaging/linked"
)

var update = flag.Bool("update", false, "rewrite the golden file")

const (
	mit  = "Permission is hereby granted, free of charge ... the software is provided \"as is\""
	isc  = "Permission to use, copy, modify, and/or distribute this software ... the software is provided \"as is\""
	made = 1700000000 // seconds
)

// one is a build of one program for two architectures, with a module that only one of
// them has.
func one() ([]binary, []linked.Module) {
	cli := part{"example.org/CLI", "v1.2.3+incompatible", "h1:aaa="}
	text := part{"example.org/text", "v0.1.0", "h1:bbb="}
	p := linked.Package{Name: "oneha", Command: "./cmd/oneha", Binary: "oneha", Path: "/usr/bin/oneha"}
	return []binary{
			{Package: p, arch: "amd64", sha256: strings.Repeat("a", 64), golang: "1.26.8", modules: []part{cli}},
			{Package: p, arch: "arm64", sha256: strings.Repeat("b", 64), golang: "1.26.8", modules: []part{cli, text}},
		}, []linked.Module{
			{Path: cli.path, Version: cli.version, Texts: []linked.Text{{Name: "LICENSE", Content: mit}}, Needs: []string{text.path}},
			{Path: text.path, Version: text.version, Texts: []linked.Text{{Name: "LICENSE", Content: mit}, {Name: "old/LICENSE", Content: isc}}},
			{Path: linked.Golang, Version: "1.26.8", Texts: []linked.Text{{Name: "LICENSE", Content: mit}}},
		}
}

func TestBill(t *testing.T) {
	binaries, modules := one()
	p := product{version: "1.0.0+3.gabc1234", commit: "abc", made: time.Unix(made, 0)}
	got, err := encode(p, binaries, modules)
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "bill.cdx.json")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got); -update rewrites it:\n%s", golden, diff)
	}
	// Nothing that refers leads nowhere.
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(got), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	refs := []string{bom.Metadata.Component.BOMRef}
	for _, c := range *bom.Components {
		refs = append(refs, c.BOMRef)
	}
	if sorted := slices.Sorted(slices.Values(refs)); len(slices.Compact(sorted)) != len(refs) {
		t.Errorf("references are not unique: %q", refs)
	}
	for _, d := range *bom.Dependencies {
		var on []string
		if d.Dependencies != nil {
			on = *d.Dependencies
		}
		for _, ref := range append([]string{d.Ref}, on...) {
			if !slices.Contains(refs, ref) {
				t.Errorf("%s is no component", ref)
			}
		}
	}
	again, err := encode(p, binaries, modules)
	if err != nil || !bytes.Equal(got, again) {
		t.Errorf("the second time it is another one (%v)", err)
	}
	p.made = p.made.Add(time.Second)
	other, err := encode(p, binaries, modules)
	if err != nil || serialOf(t, other) == bom.SerialNumber {
		t.Errorf("another bill has the same serial number, %s (%v)", bom.SerialNumber, err)
	}
}

func serialOf(t *testing.T, text []byte) string {
	t.Helper()
	var bom cdx.BOM
	if err := json.Unmarshal(text, &bom); err != nil {
		t.Fatal(err)
	}
	return bom.SerialNumber
}

// A module that is only for another architecture than those of the binaries is needed
// by nobody.
func TestOneArchitecture(t *testing.T) {
	binaries, modules := one()
	text, err := encode(product{version: "1", made: time.Unix(made, 0)}, binaries[:1], modules)
	if err != nil || strings.Contains(string(text), "example.org/text") {
		t.Errorf("%v\n%s", err, text)
	}
}

// What would make the bill a wrong one stops it, and is named.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name, want string
		edit       func(binaries []binary, modules []linked.Module)
	}{
		{"two builds", "two builds", func(b []binary, _ []linked.Module) { b[1].modules[0].sum = "h1:ccc=" }},
		{"two releases of Go", "two builds", func(b []binary, m []linked.Module) { b[1].golang = "1.26.9" }},
		{"other sources", "sources here", func(_ []binary, m []linked.Module) { m[0].Version = "v1.2.4" }},
		{"unknown module", "sources here", func(_ []binary, m []linked.Module) { m[1].Path = "example.org/other" }},
		{"licence", "not known", func(_ []binary, m []linked.Module) { m[0].Texts[0].Content = "Do as you like." }},
	} {
		binaries, modules := one()
		c.edit(binaries, modules)
		if _, err := encode(product{version: "1"}, binaries, modules); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// The licences that packages may have are SPDX names, as the library's list has them.
func TestLicenceNames(t *testing.T) {
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "schema", "spdx.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema struct{ Enum []string }
	if err := json.Unmarshal(text, &schema); err != nil || len(schema.Enum) < 300 {
		t.Fatalf("%d names (%v)", len(schema.Enum), err)
	}
	for _, name := range append(slices.Clone(linked.Allowed), linked.Own) {
		if !slices.Contains(schema.Enum, name) {
			t.Errorf("%s is no SPDX name", name)
		}
	}
}

// readBinary tells of a program what the linker wrote into it: here of this test.
func TestReadBinary(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := readBinary(self, linked.Package{Binary: "sbom.test"})
	if err != nil {
		t.Fatal(err)
	}
	if len(b.sha256) != 64 || b.golang == "" || b.arch == "" ||
		!slices.ContainsFunc(b.modules, func(m part) bool {
			return m.path == "github.com/CycloneDX/cyclonedx-go" && strings.HasPrefix(m.sum, "h1:")
		}) {
		t.Errorf("%+v", b)
	}
	if _, err := readBinary("bom_test.go", linked.Package{}); err == nil {
		t.Error("a text is taken for a program")
	}
}
