package ocf

import (
	"io"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"
)

// reasonLimit is the length in bytes at which Pacemaker cuts an exit reason
// (EXIT_REASON_MAX_LEN in lib/services/services_linux.c). It cuts inside a
// character if one is there, and what is left goes into the CIB, so a longer
// reason is shortened here.
const reasonLimit = 128

// report logs how the action ended, writes the exit reason and returns the
// code. There is no exit reason where Pacemaker got the answer it asked for: a
// success, a promoted instance, or a probe that found nothing running.
// Pacemaker takes the last reason it finds, so it is written last.
func report(req *Request, out *sink, env Env, err error) Code {
	if err == nil {
		return SuccessCode
	}
	code := CodeOf(err)
	text := oneLine(err.Error())
	if code == RunningPromotedCode || (code == NotRunningCode && req.Probe()) {
		req.Log.Debug(text)
		return code
	}
	level := slog.LevelError
	if code == DegradedCode || code == DegradedPromotedCode {
		level = slog.LevelWarn
	}
	reason := shorten(text, reasonLimit)
	out.log(level, text, reason == text) // on stderr the reason itself is enough
	prefix := env.get("OCF_EXIT_REASON_PREFIX")
	if prefix == "" {
		prefix = "ocf-exit-reason:"
	}
	_, _ = io.WriteString(env.Stderr, prefix+reason+"\n")
	return code
}

// oneLine joins the lines of s with "; " and makes it safe for a log line, a
// terminal and XML: valid UTF-8 without control characters.
func oneLine(s string) string {
	if isPlain(s) {
		return s
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	var lines []string
	for _, line := range strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }) {
		line = strings.TrimSpace(strings.Map(func(r rune) rune {
			if !unicode.IsPrint(r) {
				return ' '
			}
			return r
		}, line))
		if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// isPlain reports whether s is printable ASCII, as nearly every message is.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// shorten cuts s to at most limit bytes, at the end of a character.
func shorten(s string, limit int) string {
	const mark = "..."
	if len(s) <= limit {
		return s
	}
	end := limit - len(mark)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + mark
}
