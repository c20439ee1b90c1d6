package chaos

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// lyingFaults are of BMCs whose word cannot be trusted. One that says off of a machine that
// goes on running is not among them where the machine holds anything: whoever can ask only
// the BMC never knows, and two holders of the floating IP are then what the BMC asked for.
var lyingFaults = []Fault{
	{Name: "active node hangs, its BMC says on for long after off", Fields: anyField, Do: sayOn},
	{Name: "active node hangs, its BMC loses a command", Fields: anyField, Do: loseCommand},
	{Name: "active node hangs, its BMC does not switch it on again", Fields: anyField, Do: stayOff},
	{Name: "passive node hangs, its BMC says off 3 s too early", Fields: anyField, Do: sayOff},
}

// switches reports whether ipmi_sim asks its chassis to set the power, "1" or "0".
func switches(request, power string) bool {
	return strings.Contains(strings.ReplaceAll(request, `"`, ""), " set power "+power)
}

// asksPower reports whether it asks for it.
func asksPower(request string) bool { return strings.Contains(request, " get power") }

// said is what the chassis says of the power, in the words of ipmi_sim; the rest of the
// answer stays.
func said(answer string, on bool) string {
	if on {
		return strings.ReplaceAll(answer, "power:0", "power:1")
	}
	return strings.ReplaceAll(answer, "power:1", "power:0")
}

// sayOn has the BMC say that the power is on for a while when it is off. Nobody may believe
// otherwise before it says so.
func sayOn(ctx context.Context, r *Round) (Want, error) {
	lie := r.between(5*time.Second, 30*time.Second)
	var off time.Time // chassis are asked one request at a time
	err := r.chassis(r.Active, func(_ *lab.Node, request string, obey func(string) (string, error)) (string, error) {
		answer, err := obey(request)
		if switches(request, "0") && off.IsZero() {
			off = time.Now()
		}
		if asksPower(request) && !off.IsZero() && time.Since(off) < lie {
			answer = said(answer, true)
		}
		return answer, err
	})
	if err != nil {
		return Want{}, err
	}
	want := Want{Fenced: []string{r.Active.Name}, Active: r.without(r.Active), Failures: fenceDevices, Unfenced: true}
	if err := r.Active.Freeze(); err != nil {
		return want, err
	}
	if err := r.waitFenced(ctx, r.Active); err != nil {
		return want, err
	}
	gone := fencings(r.Cluster, r.Start)[0].Time // which waitFenced has seen; the BMC counts from a moment later
	return want, r.takenOver(ctx, gone.Add(lie))
}

// loseCommand has the BMC say yes to the first command, and forget it.
func loseCommand(ctx context.Context, r *Round) (Want, error) {
	lost := false
	err := r.chassis(r.Active, func(_ *lab.Node, request string, obey func(string) (string, error)) (string, error) {
		if switches(request, "0") && !lost {
			lost = true
			return "", nil
		}
		return obey(request)
	})
	if err != nil {
		return Want{}, err
	}
	return r.hangFenced(ctx)
}

// stayOff has the BMC say yes to the command to switch on, and do nothing: the node is
// fenced all the same. A person switches it on when all is over.
func stayOff(ctx context.Context, r *Round) (Want, error) {
	r.Undo(func(context.Context) error { return r.Active.PowerOn() })
	err := r.chassis(r.Active, func(_ *lab.Node, request string, obey func(string) (string, error)) (string, error) {
		if switches(request, "1") {
			return "", nil
		}
		return obey(request)
	})
	if err != nil {
		return Want{}, err
	}
	return r.hangFenced(ctx)
}

// sayOff has the BMC say off at the command, and carry it out three seconds later; a command
// to switch on that comes meanwhile has its turn after it. The node runs nothing that
// another could take over, so the lie does no harm.
func sayOff(ctx context.Context, r *Round) (Want, error) {
	n := r.Passive
	var mu sync.Mutex
	var underWay, wanted bool
	done := make(chan error, 1)
	err := r.chassis(n, func(_ *lab.Node, request string, obey func(string) (string, error)) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case underWay && switches(request, "1"):
			wanted = true
			return "", nil
		case underWay && switches(request, "0"):
			return "", nil
		case underWay && asksPower(request):
			answer, err := obey(request)
			return said(answer, wanted), err
		case switches(request, "0"):
			underWay = true
			on := strings.Replace(request, "power 0", "power 1", 1)
			go func() {
				err := lasts(context.WithoutCancel(ctx), 3*time.Second)
				mu.Lock()
				defer mu.Unlock()
				_, failed := obey(request)
				err = errors.Join(err, failed)
				if underWay = false; wanted {
					_, failed = obey(on)
					err = errors.Join(err, failed)
				}
				done <- err
			}()
			return "", nil
		}
		return obey(request)
	})
	if err != nil {
		return Want{}, err
	}
	want := Want{Fenced: []string{n.Name}, Active: r.Active.Name, Failures: fenceDevices, Unfenced: true}
	if err := n.Freeze(); err != nil {
		return want, err
	}
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	return want, errors.Join(err, r.waitFenced(ctx, n))
}
