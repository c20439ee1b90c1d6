package incident

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Names and answers from elsewhere make no line of their own, and steer no terminal.
func TestLogOfHostileTexts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	var also []string
	l := &Log{File: file, Host: 3, Also: func(_ byte, text string) { also = append(also, text) }, Clock: func() time.Time { return time.Unix(0, 0).UTC() }}
	l.Info("hostname: %s", "a\x1b]0;owned\x07\r[1970-01-01 00:00:00 +0000][HOST 1][I] Hook finished\u2028\u202e\u009b31m\xff\tb")
	l.Error("one\ntwo\n\n")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const want = "[1970-01-01 00:00:00 +0000][HOST 3][I] hostname: a\ufffd]0;owned\ufffd\ufffd[1970-01-01 00:00:00 +0000][HOST 1][I] Hook finished\ufffd\ufffd\ufffd31m\ufffd\tb\n" +
		"[1970-01-01 00:00:00 +0000][HOST 3][E] one\n[1970-01-01 00:00:00 +0000][HOST 3][E] two\n"
	if string(text) != want {
		t.Errorf("%q", text)
	}
	if len(also) != 3 || strings.ContainsAny(strings.Join(also, ""), "\x1b\r") {
		t.Errorf("%q", also)
	}
}
