package spec

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The defaults that the table tells are those that Parse applies.
func TestDefaultsAreTheTables(t *testing.T) {
	minimal := strings.Replace(base, "services: [flow, oned]\n", "", 1)
	want, findings := Parse("f", []byte(minimal))
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	if want.Layout != Staged || want.Fencing[0].Delay != defaultFenceDelay || want.Token != timings[0].token {
		t.Fatalf("unexpected defaults: %+v", want)
	}
	checked := 0
	for _, k := range Keys {
		value, _, _ := strings.Cut(k.Default, " ")
		if value == "" || k.Path == "token" || k.parent() != "" || k.Mode == Raft {
			continue
		}
		c, findings := Parse("f", []byte(minimal+k.Path+": "+value+"\n"))
		if len(findings) > 0 {
			t.Errorf("%s: %s: %v", k.Path, value, findings)
		}
		c.Files = want.Files
		if !equal(c, want) {
			t.Errorf("%s: %s is not the default", k.Path, value)
		}
		checked++
	}
	if checked < 4 {
		t.Errorf("only %d defaults checked", checked)
	}
}

// So are those of a zone.
func TestDefaultsOfAZone(t *testing.T) {
	want, findings := Parse("f", []byte(zoneBase))
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	checked := 0
	for _, k := range Keys {
		value, _, _ := strings.Cut(strings.TrimSuffix(k.Default, ";"), " ")
		value = strings.Trim(value, ",;")
		switch {
		case value == "" || k.Only() != Raft || strings.HasPrefix(k.Path, "nodes."):
			continue
		case k.parent() != "":
			value = "{" + k.name() + ": " + value + "}"
		}
		top, _, _ := strings.Cut(k.Path, ".")
		got, findings := Parse("f", []byte(zoneBase+top+": "+value+"\n"))
		if len(findings) > 0 {
			t.Errorf("%s: %s: %v", k.Path, value, findings)
		}
		if diff := cmp.Diff(want, got, addresses, prefixes); diff != "" {
			t.Errorf("%s: %s is not the default: %s", k.Path, value, diff)
		}
		checked++
	}
	if checked < 10 {
		t.Errorf("only %d defaults checked", checked)
	}
}

func equal(a, b Cluster) bool {
	return a.Layout == b.Layout && a.Agents == b.Agents && a.Token == b.Token && a.Fencing[0].Delay == b.Fencing[0].Delay &&
		a.Fencing[1].Delay == b.Fencing[1].Delay && slices.Equal(a.Services, b.Services)
}

func TestKeysAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Keys {
		if k.Form == "" || !strings.HasSuffix(k.Why, ".") || k.Required && k.Default != "" || k.Raft != "" && (k.Only() != "" || !strings.HasSuffix(k.Raft, ".")) || seen[k.Path] {
			t.Errorf("row %+v", k)
		}
		seen[k.Path] = true
		if k.parent() == "bmc" && optionRules[k.name()] == nil {
			t.Errorf("%s has no rule for its value", k.Path)
		}
	}
	for name := range maps.Keys(optionRules) {
		if !seen["bmc."+name] {
			t.Errorf("option %s is not in the table", name)
		}
	}
	for word, meant := range synonyms {
		for _, name := range meant {
			if !slices.ContainsFunc(Keys, func(k Key) bool { return k.name() == name }) {
				t.Errorf("%s stands for %s, which is no key", word, name)
			}
		}
	}
}
