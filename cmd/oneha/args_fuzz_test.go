package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// No word of a command line is lost or invented when the flags move to the front, but for
// a request for help and what stands behind it.
func FuzzSplitArgs(f *testing.F) {
	known := []cli.Flag{&cli.StringFlag{Name: "output", Aliases: []string{"o"}}, &cli.BoolFlag{Name: "json"}, &cli.DurationFlag{Name: "within"}}
	for _, line := range []string{"FILE -o DIR", "-o DIR --json FILE", "--output=DIR -- -o", "-o", "a -h b", "--within 5s - x", "---o x", "-", "-- --", "--json=false -json"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Split(line, " ")
		flags, words, help, whole := splitArgs(args, known)
		all := slices.Concat(flags, words)
		rest := slices.Clone(args)
		for _, w := range all {
			i := slices.Index(rest, w)
			if i < 0 {
				t.Fatalf("%q has no %q", args, w)
			}
			rest = slices.Delete(rest, i, i+1)
		}
		if !help && (len(rest) > 1 || len(rest) == 1 && rest[0] != "--") {
			t.Errorf("%q is lost of %q", rest, args)
		}
		if !whole && (help || len(flags) == 0 || !takesValue(flags[len(flags)-1], known)) {
			t.Errorf("%q is not whole, with the flags %q", args, flags)
		}
		// The order among words and among flags is that of the line, so that doing it twice changes nothing.
		again, others, _, _ := splitArgs(append(append(slices.Clone(flags), "--"), words...), known)
		if whole && !help && (!slices.Equal(again, flags) || !slices.Equal(others, words)) {
			t.Errorf("%q is %q and %q, and then %q and %q", args, flags, words, again, others)
		}
	})
}
