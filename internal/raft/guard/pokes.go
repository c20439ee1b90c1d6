package guard

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/raft/guard/control"
)

const (
	pokeEvery  = 50 * time.Millisecond // oned is asked so often while somebody waits
	pokeDoubt  = time.Second           // oned may say the old thing for so long
	pokeWithin = 5 * time.Second
)

// poke is a hook that waits.
type poke struct {
	role  string
	born  time.Time
	count uint64 // of oned's answers before
	reply chan control.Reply
}

// controlled is the guard as its control socket sees it.
type controlled struct{ g *Guard }

// Poke looks at once and returns when the addresses are where the role has them.
func (c controlled) Poke(ctx context.Context, role string) control.Reply {
	p := &poke{role: role, born: time.Now(), reply: make(chan control.Reply, 1)}
	if c.g.event(ctx, func() {
		p.count = c.g.oned.count
		c.g.pokes = append(c.g.pokes, p)
		poke1(c.g.queries)
	}) {
		select {
		case r := <-p.reply:
			return r
		case <-ctx.Done():
		}
	}
	return control.Reply{Text: "the guard is ending"}
}

// Status is the state.
func (c controlled) Status(ctx context.Context) (control.State, error) {
	made := make(chan control.State, 1)
	if !c.g.event(ctx, func() { made <- c.g.state() }) {
		return control.State{}, ctx.Err()
	}
	select {
	case s := <-made:
		return s, nil
	case <-ctx.Done():
		return control.State{}, ctx.Err()
	}
}

// answerPokes answers those that have what they wait for, or cannot get it.
func (g *Guard) answerPokes() {
	waiting := g.pokes[:0]
	for _, p := range g.pokes {
		if r, done := g.judge(p); done {
			p.reply <- r
		} else {
			waiting = append(waiting, p)
		}
	}
	clear(g.pokes[len(waiting):])
	g.pokes = waiting
	if len(g.pokes) > 0 && g.now()-g.oned.asked >= pokeEveryTime {
		poke1(g.queries)
	}
}

func (g *Guard) judge(p *poke) (control.Reply, bool) {
	if g.machine == nil {
		return control.Reply{Text: "the guard takes no part: " + g.idle}, true
	}
	age := time.Since(p.born)
	view := g.machine.View(g.now())
	fresh := g.oned.count > p.count
	switch {
	case p.role == control.Leader && fresh && view.Leader && view.Holding && g.here:
		return control.Reply{Reached: true, Text: fmt.Sprintf("leader of term %d, %s here", view.Term, g.names())}, true
	case p.role == control.Follower && fresh && g.machine.Idle():
		return control.Reply{Reached: true, Text: "not leader, " + g.names() + " not here"}, true
	case age < pokeDoubt:
		return control.Reply{}, false
	case fresh && p.role == control.Leader && !view.Leader:
		return control.Reply{Text: fmt.Sprintf("oned is not the leader of the latest term, %d: it is %s of term %d", view.Term, g.oned.state, g.oned.term)}, true
	case fresh && p.role == control.Follower && view.Leader:
		return control.Reply{Text: fmt.Sprintf("oned is leader of term %d", view.Term)}, true
	case age > pokeWithin:
		return control.Reply{Text: "not done so far: " + g.holdup()}, true
	}
	return control.Reply{}, false
}

func (g *Guard) names() string {
	if len(g.c.VIPs) == 0 {
		return "no floating addresses are"
	}
	var all []string
	for _, v := range g.c.VIPs {
		all = append(all, v.Prefix.Addr().String())
	}
	return strings.Join(all, ", ")
}

// holdup is why the addresses are not where they belong.
func (g *Guard) holdup() string {
	why := g.trouble()
	for _, p := range g.peers {
		if wrong := p.wrong(g.now()); wrong != "" {
			why = append(why, fmt.Sprintf("guard of server %d: %s", p.id, wrong))
		}
	}
	if len(why) == 0 {
		return "the lease is being asked for"
	}
	return strings.ReplaceAll(strings.Join(why, "; "), "\n", " ")
}
