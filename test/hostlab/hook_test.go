package hostlab

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// asOneadmin starts a command as the user, and with the environment, of OpenNebula's
// services, which is the one that hooks have.
var asOneadmin = []string{"setpriv", "--reuid=oneadmin", "--regid=oneadmin", "--init-groups", "env", "--ignore-environment", "--chdir=/var/lib/one",
	"HOME=/var/lib/one", "USER=oneadmin", "LOGNAME=oneadmin", "SHELL=/bin/bash", "LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}

// run is one run of the hook.
type run struct {
	host         int
	began, ended time.Time
	code         int // -1 when it was killed
	said         string
	err          error // it could not be run
}

// hook runs the hook as OpenNebula's hook manager does when a host goes to a state from
// an earlier one: what stands in remotes/hooks, no arguments, the event's document and the
// arguments of the hook on standard input, once. When a kill is given, it dies by SIGKILL then.
func (s *site) hook(ctx context.Context, host, before int, kill *moment) run {
	document, err := event(host, before)
	if err != nil {
		return run{host: host, err: err}
	}
	stdin := strings.Replace(s.words, "$TEMPLATE", base64.StdEncoding.EncodeToString(document), 1)
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	killing, cancel := context.WithCancel(ctx)
	defer cancel()
	said := &lines{kill: kill, die: cancel}
	r := run{host: host, began: time.Now()}
	result, err := s.frontEnd.Command(killing, lab.Command{
		Args:    append(append([]string{}, asOneadmin...), "/var/lib/one/remotes/hooks/oneha/host_error"),
		Streams: lab.Streams{Stdin: strings.NewReader(stdin), Stderr: said},
	})
	r.ended, r.said, r.code = time.Now(), said.text(), result.Code
	switch exit := (*lab.ExitError)(nil); {
	case ctx.Err() != nil:
		r.err = fmt.Errorf("the hook does not end: %w", err)
	case killing.Err() != nil:
		r.code = -1
	case err != nil && !errors.As(err, &exit):
		r.err = err
	}
	return r
}

// event is the document of a host as a captured hook got it.
func event(host, before int) ([]byte, error) {
	text, err := os.ReadFile("../../internal/vmha/incident/testdata/hook.stdin")
	if err != nil {
		return nil, err
	}
	document, err := base64.StdEncoding.DecodeString(strings.Fields(string(text))[0])
	for old, now := range map[string]string{"<ID>0</ID>": fmt.Sprintf("<ID>%d</ID>", host), "<NAME>h0</NAME>": "<NAME>" + name(host) + "</NAME>",
		"<PREV_STATE>2</PREV_STATE>": fmt.Sprintf("<PREV_STATE>%d</PREV_STATE>", before)} {
		if err == nil && !bytes.Contains(document, []byte(old)) {
			err = fmt.Errorf("the captured event has no %s", old)
		}
		document = bytes.Replace(document, []byte(old), []byte(now), 1)
	}
	return document, err
}

// moment is when a hook is killed: so long after it has said so many lines.
type moment struct {
	line  int
	delay time.Duration
}

// lines keeps what a hook says, and kills it at its moment.
type lines struct {
	kill *moment
	die  func()

	mu    sync.Mutex
	said  bytes.Buffer
	count int
	timer *time.Timer
}

func (l *lines) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count += bytes.Count(text, []byte("\n"))
	if l.kill != nil && l.timer == nil && l.count >= l.kill.line {
		l.timer = time.AfterFunc(l.kill.delay, l.die)
	}
	return l.said.Write(text)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
	return l.said.String()
}

// missed runs oneha hook missed as a person does, who is oneadmin.
func (s *site) missed(ctx context.Context, words ...string) (code int, out string, err error) {
	r, err := s.frontEnd.Command(ctx, lab.Command{Args: append(append(append([]string{}, asOneadmin...), "oneha", "hook", "missed"), words...)})
	if exit := (*lab.ExitError)(nil); errors.As(err, &exit) {
		err = nil
	}
	return r.Code, r.Stdout + r.Stderr, err
}

// originalLine is a line of the original's log, as a monitoring looks for it.
var originalLine = regexp.MustCompile(`^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\]\[HOST (\d+)\]\[([IE])\] (.*)$`)

// logged are the texts of the log's lines about a host, those of errors with "E " in front.
// Every line of the log has the form of the original's.
func (s *site) logged(ctx context.Context, t *testing.T, host int) (texts []string) {
	t.Helper()
	text, err := s.read(ctx, logFile)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		m := originalLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			t.Fatalf("the log has a line of another form: %q", line)
		}
		if m[1] != fmt.Sprint(host) {
			continue
		}
		if m[2] == "E" {
			m[3] = "E " + m[3]
		}
		texts = append(texts, m[3])
	}
	return texts
}
