package chaos

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// agentFaults are of the resource agents themselves.
var agentFaults = []Fault{
	{Name: "agent killed in a monitor", Fields: anyField, Do: monitorMeets("KILL")},
	{Name: "agent killed in a start", Fields: anyField, Do: startMeets("KILL")},
	{Name: "agent killed in a stop", Fields: anyField, Do: stopMeets("KILL")},
	{Name: "agent stands still in a monitor", Fields: anyField, Do: monitorMeets("STOP")},
	{Name: "agent stands still in a start", Fields: anyField, Do: startMeets("STOP")},
	{Name: "agent stands still in a stop", Fields: anyField, Do: stopMeets("STOP")},
	{Name: "agent killed in a takeover", Fields: twoNodes, Do: takeoverMeets},
	{Name: "active node hangs while the others have no agents", Fields: twoNodes, Do: agentsMissing},
	{Name: "oned killed while the event log cannot be written", Fields: anyField, Do: eventLogBroken},
	{Name: "active node hangs while alert agents hang", Fields: anyField, Do: alertsHang},
}

// oneOf is one of some ambushes, by chance, with a signal.
func (r *Round) oneOf(signal string, some ...ambush) ambush {
	a := some[r.Rand.IntN(len(some))]
	a.signal = signal
	r.Log("SIG%s to %s in its %s (%s%s)", signal, a.agent, a.action, a.at, a.after)
	return a
}

// monitorMeets meets a monitor on the active node: the resource is started again there.
func monitorMeets(signal string) func(context.Context, *Round) (Want, error) {
	return func(ctx context.Context, r *Round) (Want, error) {
		a := r.oneOf(signal, ambush{agent: "vip", action: "monitor", at: vipAsksKernel}, ambush{agent: "oned", action: "monitor", at: onedAsksSystem})
		want := Want{Active: r.Active.Name, Failures: []string{a.agent + "_monitor_"}, Unclean: true}
		if err := r.lay(ctx, r.Active, a); err != nil {
			return want, err
		}
		if err := r.met(ctx, r.Active, a); err != nil {
			return want, err
		}
		return want, r.foundAnswers(ctx, a.agent+"_monitor_")
	}
}

// startMeets meets a start on the active node, after a failure. Pacemaker takes a failed
// start for fatal there, and another node takes over. That oned is met is left out where
// it would stand still for the two minutes that its start may take.
func startMeets(signal string) func(context.Context, *Round) (Want, error) {
	some := []ambush{{agent: "vip", action: "start", at: vipAsksKernel}, {agent: "vip", action: "start", at: vipAnnounced}}
	if signal == "KILL" {
		some = append(some, ambush{agent: "oned", action: "start", after: "1"})
	}
	return func(ctx context.Context, r *Round) (Want, error) {
		a := r.oneOf(signal, some...)
		want := Want{Failures: []string{a.agent + "_"}, Unclean: true}
		if err := r.slowly(ctx, a); err != nil {
			return want, err
		}
		if err := r.lay(ctx, r.Active, a); err != nil {
			return want, err
		}
		if err := r.sh(ctx, r.Active, r.fail(a.agent)); err != nil {
			return want, err
		}
		if err := r.met(ctx, r.Active, a); err != nil {
			return want, err
		}
		if err := r.found(ctx, a.agent+"_start_0"); err != nil {
			return want, err
		}
		var err error
		want.Active, err = r.moved(ctx)
		return want, err
	}
}

// stopMeets meets a stop on the active node: it has not proved that anything is stopped,
// so the node is fenced. oned would stand still for two and a half minutes.
func stopMeets(signal string) func(context.Context, *Round) (Want, error) {
	some := []ambush{{agent: "vip", action: "stop", at: vipAsksKernel}}
	if signal == "KILL" {
		some = append(some, ambush{agent: "oned", action: "stop", at: onedAsksSystem}, ambush{agent: "oned", action: "stop", after: "1"})
	}
	return func(ctx context.Context, r *Round) (Want, error) {
		a := r.oneOf(signal, some...)
		if err := r.slowly(ctx, a); err != nil {
			return Want{}, err
		}
		if a.after != "" { // how long it stops was said when it started
			if err := r.restart(ctx); err != nil {
				return Want{}, err
			}
		}
		if err := r.lay(ctx, r.Active, a); err != nil {
			return Want{}, err
		}
		if err := r.sh(ctx, r.Active, r.fail(a.agent)); err != nil {
			return Want{}, err
		}
		want, err := r.stopFails(ctx, a.agent) // with the node its traces have gone
		want.Unclean = true
		return want, err
	}
}

// restart has Pacemaker start oned again on the active node.
func (r *Round) restart(ctx context.Context) error {
	before, err := process(ctx, r.Active, onedUnit)
	if err != nil {
		return err
	}
	if err := r.sh(ctx, r.Active, r.fail("oned")); err != nil {
		return err
	}
	if err := r.replaced(ctx, onedUnit, before); err != nil {
		return err
	}
	return r.Cluster.WaitSettled(ctx)
}

