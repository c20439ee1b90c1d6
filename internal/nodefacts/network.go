package nodefacts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/lint"
	"github.com/oneha/oneha/internal/vip"
)

// network lists the interfaces, and asks who else has the floating IPs.
func (c *collector) network(ctx context.Context, floating []lint.Floating) {
	all, err := c.Interfaces()
	if err != nil {
		c.unknown("interfaces", err)
	}
	c.facts.Interfaces = all
	for _, f := range floating {
		ctx, cancel := context.WithTimeout(ctx, claimWithin)
		hardware, err := c.Claim(ctx, f)
		cancel()
		switch {
		case err != nil:
			c.unknown("who else has "+f.IP.String(), err)
		case hardware != "":
			c.facts.Claims = append(c.facts.Claims, lint.Claim{IP: f.IP.String(), Hardware: hardware})
		}
	}
}

func interfaces() ([]lint.Interface, error) {
	found, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var all []lint.Interface
	for _, f := range found {
		i := lint.Interface{Name: f.Name, Hardware: f.HardwareAddr.String(), Up: f.Flags&net.FlagRunning != 0}
		addrs, err := f.Addrs()
		if err != nil {
			return nil, fmt.Errorf("list addresses of %s: %w", f.Name, err)
		}
		for _, a := range addrs {
			i.Addresses = append(i.Addresses, a.String())
		}
		slices.Sort(i.Addresses)
		all = append(all, i)
	}
	return all, nil
}

// claim asks by ARP probes, which change nothing anywhere.
func claim(ctx context.Context, f lint.Floating) (string, error) {
	if !f.IP.Is4() {
		return "", nil // the kernel itself asks when it adds an IPv6 address
	}
	h, err := vip.Open()
	if err != nil {
		return "", err
	}
	defer h.Close()
	place, err := h.Resolve(ctx, vip.Address{IP: f.IP, Nic: f.NIC})
	if errors.Is(err, vip.ErrNoNic) {
		return "", nil // nobody can be asked there, and the interfaces tell why
	}
	if err != nil {
		return "", err
	}
	err = h.Detect(ctx, place.Nic, f.IP)
	if duplicate, ok := errors.AsType[*vip.DuplicateError](err); ok {
		return duplicate.Hardware.String(), nil
	}
	return "", err
}

// clock asks the kernel, which knows of every program that keeps the time.
func clock() (bool, error) {
	state, err := unix.Adjtimex(&unix.Timex{}) // no modes: nothing is set
	if err != nil {
		return false, fmt.Errorf("read clock state: %w", err)
	}
	const timeError = 5 // TIME_ERROR, adjtimex(2): among others STA_UNSYNC
	return state != timeError, nil
}
