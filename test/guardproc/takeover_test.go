package guardproc

import (
	"os"
	"strings"
	"testing"
	"time"
)

// looks is how often a guard has logged what a takeover has left, and in how many terms
// its server has led.
func (l *lab) looks(id int) (looks, terms int) {
	log := l.guards[id].Log()
	led := map[string]bool{}
	for line := range strings.Lines(log) {
		if _, rest, ok := strings.Cut(line, "leader of term "); ok {
			term, _, _ := strings.Cut(rest, ",")
			led[term] = true
		}
	}
	return strings.Count(log, " after the takeover of "), len(led)
}

// The guard of each new leader looks once in its term what the takeover has left, also
// when it was killed and started again meanwhile; those of followers never do.
func TestLookAfterTakeover(t *testing.T) {
	l := up(t, 3)
	s := l.sample()
	old := l.holder()
	l.await("the first leader logs the look", func() bool { n, _ := l.looks(old); return n > 0 })
	l.await("it remembers that", func() bool {
		text, err := os.ReadFile(l.guards[old].path("guard.json"))
		return err == nil && strings.Contains(string(text), `"looked":true`)
	})
	l.ok(l.guards[old].Kill())
	l.ok(l.guards[old].Start())
	l.await("its guard is back", func() bool { return l.status(old).Leader || l.leader() != old })
	l.ok(l.zone.Kill(old))
	heir := -1
	l.await("the next leader logs the look", func() bool {
		n := 0
		if heir = l.holder(); heir >= 0 && heir != old {
			n, _ = l.looks(heir)
		}
		return n > 0
	})
	l.once(s)
	for id := range l.guards {
		looks, terms := l.looks(id)
		t.Logf("server %d: %d looks, leader in %d terms", id, looks, terms)
		if looks > terms {
			t.Errorf("server %d led in %d terms, and looked %d times:\n%s", id, terms, looks, l.guards[id].Log())
		}
	}
	if log := l.guards[heir].Log(); !strings.Contains(log, ": oneha recover --ssh --vm ") {
		t.Errorf("no virtual machine is named:\n%s", log)
	}
}

// An oned that hangs during the look costs its server the lease, as at any other time,
// and nothing more: there are no two holders, and the zone goes on.
func TestOnedHangsDuringLook(t *testing.T) {
	l := up(t, 3)
	s := l.sample()
	old := l.holder()
	l.ok(l.zone.Freeze(old))
	l.await("another server has the address", func() bool { h := l.holder(); return h >= 0 && h != old })
	next := l.holder()
	if next >= 0 {
		l.ok(l.zone.Freeze(next)) // the look has begun, or begins now
		begin := time.Now()
		l.await("its guard answers while the look hangs", func() bool { return l.status(next).Server == next && time.Since(begin) > time.Second })
		l.ok(l.zone.Thaw(next))
	}
	l.ok(l.zone.Thaw(old))
	l.await("all is well again", func() bool { h := l.holder(); return h >= 0 && h == l.leader() })
	l.once(s)
}
