package random

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

func init() {
	// The first thread stands for the process in /proc: no sequence may change
	// its namespaces.
	runtime.LockOSThread()
}

// vipLab is two network namespaces, the node and a peer, and a /run of its own.
// It belongs to one thread, which stays in the node's namespace, so that what it
// starts is in there too. Package viptest makes such labs for tests that end at
// the first error; here an error is something to be shortened and played again.
type vipLab struct {
	node, peer     *netlink.Handle
	nodeNS, peerNS netns.NsHandle
	nodeID         string // the node's namespace as /proc shows it
	index          int    // of the next interface
	promote        string // promote_secondaries of every interface
}

// killAtChange kills at the change number n that the kernel reports of the addresses
// and links of the thread's network namespace: in the middle of what makes it.
func killAtChange(n int) killer {
	return func(kill func()) func() {
		socket, err := nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR)
		if err != nil {
			kill()
			return func() {}
		}
		go func() {
			for range n {
				if _, _, err := socket.Receive(); err != nil {
					return
				}
			}
			kill()
		}()
		return socket.Close
	}
}

// inVIPLab calls fn in a new lab, on a thread that ends with it.
func inVIPLab(promote bool, fn func(*vipLab) *failure) *failure {
	done := make(chan *failure)
	go func() {
		runtime.LockOSThread() // for good: the thread is not fit for anything else
		l, err := newVIPLab(promote)
		if err != nil {
			done <- broken(ownFault, "make lab: %v", err)
			return
		}
		f := fn(l)
		l.close()
		done <- f
	}()
	return <-done
}

func newVIPLab(promote bool) (*vipLab, error) {
	l := &vipLab{nodeNS: netns.None(), peerNS: netns.None(), index: 10, promote: "0"}
	if promote {
		l.promote = "1"
	}
	if err := l.make(); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *vipLab) make() (err error) {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("make mount namespace: %w: run as root", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755,size=1m"); err != nil {
		return fmt.Errorf("mount /run: %w", err)
	}
	if l.peerNS, err = netns.New(); err != nil {
		return fmt.Errorf("make network namespace: %w", err)
	}
	// The peer answers for an address only where it has it.
	if err := sysctls("ipv4/conf/all/arp_ignore=1", "ipv6/conf/default/addr_gen_mode=1"); err != nil {
		return err
	}
	if l.nodeNS, err = netns.New(); err != nil {
		return fmt.Errorf("make network namespace: %w", err)
	}
	if l.nodeID, err = os.Readlink(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid())); err != nil {
		return err
	}
	err = sysctls(
		"ipv4/conf/default/promote_secondaries="+l.promote,
		"ipv6/conf/default/addr_gen_mode=1", // no addresses of the kernel's own making
		"ipv6/conf/default/router_solicitation_delay=0",
		"ipv6/conf/default/accept_ra=0",
	)
	if err != nil {
		return err
	}
	if l.node, err = netlink.NewHandleAt(l.nodeNS, unix.NETLINK_ROUTE); err != nil {
		return err
	}
	if l.peer, err = netlink.NewHandleAt(l.peerNS, unix.NETLINK_ROUTE); err != nil {
		return err
	}
	for _, h := range []*netlink.Handle{l.node, l.peer} {
		lo, err := h.LinkByName("lo")
		if err != nil {
			return err
		}
		if err := h.LinkSetUp(lo); err != nil {
			return err
		}
	}
	for _, nic := range nics {
		if err := l.plug(nic); err != nil {
			return fmt.Errorf("make %s: %w", nic, err)
		}
	}
	return nil
}

func (l *vipLab) close() {
	for _, h := range []*netlink.Handle{l.node, l.peer} {
		if h != nil {
			h.Close()
		}
	}
	_ = l.nodeNS.Close()
	_ = l.peerNS.Close()
}

// sysctls writes settings of the thread's network namespace.
func sysctls(settings ...string) error {
	for _, s := range settings {
		path, value, _ := strings.Cut(s, "=")
		if err := os.WriteFile("/proc/sys/net/"+path, []byte(value), 0); err != nil {
			return err
		}
	}
	return nil
}

