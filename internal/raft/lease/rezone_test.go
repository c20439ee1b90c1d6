package lease

import (
	"errors"
	"testing"
	"time"
)

// A leader that holds the addresses goes over to a list with one server more, or one
// less, without an order for the addresses, and asks at once.
func TestRezoneHoldsOn(t *testing.T) {
	for _, test := range []struct {
		name    string
		servers []int
		voter   int // whose vote makes a majority of the new list, with the own one and that of 4
	}{
		{"one more", []int{0, 1, 3, 4}, 3},
		{"one less", []int{0, 4}, 4},
		{"the same", []int{4, 0, 1}, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := holding(t)
			before := m.Zone()
			m.Oned(102*second-second/10, Status{Asked: 102*second - second/10, Leader: true, Term: 5})
			o, err := m.Rezone(102*second, test.servers)
			if err != nil || o.Address != Leave || o.Services != Keep {
				t.Fatalf("orders %+v, %v", o, err)
			}
			if v := m.View(102 * second); !v.Holding || v.Promised != 0 {
				t.Errorf("view %s: want the lease, and the own promise", v)
			}
			if m.Zone() == before {
				if o.Ask != nil {
					t.Error("asked although nothing changed")
				}
				return
			}
			if o.Ask == nil || o.Ask.Zone != m.Zone() {
				t.Fatalf("orders %+v: want a question under the new list", o)
			}
			hold := m.Answered(102*second, grant(m, 4, o.Ask))
			if test.voter != 4 {
				if hold.Address != Leave {
					t.Errorf("two of four: %+v", hold)
				}
				hold = m.Answered(102*second, grant(m, test.voter, o.Ask))
			}
			if hold.Address != Hold {
				t.Errorf("a majority of the new list: %+v", hold)
			}
		})
	}
}

// A promise is kept through a change: to a server that stays, to one whose place in
// the list moves, and to one that leaves.
func TestRezoneKeepsPromise(t *testing.T) {
	for _, test := range []struct {
		to       int // whom server 4 of [0 1 4] promised
		servers  []int
		promised int
	}{
		{1, []int{0, 1, 2, 4}, 1},
		{1, []int{1, 4}, 1},
		{0, []int{1, 4}, -1},
	} {
		m := guardOf(t, 4, 0)
		q := Ask{Zone: m.Zone(), From: test.to, Mark: Mark{1, 1}, Term: 5, Promise: m.Promise()}
		if a, _ := m.Asked(100*second, q); !a.Granted {
			t.Fatalf("refused: %+v", a)
		}
		if _, err := m.Rezone(101*second, test.servers); err != nil {
			t.Fatal(err)
		}
		if v := m.View(101 * second); v.Promised != test.promised {
			t.Errorf("promised to %d, want %d", v.Promised, test.promised)
		}
		for _, from := range test.servers {
			if from == 4 {
				continue
			}
			a, _ := m.Asked(101*second, Ask{Zone: m.Zone(), From: from, Mark: Mark{1, 9}, Term: 9, Promise: m.Promise()})
			if a.Granted != (from == test.to) {
				t.Errorf("promised to %d, list %v, asked by %d: %+v", test.to, test.servers, from, a)
			}
		}
		rest := 100*second + Time(m.Promise())
		if a, _ := m.Asked(rest+second, Ask{Zone: m.Zone(), From: 1, Mark: Mark{1, 10}, Term: 9, Promise: m.Promise()}); test.promised == -1 && !a.Granted {
			t.Errorf("after the promise to a server that left: %+v", a)
		}
	}
}

// Messages of the old list say nothing under the new one.
func TestRezoneIgnoresOldMessages(t *testing.T) {
	m := holding(t)
	o := m.Oned(102*second, Status{Asked: 102 * second, Leader: true, Term: 5})
	late := grant(m, 4, o.Ask)
	if _, err := m.Rezone(102*second, []int{0, 4}); err != nil {
		t.Fatal(err)
	}
	if o := m.Answered(102*second, late); o.Address != Leave {
		t.Errorf("an answer under the old list: %+v", o)
	}
}

func TestRezoneRefuses(t *testing.T) {
	m := holding(t)
	for _, far := range [][]int{{0}, {0, 2, 4}, {0, 1, 2, 3, 4}, {1, 4}, {1, 2, 4}} {
		if _, err := m.Rezone(102*second, far); !errors.Is(err, ErrFar) {
			t.Errorf("%v: %v, want ErrFar", far, err)
		}
	}
	if _, err := m.Rezone(102*second, []int{0, 1, 1, 4}); err == nil {
		t.Error("a server twice: no error")
	}
	if _, err := m.Rezone(102*second, []int{0, 1, 2, 4}); err != nil {
		t.Fatal(err)
	}
	soon := 102*second + Time(m.Quiet) - 1
	if _, err := m.Rezone(soon, []int{0, 1, 4}); !errors.Is(err, ErrSoon) {
		t.Errorf("a second change: %v, want ErrSoon", err)
	}
	if _, err := m.Rezone(soon+1, []int{0, 1, 4}); err != nil {
		t.Errorf("after the quiet time: %v", err)
	}
	fresh := guardOf(t, 0, 0)
	if _, err := fresh.Rezone(Time(7*time.Second), []int{0, 4}); !errors.Is(err, ErrSoon) {
		t.Errorf("just started: %v, want ErrSoon", err)
	}
}
