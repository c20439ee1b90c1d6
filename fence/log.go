package fence

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// logger writes one line per message. Standard error is short, because
// pacemaker-fenced logs every line of it as a warning; --verbose and the debug
// file have each step with its time; syslog has failures, warnings and what was
// switched, whatever the caller does with standard error.
//
// It masks nothing itself. Looking for a password in a text and blotting it out
// tells it: of the password "e", a log without that letter. Secrets are values of
// type Secret instead, which do not print.
type logger struct {
	stderr  io.Writer
	debug   io.Writer // nil when there is no debug file
	syslog  func([]byte) error
	tag     string // of syslog, "fence_bmc_ipmi[123]"
	quiet   bool
	verbose bool
	now     func() time.Time
}

// Severities of syslog (RFC 5424, 6.2.1) and its facility for daemons.
const (
	severityError   = 3
	severityWarning = 4
	severityNotice  = 5

	facilityDaemon = 3
)

// fail writes why the action failed and what to do about it.
func (l *logger) fail(err error) { l.message(severityError, "Failed: "+err.Error()) }

// warn writes what the user should know although the action goes on.
func (l *logger) warn(format string, args ...any) {
	l.message(severityWarning, "Warning: "+fmt.Sprintf(format, args...))
}

// note writes to syslog and the debug file what standard output says already.
func (l *logger) note(text string) {
	l.send(severityNotice, oneLine(text))
	l.trace(oneLine(text))
}

func (l *logger) message(severity int, text string) {
	text = oneLine(text)
	l.send(severity, text)
	if !l.quiet || l.verbose {
		fmt.Fprintln(l.stderr, text)
	}
	l.trace(text)
}

// step writes what is being done, when somebody asked to see it.
func (l *logger) step(format string, args ...any) {
	text := oneLine(fmt.Sprintf(format, args...))
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

// send writes to syslog in the form of RFC 3164. That nobody takes it is no
// reason to fence worse.
func (l *logger) send(severity int, text string) {
	if l.syslog != nil {
		_ = l.syslog(fmt.Appendf(nil, "<%d>%s %s: %s", facilityDaemon*8+severity, l.now().Format(time.Stamp), l.tag, text))
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
