package complete_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/commands"
	"github.com/oneha/oneha/internal/complete"
)

// easel has a flag of every kind, and arguments.
var easel = commands.Command{
	Name:  "easel",
	Flags: []commands.Flag{{Names: []string{"--help", "-h"}}},
	Commands: []commands.Command{
		{
			Name: "easel draw", Usage: "draw it", Arguments: []string{"COLOUR", "FILE..."},
			Flags: []commands.Flag{
				{Names: []string{"--width", "-w"}, Value: "MM", Usage: "how wide"},
				{Names: []string{"--often"}, Value: "N", Optional: true},
				{Names: []string{"--again"}, Repeats: true},
				{Names: []string{"--secret"}, Hidden: true},
			},
		},
		{Name: "easel hidden", Hidden: true},
	},
}

func values(kind, flag string, typed complete.Typed) complete.Offer {
	switch kind {
	case "COLOUR":
		return complete.Offer{Words: []complete.Word{{"red", ""}, {"green", "as grass"}, {"width" + typed.Flags["--width"], ""}}}
	case "FILE":
		return complete.Offer{Files: complete.Any}
	case "MM":
		return complete.Offer{Words: []complete.Word{{"1", flag}, {"2", typed.Command}}, List: true}
	}
	return complete.Offer{}
}

func TestComplete(t *testing.T) {
	for _, test := range []struct {
		words []string
		want  string
	}{
		{nil, ""},
		{[]string{"easel"}, ""},
		{[]string{"easel", ""}, "draw\tdraw it\n"},
		{[]string{"easel", "hid"}, ""},
		{[]string{"easel", "-"}, ""},
		{[]string{"easel", "--"}, "--help\t\n"},
		{[]string{"easel", "draw", ""}, "red\t\ngreen\tas grass\nwidth\t\n"},
		{[]string{"easel", "draw", "-w", "3", "w"}, "width3\t\n"},
		{[]string{"easel", "--width=4", "draw", "w"}, "width4\t\n"},
		{[]string{"easel", "draw", "--often", "w"}, "width\t\n"}, // its value would stand after =
		{[]string{"easel", "draw", "red", ""}, ":files\n"},
		{[]string{"easel", "draw", "red", "a", "b", ""}, ":files\n"},
		{[]string{"easel", "draw", "--width", ""}, "1\t--width\n2\teasel draw\n"},
		{[]string{"easel", "draw", "-width", "1,"}, "1,2\teasel draw\n"},
		{[]string{"easel", "draw", "--width=2"}, "2\teasel draw\n"},
		{[]string{"easel", "draw", "--again=x"}, ""},
		{[]string{"easel", "draw", "--again", "-w", "1", "--"}, "--often\t\n--again\t\n"},
		{[]string{"easel", "draw", "--unknown", "--", "--w"}, ""},
		{[]string{"easel", "draw", "--", "red", ""}, ":files\n"},
	} {
		if diff := cmp.Diff(test.want, complete.Complete(easel, test.words, values).String()); diff != "" {
			t.Errorf("%q: -want +got:\n%s", test.words, diff)
		}
	}
}

// A name from a file is no second answer.
func TestOfferIsLines(t *testing.T) {
	offer := complete.Offer{Words: []complete.Word{{"a\n:files", "b\tc\x1b"}}}
	if got := offer.String(); got != "a :files\tb c \n" {
		t.Errorf("%q", got)
	}
}
