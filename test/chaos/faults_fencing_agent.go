package chaos

import (
	"context"
	"errors"
	"strings"

	"github.com/oneha/oneha/test/lab"
)

// agentEndFaults end the fence agent in the middle of its work.
var agentEndFaults = []Fault{
	{Name: "active node hangs, its fence agent is killed before off", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.killFenceAgent(ctx, false)
	}},
	{Name: "active node hangs, its fence agent is killed after off", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.killFenceAgent(ctx, true)
	}},
}

// killFenceAgent kills the agent when its command to switch off has arrived at the BMC,
// which carries it out or loses it. The agent cannot say what became of it, so Pacemaker
// has to call it again, which it does once by itself (pcmk_reboot_retries).
func (r *Round) killFenceAgent(ctx context.Context, after bool) (Want, error) {
	killed := 0
	err := r.chassis(r.Active, func(_ *lab.Node, request string, obey func(string) (string, error)) (answer string, err error) {
		if !switches(request, "0") || killed > 0 {
			return obey(request)
		}
		if after {
			answer, err = obey(request)
		}
		for _, n := range r.others() {
			// One of several may have ended by itself; that one was killed is judged below.
			said, _ := n.Exec(ctx, "sh", "-c", `for p in $(pidof fence_bmc_ipmi); do kill -KILL $p && echo $p; done`)
			killed += len(strings.Fields(said.Stdout))
		}
		return answer, err
	})
	if err != nil {
		return Want{}, err
	}
	want, err := r.hangFenced(ctx)
	want.Unclean = true
	err = errors.Join(err, r.Active.SetChassis(nil)) // nobody counts any more
	if err == nil && killed == 0 {
		err = errors.New("no fence agent was killed")
	}
	return want, err
}
