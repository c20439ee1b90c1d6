package main

import (
	"regexp"
	"strings"
)

// room is how wide a line may be that is shown as it is: 80 columns without the page's
// margin and the line's own.
const room = 80 - 7 - 4

// remark divides a line of a help into what is typed and what is said of it.
var remark = regexp.MustCompile(`^(\s*\S.*?)\s{2,}(\S.*)$`)

// fit makes lines fit that a help shows beside each other on a wide terminal: what is
// said of a command comes below it then, for all lines of the block.
func fit(lines []string) []string {
	wide := false
	for _, line := range lines {
		wide = wide || len(line) > room
	}
	if !wide {
		return lines
	}
	var all []string
	for _, line := range lines {
		said := ""
		if parts := remark.FindStringSubmatch(line); parts != nil {
			line, said = parts[1], strings.TrimRight(parts[2], " ")
		}
		all = append(all, fold(line)...)
		for said != "" {
			var now string
			now, said = cut(said, room-4, " ")
			all = append(all, "    "+now)
		}
	}
	return all
}

// fold divides a command as a shell takes it. What is no command stays as it is.
func fold(line string) (lines []string) {
	margin := line[:len(line)-len(strings.TrimLeft(line, " "))]
	text := strings.TrimLeft(line, " ")
	if !strings.HasPrefix(text, "oneha ") && !strings.HasPrefix(text, "--") {
		return []string{line}
	}
	for len(margin)+len(text) > room {
		var now string
		if now, text = cut(text, room-len(margin)-len(` \`), " -", " "); text == "" {
			text = now
			break
		}
		lines = append(lines, margin+now+` \`)
		if len(lines) == 1 && strings.HasPrefix(now, "oneha ") {
			margin += "    "
		}
	}
	return append(lines, margin+text)
}

// cut takes a part of at most so many bytes, before one of the marks, the first that
// there is; without one, all of it.
func cut(text string, width int, marks ...string) (first, rest string) {
	if len(text) <= width {
		return text, ""
	}
	for _, mark := range marks {
		if at := strings.LastIndex(text[:width+1], mark); at > 0 {
			return text[:at], strings.TrimLeft(text[at:], " ")
		}
	}
	return text, ""
}
