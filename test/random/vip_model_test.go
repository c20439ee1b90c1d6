package random

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/google/go-cmp/cmp"
)

// vipSetting is the configuration of the resource: it stays the same for all steps
// of a sequence.
type vipSetting struct {
	IP            netip.Addr
	Nic           string // "": from the routes
	Bits          int    // 0: from the routes
	Label         string
	NoPrefixRoute bool
	Detect        bool     // a start asks the network for another owner
	Rests         bool     // lvs_support: on lo with all its bits the address rests, and is no business of a stop
	Preferred     int      // preferred lifetime in seconds, forever
	Params        []string // all of it as name=value
	Promote       bool     // promote_secondaries of the node
}

// The operations of an agent. A probe is a monitor without an interval.
const (
	start     = "start"
	stop      = "stop"
	probe     = "probe"
	recurring = "recurring monitor"
	validate  = "validate-all"
)

// Exit codes of the OCF Resource Agent API.
const (
	success    = 0
	failed     = 1
	installed  = 5
	notRunning = 7
)

// place is where the address belongs.
type place struct {
	nic    string
	prefix netip.Prefix
	label  string // "": any
}

func (p place) is(a addr) bool {
	return a.Nic == p.nic && a.Prefix == p.prefix && (p.label == "" || a.Label == p.label)
}

// target says where a start on this node has to put the address, and the code with
// which it has to fail when there is no saying.
func (s vipSetting) target(n node) (p place, code int) {
	if s.Nic != "" {
		if _, ok := n.link(s.Nic); !ok {
			return p, installed
		}
	}
	p = place{nic: s.Nic, prefix: netip.PrefixFrom(s.IP, s.Bits)}
	if s.Nic == "" || s.Bits == 0 {
		r, ok := s.bestRoute(n)
		if !ok {
			return p, failed
		}
		p.nic = r.Nic
		if s.Bits == 0 {
			p.prefix = netip.PrefixFrom(s.IP, r.Dst.Bits())
		}
	}
	if s.Label != "" && s.IP.Is4() {
		p.label = p.nic + ":" + s.Label
	}
	return p, success
}

// bestRoute is the connected route that says where the address belongs. Routes
// that are there only because of the address itself count where there is no
// other; several interfaces that are equally good are as bad as none.
func (s vipSetting) bestRoute(n node) (best route, ok bool) {
	own := func(r route) bool { return r.Kernel && !n.accounted(r, s.IP) }
	better := func(a, b route) bool {
		switch {
		case own(a) != own(b):
			return own(b)
		case a.Dst.Bits() != b.Dst.Bits():
			return a.Dst.Bits() > b.Dst.Bits()
		}
		return a.Metric < b.Metric
	}
	for _, r := range n.Routes {
		if !r.Connected || r.Nic == "lo" || !r.Dst.Contains(s.IP) || s.Nic != "" && r.Nic != s.Nic {
			continue
		}
		switch {
		case best.Nic == "" || better(r, best):
			best, ok = r, true
		case !better(best, r) && r.Nic != best.Nic:
			ok = false
		}
	}
	return best, ok
}

// rests reports whether the address rests there, and is not held.
func (s vipSetting) rests(a addr) bool { return s.Rests && a.Nic == "lo" && a.Prefix.IsSingleIP() }

// held is where the address is held: everywhere but where it rests.
func (s vipSetting) held(n node) (list []addr) {
	for _, a := range n.places(s.IP) {
		if !s.rests(a) {
			list = append(list, a)
		}
	}
	return list
}

// resting reports whether the address rests on the node.
func (s vipSetting) resting(n node) bool { return slices.ContainsFunc(n.places(s.IP), s.rests) }

// serves reports whether the address serves there as it was asked for.
func (s vipSetting) serves(n node, a addr) bool {
	k, _ := n.link(a.Nic)
	asked := s.Nic == a.Nic || s.Nic == "" && a.Nic != "lo"
	return asked && (s.Bits == 0 || s.Bits == a.Prefix.Bits()) && k.Running && !a.Tentative && !a.Duplicate
}

// outcome is what the model allows of an operation.
type outcome struct {
	codes []int                  // exit codes
	after func(after node) error // what holds when the call has ended by itself
}

// expect is the model: what an operation may come to on a node in that state.
func (s vipSetting) expect(op string, n node) outcome {
	switch op {
	case start:
		return s.expectStart(n)
	case stop:
		return outcome{codes: []int{success}, after: func(after node) error { return s.stopped(n, after) }}
	case validate:
		_, code := s.target(n)
		return outcome{codes: []int{code}, after: func(after node) error { return unchanged(n, after) }}
	}
	code := notRunning
	here := s.held(n)
	switch {
	case slices.ContainsFunc(here, func(a addr) bool { return s.serves(n, a) }):
		code = success
	case len(here) > 0 && op == probe: // has to be stopped before it is started elsewhere
		code = failed
	}
	return outcome{codes: []int{code}, after: func(after node) error { return unchanged(n, after) }}
}

