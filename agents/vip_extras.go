package agents

import (
	"context"
	"net/netip"
	"path/filepath"

	"github.com/oneha/oneha/internal/vip"
	"github.com/oneha/oneha/ocf"
)

// stateDir is where IPaddr2 keeps addresses that it took from the loopback
// interface (HA_RSCTMP of resource-agents), one file each, named after the
// address. Sharing it lets either agent stop what the other started.
const stateDir = "/run/resource-agents"

// restFile is the file of one address.
func restFile(ip netip.Addr) string { return filepath.Join(stateDir, ip.String()) }

// beforeStart prepares the node as the parameters ask. As in IPaddr2 what fails
// is logged and no more: the address serves without it.
func beforeStart(ctx context.Context, req *ocf.Request, host *vip.Host, ip netip.Addr) {
	if req.Bool("lvs_support") {
		found, err := host.Wake(ctx, ip, restFile(ip))
		switch {
		case err != nil:
			req.Log.Error("stop will not put the address back on the loopback interface", "because", err)
		case found:
			req.Log.Info("took the address from the loopback interface", "ip", ip)
		}
	}
	if req.Bool("lvs_ipv6_addrlabel") {
		if err := host.Label(ip, labelValue(req)); err != nil {
			req.Log.Warn("the address may become a source address", "because", err)
		}
	}
}

// afterStop undoes that once the address is gone. What fails is logged and no
// more: a failed stop has the node fenced, which would not help.
func afterStop(req *ocf.Request, host *vip.Host, ip netip.Addr) {
	if req.Bool("flush_routes") {
		if err := host.FlushRoutes(); err != nil {
			req.Log.Warn("cannot flush the routing cache", "because", err)
		}
	}
	if req.Bool("lvs_ipv6_addrlabel") && ip.Is6() {
		if err := host.Unlabel(ip, labelValue(req)); err != nil {
			req.Log.Warn("the address label stays", "because", err)
		}
	}
	if req.Bool("lvs_support") && ip.Is4() {
		done, err := host.Rest(ip, restFile(ip))
		switch {
		case err != nil:
			req.Log.Error("the address is not back on the loopback interface", "because", err)
		case done:
			req.Log.Info("put the address back on the loopback interface", "ip", ip)
		}
	}
}

// labelValue is the address label. Start has judged its range.
func labelValue(req *ocf.Request) uint32 {
	n, _ := req.Int("lvs_ipv6_addrlabel_value")
	return uint32(n)
}
