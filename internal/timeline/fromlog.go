package timeline

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/events"
)

// Reader reads lines of logs: Pacemaker's own of 1.1, 2.0, 2.1 and 3.0, corosync's, what
// both send to syslog or the journal, and the log of events.
type Reader struct {
	Ref  time.Time      // not before the last line: lines mostly have no year
	Zone *time.Location // of lines that have none
}

// The two beginnings of a line: of a file or syslog, and of journalctl -o short-iso and
// rsyslog.
var (
	shortStamp = regexp.MustCompile(`^([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(\.\d{1,9})? `)
	isoStamp   = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:?\d\d) `)
	// host is the second word, or in corosync's file and Pacemaker 1.1's the third, behind a
	// process number.
	hostName = regexp.MustCompile(`^(?:\[\d+\] )?([A-Za-z0-9][A-Za-z0-9._-]*) `)
)

// Read returns what a line says. host is the machine that the file is of, for lines that
// do not name it.
func (r Reader) Read(line, host string) (f Fact, ok bool) {
	if strings.HasPrefix(line, "{") || strings.Contains(line, `{"time":`) {
		e, ok := events.Parse([]byte(line))
		if !ok {
			return Fact{}, false
		}
		return FromEvent(e)
	}
	if !interesting(line) {
		return Fact{}, false
	}
	at, fine, rest, ok := r.stamp(line)
	if !ok {
		return Fact{}, false
	}
	if m := hostName.FindStringSubmatch(rest); m != nil {
		host, rest = m[1], rest[len(m[0]):]
	}
	for _, p := range phrases {
		m := p.form.FindStringSubmatch(rest)
		if m == nil {
			continue
		}
		f = Fact{At: at, Source: SecondsLog, Node: host}
		if fine {
			f.Source = FineLog
		}
		p.fill(&f, m[1:])
		f.Subject, f.Node, f.Text = events.Plain(f.Subject, 128), events.Plain(f.Node, 128), events.Plain(f.Text, 512)
		return f, f.Kind != "" && (f.Subject != "" || f.Kind == Suspected)
	}
	return Fact{}, false
}

// interesting is a quick look: nearly all lines say nothing here.
func interesting(line string) bool {
	for _, word := range []string{"state is now", "oken has not been received", "processor failed", "equesting fencing", "Delaying", "terminated (", "Initiating st", "Result of", "fencing operation"} {
		if strings.Contains(line, word) {
			return true
		}
	}
	return false
}

// stamp reads the time at the beginning of a line.
func (r Reader) stamp(line string) (at time.Time, fine bool, rest string, ok bool) {
	if m := isoStamp.FindStringSubmatch(line); m != nil {
		zone := strings.Replace(m[3], ":", "", 1)
		at, err := time.Parse("2006-01-02T15:04:05Z0700", m[1]+zone)
		return at.Add(fraction(m[2])), m[2] != "", line[len(m[0]):], err == nil
	}
	m := shortStamp.FindStringSubmatch(line)
	if m == nil {
		return at, false, "", false
	}
	zone := r.Zone
	if zone == nil {
		zone = time.UTC
	}
	// The 29th of February is one only in its own year.
	for back := range 8 {
		year := r.Ref.In(zone).Year() - back
		at, err := time.ParseInLocation("2006 Jan 2 15:04:05", strconv.Itoa(year)+" "+m[1]+" "+m[2]+" "+m[3]+":"+m[4]+":"+m[5], zone)
		if err == nil && !at.After(r.Ref.Add(24*time.Hour)) {
			return at.Add(fraction(m[6])), m[6] != "", line[len(m[0]):], true
		}
	}
	return at, false, "", false
}

// fraction is that of a second, with its point.
func fraction(text string) time.Duration {
	seconds, err := strconv.ParseFloat("0"+text, 64)
	if err != nil {
		return 0
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Microsecond)
}
