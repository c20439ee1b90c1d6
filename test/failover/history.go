package failover

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/timeline"
	"github.com/oneha/oneha/test/lab"
)

// Part is a time between two moments of a failover.
type Part struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// Names of parts.
const (
	Missed  = "until the node counts as lost"
	Decided = "until fencing is asked for"
	Cut     = "fencing, until it is confirmed"
	Asked   = "until the first stop"
	Stops   = "stops"
	Address = "until the floating IP is started"
	Between = "between that and the start of oned"
	OnedUp  = "start of oned"
)

// history is when what happened, on the survivor; zero times for what did not.
type history struct {
	lost, asked, fenced  time.Time
	stopping, stopped    time.Time // the first stop begins, the floating IP's ends
	vip, onedBegun, oned time.Time // the floating IP is started, oned's start begins and ends
	all                  time.Time // the last resource is started
}

// Names of the resources that both sides have.
const (
	vipID  = "vip"
	onedID = "oned"
)

// coarse is how much earlier than it was a log may say that something happened: its
// clock goes on with the timer of the kernel, 250 times a second or less.
const coarse = 10 * time.Millisecond

// historyOf reads the history of what began at a time and ended on a node from facts of
// all nodes, which have one clock. It fails where a moment is missing, or out of order.
func historyOf(facts []timeline.Fact, began time.Time, on string) (h history, err error) {
	first := func(at *time.Time, f timeline.Fact) {
		if at.IsZero() || f.At.Before(*at) {
			*at = f.At
		}
	}
	last := func(at *time.Time, f timeline.Fact) {
		if f.At.After(*at) {
			*at = f.At
		}
	}
	for _, f := range facts {
		if f.At.Before(began.Add(-coarse)) {
			continue
		}
		switch f.Kind {
		case timeline.Lost:
			first(&h.lost, f)
		case timeline.Asked:
			first(&h.asked, f)
		case timeline.Fenced:
			first(&h.fenced, f)
		case timeline.Failed:
			if f.Node != on { // a node that loses power may still see its address go
				continue
			}
			return h, failure(f)
		case timeline.FenceFailed, timeline.StartFailed, timeline.StopFailed:
			return h, failure(f)
		case timeline.Stopping:
			first(&h.stopping, f)
		case timeline.Stopped:
			if f.Subject == vipID {
				first(&h.stopped, f)
			}
		case timeline.Starting:
			if f.Subject == onedID && f.Node == on {
				first(&h.onedBegun, f)
			}
		case timeline.Started:
			if f.Node != on || isFenceDevice(f.Subject) {
				continue
			}
			last(&h.all, f)
			switch f.Subject {
			case vipID:
				first(&h.vip, f)
			case onedID:
				first(&h.oned, f)
			}
		}
	}
	return h, h.check()
}

func failure(f timeline.Fact) error {
	return fmt.Errorf("%s of %s on %s: %s", f.Kind, f.Subject, f.Node, f.Text)
}

// isFenceDevice: they are started as resources are, when the node that had them is back.
func isFenceDevice(id string) bool { return strings.HasPrefix(id, "fence-") }

func (h history) check() error {
	for _, m := range h.moments(time.Time{})[1:] {
		if m.at.IsZero() {
			return fmt.Errorf("the logs do not tell the end of %q", m.name)
		}
	}
	return nil
}

type moment struct {
	name string
	at   time.Time
}

// moments are what a history consists of, each the end of its part.
func (h history) moments(began time.Time) []moment {
	m := []moment{{"", began}}
	if h.fenced.IsZero() {
		m = append(m, moment{Asked, h.stopping}, moment{Stops, h.stopped})
	} else {
		m = append(m, moment{Missed, h.lost}, moment{Decided, h.asked}, moment{Cut, h.fenced})
	}
	return append(m, moment{Address, h.vip}, moment{Between, h.onedBegun}, moment{OnedUp, h.oned})
}

// parts are the times between the moments.
func (h history) parts(began time.Time) (parts []Part) {
	all := h.moments(began)
	for i, m := range all[1:] {
		parts = append(parts, Part{m.name, seconds(m.at.Sub(all[i].at))})
	}
	return parts
}

// seconds to the millisecond, which is more than the logs know.
func seconds(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond).Milliseconds()) / 1000
}

// logSize is more than a node writes in a round, in bytes.
const logSize = 2 << 20

// facts are what the nodes' logs of Pacemaker tell of the last minutes. The log of events
// knows more, but only our agents write it, and both sides are to be measured alike.
func facts(ctx context.Context, c *lab.Cluster) (all []timeline.Fact, err error) {
	ctx, cancel := context.WithTimeout(ctx, recoverLimit)
	defer cancel()
	for _, n := range c.Nodes {
		log, err := n.Exec(ctx, "tail", "--bytes", fmt.Sprint(logSize), "/var/log/pacemaker/pacemaker.log")
		if err != nil {
			return nil, err
		}
		now := time.Now()
		more, err := timeline.Reader{Ref: now, Zone: time.UTC}.Scan(strings.NewReader(log.Stdout), n.Name)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	if len(all) == 0 {
		return nil, errors.New("the nodes' logs tell nothing")
	}
	return all, nil
}
