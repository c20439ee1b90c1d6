package procedure

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/oneha/oneha/internal/remote"
)

// Record says which procedure is under way. It lies on every server that takes part
// and on the machine of the operator, so that another procedure is refused from
// anywhere until this one has ended.
type Record struct {
	Version   int       `json:"version"`
	Procedure Kind      `json:"procedure"`
	Server    string    `json:"server"`
	New       string    `json:"new,omitempty"`
	Operator  string    `json:"operator,omitempty"`
	Began     time.Time `json:"began"`
	// Old and OldGone are Replace's: IDs are given again, so that the zone's list
	// does not tell the server that was removed from the one that came.
	Old     int  `json:"old_id"`
	OldGone bool `json:"old_gone,omitempty"`
}

// String says what is under way, "" for nothing.
func (r Record) String() string {
	if r.Procedure == "" {
		return ""
	}
	s := fmt.Sprintf("oneha raft %s %s", r.Procedure, r.Server)
	if r.New != "" {
		s += " " + r.New
	}
	s += ", begun " + r.Began.UTC().Format(time.DateTime) + " UTC"
	if r.Operator != "" {
		s += " by " + r.Operator
	}
	return s
}

// of tells whether a record is of the same procedure as a request.
func (r Record) of(q Request) bool {
	return r.Procedure == q.Kind && r.Server == q.Server && cmp.Or(r.New, r.Server) == cmp.Or(q.New, q.Server)
}

// same tells whether nothing happened between two looks at a record.
func (r Record) same(other Record) bool {
	return r.Began.Equal(other.Began) && r.Old == other.Old && r.OldGone == other.OldGone
}

// ErrUnderWay is another procedure that was begun and has not ended.
var ErrUnderWay = errors.New("another procedure has not ended")

// ErrBusy is another operator at work on the zone.
var ErrBusy = errors.New("somebody else changes the zone at this moment")

// underWay reads the records of servers; they may differ when one of the servers was
// away, and the latest counts.
func underWay(ctx context.Context, servers []at) (Record, error) {
	var latest Record
	for _, s := range servers {
		text, err := s.content(ctx, recordFile)
		if err != nil {
			return latest, err
		}
		var r Record
		if text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), &r); err != nil || r.Version != 1 {
			return latest, fmt.Errorf("%s: %s cannot be read; if no other version of oneha is at work, remove it", s.Name, recordFile)
		}
		if latest.Procedure == "" || r.Began.After(latest.Began) || r.Began.Equal(latest.Began) && r.OldGone {
			latest = r
		}
	}
	return latest, nil
}

// resume takes over the record of an interrupted run, or refuses another's.
func (p *Procedure) resume(ctx context.Context) error {
	before, err := underWay(ctx, p.holders)
	if err != nil {
		return err
	}
	if before.Procedure != "" && !before.of(p.Request) {
		return fmt.Errorf("%w: %s; run that again to its end, or give it up with --abandon", ErrUnderWay, before)
	}
	p.Before = before
	p.record = Record{Version: 1, Procedure: p.Kind, Server: p.Request.Server, New: p.New, Operator: p.env.Operator, Began: p.env.Now().UTC(), Old: -1}
	if before.Procedure != "" {
		p.record.Began, p.record.Old, p.record.OldGone = before.Began, before.Old, before.OldGone
	}
	return nil
}

// keepRecord writes the record to all who take part.
func (p *Procedure) keepRecord(ctx context.Context) error {
	data, err := json.MarshalIndent(p.record, "", "  ")
	if err != nil {
		return err
	}
	for _, s := range p.holders {
		if err := s.host.WriteFile(ctx, recordFile, append(data, '\n'), remote.Meta{Mode: 0o600}); err != nil {
			return err
		}
	}
	return nil
}

func (p *Procedure) dropRecord(ctx context.Context) error {
	for _, s := range p.holders {
		if _, err := s.host.Run(ctx, "rm", "-f", recordFile); err != nil {
			return err
		}
	}
	return nil
}

// locked is what the command that holds the lock prints when it has it. It keeps it
// until its input ends, which it does when this process does, in whatever way.
const locked = "locked"

var lockArgv = []string{"flock", "-n", lock, "sh", "-c", "echo " + locked + "; exec cat"}

// hold takes the lock of every server that takes part, in the same order as everybody
// does, and looks at the records once more. release may be called once.
func (p *Procedure) hold(ctx context.Context) (release func(), err error) {
	var releases []func()
	all := func() {
		for _, r := range slices.Backward(releases) {
			r()
		}
	}
	defer func() {
		if err != nil {
			all()
		}
	}()
	for _, s := range p.holders {
		if _, err := s.host.Run(ctx, "install", "-d", "-m", "0700", Dir); err != nil {
			return nil, err
		}
		r, err := s.take(ctx)
		if err != nil {
			return nil, err
		}
		releases = append(releases, r)
	}
	now, err := underWay(ctx, p.holders)
	if err != nil {
		return nil, err
	}
	if now.Procedure != "" && !now.of(p.Request) {
		return nil, fmt.Errorf("%w: %s", ErrUnderWay, now)
	}
	if now.Procedure == "" && p.Before.Procedure != "" {
		return nil, fmt.Errorf("%w: %s ended just now; look at the zone and run this again if it is still needed", ErrBusy, p.Before)
	}
	if now.Procedure != "" && !now.same(p.Before) {
		return nil, fmt.Errorf("%w: %s went on just now; run this again", ErrBusy, now)
	}
	if now.Procedure != "" { // what a killed run left running ends in this time
		err = p.env.Sleep(ctx, leftover)
	}
	return all, err
}

// leftover is how long a command may outlive the process that ran it (package remote).
const leftover = 5 * time.Second

// lockTime is longer than any procedure: without a deadline a command has six hours
// (package remote).
const lockTime = 7 * 24 * time.Hour

// take takes the lock of one server.
func (a at) take(ctx context.Context) (release func(), err error) {
	in, hold := io.Pipe()
	said, out := io.Pipe()
	ended := make(chan error, 1)
	ctx, cancel := context.WithTimeout(ctx, lockTime)
	go func() {
		err := a.host.Stream(ctx, in, out, lockArgv...)
		_ = out.CloseWithError(cmp.Or(err, io.EOF))
		_ = in.Close()
		ended <- err
	}()
	release = func() {
		_ = hold.Close()
		select {
		case <-ended:
		case <-time.After(10 * time.Second): // it ends at its end of input; ssh may be stuck
		}
		cancel()
	}
	line, err := bufio.NewReader(said).ReadString('\n')
	if err == nil && line == locked+"\n" {
		go func() { _, _ = io.Copy(io.Discard, said) }() // ends with the command
		return release, nil
	}
	_ = hold.Close()
	_ = said.Close()
	cause := <-ended
	cancel()
	var exit *remote.ExitError
	if errors.As(cause, &exit) && exit.Code == 1 {
		return nil, fmt.Errorf("%s: %w: %s is locked", a.Name, ErrBusy, lock)
	}
	return nil, fmt.Errorf("lock %s on %s: %w", lock, a.Name, cmp.Or(cause, err))
}
