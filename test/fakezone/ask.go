package fakezone

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Status is the answer of one.zone.raftstatus.
type Status struct {
	ServerID int   `xml:"SERVER_ID"`
	State    State `xml:"STATE"`
	Term     int   `xml:"TERM"`
	VotedFor int   `xml:"VOTEDFOR"`
	Commit   int   `xml:"COMMIT"`
	Index    int   `xml:"LOG_INDEX"`
	LogTerm  int   `xml:"LOG_TERM"`
	FedIndex int   `xml:"FEDLOG_INDEX"`
}

// Call makes an XML-RPC call to a server, from its own namespace, so that no cut
// is in the way. The session is put before the parameters, which are texts and
// numbers. The error is a *Refusal when the server answered.
func (z *Zone) Call(ctx context.Context, id int, method string, params ...any) (string, error) {
	return z.CallFrom(ctx, id, id, method, params...)
}

// CallFrom makes an XML-RPC call from the namespace of one server to another.
func (z *Zone) CallFrom(ctx context.Context, from, to int, method string, params ...any) (string, error) {
	text, err := z.servers[from].caller.call(ctx, z.Endpoint(to), method, append([]any{Session}, params...)...)
	if err != nil {
		return "", fmt.Errorf("call %s of server %d: %w", method, to, err)
	}
	return text, nil
}

// askTime is how long a server may take to say what it is.
const askTime = time.Second

// Status asks a server what it is.
func (z *Zone) Status(ctx context.Context, id int) (Status, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	var s Status
	text, err := z.Call(ctx, id, "one.zone.raftstatus")
	if err == nil {
		err = xml.Unmarshal([]byte(text), &s)
	}
	return s, err
}

// Statuses asks all servers at once; those that do not answer are missing.
func (z *Zone) Statuses(ctx context.Context) map[int]Status {
	all := map[int]Status{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for id := range z.servers {
		wg.Go(func() {
			s, err := z.Status(ctx, id)
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				all[id] = s
			}
		})
	}
	wg.Wait()
	return all
}

// Leader is the server that says that it is leader, of those the one with the
// highest term: an old one may not know. It is -1 when there is none.
func (z *Zone) Leader(ctx context.Context) int {
	leader, term := -1, -1
	for id, s := range z.Statuses(ctx) {
		if s.State == Leader && s.Term > term {
			leader, term = id, s.Term
		}
	}
	return leader
}

// pollTime is the time between two looks at a zone that is waited for.
const pollTime = 20 * time.Millisecond

// Wait looks until done says so.
func (z *Zone) Wait(ctx context.Context, what string, done func(context.Context) bool) error {
	for !done(ctx) {
		if !pause(ctx, pollTime) {
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		}
	}
	return nil
}

// WaitLeader waits for a leader other than those, to which a majority passes calls
// on: followers know it since its first heartbeat.
func (z *Zone) WaitLeader(ctx context.Context, others ...int) (int, error) {
	leader := -1
	err := z.Wait(ctx, "a leader", func(ctx context.Context) bool {
		all := z.Statuses(ctx)
		for id, s := range all {
			if s.State == Leader && !slices.Contains(others, id) && z.follow(ctx, s.Term, all) >= len(z.servers)/2 {
				leader = id
			}
		}
		return leader >= 0
	})
	return leader, err
}

// follow counts the followers of a term that know a leader who answers.
func (z *Zone) follow(ctx context.Context, term int, all map[int]Status) int {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	n := 0
	for id, s := range all {
		if s.State != Follower || s.Term != term {
			continue
		}
		if _, err := z.Call(ctx, id, "one.system.version"); err == nil {
			n++
		}
	}
	return n
}

// Write writes to the zone by a server, which may pass it on, and returns when it
// is committed.
func (z *Zone) Write(ctx context.Context, id int, key, value string) error {
	_, err := z.Call(ctx, id, "one.fake.write", key, value)
	return err
}

// Database asks a server for what it keeps.
func (z *Zone) Database(ctx context.Context, id int) (*Database, error) {
	text, err := z.Call(ctx, id, "one.fake.dump")
	if err != nil {
		return nil, err
	}
	d := &Database{}
	if err := json.Unmarshal([]byte(text), d); err != nil {
		return nil, fmt.Errorf("read database of server %d: %w", id, err)
	}
	return d, nil
}

// Same waits until the servers hold the same data.
func (z *Zone) Same(ctx context.Context, ids ...int) error {
	return z.Wait(ctx, "equal databases", func(ctx context.Context) bool {
		var first *Database
		for _, id := range ids {
			d, err := z.Database(ctx, id)
			if err != nil || first != nil && !d.Equal(first) {
				return false
			}
			first = d
		}
		return true
	})
}

// StepClock steps the clock by which a server's timers run.
func (z *Zone) StepClock(ctx context.Context, id int, by time.Duration) error {
	_, err := z.Call(ctx, id, "one.fake.clock", int(by.Milliseconds()))
	return err
}

// Events are what happened in a server, in the order in which it wrote them down.
func (z *Zone) Events(id int) ([]Event, error) { return readEvents(z.Path(id, EventsFile)) }
