package vip

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A real server behind a load balancer that routes directly (LVS-DR) has the
// floating IP on its loopback interface with all prefix bits: it takes the packets
// that the director hands on, and answers nobody's ARP. The machine that becomes
// the director wakes the address, which may not be in both places, and puts it to
// rest again when it no longer is.

// Wake takes the address away from where it rests and writes to file how it was
// there. found is false when it does not rest. If the file cannot be written, the
// address is left.
func (h *Host) Wake(ctx context.Context, ip netip.Addr, file string) (found bool, err error) {
	held, err := h.Find(ctx, Address{IP: ip})
	if err != nil {
		return false, err
	}
	for _, holding := range held {
		if !holding.rests() {
			continue
		}
		if err := writeWhole(file, restLine(holding)); err != nil {
			return true, fmt.Errorf("remember how %s rests: %w", holding, err)
		}
		return true, h.drop(ctx, holding)
	}
	return false, nil
}

// Rest puts the address where it rested before Wake took it away, and removes the
// file that says so. done is false where there is none: it did not rest.
func (h *Host) Rest(ip netip.Addr, file string) (done bool, err error) {
	_ = os.Remove(halfOf(file)) // there only if a call was killed at the wrong moment
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	a, nic, err := parseRest(string(text), ip)
	if err != nil {
		return false, fmt.Errorf("read %s: %w; put the address back by hand and remove the file", file, err)
	}
	link, err := h.linkNamed(nic)
	if err != nil {
		return false, err
	}
	a.Index = link.Index
	if err := h.addAddr(a, false); err != nil && !errors.Is(err, unix.EEXIST) {
		return false, fmt.Errorf("put %s back on %s: %w", a.Prefix, nic, err)
	}
	return true, os.Remove(file)
}

// restLine is a place in the form that heartbeat:IPaddr2 keeps it, so that either
// agent can undo what the other did: address, prefix length, broadcast address or
// none, interface; after that the label, which it understands too, and the scope.
func restLine(h Holding) string {
	broadcast := "none"
	if h.kernel.Broadcast.IsValid() {
		broadcast = h.kernel.Broadcast.String()
	}
	label := h.Label
	if label == "" {
		label = h.Link.Name
	}
	return fmt.Sprintf("%s %d %s %s %s %d\n", h.Prefix.Addr(), h.Prefix.Bits(), broadcast, h.Link.Name, label, h.kernel.Scope)
}

// parseRest reads that line, with or without what IPaddr2 leaves out.
func parseRest(text string, want netip.Addr) (a kernelAddr, nic string, err error) {
	f := strings.Fields(text)
	if len(f) < 4 {
		return a, "", fmt.Errorf("%q has %d words, want at least an address, a prefix length, a broadcast address and an interface", text, len(f))
	}
	a.Prefix, err = netip.ParsePrefix(f[0] + "/" + f[1])
	if err != nil || a.Prefix.Addr() != want {
		return a, "", fmt.Errorf("%q is not about %s", text, want)
	}
	if f[2] != "none" {
		if a.Broadcast, err = netip.ParseAddr(f[2]); err != nil || !a.Broadcast.Is4() {
			return a, "", fmt.Errorf("%q has no broadcast address", text)
		}
	}
	if len(f) > 4 {
		a.Label = f[4]
	}
	if len(f) > 5 {
		scope, err := strconv.ParseUint(f[5], 10, 8)
		if err != nil {
			return a, "", fmt.Errorf("%q has no scope", text)
		}
		a.Scope = uint8(scope)
	}
	a.Valid, a.Preferred = forever, forever
	return a, f[3], nil
}

// writeWhole writes a file that is never seen half-written, and its directory.
func writeWhole(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	half := halfOf(file)
	if err := os.WriteFile(half, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(half, file)
}

// halfOf is where a file is written before it takes its place.
func halfOf(file string) string { return file + ".new" }
