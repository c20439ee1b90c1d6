package commands_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/commands"
)

func TestPartsOfADescription(t *testing.T) {
	c := commands.Command{Description: "Draws a line\nof any length.\n\nWith a ruler:\n  draw -r\n    indented\nAnd after it.\n\n" +
		"Exit codes: 0 drawn; 2 no\npaper.\n\nExamples:\n  draw 3    three\n  draw\n\n  alone\n"}
	want := commands.Parts{
		Text: []commands.Block{
			{Text: "Draws a line of any length."},
			{Text: "With a ruler:", Lines: []string{"draw -r", "  indented"}},
			{Text: "And after it."},
			{Lines: []string{"alone"}},
		},
		Status:   []commands.Block{{Text: "0 drawn; 2 no paper."}},
		Examples: []commands.Block{{Lines: []string{"draw 3    three", "draw"}}},
	}
	if diff := cmp.Diff(want, c.Parts()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if parts := (commands.Command{}).Parts(); len(parts.Text)+len(parts.Status)+len(parts.Examples) != 0 {
		t.Errorf("of nothing: %+v", parts)
	}
}

func TestAllLeavesOutWhatIsHidden(t *testing.T) {
	top := commands.Command{Name: "a", Commands: []commands.Command{
		{Name: "a b", Commands: []commands.Command{{Name: "a b c"}}},
		{Name: "a d", Hidden: true, Commands: []commands.Command{{Name: "a d e"}}},
	}}
	var names []string
	for _, c := range top.All() {
		names = append(names, c.Name)
	}
	if diff := cmp.Diff([]string{"a", "a b", "a b c"}, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, ok := top.Sub("d"); !ok {
		t.Error("a hidden command cannot be found")
	}
}
