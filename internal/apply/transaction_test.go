package apply

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/pacemaker"
)

// to is a target that sets one option.
func to(value string) func([]byte) ([]byte, error) {
	return func(live []byte) ([]byte, error) {
		return Wanted(live, []byte(fmt.Sprintf(fakeCIB, 1, 0, option("stonith-timeout", value))))
	}
}

func TestPush(t *testing.T) {
	old, other := option("stonith-timeout", "60s"), option("stonith-timeout", "70s")
	timeout := &pacemaker.Error{Tool: "cibadmin", Code: -1, Cause: context.DeadlineExceeded}
	for _, test := range []struct {
		name    string
		prepare func(*fakeCluster)
		err     error  // that Push returns
		says    string // part of its text
		pushed  bool
		patches int
		ends    string // the option's value in the end
	}{
		{name: "nothing in the way", pushed: true, patches: 1, ends: "90s"},
		{name: "it is so already", prepare: func(f *fakeCluster) { f.set(9, 0, option("stonith-timeout", "90s")) }, ends: "90s"},
		{name: "only the status moved", prepare: func(f *fakeCluster) {
			f.onPatch = func(n int) error {
				if n <= 3 {
					f.set(5, 3+n, old)
				}
				return nil
			}
		}, pushed: true, patches: 4, ends: "90s"},
		{name: "the status never rests", prepare: func(f *fakeCluster) {
			f.onPatch = func(n int) error { f.set(5, 3+n, old); return nil }
		}, err: pacemaker.ErrOutdated, says: "nothing was changed", patches: -1, ends: "60s"},
		{name: "the configuration moved before", prepare: func(f *fakeCluster) { f.set(6, 0, other) }, err: ErrChanged, ends: "70s"},
		{name: "the configuration moved between reading and patch", prepare: func(f *fakeCluster) {
			f.onPatch = func(int) error { f.set(6, 0, other); return nil }
		}, err: ErrChanged, patches: 1, ends: "70s"},
		{name: "somebody made the same change", prepare: func(f *fakeCluster) {
			f.onPatch = func(int) error { f.set(6, 0, option("stonith-timeout", "90s")); return nil }
		}, patches: 1, ends: "90s"},
		{name: "the cluster wrote a property of its own", prepare: func(f *fakeCluster) {
			f.onPatch = func(n int) error {
				if n == 1 {
					f.set(6, 0, old+option("last-lrm-refresh", "12"))
				}
				return nil
			}
		}, pushed: true, patches: 2, ends: "90s"},
		{name: "the answer was lost after the change", prepare: func(f *fakeCluster) { f.lose = 1 }, pushed: true, patches: 1, ends: "90s"},
		{name: "the answer was lost before the change", prepare: func(f *fakeCluster) {
			f.onPatch = func(n int) error {
				if n == 1 {
					return timeout
				}
				return nil
			}
		}, pushed: true, patches: 2, ends: "90s"},
		{name: "the lost change comes late", prepare: func(f *fakeCluster) {
			f.onPatch = func(n int) error {
				if n == 1 {
					return timeout
				}
				f.set(7, 0, option("stonith-timeout", "90s"))
				return nil
			}
		}, pushed: true, patches: 2, ends: "90s"},
		{name: "lost, and then somebody else", prepare: func(f *fakeCluster) {
			f.onPatch = func(int) error { f.set(8, 0, other); return timeout }
		}, err: ErrUnknown, patches: 1, ends: "70s"},
		{name: "no answer ever", prepare: func(f *fakeCluster) { f.onPatch = func(int) error { return timeout } }, err: ErrUnknown, patches: -1, ends: "60s"},
		{name: "the node lost the cluster after the patch", prepare: func(f *fakeCluster) {
			f.lose = 1
			f.onQuery = func(n int) error {
				if n > 1 {
					return &pacemaker.Error{Tool: "cibadmin", Code: 102, Stderr: "Could not connect"}
				}
				return nil
			}
		}, err: ErrUnknown, says: "Could not connect", patches: 1, ends: "90s"},
		{name: "the cluster does not run", prepare: func(f *fakeCluster) {
			f.onQuery = func(int) error { return &pacemaker.Error{Tool: "cibadmin", Code: 102, Stderr: "Could not connect"} }
		}, says: "nothing was changed", ends: "60s"},
		{name: "Pacemaker says no", prepare: func(f *fakeCluster) {
			f.onPatch = func(int) error {
				return &pacemaker.Error{Tool: "cibadmin", Code: 78, Stderr: "Update does not conform to the configured schema\n"}
			}
		}, says: "nothing was changed: cibadmin: Update does not conform", patches: 1, ends: "60s"},
		{name: "no quorum", prepare: func(f *fakeCluster) { f.quorum = false }, err: ErrNoQuorum, ends: "60s"},
		{name: "no quorum in the CIB", prepare: func(f *fakeCluster) { f.cib = strings.Replace(f.cib, `have-quorum="1"`, `have-quorum="0"`, 1) }, err: ErrNoQuorum, ends: "60s"},
		{name: "no DC", prepare: func(f *fakeCluster) { f.cib = strings.Replace(f.cib, ` dc-uuid="1"`, "", 1) }, err: ErrNoDC, ends: "60s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(old)
			x := Transaction{Tools: f.tools(), Read: []byte(f.cib), Target: to("90s"), Within: 60 * time.Millisecond, Pause: time.Millisecond}
			if test.prepare != nil {
				test.prepare(f)
			}
			got, err := x.Push(context.Background())
			switch {
			case test.err != nil && !errors.Is(err, test.err):
				t.Errorf("error %v, want %v", err, test.err)
			case test.err == nil && test.says == "" && err != nil:
				t.Errorf("error %v", err)
			case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
				t.Errorf("error %v, want %q in it", err, test.says)
			}
			if got.Pushed != test.pushed {
				t.Errorf("Pushed = %t", got.Pushed)
			}
			if test.patches >= 0 && f.patches != test.patches {
				t.Errorf("%d patches sent, want %d", f.patches, test.patches)
			}
			if !strings.Contains(f.cib, `name="stonith-timeout" value="`+test.ends+`"`) {
				t.Errorf("in the end the CIB is\n%s", f.cib)
			}
		})
	}
}

