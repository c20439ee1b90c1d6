package status

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"slices"

	"github.com/oneha/oneha/internal/vip"
)

// Network is what is asked where an address is; *vip.Host is one.
type Network interface {
	Find(ctx context.Context, a vip.Address) (vip.Held, error)
	Resolve(ctx context.Context, a vip.Address) (vip.Place, error)
	Owners(ctx context.Context, nic string, ip netip.Addr) ([]net.HardwareAddr, error)
	Close()
}

// locate finds out who has a floating IP: this node by what its kernel says, any other
// machine by what it answers to the question for it. Whose the answering hardware is,
// the answers for the nodes' own addresses tell.
func (g *gatherer) locate(ctx context.Context, a *Address, p primitive) {
	if g.Network == nil {
		a.Unknown = "the network is not asked"
		return
	}
	ctx, cancel := context.WithTimeout(ctx, networkWithin)
	defer cancel()
	switch err := g.look(ctx, a, p); {
	case err == nil:
	case errors.Is(err, fs.ErrPermission) && !g.Root:
		a.Unknown = needsRoot
		g.notSeen(map[bool]string{true: "where " + a.IP + " is", false: "who else answers for " + a.IP}[len(a.Holders) == 0])
	default:
		a.Unknown = err.Error()
		if ctx.Err() != nil {
			a.Unknown = "the network did not answer in time"
		}
	}
}

// needsRoot is why an address is unknown that only root may ask for.
const needsRoot = "asking takes root"

func (g *gatherer) look(ctx context.Context, a *Address, p primitive) error {
	ip, err := netip.ParseAddr(a.IP)
	if err != nil {
		return err
	}
	network, err := g.Network()
	if err != nil {
		return err
	}
	defer network.Close()
	asked := vip.Address{IP: ip, Nic: p.params["nic"], Resting: p.params["lvs_support"] == "true"}
	held, err := network.Find(ctx, asked)
	if err != nil {
		return err
	}
	nic := ""
	for _, h := range held {
		a.Holders = append(a.Holders, Holder{Node: g.here(), Place: h.String(), Why: h.Why()})
		nic = h.Link.Name
	}
	if nic == "" {
		place, err := network.Resolve(ctx, asked)
		if err != nil {
			return err
		}
		nic = place.Nic
	}
	var owners []net.HardwareAddr
	var silent error
	var peers map[string]string
	each(
		func() { owners, silent = network.Owners(ctx, nic, ip) },
		func() { peers = g.hardware(ctx, nic, ip) },
	)
	if silent != nil {
		return silent
	}
	told := map[string]bool{} // nodes whose hardware is known
	for _, name := range peers {
		told[name] = true
	}
	others := 0
	for _, n := range g.report.Nodes {
		if !n.Here {
			others++
		}
	}
	for _, o := range owners {
		name := peers[o.String()]
		a.Holders = append(a.Holders, Holder{Node: name, Hardware: o.String(), Stranger: name == "" && len(told) == others})
	}
	slices.SortStableFunc(a.Holders, func(a, b Holder) int { // whoever is known comes first
		return cmp.Compare(known(a), known(b))
	})
	return nil
}

// known orders holders: this node, other nodes, the rest.
func known(h Holder) int {
	switch {
	case h.Place != "":
		return 0
	case h.Node != "":
		return 1
	}
	return 2
}

// hardware asks for the addresses of the other nodes; it returns their names by the
// hardware address that answers on that interface.
func (g *gatherer) hardware(ctx context.Context, nic string, except netip.Addr) map[string]string {
	names := map[string]string{}
	if g.Peers == nil {
		return names
	}
	var asks []func()
	for _, n := range g.report.Nodes {
		if n.Here {
			continue
		}
		for _, ip := range g.Peers(ctx, n.Name) {
			if ip == except || ip.IsLoopback() {
				continue
			}
			asks = append(asks, func() {
				network, err := g.Network()
				if err != nil {
					return
				}
				defer network.Close()
				owners, err := network.Owners(ctx, nic, ip)
				if err != nil || len(owners) != 1 {
					return
				}
				g.lock.Lock()
				defer g.lock.Unlock()
				names[owners[0].String()] = n.Name
			})
		}
	}
	each(asks...)
	return names
}
