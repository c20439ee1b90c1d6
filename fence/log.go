package fence

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// logger writes one line per message. Standard error is short, because
// pacemaker-fenced logs every line of it as a warning; --verbose and the debug
// file have each step with its time.
type logger struct {
	stderr  io.Writer
	debug   io.Writer // nil when there is no debug file
	quiet   bool
	verbose bool
	now     func() time.Time
	secrets []string
}

// hide masks a value in everything written from now on.
func (l *logger) hide(secret string) {
	if secret != "" {
		l.secrets = append(l.secrets, secret)
	}
}

// fail writes why the action failed and what to do about it.
func (l *logger) fail(err error) { l.message("Failed: " + err.Error()) }

// warn writes what the user should know although the action goes on.
func (l *logger) warn(format string, args ...any) {
	l.message("Warning: " + fmt.Sprintf(format, args...))
}

func (l *logger) message(text string) {
	text = l.line(text)
	if !l.quiet || l.verbose {
		fmt.Fprintln(l.stderr, text)
	}
	l.trace(text)
}

// step writes what is being done, when somebody asked to see it.
func (l *logger) step(format string, args ...any) {
	text := l.line(fmt.Sprintf(format, args...))
	if l.verbose {
		fmt.Fprintln(l.stderr, l.stamp(), text)
	}
	l.trace(text)
}

func (l *logger) trace(text string) {
	if l.debug != nil {
		fmt.Fprintln(l.debug, l.stamp(), text)
	}
}

func (l *logger) stamp() string { return l.now().Format("2006-01-02 15:04:05.000") }

// line masks secrets and keeps a message on one line.
func (l *logger) line(text string) string {
	for _, s := range l.secrets {
		text = strings.ReplaceAll(text, s, "[secret]")
	}
	return strings.Join(strings.Fields(text), " ")
}
