package linked

import (
	"slices"
	"testing"
)

// What go list says of our agents: each module once, with its licence's text and what
// it imports itself.
func TestModules(t *testing.T) {
	modules, err := Modules("../..", "./cmd/ocf-opennebula")
	if err != nil {
		t.Fatal(err)
	}
	byPath := map[string]Module{}
	for _, m := range modules {
		if _, twice := byPath[m.Path]; twice || m.Version == "" || len(m.Texts) == 0 {
			t.Errorf("%s %s: %d texts, or it is there twice", m.Path, m.Version, len(m.Texts))
		}
		byPath[m.Path] = m
	}
	if got, want := byPath["github.com/vishvananda/netlink"].Needs, []string{"github.com/vishvananda/netns", "golang.org/x/sys"}; !slices.Equal(got, want) {
		t.Errorf("netlink imports %q, want %q", got, want)
	}
	if m, ok := byPath[Golang]; !ok || len(m.Needs) != 0 {
		t.Errorf("the standard library: %v, it imports %q", ok, m.Needs)
	}
	if _, err := Modules("../..", "./cmd/nonsense"); err == nil {
		t.Error("a command that is not there has modules")
	}
}
