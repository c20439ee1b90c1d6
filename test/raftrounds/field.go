package raftrounds

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/oneha/oneha/test/fakezone"
)

// Field is a zone with guards, of today's timeouts, to which others do rounds: the
// campaign of package chaos.
type Field struct{ b *bed }

// Outcome is what a round did to a Field.
type Outcome struct {
	Fault   string        // with its victim's role
	Two     time.Duration // two servers or more had the address; it has to be 0
	Away    time.Duration // the longest time that a leader by right was without the address
	Limit   time.Duration // for Away: see Bound, and for how long the machine itself stood still
	Settled time.Duration // from the fault until all was as it should be
}

// Faults are the names of what can be done.
func Faults() (names []string) {
	for _, f := range faults {
		names = append(names, f.name)
	}
	return names
}

// NewField makes a zone, with programs that it builds in dir, and waits until it has a
// leader that has the address. seed decides what is left to chance in the zone. The caller
// must Close it.
func NewField(ctx context.Context, dir string, seed uint64) (*Field, error) {
	p, err := build(ctx, dir)
	if err != nil {
		return nil, err
	}
	b, err := modern.up(ctx, p, seed)
	if err != nil {
		return nil, err
	}
	return &Field{b}, nil
}

// Settle waits until the leader that a majority follows has the address.
func (f *Field) Settle(ctx context.Context) error { return f.b.settle(ctx) }

// Round does the fault of a name for some seconds, mends it and waits until all is as it
// should be again.
func (f *Field) Round(ctx context.Context, name string, random *rand.Rand) (Outcome, error) {
	i := slices.IndexFunc(faults, func(f fault) bool { return f.name == name })
	if i < 0 {
		return Outcome{}, fmt.Errorf("there is no fault %q", name)
	}
	begin := time.Now()
	r := empty(random)
	r.harms = []harm{faults[i].harm(random)}
	result, err := f.b.do(ctx, 0, r)
	o := Outcome{Fault: r.String(), Settled: time.Since(begin)}
	if err != nil {
		return o, err
	}
	o.Two, o.Away = result.two, quantile(result.away, 1)
	o.Limit = Bound(f.b.lease()) + result.gap
	return o, nil
}

// Zone is the zone, to be looked at.
func (f *Field) Zone() *fakezone.Zone { return f.b.z }

// Holder is the server that has the address now, -1 when none or several have it.
func (f *Field) Holder() int {
	seen, err := f.b.sample.Seen()
	if holders := seen.Holders(); err == nil && len(holders) == 1 {
		return holders[0]
	}
	return -1
}

// Logs is what a failure needs to be understood.
func (f *Field) Logs() string { return f.b.logs() }

// Close ends all of it.
func (f *Field) Close() error { return f.b.Close() }
