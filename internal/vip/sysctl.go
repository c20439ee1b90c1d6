package vip

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// sysctl reads a setting of an interface for IP version 4 or 6, "" if it cannot
// be read. /proc/sys/net shows the network namespace of the calling thread.
func sysctl(version int, nic, name string) string {
	text, err := os.ReadFile(sysctlPath(version, nic, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// setSysctl writes a setting of an interface. In a container /proc/sys is often
// read-only.
func setSysctl(version int, nic, name, value string) error {
	if err := os.WriteFile(sysctlPath(version, nic, name), []byte(value), 0); err != nil {
		return fmt.Errorf("set net.ipv%d.conf.%s.%s: %w", version, nic, name, err)
	}
	return nil
}

func sysctlPath(version int, nic, name string) string {
	return fmt.Sprintf("/proc/sys/net/ipv%d/conf/%s/%s", version, nic, name)
}

// FlushRoutes makes the kernel forget what it has cached about destinations, such
// as path MTUs and redirects, for both families (ip-sysctl.rst of the kernel;
// `ip route flush cache`).
func (h *Host) FlushRoutes() error {
	var errs []error
	for _, version := range []int{4, 6} {
		path := fmt.Sprintf("/proc/sys/net/ipv%d/route/flush", version)
		errs = append(errs, os.WriteFile(path, []byte("1"), 0))
	}
	return errors.Join(errs...)
}
