package raftrounds

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestFaultsHaveNames(t *testing.T) {
	names := Faults()
	sorted := slices.Sorted(slices.Values(names))
	if len(names) != len(faults) || len(slices.Compact(sorted)) != len(faults) || slices.Contains(names, "") {
		t.Errorf("%d faults are called %v", len(faults), names)
	}
}

func TestFieldKnowsItsFaults(t *testing.T) {
	if _, err := (&Field{}).Round(t.Context(), "earthquake", rand.New(rand.NewPCG(1, 1))); err == nil || !strings.Contains(err.Error(), "earthquake") {
		t.Errorf("error %v", err)
	}
}
