package adopt

import (
	"net/netip"
	"strconv"

	"github.com/oneha/oneha/internal/spec"
)

// vip adds a floating IP to a list, if its address can be read.
func (d *draft) vip(list *[]spec.VIP, r resource, prefix string, taken map[string]bool) {
	a, err := netip.ParseAddr(r.param("ip"))
	if err != nil || a.Zone() != "" {
		return
	}
	v := spec.VIP{ID: prefix, NIC: r.param("nic")}
	if len(*list) > 0 {
		v.ID = prefix + "-" + strconv.Itoa(len(*list)+1)
	}
	if (may(r.id) || r.id == v.ID) && !taken[r.id] {
		v.ID = r.id
	}
	taken[v.ID] = true
	d.call(r.id, v.ID)
	if bits, ok := mask(r.param("cidr_netmask"), a); ok {
		v.Address = netip.PrefixFrom(a, bits)
	} else {
		d.noMask(&v, a)
	}
	*list = append(*list, v)
}

// mask reads a prefix length, or for IPv4 a netmask.
func mask(s string, a netip.Addr) (bits int, ok bool) {
	if n, err := strconv.Atoi(s); err == nil {
		return n, n >= 0 && n <= a.BitLen()
	}
	m, err := netip.ParseAddr(s)
	if err != nil || !m.Is4() || !a.Is4() {
		return 0, false
	}
	for _, b := range m.As4() {
		for i := 7; i >= 0 && b&(1<<i) != 0; i-- {
			bits++
		}
	}
	return bits, netip.PrefixFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), bits).Masked().Addr() == m
}
