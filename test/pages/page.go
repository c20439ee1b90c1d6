package pages

import (
	"fmt"
	"strings"
)

// block is a fenced block of a page.
type block struct {
	lang string
	line int // where it begins in the page, from 1
	text string
}

// blocks are the fenced blocks of a page in Markdown, in order.
func blocks(page string) ([]block, error) {
	var all []block
	var open *block
	for n, line := range strings.Split(page, "\n") {
		lang, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && open == nil:
			open = &block{lang: strings.TrimSpace(lang), line: n + 1}
		case fence && lang == "":
			all, open = append(all, *open), nil
		case fence:
			return nil, fmt.Errorf("line %d: a block begins inside of the one of line %d", n+1, open.line)
		case open != nil:
			open.text += line + "\n"
		}
	}
	if open != nil {
		return nil, fmt.Errorf("the block of line %d does not end", open.line)
	}
	return all, nil
}

// shows says how a screen of a page differs from what was really printed, "" when it does
// not. A line "..." of the page stands for any lines, or none; blanks at the ends of lines
// and empty lines at both ends do not count.
func shows(page, printed string) string {
	got, from, anywhere := lines(printed), 0, false
	for i, part := range strings.Split("\n"+strings.Trim(page, "\n")+"\n", "\n...\n") {
		part = strings.Trim(part, "\n")
		if anywhere = i > 0; part == "" {
			continue
		}
		want := lines(part)
		at := from
		for ; !begins(got[at:], want); at++ {
			if !anywhere || at == len(got) {
				return fmt.Sprintf("not printed, or not there:\n%s", part)
			}
		}
		from, anywhere = at+len(want), false
	}
	if from < len(got) && !anywhere {
		return "more is printed than the page shows:\n" + strings.Join(got[from:], "\n")
	}
	return ""
}

// lines are those of a text without empty ones at its ends and blanks at theirs.
func lines(text string) []string {
	all := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, line := range all {
		all[i] = strings.TrimRight(line, " \t")
	}
	return all
}

func begins(got, want []string) bool {
	if len(got) < len(want) {
		return false
	}
	for i := range want {
		if got[i] != want[i] {
			return false
		}
	}
	return true
}
