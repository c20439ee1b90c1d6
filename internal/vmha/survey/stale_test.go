package survey

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/vmha/recovery"
	"github.com/oneha/oneha/test/fakeone"
)

// A machine that has left its state and come back to it since it was looked at waits for
// something new: somebody is at it.
func TestApplyLeavesWhatCameBack(t *testing.T) {
	cloud := fakeone.New()
	cloud.Add(fakeone.Host{ID: 1, Name: "host1", State: 2})
	begin := time.Now().Add(-time.Hour).Unix()
	for id := range 2 {
		cloud.Add(fakeone.VM{ID: id, State: recovery.Active, LCM: 2, Host: 1, Begin: begin})
	}
	s := sourceOf(t, cloud)
	s.Look = absent
	r, err := Find(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	cloud.Add(fakeone.VM{ID: 1, State: recovery.Active, LCM: 2, Host: 1, Begin: begin + 1800})
	list, err := Apply(context.Background(), s, r, quick, func(Machine, recovery.Choice, error) {})
	if err != nil || len(list) != 2 || list[0].Err != nil || list[1].Err != errMoved {
		t.Errorf("%s, %v", ends(list), err)
	}
	if n := len(cloud.Calls("one.vm.recover")); n != 1 {
		t.Errorf("%d answers", n)
	}
}

// No answer is given by a look that is old: many machines take their time, and meanwhile
// somebody else may answer.
func TestApplyLooksAgain(t *testing.T) {
	cloud := fakeone.New()
	cloud.Add(fakeone.Host{ID: 1, Name: "host1", State: 2})
	for id := range 3 {
		cloud.Add(fakeone.VM{ID: id, State: recovery.Active, LCM: 18, Host: 1})
	}
	s := sourceOf(t, cloud)
	s.Look = absent
	r, err := Find(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	pace := quick
	pace.Fresh = time.Nanosecond
	list, err := Apply(context.Background(), s, r, pace, func(m Machine, _ recovery.Choice, _ error) {
		if m.ID == 0 { // a person answers for the next one while this one is being told
			cloud.Add(fakeone.VM{ID: 1, State: recovery.Active, LCM: 3, Host: 1})
		}
	})
	if err != nil || len(list) != 3 || list[0].Err != nil || list[1].Err != errMoved || list[2].Err != nil {
		t.Errorf("%s, %v", ends(list), err)
	}
}

// An oned that dies in the middle: nothing more is done, since another one may answer the
// next call, and what became of the answer is said to be unknown.
func TestApplyEndsWithOned(t *testing.T) {
	cloud := fakeone.New()
	cloud.Add(fakeone.Host{ID: 1, Name: "host1", State: 2})
	for id := range 3 {
		cloud.Add(fakeone.VM{ID: id, State: recovery.Active, LCM: 18, Host: 1})
	}
	s := sourceOf(t, cloud)
	s.Look = absent
	r, err := Find(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	cloud.Break("one.vm.recover", func(n int) fakeone.Fault { return fakeone.Fault{Drop: n == 2} })
	list, err := Apply(context.Background(), s, r, quick, func(Machine, recovery.Choice, error) {})
	if err == nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	for i, want := range []string{"nobody looked", "whether oned took the answer is not known", "nothing more was done"} {
		if e := list[i].Err; e == nil || !strings.Contains(e.Error(), want) {
			t.Errorf("%d: %v", i, e)
		}
	}
	if n := len(cloud.Calls("one.vm.recover")); n != 2 {
		t.Errorf("%d answers", n)
	}
}

// ends are the errors of outcomes.
func ends(list []Outcome) (text string) {
	for _, o := range list {
		text += fmt.Sprintf("%d: %v; ", o.ID, o.Err)
	}
	return text
}