func (s vipSetting) expectStart(n node) outcome {
	to, code := s.target(n)
	if code != success {
		return outcome{codes: []int{code}, after: func(after node) error { return unchanged(n, after) }}
	}
	if s.carrierless(n) {
		return outcome{codes: []int{failed}, after: func(after node) error {
			return s.subset(n, after, to, false)
		}}
	}
	there := slices.ContainsFunc(n.places(s.IP), func(a addr) bool { return to.is(a) && !a.Duplicate })
	if n.Claimed && to.nic == "n0" && s.Detect && !there {
		return outcome{codes: []int{failed}, after: func(after node) error {
			return s.subset(n, after, to, false)
		}}
	}
	return outcome{codes: []int{success}, after: func(after node) error { return s.started(n, after, to, there) }}
}

// started says what is wrong after a start that succeeded; there says whether the
// address was in its place before.
func (s vipSetting) started(n, after node, to place, there bool) error {
	here := after.places(s.IP)
	switch {
	case len(here) != 1:
		return fmt.Errorf("started, but there is %v", here)
	case !to.is(here[0]):
		return fmt.Errorf("started on %+v instead of %+v", here[0], to)
	case !s.serves(after, here[0]):
		return fmt.Errorf("started, but of no use: %+v", here[0])
	case !there && here[0].NoPrefixRoute != s.NoPrefixRoute:
		return fmt.Errorf("started with noprefixroute=%v", here[0].NoPrefixRoute)
	case !here[0].prefers(s.Preferred):
		return fmt.Errorf("started with preferred lifetime %d instead of %d", here[0].Preferred, s.Preferred)
	case s.resting(n) && len(after.Files) == 0:
		return errors.New("the address rested, and nothing remembers it")
	case len(after.Raised) > len(n.Raised):
		return fmt.Errorf("started, but promote_secondaries is changed for %v", after.Raised)
	}
	return s.kept(n, after, to.nic)
}

// stopped says what is wrong after a stop that succeeded.
func (s vipSetting) stopped(n, after node) error {
	switch {
	case len(s.held(after)) > 0:
		return fmt.Errorf("stopped, but there is %s", s.held(after))
	case len(after.Files) > 0:
		return fmt.Errorf("stopped, but /run has %s", after.Files)
	case len(after.Raised) > 0:
		return fmt.Errorf("stopped, but promote_secondaries is changed for %v", after.Raised)
	case s.resting(after) != (s.resting(n) || len(n.Files) > 0):
		return fmt.Errorf("the address rests: %v", s.resting(after))
	}
	return s.kept(n, after, "")
}

// carrierless reports whether a start would wait for a carrier in vain.
func (s vipSetting) carrierless(n node) bool {
	to, code := s.target(n)
	k, _ := n.link(to.nic)
	return code == success && !k.Cable
}

// possible says whether a killed start or stop can have left that: any part of
// what was to be taken away or added, and nothing else. What it changed for a
// moment only, such as promote_secondaries, and what it remembers in /run is left to
// the next stop.
func (s vipSetting) possible(op string, n, after node) error {
	to, code := s.target(n)
	return s.subset(n, after, to, op == start && code == success)
}

// subset holds when the address is only where it was, or where it belongs if that
// is allowed, and all else is kept.
func (s vipSetting) subset(n, after node, to place, added bool) error {
	if remembered := s.resting(n) || s.Rests && len(n.Files) > 0; remembered && !s.resting(after) && len(after.Files) == 0 {
		return errors.New("the address rested, and nothing remembers it")
	}
	was := n.places(s.IP)
	for _, a := range after.places(s.IP) {
		if s.rests(a) && len(n.Files) > 0 {
			continue
		}
		if !(added && to.is(a)) && !slices.ContainsFunc(was, func(b addr) bool { return a.Nic == b.Nic && a.Prefix == b.Prefix }) {
			return fmt.Errorf("%s is where it was not", a)
		}
	}
	return s.kept(n, after, to.nic)
}

// kept holds when of the network nothing has changed but the address itself, and
// perhaps that the link it belongs to was switched on.
func (s vipSetting) kept(n, after node, raised string) error {
	if diff := cmp.Diff(n.others(s.IP), after.others(s.IP), byValue); diff != "" {
		return fmt.Errorf("other addresses have changed (-before +after):\n%s", diff)
	}
	for _, r := range n.vital(s.IP) {
		if !slices.Contains(after.Routes, r) && (r.Dst.Addr().Is6() || n.hasOther4(r.Nic, s.IP)) {
			return fmt.Errorf("route %+v is gone", r)
		}
	}
	if diff := cmp.Diff(n.Settings, after.Settings); diff != "" {
		return fmt.Errorf("settings have changed (-before +after):\n%s", diff)
	}
	expected := slices.Clone(n.Links)
	for i, k := range expected {
		if now, _ := after.link(k.Name); k.Name == raised && now.Up {
			expected[i].Up, expected[i].Running = true, k.Cable
		}
	}
	if diff := cmp.Diff(expected, after.Links); diff != "" {
		return fmt.Errorf("links have changed (-before +after):\n%s", diff)
	}
	return nil
}

// unchanged holds when nothing at all has changed.
func unchanged(n, after node) error {
	if diff := cmp.Diff(n, after, byValue); diff != "" {
		return fmt.Errorf("something has changed (-before +after):\n%s", diff)
	}
	return nil
}

// byValue compares prefixes as such, and times to live only by whether they end.
var byValue = cmp.Options{
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Valid" || p.Last().String() == ".Preferred" },
		cmp.Comparer(func(a, b int) bool { return (a == forever) == (b == forever) })),
}
