package spec

import (
	"fmt"
	"strconv"
	"time"
)

const (
	minToken, maxToken = 500 * time.Millisecond, time.Minute
	maxFenceDelay      = time.Minute // half of the time that fencing as a whole may take
)

// token reads corosync's token timeout, by name or as a duration.
func (r *reader) token(timing, token value) time.Duration {
	if timing.kind != absent && token.kind != absent {
		r.error(token.at, "both timing and token are given", "keep one of them; timing is a name for a token timeout")
		return 0
	}
	if token.kind != absent {
		d, _ := r.duration(token, "token", minToken, maxToken, time.Millisecond)
		return d
	}
	name := defaultTiming
	if timing.kind != absent {
		var ok bool
		if name, ok = r.text(timing, "timing"); !ok {
			return 0
		}
	}
	var names []string
	for _, t := range timings {
		if t.name == name {
			return t.token
		}
		names = append(names, t.name)
	}
	r.error(timing.at, fmt.Sprintf("unknown timing %q", clip(name)), suggest(name, names))
	return 0
}

// fenceDelay reads how long the attack on the protected node waits.
func (r *reader) fenceDelay(v value, nodes int, qdevice bool) time.Duration {
	races := nodes == 2 && !qdevice
	if v.kind == absent {
		if races {
			return defaultFenceDelay
		}
		return 0
	}
	d, ok := r.duration(v, "fence_delay", 0, maxFenceDelay, time.Second)
	if ok && d == 0 && races {
		r.error(v.at, "fence_delay 0 lets two nodes shoot each other", "give at least 1s, or remove the key to take "+seconds(defaultFenceDelay))
	}
	return d
}

// duration reads a duration between low and high that is a multiple of unit.
func (r *reader) duration(v value, what string, low, high, unit time.Duration) (time.Duration, bool) {
	text, ok := r.text(v, what)
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(text)
	_, bare := strconv.Atoi(text)
	switch {
	case bare == nil && text != "0":
		r.error(v.at, fmt.Sprintf("%s %s has no unit", what, clip(text)), fmt.Sprintf("write %ss or %sms", clip(text), clip(text)))
	case err != nil:
		r.error(v.at, fmt.Sprintf("%s %q is not a duration", what, clip(text)), "write a number with its unit, such as 5s or 1500ms")
	case d < low || d > high:
		r.error(v.at, fmt.Sprintf("%s %s is out of range", what, d), fmt.Sprintf("give %s to %s", low, high))
	case d%unit != 0:
		r.error(v.at, fmt.Sprintf("%s %s is no multiple of %s", what, d, unit), "round it")
	default:
		return d, true
	}
	return 0, false
}

// seconds writes a duration as the file does.
func seconds(d time.Duration) string { return fmt.Sprintf("%ds", d/time.Second) }
