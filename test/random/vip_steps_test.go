package random

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// vipStep is one step: an operation of the agent, perhaps killed, or a hand that
// interferes.
type vipStep struct {
	do      string
	kill    time.Duration // operations: killed after that time; 0: not
	change  int           // operations: killed at that change of the node; 0: not
	nic     string        // interference: where
	address string        // interference: what
	label   string
}

func (s vipStep) String() string {
	text := s.do
	if s.kill > 0 {
		text = fmt.Sprintf("%s, killed after %s", text, s.kill)
	}
	if s.change > 0 {
		text = fmt.Sprintf("%s, killed at its change number %d", text, s.change)
	}
	if s.address != "" {
		text += " " + s.address
	}
	if s.nic != "" {
		text += " on " + s.nic
	}
	if s.label != "" {
		text += " as " + s.label
	}
	return text
}

// The hand's work. What cannot be done, because the interface is not there, say,
// is left out, so that every part of a sequence can be played.
const (
	takeAway = "by hand: take the address away"
	put      = "by hand: add"
	remove   = "by hand: remove"
	primary  = "by hand: before the node's own, on n0, add"
	linkDown = "by hand: switch off the link"
	linkUp   = "by hand: ifup"
	peerDown = "the switch port goes down"
	peerUp   = "the switch port comes up"
	unplug   = "the interface is removed"
	plugIn   = "the interface is made again"
	claim    = "another machine takes the address"
	release  = "the other machine gives the address back"
)

// plan is the addresses of one family.
type plan struct {
	vip       netip.Addr
	bits      int
	own, twin string // the node's own on n0; one of the same network
	strange   []int  // other prefix lengths
}

var (
	plan4 = plan{vip: netip.MustParseAddr("10.77.0.100"), bits: 24, own: "10.77.0.1/24", twin: "10.77.0.2/24", strange: []int{16, 25, 32}}
	plan6 = plan{vip: netip.MustParseAddr("2001:db8:77::100"), bits: 64, own: "2001:db8:77::1/64", twin: "2001:db8:77::2/64", strange: []int{48, 80, 128}}
)

// composeVIP makes the sequence of a seed for the agent that program is.
func composeVIP(seed uint64, program string, count *tally) sequence[vipStep] {
	rng := rand.New(rand.NewPCG(seed, 1))
	p := plan4
	if chance(rng, 40) {
		p = plan6
	}
	set := composeSetting(rng, p)
	steps := make([]vipStep, 8+rng.IntN(8))
	for i := range steps {
		if i > 0 && !steps[i-1].isOperation() && chance(rng, 35) { // what does the agent make of that?
			steps[i].do = pick(rng, []string{probe, recurring})
			continue
		}
		steps[i] = composeStep(rng, p)
	}
	play := &vipPlay{setting: set, program: program, count: count}
	return sequence[vipStep]{
		setting: fmt.Sprintf("%s, promote_secondaries=%v", strings.Join(set.Params, " "), set.Promote),
		steps:   steps,
		play:    play.run,
		simpler: func(s vipStep) (vipStep, bool) { return vipStep{do: s.do}, s.killer() != nil },
	}
}

func chance(rng *rand.Rand, percent int) bool { return rng.IntN(100) < percent }

func pick[T any](rng *rand.Rand, of []T) T { return of[rng.IntN(len(of))] }

func composeSetting(rng *rand.Rand, p plan) vipSetting {
	s := vipSetting{IP: p.vip, Promote: chance(rng, 30)}
	add := func(name, value string) { s.Params = append(s.Params, name+"="+value) }
	add("ip", p.vip.String())
	add("arp_count", "1")
	if chance(rng, 60) {
		s.Bits = p.bits
		if chance(rng, 10) {
			s.Bits = p.vip.BitLen()
		}
		if p.vip.Is4() && s.Bits == 24 && chance(rng, 30) {
			add("netmask", "255.255.255.0")
		} else {
			add("cidr_netmask", fmt.Sprint(s.Bits))
		}
	}
	if p.vip.Is4() && chance(rng, 30) {
		s.Label = "vip"
	}
	if chance(rng, 60) {
		s.Nic = "n0"
		if s.Bits != 0 && chance(rng, 10) {
			s.Nic = "n1"
		}
	}
	switch {
	case s.Nic != "" && s.Label != "" && chance(rng, 50):
		add("nic", s.Nic+":"+s.Label) // the old form
	default:
		if s.Nic != "" {
			add("nic", s.Nic)
		}
		if s.Label != "" {
			add("iflabel", s.Label)
		}
	}
	flag := func(name string, percent int) bool {
		if chance(rng, percent) {
			add(name, "true")
			return true
		}
		return false
	}
	s.NoPrefixRoute = flag("noprefixroute", 20)
	if p.vip.Is4() {
		s.Detect = flag("run_arping", 15)
		s.Rests = flag("lvs_support", 20)
	} else {
		s.Detect = !flag("nodad", 50)
		flag("lvs_ipv6_addrlabel", 20)
	}
	s.Preferred = forever
	if chance(rng, 20) {
		s.Preferred = pick(rng, []int{0, 1000})
		add("preferred_lft", fmt.Sprint(s.Preferred))
	}
	if chance(rng, 20) {
		add("arp_bg", "false")
	}
	flag("flush_routes", 10)
	if chance(rng, 10) {
		add("arp_count_refresh", "1")
	}
	if chance(rng, 10) {
		add("proto", "kernel")
	}
	return s
}

