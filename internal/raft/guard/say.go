package guard

import (
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// speaker writes a line for every change: what was said last about a subject is not
// said again. It is for any goroutine.
type speaker struct {
	mu   sync.Mutex
	to   io.Writer
	last map[string]string
}

// change says something about a subject, if it is not what was said last.
func (s *speaker) change(subject, format string, args ...any) {
	s.say(subject, fmt.Sprintf(format, args...))
}

// over says that there is nothing to be said about a subject any more.
func (s *speaker) over(subject, format string, args ...any) {
	s.mu.Lock()
	_, was := s.last[subject]
	delete(s.last, subject)
	s.mu.Unlock()
	if was && format != "" {
		s.line(fmt.Sprintf(format, args...))
	}
}

func (s *speaker) say(subject, line string) {
	s.mu.Lock()
	if s.last == nil {
		s.last = map[string]string{}
	}
	known := s.last[subject] == line
	s.last[subject] = line
	s.mu.Unlock()
	if !known {
		s.line(line)
	}
}

func (s *speaker) line(line string) {
	if s.to != nil {
		_, _ = fmt.Fprintln(s.to, line) // a journal that takes nothing has nobody to tell
	}
}

// trouble is what was said and is still so, of the subjects given.
func (s *speaker) trouble(subjects ...string) (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, subject := range subjects {
		if line, is := s.last[subject]; is {
			all = append(all, line)
		}
	}
	return all
}

// notifyWithin bounds how long a systemd that reads nothing, and so watches nobody,
// keeps the guard from its work.
const notifyWithin = 20 * time.Millisecond

// notify tells systemd (sd_notify(3)); without a socket nobody. An error has nobody
// to be told: systemd sees that nothing came.
func (g *Guard) notify(state string) {
	if g.c.Notify == "" {
		return
	}
	name := g.c.Notify
	if name[0] == '@' { // an abstract socket
		name = "\x00" + name[1:]
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return
	}
	defer c.Close()
	if c.SetWriteDeadline(time.Now().Add(notifyWithin)) == nil {
		_, _ = c.Write([]byte(state))
	}
}

// status is the line that systemctl status shows, and the log of who holds.
func (g *Guard) status() {
	line := "takes no part: " + g.idle
	if g.machine != nil {
		v := g.machine.View(g.now())
		switch {
		case v.Holding:
			line = fmt.Sprintf("leader of term %d, holds the lease", v.Term)
		case v.Leader:
			line = fmt.Sprintf("oned is leader of term %d, without a lease so far", v.Term)
		default:
			line = fmt.Sprintf("oned is not leader; latest term %d", v.Term)
		}
	}
	if g.said.is("status", line) {
		return
	}
	g.said.change("status", "%s", line)
	g.notify("STATUS=" + line)
}

// is reports whether that was said last.
func (s *speaker) is(subject, line string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last[subject] == line
}
