package hypervisor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/recovery"
)

// However many machines need the record before the last: those that wait for the longest
// are asked about one by one, a few, and all others in one call.
func TestHistoriesOfMany(t *testing.T) {
	const many = 300
	var cases []Case
	for id := range many {
		c := caseOf(id, 4, 1, "h2")
		c.Inside = one.WholeVM{ID: id, History: []one.Stay{{Seq: 1, Host: "h2", Begin: int64(1000 + many - id)}}}
		cases = append(cases, c)
	}
	cases = append(cases, caseOf(many, 18, 1, "h2"), caseOf(many+1, 4, 0, "h2")) // need none, have none
	var wholes, stays atomic.Int32
	g := Gatherer{
		Whole: func(_ context.Context, id int) (one.WholeVM, error) {
			wholes.Add(1)
			return one.WholeVM{ID: id, History: []one.Stay{{Seq: 1, Host: "h2"}, {Seq: 0, Host: "h1"}}}, nil
		},
		Stays: func(_ context.Context, since time.Time, do func(int, one.Stay)) error {
			stays.Add(1)
			if want := int64(1000 + alone); since.Unix() != want {
				t.Errorf("since %d, want %d", since.Unix(), want)
			}
			for id := range many {
				do(id, one.Stay{Seq: 0, Host: "h1"})
				do(id, one.Stay{Seq: 1, Host: "h2"})
				do(id+many*2, one.Stay{Seq: 0, Host: "h3"})
			}
			return nil
		},
	}
	if failed := g.histories(context.Background(), cases); len(failed) > 0 {
		t.Error(failed)
	}
	if wholes.Load() != alone || stays.Load() != 1 {
		t.Errorf("%d and %d calls", wholes.Load(), stays.Load())
	}
	for i := range many {
		if got := cases[i].source(); got != "h1" {
			t.Errorf("%d comes from %q", i, got)
		}
	}
	for _, c := range cases[many:] {
		if got := c.source(); got != "" {
			t.Errorf("%d comes from %q", c.VM.ID, got)
		}
	}
}

// What oned does not tell is a note, and unknown.
func TestHistoriesThatFail(t *testing.T) {
	var cases []Case
	for id := range alone + 2 {
		c := caseOf(id, 8, 1, "h2")
		c.Inside = one.WholeVM{ID: id, History: []one.Stay{{Seq: 1, Host: "h2", Begin: 1000}}}
		cases = append(cases, c)
	}
	g := Gatherer{
		Whole: func(_ context.Context, id int) (one.WholeVM, error) {
			if id == 3 {
				return one.WholeVM{}, errors.New("gone")
			}
			return one.WholeVM{ID: id, History: []one.Stay{{Seq: 0, Host: "h1"}, {Seq: 1, Host: "h2"}}}, nil
		},
		Stays: func(context.Context, time.Time, func(int, one.Stay)) error { return errors.New("no history") },
	}
	failed := fmt.Sprint(g.histories(context.Background(), cases))
	if !strings.Contains(failed, "virtual machine 3: gone") || !strings.Contains(failed, "no history") {
		t.Error(failed)
	}
	known := 0
	for _, c := range cases {
		if c.source() == "h1" {
			known++
		}
	}
	if known != alone-1 {
		t.Errorf("%d are known", known)
	}
}

// Two datastores on shared storage are two places.
func TestDisksBetweenDatastores(t *testing.T) {
	for other, want := range map[int]recovery.Presence{0: recovery.There, 100: recovery.Unasked} {
		c := caseOf(1, 43, 1, "h2")
		c.know(one.WholeVM{ID: 1, Disks: []one.Disk{{ID: 0}}, History: []one.Stay{
			{Seq: 0, Host: "h1", Transfer: "qcow2", Datastore: other}, {Seq: 1, Host: "h2", Transfer: "qcow2"}}})
		reports := map[string]Report{"h1": {Dirs: map[string]map[string]File{c.dir("/ds", c.prev): {}}}}
		if got := c.disks(reports, nil, "/ds"); got != want {
			t.Errorf("from datastore %d: %d", other, got)
		}
	}
}

// A disk that is detached from a machine that is off may be gone, on shared storage as well:
// nobody looked.
func TestDiskThatIsReturned(t *testing.T) {
	c := caseOf(1, 34, 0, "h1")
	c.know(one.WholeVM{ID: 1, Disks: []one.Disk{{ID: 0}}, History: []one.Stay{{Seq: 0, Host: "h1", Transfer: "shared"}}})
	if got := c.disks(map[string]Report{"h1": {Dirs: map[string]map[string]File{c.dir("/ds", c.last): {}}}}, nil, "/ds"); got != recovery.Unasked {
		t.Errorf("%d", got)
	}
}