func composeStep(rng *rand.Rand, p plan) vipStep {
	switch n := rng.IntN(100); {
	case n < 20:
		return vipStep{do: start}
	case n < 30:
		return vipStep{do: stop}
	case n < 40:
		return vipStep{do: recurring}
	case n < 50:
		return vipStep{do: probe}
	case n < 55:
		return vipStep{do: validate}
	case n < 60:
		return composeKill(rng, start)
	case n < 67:
		return composeKill(rng, stop)
	}
	nic := "n0"
	if chance(rng, 20) {
		nic = "n1"
	}
	switch n := rng.IntN(100); {
	case n < 10:
		return vipStep{do: takeAway}
	case n < 35:
		return composePut(rng, p, nic)
	case n < 42:
		return vipStep{do: linkDown, nic: nic}
	case n < 50:
		return vipStep{do: linkUp, nic: nic}
	case n < 55:
		return vipStep{do: peerDown, nic: nic}
	case n < 61:
		return vipStep{do: peerUp, nic: nic}
	case n < 65:
		return vipStep{do: unplug, nic: nic}
	case n < 70:
		return vipStep{do: plugIn, nic: nic}
	case n < 76:
		return vipStep{do: put, address: p.twin, nic: nic}
	case n < 82:
		return vipStep{do: remove, address: p.twin, nic: nic}
	case n < 85:
		return vipStep{do: remove, address: p.own, nic: "n0"}
	case n < 92:
		return vipStep{do: primary, address: netip.PrefixFrom(p.vip, p.bits).String(), nic: "n0"}
	case n < 96:
		return vipStep{do: claim}
	}
	return vipStep{do: release}
}

// composeKill kills an operation after up to 5 ms, or at one of its first changes.
func composeKill(rng *rand.Rand, op string) vipStep {
	if chance(rng, 50) {
		return vipStep{do: op, change: 1 + rng.IntN(2)}
	}
	return vipStep{do: op, kill: time.Duration(1+rng.IntN(5000)) * time.Microsecond}
}

// composePut has a hand add the floating address, in its place or elsewhere.
func composePut(rng *rand.Rand, p plan, nic string) vipStep {
	s := vipStep{do: put, nic: nic, address: netip.PrefixFrom(p.vip, p.bits).String()}
	switch n := rng.IntN(100); {
	case n < 40:
		s.address = netip.PrefixFrom(p.vip, pick(rng, p.strange)).String()
	case n < 55 && p.vip.Is4():
		s.label = nic + ":odd"
	case n < 65:
		s.nic, s.address = "lo", netip.PrefixFrom(p.vip, p.vip.BitLen()).String()
	}
	return s
}

// interfere does what the hand does.
func (l *vipLab) interfere(s vipStep, ip netip.Addr) error {
	here, err := l.node.LinkByName(s.nic)
	missing := errors.As(err, &netlink.LinkNotFoundError{})
	if err != nil && !missing && s.nic != "" {
		return err
	}
	if s.nic != "" && missing != (s.do == plugIn) {
		return nil
	}
	switch s.do {
	case takeAway:
		return l.takeAway(ip)
	case put:
		return addTo(l.node, s.nic, s.address, s.label)
	case remove:
		err := l.node.AddrDel(here, &netlink.Addr{IPNet: ipNet(s.address)})
		if errors.Is(err, unix.EADDRNOTAVAIL) {
			return nil
		}
		return err
	case primary: // the node's own become the secondary addresses, which the kernel drops together with it
		for _, a := range append(equipment[s.nic], s.address) {
			if err := l.node.AddrDel(here, &netlink.Addr{IPNet: ipNet(a)}); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
				return err
			}
		}
		if err := addTo(l.node, s.nic, s.address, ""); err != nil {
			return err
		}
		return l.up(l.node, s.nic)
	case linkDown:
		return l.node.LinkSetDown(here)
	case linkUp:
		return l.up(l.node, s.nic)
	case peerDown:
		there, err := l.peer.LinkByName(peerOf(s.nic))
		if err != nil {
			return err
		}
		return l.peer.LinkSetDown(there)
	case peerUp:
		return l.up(l.peer, peerOf(s.nic))
	case unplug:
		return l.node.LinkDel(here)
	case plugIn:
		return l.plug(s.nic)
	case claim:
		err := addTo(l.peer, peerOf("n0"), netip.PrefixFrom(ip, ip.BitLen()).String(), "")
		if errors.As(err, &netlink.LinkNotFoundError{}) {
			return nil
		}
		return err
	case release:
		there, err := l.peer.LinkByName(peerOf("n0"))
		if err != nil {
			return nil
		}
		err = l.peer.AddrDel(there, &netlink.Addr{IPNet: ipNet(netip.PrefixFrom(ip, ip.BitLen()).String())})
		if errors.Is(err, unix.EADDRNOTAVAIL) {
			return nil
		}
		return err
	}
	return fmt.Errorf("no such step: %q", s.do)
}

func (l *vipLab) takeAway(ip netip.Addr) error {
	all, err := again(func() ([]netlink.Addr, error) { return l.node.AddrList(nil, netlink.FAMILY_ALL) })
	if err != nil {
		return err
	}
	for _, a := range all {
		if prefixOf(a.IPNet.IP, a.Mask).Addr() != ip {
			continue
		}
		if err := l.node.AddrDel(nil, &a); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return err
		}
	}
	return nil
}

// killer is what kills the operation, nil for nothing.
func (s vipStep) killer() killer {
	switch {
	case s.change > 0:
		return killAtChange(s.change)
	case s.kill > 0:
		return killAfter(s.kill)
	}
	return nil
}

// isOperation reports whether the step is a call of the agent.
func (s vipStep) isOperation() bool {
	return slices.Contains([]string{start, stop, probe, recurring, validate}, s.do)
}
