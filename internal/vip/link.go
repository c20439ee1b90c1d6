package vip

import (
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Link is what matters of a network interface here.
type Link struct {
	Index        int
	Name         string
	AltNames     []string
	AdminUp      bool   // an administrator has it up
	Operational  bool   // and it passes packets
	State        string // operational state in words, as `ip link` shows it
	Loopback     bool
	NoARP        bool   // resolves no addresses: nothing to announce there
	Type         string // link layer: "ether", "loopback", "infiniband", ...
	HardwareAddr net.HardwareAddr
}

// linkFrom takes over what the kernel said. Operational is the kernel's own
// verdict: IFF_RUNNING stands for RFC 2863's operational states up and unknown,
// the latter being that of drivers that cannot tell.
func linkFrom(a *netlink.LinkAttrs) Link {
	up := a.RawFlags&unix.IFF_UP != 0
	return Link{
		Index:        a.Index,
		Name:         a.Name,
		AltNames:     a.AltNames,
		AdminUp:      up,
		Operational:  up && a.RawFlags&unix.IFF_RUNNING != 0,
		State:        a.OperState.String(),
		Loopback:     a.RawFlags&unix.IFF_LOOPBACK != 0,
		NoARP:        a.RawFlags&unix.IFF_NOARP != 0,
		Type:         a.EncapType,
		HardwareAddr: a.HardwareAddr,
	}
}

// Is reports whether name is one of the link's names.
func (l Link) Is(name string) bool { return l.Name == name || slices.Contains(l.AltNames, name) }

// fault says why the link passes no packets, "" if it does.
func (l Link) fault() string {
	switch {
	case l.Operational:
		return ""
	case !l.AdminUp:
		return fmt.Sprintf("link %s is down: switched off", l.Name)
	default:
		return fmt.Sprintf("link %s is down: state %s", l.Name, l.State)
	}
}

// linkNamed returns the interface of that name, else ErrNoNic.
func (h *Host) linkNamed(name string) (Link, error) {
	l, err := h.nl.LinkByName(name)
	if err != nil {
		return Link{}, linkError(name, err)
	}
	return linkFrom(l.Attrs()), nil
}

// linkAt returns the interface with that index, else ErrNoNic.
func (h *Host) linkAt(index int) (Link, error) {
	l, err := h.nl.LinkByIndex(index)
	if err != nil {
		return Link{}, linkError(fmt.Sprintf("number %d", index), err)
	}
	return linkFrom(l.Attrs()), nil
}

// linkError wraps the error of looking for an interface.
func linkError(which string, err error) error {
	if missing := (netlink.LinkNotFoundError{}); errors.As(err, &missing) || errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("find interface %s: %w", which, ErrNoNic)
	}
	return fmt.Errorf("find interface %s: %w", which, err)
}
