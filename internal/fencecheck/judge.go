package fencecheck

import (
	"fmt"
	"slices"
	"time"
)

// Cluster is what Judge needs to know of the cluster.
type Cluster struct {
	Nodes          int
	StonithTimeout time.Duration // what one fencing may take, 0 when it is not known
}

// What a race between two nodes is decided by, beside what is measured.
const (
	// skew is how far apart two nodes may notice that they lost each other, and
	// begin to fence.
	skew = time.Second
	// margin is for what nobody thought of.
	margin = 500 * time.Millisecond
	// poll is the longest pause before an agent sees that the power changed
	// (stonith_status_sleep).
	poll = time.Second
)

// Assumption is what cannot be measured without harm.
type Assumption struct {
	Off time.Duration // from the power command until the machine is off, or on
}

// Verdict is whether one setting of the cluster fits.
type Verdict struct {
	About  string // "stonith-timeout" or "fence_delay"
	Node   string // the node that is fenced, or for fence_delay kept
	Known  bool   // the measurements suffice to tell
	Fits   bool
	Set    time.Duration // the setting
	Needs  time.Duration // the least that fits
	Text   string        // one sentence: why
	Advice string        // what to do when it does not fit, or ""
}

// Judge compares the settings of a cluster with what was measured: for each
// device whether stonith-timeout suffices, and, with two nodes, whether the
// delays decide a race. A race is run by the first device of each node.
func Judge(c Cluster, a Assumption, ms []Measurement) []Verdict {
	var vs []Verdict
	var first []Measurement
	for i, m := range ms {
		same := func(o Measurement) bool { return o.Device.Node == m.Device.Node }
		v := judgeTimeout(c, a, m)
		if !slices.ContainsFunc(ms[:i], same) {
			first = append(first, m)
		}
		if slices.ContainsFunc(ms[:i], same) || slices.ContainsFunc(ms[i+1:], same) {
			v.Text = m.Device.ID + ": " + v.Text
		}
		vs = append(vs, v)
	}
	if c.Nodes == 2 && len(first) == 2 {
		vs = append(vs, judgeDelay(a, first[0], first[1]))
	}
	return vs
}

// judgeTimeout estimates a reboot, the longest action: log in, read the state,
// off, on. The delay counts, because Pacemaker before 2.1.6 takes it from the same
// time.
func judgeTimeout(c Cluster, a Assumption, m Measurement) Verdict {
	v := Verdict{About: "stonith-timeout", Node: m.Device.Node, Set: c.StonithTimeout}
	switch {
	case !m.LoggedIn():
		v.Text = "not judged: its BMC could not be asked"
		return v
	case c.StonithTimeout == 0:
		v.Text = "not judged: the value of stonith-timeout is not understood"
		return v
	}
	change := m.command() + m.Timing.PowerWait + a.Off + poll
	usual := m.Worst() + 2*change + m.Device.Delay
	// One login is lost and tried again, and the machine does not come on.
	worst := usual + m.Timing.LoginTimeout + max(0, m.Timing.PowerTimeout-a.Off-poll)
	v.Known, v.Fits, v.Needs = true, worst <= c.StonithTimeout, ceil(worst)
	v.Text = fmt.Sprintf("a reboot takes about %s, at worst %s, of %s", brief(usual), brief(worst), brief(c.StonithTimeout))
	if m.Device.Delay > 0 {
		v.Text += fmt.Sprintf(" (its delay of %s counted)", brief(m.Device.Delay))
	}
	if !v.Fits {
		v.Advice = fmt.Sprintf("set properties: {stonith-timeout: %s} or more", brief(v.Needs))
	}
	return v
}

// judgeDelay follows a race: both nodes lose each other and fence. The one
// without a delay logs in to the other's BMC, reads the state and switches; until
// that machine is dead, its own attack must not have sent the command. Of the
// attack on the node to be kept, only the fastest login is counted as time won,
// and nothing when its BMC is slower than the other: it may be fast next time.
func judgeDelay(a Assumption, x, y Measurement) Verdict {
	keep, lose := x, y
	if y.Device.Delay > x.Device.Delay {
		keep, lose = y, x
	}
	v := Verdict{About: "fence_delay", Node: keep.Device.Node, Set: keep.Device.Delay - lose.Device.Delay}
	if !lose.LoggedIn() {
		v.Text = "not judged: the BMC of " + lose.Device.Node + " could not be asked"
		return v
	}
	difference := max(0, lose.Worst()-keep.Fastest())
	need := skew + difference + lose.command() + a.Off + margin
	v.Known, v.Fits, v.Needs = true, need <= v.Set, ceil(need)
	differ := "because the BMCs differ"
	if !keep.LoggedIn() {
		differ = fmt.Sprintf("because the BMC of %s, which could not be asked, may be faster", keep.Device.Node)
	}
	v.Text = fmt.Sprintf("it is %s and has to be %s: %s because the nodes do not notice at the same time, %s %s, %s until %s is off, %s to spare",
		brief(v.Set), brief(v.Needs), brief(skew), brief(difference), differ, brief(lose.command()+a.Off), lose.Device.Node, brief(margin))
	switch {
	case !v.Fits:
		v.Advice = fmt.Sprintf("set fence_delay: %s, or %s may lose the race that it should win", brief(v.Needs), keep.Device.Node)
	case v.Set-v.Needs >= 2*time.Second:
		v.Advice = fmt.Sprintf("fence_delay: %s would do; every failover of %s waits that long", brief(v.Needs), keep.Device.Node)
	}
	return v
}

// ceil rounds up to whole seconds, which is how Pacemaker counts.
func ceil(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}

// brief writes a duration in seconds with at most one decimal, rounded up.
func brief(d time.Duration) string {
	tenths := (d + 100*time.Millisecond - 1) / (100 * time.Millisecond)
	if tenths%10 == 0 {
		return fmt.Sprintf("%ds", tenths/10)
	}
	return fmt.Sprintf("%d.%ds", tenths/10, tenths%10)
}
