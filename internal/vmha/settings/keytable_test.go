package settings_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/vmha/settings"
)

// The table says what the reader takes: a file with every key of it at its default is
// taken, and means what no file means.
func TestKeysAreTaken(t *testing.T) {
	var file strings.Builder
	for _, k := range settings.Keys {
		name, indent := k.Path, ""
		if _, below, nested := strings.Cut(k.Path, "."); nested {
			name, indent = below, "  "
		}
		switch {
		case strings.HasPrefix(k.Path, "fencing."): // of the host's template
		case k.Form == "map", strings.HasPrefix(k.Form, "map of"):
			fmt.Fprintf(&file, "%s%s:\n", indent, name)
		default:
			fmt.Fprintf(&file, "%s%s: %s\n", indent, name, k.Default)
		}
	}
	set, findings := settings.Parse("f", []byte(file.String()))
	if len(findings) > 0 {
		t.Fatalf("%v\n%s", findings, file.String())
	}
	if diff := cmp.Diff(settings.Default(), set); diff != "" {
		t.Errorf("the table's defaults are others:\n%s", diff)
	}
}

// What the reader takes is in the table: it lists its keys where it refuses one.
func TestEveryKeyIsInTheTable(t *testing.T) {
	source, err := os.ReadFile("keys.go")
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]bool{}
	for _, k := range settings.Keys {
		table[k.Path] = true
		if k.Form == "" || k.Why == "" {
			t.Errorf("%s: no form or no reason", k.Path)
		}
	}
	taken := map[string]bool{}
	for _, call := range regexp.MustCompile(`r\.unknown\(f, "([^"]*)", (.*)\)\n`).FindAllStringSubmatch(string(source), -1) {
		_, within, _ := strings.Cut(call[1], " in ")
		for _, name := range regexp.MustCompile(`"([a-z_]+)"`).FindAllStringSubmatch(call[2], -1) {
			path := name[1]
			if within != "" {
				path = within + "." + path
			}
			taken[path] = true
		}
	}
	taken["fencing.hosts"] = true // handed to the reader of fencing, which also reads hosts
	if diff := cmp.Diff(slices.Sorted(maps.Keys(taken)), slices.Sorted(maps.Keys(table))); diff != "" {
		t.Errorf("-taken +table:\n%s", diff)
	}
}
