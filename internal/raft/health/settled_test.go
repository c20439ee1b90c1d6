package health

import (
	"errors"
	"testing"
)

func TestSettled(t *testing.T) {
	for name, test := range map[string]struct {
		change         func(p *Picture)
		wait, disagree int
	}{
		"as it should be":          {func(*Picture) {}, 0, 0},
		"a guard that is down":     {func(p *Picture) { p.Servers[2].Guard = Guard{Answer: Refuses} }, 0, 0},
		"not guarded":              {func(p *Picture) { p.Guarded = false; p.Servers[0].Guard.State.Idle = "off" }, 0, 0},
		"a guard that takes none":  {func(p *Picture) { p.Servers[0].Guard.State.Idle = "server 0 is not in the zone" }, 1, 0},
		"a guard that is quiet":    {func(p *Picture) { p.Servers[0].Guard.State.Lease.QuietMS = 1 }, 1, 0},
		"a guard of an older list": {func(p *Picture) { p.Servers[0].Guard.State.Servers = []int{0, 1} }, 0, 1},
		"a list that waits":        {func(p *Picture) { p.Servers[0].Guard.State.Pending = []int{0, 1, 2, 3} }, 0, 1},
		"another order":            {func(p *Picture) { p.Servers[0].Guard.State.Servers = []int{2, 0, 1} }, 0, 0},
		"only described": {func(p *Picture) {
			p.Servers = append(p.Servers, Server{ID: 3, Name: "server-3", Endpoint: endpoint(3), Described: true})
		}, 0, 0},
	} {
		p := healthy()
		test.change(p)
		if err := p.Settled(0); err != nil && test.wait+test.disagree > 0 {
			t.Errorf("%s, server 0 left aside: %v", name, err)
		}
		err := p.Settled()
		var u Unsettled
		if errors.As(err, &u) != (test.wait+test.disagree > 0) || len(u.Wait) != test.wait || len(u.Disagree) != test.disagree {
			t.Errorf("%s: %v", name, err)
		}
	}
}
