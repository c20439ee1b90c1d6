package incident

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode"
)

// Log writes the lines of the original: "[time][HOST id][I] text", one for every line
// of a text. What cannot be written goes to the other one and is no reason to stop.
type Log struct {
	File  string
	Host  int // -1 before it is known: then the place of its ID is empty
	Also  func(level byte, text string)
	Clock func() time.Time
}

// timeForm is how Ruby writes a time.
const timeForm = "2006-01-02 15:04:05 -0700"

// Info writes what happened.
func (l *Log) Info(format string, args ...any) { l.write('I', fmt.Sprintf(format, args...)) }

// Error writes what went wrong.
func (l *Log) Error(format string, args ...any) { l.write('E', fmt.Sprintf(format, args...)) }

func (l *Log) write(level byte, text string) {
	now := time.Now
	if l.Clock != nil {
		now = l.Clock
	}
	host := ""
	if l.Host >= 0 {
		host = fmt.Sprint(l.Host)
	}
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		line = strings.Map(printable, line)
		fmt.Fprintf(&b, "[%s][HOST %s][%c] %s\n", now().Format(timeForm), host, level, line)
		if l.Also != nil {
			l.Also(level, line)
		}
	}
	if l.File == "" {
		return
	}
	// One write of whole lines at the end of the file: those of ten hooks do not mix.
	f, err := os.OpenFile(l.File, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err == nil {
		_, err = f.WriteString(b.String())
		if e := f.Close(); err == nil {
			err = e
		}
	}
	if err != nil && l.Also != nil {
		l.Also('E', "the log cannot be written: "+err.Error())
	}
}

// printable keeps what a name or an answer from elsewhere holds from steering the
// terminal on which the log is read, or from looking like a line of its own.
func printable(r rune) rune {
	if r != '\t' && unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r) {
		return unicode.ReplacementChar
	}
	return r
}

// ids are IDs as the original prints them.
func ids(list []int) string {
	words := make([]string, len(list))
	for i, id := range list {
		words[i] = fmt.Sprintf("%q", fmt.Sprint(id))
	}
	return "[" + strings.Join(words, ", ") + "]"
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
