package fencecheck

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"github.com/oneha/oneha/fence"
)

// resolve says which addresses a device's host has, within login_timeout.
func resolve(ctx context.Context, r *fence.Request) (string, error) {
	host := r.Host()
	if _, err := netip.ParseAddr(host); err == nil {
		return host + " is an address", nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.Limit("login_timeout"))
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		reason := err.Error()
		if dns, ok := errors.AsType[*net.DNSError](err); ok {
			reason = dns.Err
		}
		return "", fmt.Errorf("look up %s: %s: give the BMC's address, so that fencing does not depend on DNS", host, reason)
	}
	var all []string
	for _, a := range addrs {
		all = append(all, a.Unmap().String())
	}
	return fmt.Sprintf("%s is %s; an address would not depend on DNS", host, strings.Join(all, ", ")), nil
}

// connect opens a TCP connection and closes it, within login_timeout.
func connect(ctx context.Context, r *fence.Request) error {
	limit := r.Limit("login_timeout")
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", endpoint(r))
	switch {
	case err == nil:
		return conn.Close()
	case errors.Is(ctx.Err(), context.Canceled):
		return errors.New("connect: interrupted")
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("connect to %s: nothing listens on that port: check the port, and that the service is enabled on the BMC", endpoint(r))
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("connect to %s: no answer within %s: check the address, the cable and VLAN of the BMC, and firewalls on the way", endpoint(r), limit)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	return fmt.Errorf("connect to %s: %w: check the address and this machine's routes", endpoint(r), err)
}
