package lint

import (
	"fmt"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/diag"
)

// Rules about who waits before fencing whom, and whether there is time for it.

func noAsymmetry(s *side, r *report) {
	nodes := s.members()
	if len(nodes) != 2 || len(s.devices) == 0 || s.corosync != nil && s.corosync.device() || s.sameBMC() || s.watchdogOnly() {
		return
	}
	if _, on := s.fencing(); !on {
		return
	}
	if d, _ := s.priorityDelay(); d > 0 {
		return // F08 looks whether it decides
	}
	var waits [2]time.Duration
	var first *device
	for _, d := range s.devices {
		if d.random() {
			return
		}
		for i, n := range nodes {
			if !d.serves(n) {
				continue
			}
			if first == nil {
				first = d
			}
			waits[i] = max(waits[i], d.baseDelay(n)+d.agentDelay())
		}
	}
	if first == nil || waits[0] != waits[1] {
		return
	}
	if len(s.devices) == 1 && s.devices[0].asked {
		return // what it can fence is not known
	}
	what := fmt.Sprintf("%s and %s fence each other without a delay: when the link between them fails, both may be switched off", clip(nodes[0]), clip(nodes[1]))
	if waits[0] > 0 {
		what = fmt.Sprintf("the delays before fencing %s and %s are both %s: when the link between them fails, both may be switched off", clip(nodes[0]), clip(nodes[1]), seconds(waits[0]))
	}
	r.add(first.e.place, what, "")
}

func wastedDelay(s *side, r *report) {
	both := map[string]time.Duration{}
	byAgent := false
	for _, d := range s.devices {
		if d.agentDelay() > 0 {
			byAgent = true
			r.add(d.paramPlace("delay"), fmt.Sprintf("%s waits %s in the agent (delay): the time comes out of the fencing timeout", clip(d.id), seconds(d.agentDelay())),
				"use pcmk_delay_base on the device whose target should survive, and no delay on the other")
		}
		for _, n := range d.targets {
			both[strings.ToLower(n)] = max(both[strings.ToLower(n)], d.baseDelay(n))
		}
	}
	nodes := s.members()
	if len(nodes) != 2 || byAgent {
		return
	}
	a, b := both[strings.ToLower(nodes[0])], both[strings.ToLower(nodes[1])]
	if a > 0 && b > 0 && a != b {
		for _, d := range s.devices {
			if d.longestDelay() > 0 {
				r.add(d.paramPlace("pcmk_delay_base"), fmt.Sprintf("fencing waits in both directions, %s and %s: the shorter delay protects nobody and is paid in every failover", seconds(a), seconds(b)),
					"keep the delay on the device whose target should survive, and remove the other")
				return
			}
		}
	}
}

// leastTime is less than any machine needs to be switched off, looked at and switched
// on; patientTime is what an iLO may need.
const (
	leastTime   = 10 * time.Second
	patientTime = time.Minute
)

func fencingTime(s *side, r *report) {
	for _, d := range s.devices {
		timeout, at := s.timeout(d)
		if at == (Place{}) {
			at = d.paramPlace("delay", "pcmk_delay_base", "pcmk_delay_max")
		}
		wait, _ := parseDuration(d.param("power_wait"))
		left := timeout - d.agentDelay() - 2*wait
		delay := d.longestDelay()
		switch {
		case delay >= timeout:
			r.add(d.paramPlace("pcmk_delay_base", "pcmk_delay_max"), fmt.Sprintf("fencing by %s is delayed by %s and may take %s: it cannot succeed in time", clip(d.id), seconds(delay), seconds(timeout)),
				"give a delay of a few seconds")
		case left < leastTime:
			r.add(at, fmt.Sprintf("%s has %s for a fencing, waits %s of them, and has no time left to switch anything", clip(d.id), seconds(timeout), seconds(timeout-left)),
				"raise stonith-timeout, and take the agent's delay and power_wait away")
		case left < patientTime && isILO(d.typ):
			r.as(diag.Warning, at, fmt.Sprintf("%s has %s to log in, switch off, look and switch on: an iLO may need a minute", clip(d.id), seconds(left)), "set stonith-timeout to 120s")
		}
	}
}

const (
	usualAttempts = 10              // stonith-max-attempts' default: minutes of a BMC that does not answer
	longRecheck   = 5 * time.Minute // is a longer outage than most that make fencing fail
)

// secondChance looks how long a fencing that was given up rests. Whoever raised the
// attempts has chosen another way out.
func secondChance(s *side, r *report) {
	if _, on := s.fencing(); !on || len(s.devices) == 0 || s.watchdogOnly() {
		return
	}
	if p, ok := s.cib.property("fencing-max-attempts", "stonith-max-attempts"); ok {
		if n, ok := parseScore(p.value); ok && n > usualAttempts {
			return
		}
	}
	p, given := s.cib.property("cluster-recheck-interval")
	interval, ok := parseDuration(p.value)
	switch {
	case !given:
		r.add(s.cib.root.place, "a fencing that Pacemaker gave up is tried again after 15 minutes only, since cluster-recheck-interval is not set", "")
	case ok && interval == 0:
		r.add(p.place, "a fencing that Pacemaker gave up is not tried again before something changes, since cluster-recheck-interval is 0", "")
	case interval > longRecheck:
		r.add(p.place, fmt.Sprintf("a fencing that Pacemaker gave up is tried again after cluster-recheck-interval, %s", seconds(interval)), "")
	}
}

func priorityDelay(s *side, r *report) {
	delay, at := s.priorityDelay()
	if delay <= 0 {
		return
	}
	important := false
	for _, p := range s.cib.rscDefaults {
		important = important || p.name == "priority" && isPositive(p.value)
	}
	var longest time.Duration
	for _, res := range s.cib.resources {
		p, ok := lookup(res.meta, "priority")
		important = important || ok && isPositive(p.value)
	}
	for _, d := range s.devices {
		longest = max(longest, d.longestDelay())
	}
	switch {
	case !important:
		r.add(at, "priority-fencing-delay is set, but every resource has priority 0, so that no node is more important and it delays nothing", "give the resources a priority: priority=1 as a resource default, priority=10 for oned")
	case delay < 2*longest:
		r.add(at, fmt.Sprintf("priority-fencing-delay is %s, less than twice the longest delay of a device, %s, which can then protect the wrong node", seconds(delay), seconds(longest)),
			fmt.Sprintf("set it to at least %s", seconds(2*longest)))
	}
}

func isPositive(score string) bool { v, ok := parseScore(score); return ok && v > 0 }

func delayBeforeTimeout(s *side, r *report) {
	if !s.pacemaker.before(version{2, 1, 6}) {
		return
	}
	extra, _ := s.priorityDelay()
	for _, d := range s.devices {
		delay := d.longestDelay() + extra
		timeout, at := s.timeout(d)
		if at == (Place{}) {
			at = d.paramPlace("pcmk_delay_base", "pcmk_delay_max")
		}
		if left := timeout - delay - d.agentDelay(); delay > 0 && delay < timeout && left < time.Minute {
			r.add(at, fmt.Sprintf("Pacemaker %s takes the delay of %s, %s, out of the %s that a fencing may take, and leaves %s", s.pacemaker, clip(d.id), seconds(delay), seconds(timeout), seconds(max(0, left))),
				fmt.Sprintf("set stonith-timeout to at least %s", seconds(time.Minute+delay+d.agentDelay())))
		}
	}
}
