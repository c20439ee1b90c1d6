package fakezone

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"strconv"
	"strings"
	"time"
)

// Event is something that happened in a server: a line of EventsFile.
type Event struct {
	Time time.Time
	What string // process, port, state, round, vote, hook, window, purge, clock, stop
	Text string // state: its name; hook: "leader start 123", "leader end 123 0" (process, exit code); window: the follower that fell out
	Term int
}

// String is the event without its time, for comparisons.
func (e Event) String() string { return e.What + " " + e.Text }

// journal is the log of a server and its events.
type journal struct {
	log    *log.Logger
	events *os.File
}

func (j journal) event(term int, what, format string, args ...any) {
	// One write each: hooks and elections write at the same time.
	line := fmt.Sprintf("%s %d %s %s\n", time.Now().Format(time.RFC3339Nano), term, what, fmt.Sprintf(format, args...))
	_, _ = io.WriteString(j.events, line) // a test that misses one fails
}

// say writes a line as oned does: component, then the text.
func (j journal) say(component, format string, args ...any) {
	j.log.Printf("%s [Z0][%s][I]: %s", time.Now().Format(time.StampMicro), component, fmt.Sprintf(format, args...))
}

// readEvents reads an events file; a server that never started has none.
func readEvents(file string) ([]Event, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	defer f.Close()
	var events []Event
	for s := bufio.NewScanner(f); s.Scan(); {
		part := strings.SplitN(s.Text(), " ", 4)
		if len(part) != 4 {
			return nil, fmt.Errorf("read events: %q is none", s.Text())
		}
		at, err := time.Parse(time.RFC3339Nano, part[0])
		term, bad := strconv.Atoi(part[1])
		if err := errors.Join(err, bad); err != nil {
			return nil, fmt.Errorf("read events: %w", err)
		}
		events = append(events, Event{Time: at, Term: term, What: part[2], Text: part[3]})
	}
	return events, nil
}