// nics are the node's interfaces. Each is a cable to one of the peer's: n0 to p0.
var nics = []string{"n0", "n1"}

func peerOf(nic string) string { return "p" + nic[1:] }

// equipment is what an administrator has configured on an interface.
var equipment = map[string][]string{
	"n0": {"10.77.0.1/24", "2001:db8:77::1/64"},
	"n1": {"10.88.0.1/24", "2001:db8:88::1/64"},
	"p0": {"10.77.0.254/24", "2001:db8:77::fe/64"},
	"p1": {"10.88.0.254/24", "2001:db8:88::fe/64"},
}

// plug makes an interface and its cable, switches both ends on and equips them.
func (l *vipLab) plug(nic string) error {
	attrs := netlink.NewLinkAttrs()
	// Different numbers at the two ends: where they are the same, the kernel
	// reports a lost carrier up to a second late.
	attrs.Name, attrs.Index = nic, l.index
	l.index++
	err := l.node.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: peerOf(nic), PeerNamespace: netlink.NsFd(l.peerNS)})
	if err != nil {
		return err
	}
	// Duplicate detection takes 20 ms instead of a second and more.
	if err := sysctls("ipv6/neigh/" + nic + "/retrans_time_ms=20"); err != nil {
		return err
	}
	if err := l.up(l.peer, peerOf(nic)); err != nil {
		return err
	}
	return l.up(l.node, nic)
}

// up switches an interface on and equips it, as ifup does.
func (l *vipLab) up(h *netlink.Handle, nic string) error {
	link, err := h.LinkByName(nic)
	if err != nil {
		return err
	}
	if err := h.LinkSetUp(link); err != nil {
		return err
	}
	for _, a := range equipment[nic] {
		if err := addTo(h, nic, a, ""); err != nil {
			return err
		}
	}
	if nic == "n0" {
		err := h.RouteReplace(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: ipNet("203.0.113.0/24"), Gw: net.IPv4(10, 77, 0, 254), Flags: unix.RTNH_F_ONLINK})
		if err != nil {
			return fmt.Errorf("add route: %w", err)
		}
	}
	return nil
}

func ipNet(text string) *net.IPNet {
	ip, n, err := net.ParseCIDR(text)
	if err != nil {
		panic(err)
	}
	n.IP = ip
	return n
}

// addTo adds an address, for IPv6 without duplicate detection. That it is there
// already is fine.
func addTo(h *netlink.Handle, nic, address, label string) error {
	link, err := h.LinkByName(nic)
	if err != nil {
		return err
	}
	a := &netlink.Addr{IPNet: ipNet(address), Label: label}
	if a.IP.To4() == nil {
		a.Flags, a.Label = unix.IFA_F_NODAD, ""
	} else {
		a.IP = a.IP.To4()
	}
	if err := h.AddrAdd(link, a); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("add %s to %s: %w", address, nic, err)
	}
	return nil
}

// leftover reports what is left on the node besides what look sees.
func (l *vipLab) leftover(ip netip.Addr) *failure {
	if left := l.processes(); len(left) > 0 {
		return broken("processes are left", "%s", strings.Join(left, ", "))
	}
	if ip.Is4() {
		return nil
	}
	labels, err := exec.Command("ip", "addrlabel", "list").Output()
	if err != nil {
		return broken(ownFault, "ip addrlabel list: %v", err)
	}
	if strings.Contains(string(labels), ip.String()) {
		return broken("an address label is left", "%s", labels)
	}
	return nil
}

// processes returns the processes of the node, by name, and ends them.
func (l *vipLab) processes() (names []string) {
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range all {
		if id, err := os.Readlink(dir + "/ns/net"); err != nil || id != l.nodeID {
			continue
		}
		comm, _ := os.ReadFile(dir + "/comm")
		names = append(names, strings.TrimSpace(string(comm)))
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	}
	return names
}

// files returns the files in /run.
func files() (list []string) {
	_ = filepath.WalkDir("/run", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return nil
	})
	return list
}
