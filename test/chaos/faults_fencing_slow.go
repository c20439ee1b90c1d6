package chaos

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// slowFaults are of BMCs that answer late or not always.
var slowFaults = []Fault{
	// The fencing has to succeed while they are so.
	{Name: "active node hangs, its BMC takes up to 0.8 s for everything", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		if err := r.slow(ctx, 200*time.Millisecond, 800*time.Millisecond); err != nil {
			return Want{}, err
		}
		return r.hangFenced(ctx)
	}},
	{Name: "active node hangs, its BMC takes 2 to 5 s for everything", Fields: anyField, Do: slowBMC},
	{Name: "active node hangs, a third of the BMC's packets is lost", Fields: anyField, Do: lossyBMC},
	// Here it may, or may not before they are better.
	{Name: "active node hangs, the BMC's packets take 2 s, for a while", Fields: anyField, Do: lateBMC},
}

// slowBMC has the BMC take seconds for everything. A node of the lab boots in less than the
// agent then needs to see it on, and would be back before the others hear that it was fenced;
// a server takes minutes. So the BMC says on, and the node is kept off until all is over.
func slowBMC(ctx context.Context, r *Round) (Want, error) {
	r.Undo(func(context.Context) error { return r.Active.PowerOn() })
	random := rand.New(rand.NewPCG(r.Rand.Uint64(), 0))
	on := false // chassis are asked one request at a time
	err := r.chassis(r.Active, func(_ *lab.Node, request string, obey func(string) (string, error)) (string, error) {
		if err := lasts(ctx, 2*time.Second+time.Duration(random.Int64N(int64(3*time.Second)))); err != nil {
			return "", err
		}
		if switches(request, "1") {
			on = true
			return "", nil
		}
		answer, err := obey(request)
		if on && asksPower(request) {
			answer = said(answer, true)
		}
		return answer, err
	})
	if err != nil {
		return Want{}, err
	}
	return r.hangFenced(ctx)
}

// slow has the BMC of the active node take its time for each request that concerns the
// power. It deals with one after the other, also with those that were sent again.
func (r *Round) slow(ctx context.Context, least, most time.Duration) error {
	random := rand.New(rand.NewPCG(r.Rand.Uint64(), 0)) // the round's own is not for several goroutines
	return r.chassis(r.Active, func(_ *lab.Node, request string, obey func(string) (string, error)) (string, error) {
		if err := lasts(ctx, least+time.Duration(random.Int64N(int64(most-least)))); err != nil {
			return "", err
		}
		return obey(request)
	})
}

// hangFenced has the active node hang, and waits until another one has taken over.
func (r *Round) hangFenced(ctx context.Context) (Want, error) {
	want := Want{Fenced: []string{r.Active.Name}, Active: r.without(r.Active), Failures: fenceDevices, Unfenced: true}
	if err := r.Active.Freeze(); err != nil {
		return want, err
	}
	return want, r.takenOver(ctx, r.Start)
}

// lossyBMC has the others' way to the BMCs lose packets.
func lossyBMC(ctx context.Context, r *Round) (Want, error) {
	lossy := lab.Way{Loss: 1.0 / 3}
	if err := r.badBMCs(lab.Line{Send: lossy, Receive: lossy}); err != nil {
		return Want{}, err
	}
	return r.hangFenced(ctx)
}

// lateBMC has packets be so late that a login, of several requests one after the other, may
// not end in the time that it has. Then there is no fencing before they are quicker.
func lateBMC(ctx context.Context, r *Round) (Want, error) {
	late := lab.Way{Delay: time.Second} // there and back
	if err := r.badBMCs(lab.Line{Send: late, Receive: late}); err != nil {
		return Want{}, err
	}
	want := Want{Fenced: []string{r.Active.Name}, Active: r.without(r.Active), Failures: fenceDevices, Unfenced: true}
	if err := r.Active.Freeze(); err != nil {
		return want, err
	}
	if err := lasts(ctx, 30*time.Second); err != nil {
		return want, err
	}
	if err := r.setBMCLines(lab.Line{}); err != nil {
		return want, err
	}
	return want, r.takenOver(ctx, r.Start)
}

// badBMCs makes the cables of all but the active node to the BMC network bad ones, for the
// time of the fault.
func (r *Round) badBMCs(line lab.Line) error {
	r.Undo(func(context.Context) error { return r.setBMCLines(lab.Line{}) })
	return r.setBMCLines(line)
}

func (r *Round) setBMCLines(line lab.Line) error {
	for _, n := range r.others() {
		if err := n.SetLine(n.BMCLink(), line, r.Rand.Uint64()); err != nil {
			return err
		}
	}
	return nil
}
