package ocf

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// handler is a slog.Handler that writes "message key=value ..." to a sink.
type handler struct {
	sink  *sink
	attrs string // already rendered, each with a space in front
	group string // prefix of further keys, with its dots
}

func (h *handler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo || h.sink.debug
}

func (h *handler) Handle(_ context.Context, rec slog.Record) error {
	var b strings.Builder
	b.WriteString(rec.Message)
	b.WriteString(h.attrs)
	rec.Attrs(func(a slog.Attr) bool { appendAttr(&b, h.group, a); return true })
	h.sink.log(rec.Level, oneLine(b.String()), false)
	return nil
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	for _, a := range attrs {
		appendAttr(&b, h.group, a)
	}
	return &handler{sink: h.sink, attrs: h.attrs + b.String(), group: h.group}
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return &handler{sink: h.sink, attrs: h.attrs, group: h.group + name + "."}
}

func appendAttr(b *strings.Builder, group string, a slog.Attr) {
	value := a.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		if a.Key != "" {
			group += a.Key + "."
		}
		for _, member := range value.Group() {
			appendAttr(b, group, member)
		}
		return
	}
	if a.Key == "" {
		return
	}
	text := value.String()
	if text == "" || strings.ContainsAny(text, " \"=\n") {
		text = strconv.Quote(text)
	}
	b.WriteString(" " + group + a.Key + "=" + text)
}

// sink writes log lines where the cluster wants them, by the rules of
// ocf-shellfuncs: to syslog if HA_LOGFACILITY names a facility, to HA_LOGFILE
// if it is set, and to stderr if there is neither (or none took the line).
// Debug lines are written if HA_debug is set and not 0.
type sink struct {
	env      Env
	tag      string // "type(instance)[pid]"
	facility int    // RFC 3164 number, -1 for none
	path     string
	debug    bool

	mu   sync.Mutex // an action may log from several goroutines
	file io.WriteCloser
}

func newSink(env Env, req *Request) *sink {
	s := &sink{env: env, facility: -1, path: env.get("HA_LOGFILE")}
	if f := env.get("HA_LOGFACILITY"); f != "" && f != "none" {
		s.facility = facilityNumber(f)
	}
	if d := env.get("HA_debug"); d != "" && d != "0" {
		s.debug = true
	}
	instance := ""
	if req.Instance != "" {
		instance = "(" + req.Instance + ")"
	}
	s.tag = oneLine(fmt.Sprintf("%s%s[%d]", req.Type, instance, env.Pid))
	return s
}

// log writes one line. With onStderr, stderr is left out because the line is
// there in another form.
func (s *sink) log(level slog.Level, line string, onStderr bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, severity := levelNames(level)
	now, taken := s.env.Now(), false
	if s.facility >= 0 && s.env.Syslog != nil {
		msg := fmt.Sprintf("<%d>%s %s: %s: %s", s.facility*8+severity, now.Format(time.Stamp), s.tag, name, line)
		taken = s.env.Syslog([]byte(msg)) == nil
	}
	stamp := now.Format("Jan 02 15:04:05")
	if w := s.logFile(); w != nil {
		_, err := io.WriteString(w, fmt.Sprintf("%s %s: %s: %s\n", stamp, s.tag, name, line))
		taken = taken || err == nil
	}
	if !taken && !onStderr {
		_, _ = io.WriteString(s.env.Stderr, fmt.Sprintf("%s %s: %s: %s\n", stamp, s.tag, name, line))
	}
}

// logFile opens HA_LOGFILE at the first line: most calls log nothing.
func (s *sink) logFile() io.Writer {
	if s.file == nil && s.path != "" && s.env.LogFile != nil {
		f, err := s.env.LogFile(s.path)
		if err != nil {
			s.path = "" // asked once
			return nil
		}
		s.file = f
	}
	if s.file == nil {
		return nil
	}
	return s.file
}

func (s *sink) close() {
	if s.file != nil {
		_ = s.file.Close()
	}
}

// levelNames returns the word that ocf_log uses and the severity of RFC 3164.
func levelNames(level slog.Level) (string, int) {
	switch {
	case level >= slog.LevelError:
		return "ERROR", 3
	case level >= slog.LevelWarn:
		return "WARNING", 4
	case level >= slog.LevelInfo:
		return "INFO", 6
	default:
		return "DEBUG", 7
	}
}

// facilities are the names of RFC 3164, section 4.1.1, at their numbers.
var facilities = []string{
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "", "", "", "",
	"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
}

// facilityNumber returns the number of a facility; daemon's, which is
// Pacemaker's default, for a name that has none.
func facilityNumber(name string) int {
	if n := slices.Index(facilities, name); n >= 0 && name != "" {
		return n
	}
	return 3
}