// An interruption before the patch changes nothing; one after it changes nothing
// about that.
func TestPushInterrupted(t *testing.T) {
	old := option("stonith-timeout", "60s")
	for _, test := range []struct {
		when   string
		pushed bool
	}{{"cibadmin --query", false}, {"crm_node -q", false}, {"crm_diff --cib", false}, {"cibadmin --patch", true}} {
		t.Run(test.when, func(t *testing.T) {
			f := newFake(old)
			ctx, cancel := context.WithCancel(context.Background())
			tools := pacemaker.Tools{Run: func(c context.Context, stdin []byte, name string, args ...string) ([]byte, error) {
				if name+" "+args[0] == test.when {
					cancel()
				}
				if c.Err() != nil {
					t.Errorf("%s runs in a context that has ended", name)
				}
				return f.run(c, stdin, name, args...)
			}}
			got, err := Transaction{Tools: tools, Read: []byte(f.cib), Target: to("90s"), Pause: time.Millisecond}.Push(ctx)
			if got.Pushed != test.pushed || (err == nil) != test.pushed || strings.Contains(f.cib, "90s") != test.pushed {
				t.Errorf("Push = %t, %v; CIB\n%s", got.Pushed, err, f.cib)
			}
			if err != nil && !strings.Contains(err.Error(), "nothing was changed") {
				t.Errorf("error %v does not say that nothing was changed", err)
			}
		})
	}
}

// Byte for byte, a CIB that says the same in other words is not done yet.
func TestPushExact(t *testing.T) {
	f := newFake(option("stonith-timeout", "60s"))
	then, err := Configuration([]byte(f.cib))
	if err != nil {
		t.Fatal(err)
	}
	f.set(9, 0, option("stonith-timeout", "1min"))
	x := Transaction{Tools: f.tools(), Read: []byte(f.cib), Exact: true, Pause: time.Millisecond, Target: func(live []byte) ([]byte, error) {
		wanted, exact, err := Restored(live, then)
		if !exact {
			t.Error("nothing else has changed, but the old configuration is not taken as it is")
		}
		return wanted, err
	}}
	for i, pushed := range []bool{true, false} {
		got, err := x.Push(context.Background())
		if err != nil || got.Pushed != pushed {
			t.Fatalf("run %d: Push = %t, %v", i+1, got.Pushed, err)
		}
	}
	if now, _ := Configuration([]byte(f.cib)); string(now) != string(then) {
		t.Errorf("the configuration is\n%s\nwant\n%s", now, then)
	}
}