// takeoverMeets kills the agent of the floating IP on each node that takes over from one
// that hangs. None of them can then, for Pacemaker; the node that was fenced does it when
// it is back.
func takeoverMeets(ctx context.Context, r *Round) (Want, error) {
	a := r.oneOf("KILL", ambush{agent: "vip", action: "start", at: vipAsksKernel}, ambush{agent: "vip", action: "start", at: vipAnnounced})
	want := Want{Fenced: []string{r.Active.Name}, Active: r.Active.Name, Failures: []string{"vip_"}, Unclean: true}
	for _, n := range r.others() {
		if err := r.lay(ctx, n, a); err != nil {
			return want, err
		}
	}
	if err := r.hang(ctx); err != nil {
		return want, err
	}
	for _, n := range r.others() {
		if err := r.met(ctx, n, a); err != nil {
			return want, err
		}
	}
	return want, r.returned(ctx)
}

// agentsMissing takes the agents away from all nodes that would take over from one that
// hangs, as an update does that went wrong. They can neither start nor stop anything, so
// they are fenced as well, once a healthy node is there to do it.
func agentsMissing(ctx context.Context, r *Round) (Want, error) {
	const aside = agentProgram + ".aside"
	// The last of them is to be fenced while nobody else is there, which fails at first.
	want := Want{Active: r.Active.Name, Failures: anyAction, Unfenced: true}
	for _, n := range r.Cluster.Nodes {
		want.Fenced = append(want.Fenced, n.Name)
	}
	for _, n := range r.others() {
		r.undoOn(n, "[ ! -e "+aside+" ] || mv "+aside+" "+agentProgram)
		if err := r.sh(ctx, n, "mv "+agentProgram+" "+aside); err != nil {
			return want, err
		}
	}
	if err := r.hang(ctx); err != nil {
		return want, err
	}
	for _, n := range r.others() {
		if err := r.waitFenced(ctx, n); err != nil {
			return want, err
		}
	}
	return want, r.returned(ctx)
}

// returned waits until the node that was active is it again, after it was fenced.
func (r *Round) returned(ctx context.Context) error {
	err := r.wait(ctx, "the floating IP to return to "+r.Active.Name, func(context.Context) bool {
		holder, err := r.Cluster.Active()
		return err == nil && holder == r.Active
	})
	if err != nil {
		return err
	}
	_, err = r.Oned.WaitAnswer(ctx, time.Now())
	return err
}

// eventLogBroken has oned die while something that is no file is where the agents write
// down what they do: that is nobody's failure.
func eventLogBroken(ctx context.Context, r *Round) (Want, error) {
	want := Want{Active: r.Active.Name, Failures: []string{"oned_"}, Untold: []string{r.Active.Name}}
	const log, aside = "/var/log/oneha/events.jsonl", "/var/log/oneha/aside"
	some := []string{"mkdir " + log, "mkfifo " + log, "ln -s /dev/full " + log, "ln -s nowhere/at/all " + log}
	r.undoOn(r.Active, fmt.Sprintf("if [ -e %[2]s ]; then rm -rf %[1]s; mv %[2]s %[1]s; fi", log, aside))
	instead := some[r.Rand.IntN(len(some))]
	r.Log("%s", instead)
	if err := r.sh(ctx, r.Active, fmt.Sprintf("mv %s %s; %s; %s", log, aside, instead, signal("KILL", onedUnit))); err != nil {
		return want, err
	}
	return want, r.foundAnswers(ctx, "oned_monitor_")
}

// alertsHang has the active node hang in a cluster whose alert agents never end: nothing
// waits for them.
func alertsHang(ctx context.Context, r *Round) (Want, error) {
	const agent = "/run/hanging-alert"
	for _, n := range r.Cluster.Nodes {
		// Pacemaker ends them when their time, half a minute, is over.
		r.undoOn(n, "rm -f "+agent+"; ! pgrep -fx 'sleep 600'")
		if err := r.sh(ctx, n, fmt.Sprintf("printf '#!/bin/sh\\nexec sleep 600\\n' >%[1]s; chmod 755 %[1]s", agent)); err != nil {
			return Want{}, err
		}
	}
	// What is left of it, if anything, the audit of the configuration finds.
	r.undoOn(r.Passive, "pcs alert remove hanging || true; cibadmin --delete --xpath '//alerts[not(*)]' || true; crm_verify --live-check")
	if err := r.sh(ctx, r.Passive, "pcs alert create id=hanging path="+agent); err != nil {
		return Want{}, err
	}
	if err := r.hang(ctx); err != nil {
		return Want{}, err
	}
	// A round in which none was called would prove nothing. Each is there for half a minute.
	err := r.wait(ctx, "an alert agent to hang", func(ctx context.Context) bool {
		return slices.ContainsFunc(r.others(), func(n *lab.Node) bool { return r.sh(ctx, n, "pgrep -fx 'sleep 600'") == nil })
	})
	if err != nil {
		return Want{}, err
	}
	to, err := r.moved(ctx)
	return Want{Fenced: []string{r.Active.Name}, Active: to}, err
}
