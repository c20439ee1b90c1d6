package guides

import (
	"fmt"
	"strconv"
	"strings"
)

// block is a fenced block of a guide.
type block struct{ language, text string }

// blocks finds the fenced blocks of a guide.
func blocks(guide string) (found []block) {
	for i, part := range strings.Split("\n"+guide, "\n```") {
		if i%2 == 1 {
			language, text, _ := strings.Cut(part, "\n")
			found = append(found, block{language, text + "\n"})
		}
	}
	return found
}

// typed is a command of a guide, and what came of it.
type typed struct {
	command string
	output  string
	code    int
	after   string // what the look behind it printed
}

// session reads what the script front-end.sh printed between its marks.
func session(output string, commands []string) ([]typed, error) {
	var found []typed
	for _, part := range strings.Split(output, "\n@@ begin ")[1:] {
		number, rest, _ := strings.Cut(part, "\n")
		n, err := strconv.Atoi(number)
		if err != nil || n != len(found) || n >= len(commands) {
			return found, fmt.Errorf("step %q after %d", number, len(found))
		}
		text, rest, ended := strings.Cut(rest, "\n@@ code ")
		if !ended {
			return found, fmt.Errorf("%s did not end: %s", commands[n], text)
		}
		code, after, _ := strings.Cut(rest, "\n")
		after, _, _ = strings.Cut(after, "\n@@ end")
		exit, err := strconv.Atoi(code)
		if err != nil {
			return found, fmt.Errorf("%s ended with %q", commands[n], code)
		}
		found = append(found, typed{commands[n], text, exit, after})
	}
	if len(found) != len(commands) {
		return found, fmt.Errorf("%d of %d commands were typed", len(found), len(commands))
	}
	return found, nil
}
