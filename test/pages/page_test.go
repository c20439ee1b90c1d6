package pages

import (
	"slices"
	"testing"
)

func TestBlocks(t *testing.T) {
	got, err := blocks("text\n```sh\none\n\ntwo\n```\n```\nprinted\n```\n")
	want := []block{{"sh", 2, "one\n\ntwo\n"}, {"", 7, "printed\n"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, broken := range []string{"```sh\n", "```sh\n```sh\n```\n"} {
		if got, err := blocks(broken); err == nil {
			t.Errorf("%q: %v", broken, got)
		}
	}
}

func TestShows(t *testing.T) {
	const printed = "one\ntwo  \n\nthree\nfour\n"
	for page, good := range map[string]bool{
		"one\ntwo\n\nthree\nfour\n":   true,
		"\none\n...\nfour\n":          true,
		"one\n...\n":                  true,
		"...\nfour\n":                 true,
		"...\nthree\n...\n":           true,
		"...\n":                       true,
		"one\n...\ntwo\n\nthree\n...": true,
		"one\ntwo\n":                  false,
		"two\n...\n":                  false,
		"...\nthree\n":                false,
		"one\n...\nthree\ntwo\n...\n": false,
		"one\nthree\n...\n":           false,
		"...\nfive\n...\n":            false,
	} {
		if why := shows(page, printed); (why == "") != good {
			t.Errorf("%q: %q", page, why)
		}
	}
}
