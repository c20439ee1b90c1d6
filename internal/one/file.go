package one

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"unicode/utf8"
)

// readFile reads at most limit bytes of a regular file, without ever waiting: a
// named pipe in its place is an error.
func readFile(file string, limit int64) (string, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", file)
	}
	text, err := io.ReadAll(io.LimitReader(f, limit))
	return string(text), err
}

// maxConfig bounds a configuration file, in bytes; oned.conf as it is shipped has
// 50 thousand.
const maxConfig = 1 << 20

// readConfig reads a configuration file whole.
func readConfig(file string) (string, error) {
	text, err := readFile(file, maxConfig+1)
	switch {
	case err != nil:
		return "", fmt.Errorf("read configuration: %w", err)
	case len(text) > maxConfig:
		return "", fmt.Errorf("read configuration: %s has more than %d bytes", file, maxConfig)
	case strings.Contains(text, "\x00"):
		return "", fmt.Errorf("read configuration: %s is not a text", file)
	}
	return text, nil
}

// mistake is what is wrong at one place of a configuration file. It never repeats
// a value: that may be a password.
type mistake struct {
	line, column int // from 1, the column in characters
	what         string
}

// in names the file of a mistake, as editors parse it.
func (m mistake) in(file string) error {
	return fmt.Errorf("%s:%d:%d: %s", file, m.line, m.column, m.what)
}

// mistakeAt is a mistake at an offset of text.
func mistakeAt(text string, offset int, what string) mistake {
	before := text[:min(offset, len(text))]
	start := 0
	m := mistake{line: 1, what: what}
	for i := range len(before) {
		if before[i] == '\n' {
			m.line++
			start = i + 1
		}
	}
	m.column = utf8.RuneCountInString(before[start:]) + 1
	return m
}
