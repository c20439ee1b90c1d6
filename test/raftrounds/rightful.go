package raftrounds

import (
	"context"
	"encoding/xml"
	"slices"
	"sync"
	"time"

	"github.com/oneha/oneha/test/fakezone"
)

const (
	observeEvery = 50 * time.Millisecond
	observeTime  = 500 * time.Millisecond // for an answer of an oned that is not frozen
)

// observe finds again and again who is leader by right.
func (b *bed) observe(ctx context.Context) {
	for ctx.Err() == nil {
		leader, term := b.rightful(b.statuses(ctx))
		b.record.rightful(time.Now(), leader, term)
		select {
		case <-ctx.Done():
		case <-time.After(observeEvery):
		}
	}
}

// statuses asks every oned that is not frozen, past all that is cut.
func (b *bed) statuses(ctx context.Context) map[int]fakezone.Status {
	ctx, cancel := context.WithTimeout(ctx, observeTime)
	defer cancel()
	b.mu.Lock()
	frozen := b.frozen
	b.mu.Unlock()
	all := map[int]fakezone.Status{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for id := range servers {
		if frozen[id] {
			continue
		}
		wg.Go(func() {
			var s fakezone.Status
			text, err := b.z.Call(ctx, id, "one.zone.raftstatus")
			if err == nil && xml.Unmarshal([]byte(text), &s) == nil {
				mu.Lock()
				defer mu.Unlock()
				all[id] = s
			}
		})
	}
	wg.Wait()
	return all
}

// rightful is the server that should have the address, and its term: the leader of
// the highest term, when a majority, itself included, follows it, is reached by it and
// reaches it, and has guards that may vote, and its own guard runs. -1: nobody.
//
// Where frames get lost nothing is reached, for this question. In the control, guards
// are not asked for.
func (b *bed) rightful(all map[int]fakezone.Status) (leader, term int) {
	leader, term = -1, -1
	for id, s := range all {
		if s.State == fakezone.Leader && s.Term > term {
			leader, term = id, s.Term
		}
	}
	if leader < 0 || b.guards != nil && !b.guards.votes(leader, 0) {
		return -1, -1
	}
	with := 0
	for id, s := range all {
		follows := id == leader || s.State == fakezone.Follower && s.Term == term
		if follows && b.connected(leader, id) && (b.guards == nil || b.guards.votes(id, b.lease().Quiet+startTime)) {
			with++
		}
	}
	if with <= servers/2 {
		return -1, -1
	}
	return leader, term
}

// startTime is from the start of a guard's process to the moment from which it counts
// its time of silence, on a busy machine.
const startTime = time.Second

// connected reports whether frames go both ways.
func (b *bed) connected(one, other int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !slices.ContainsFunc(fakezone.Between(one, other), func(p fakezone.Path) bool { return b.cut[p] })
}
