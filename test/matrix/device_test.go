package matrix

import (
	"net"
	"syscall"
	"time"
)

// Time limits that every call is given. They are long beside what an answer of a
// stand-in takes, so that a busy machine changes no result.
const (
	stepLimit    = 3 * time.Second // of a login, and of a command
	powerTimeout = 8 * time.Second
)

// How faults that need a time are timed.
const (
	slowBy    = 60 * time.Millisecond
	awayFor   = 700 * time.Millisecond
	lateBy    = 1200 * time.Millisecond
	tooLateBy = 10 * time.Second
	bounceIn  = 2 * time.Second
)

// forever is a number of times that no call reaches.
const forever = 1000

// family is a kind of device, with a table of its own on the page.
type family struct {
	name    string
	about   string // of the page
	network string // udp or tcp
	devices []device
}

// device is a device of a family, in one of the ways to talk to it.
type device struct {
	name  string
	agent string
	diag  bool                                                  // the agent has the action diag
	start func(f fault, off bool, dir string) (*subject, error) // dir is for its files
}

// subject is a stand-in that runs, and how an agent is told to use it.
type subject struct {
	host     string
	options  []string // lines of standard input
	secrets  []string // that must show nowhere
	on       func() bool
	wasOff   func() bool     // ever, from the beginning
	commands func() []string // power commands that it got: on, off, diag
	refused  func() int      // credentials
	close    func()
}

// families are all devices. A fault that has no meaning for one gives a nil subject.
var families = []family{
	{"fence_bmc_ipmi", "IPMI 2.0 with cipher suite 17, with suite 3, and over IPv6 without a choice of suite; IPMI 1.5 (lanplus=0)", "udp", []device{
		{"suite 17", "fence_bmc_ipmi", true, ipmiDevice{options: []string{"cipher=17"}}.start},
		{"suite 3", "fence_bmc_ipmi", true, ipmiDevice{options: []string{"cipher=3"}}.start},
		{"IPMI 1.5", "fence_bmc_ipmi", true, ipmiDevice{options: []string{"lanplus=0"}, v15: true}.start},
		{"IPv6", "fence_bmc_ipmi", true, ipmiDevice{address: "::1"}.start},
	}},
	{"fence_bmc_redfish and fence_bmc_ilo", "fence_bmc_redfish with basic authentication, with a session (auth=session), and over IPv6; fence_bmc_ilo", "tcp", []device{
		{"basic", "fence_bmc_redfish", true, redfishDevice{}.start},
		{"session", "fence_bmc_redfish", true, redfishDevice{options: []string{"auth=session"}}.start},
		{"IPv6", "fence_bmc_redfish", true, redfishDevice{address: "[::1]:0"}.start},
		{"iLO", "fence_bmc_ilo", true, redfishDevice{ilo: true}.start},
	}},
	{"fence_bmc_ilo_ssh", "With a password, and with a key (identity_file)", "tcp", []device{
		{"password", "fence_bmc_ilo_ssh", false, iloSSHDevice{}.start},
		{"key", "fence_bmc_ilo_ssh", false, iloSSHDevice{key: true}.start},
	}},
}

// nobody returns a port on which nobody listens and nobody else will, until the
// function it returns is called: a TCP socket that does not listen, or a UDP
// socket that hears one peer only.
func nobody(network, host string) (port int, free func(), err error) {
	if network == "udp" {
		c, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(host)}, &net.UDPAddr{IP: net.ParseIP(host), Port: 9})
		if err != nil {
			return 0, nil, err
		}
		return c.LocalAddr().(*net.UDPAddr).Port, func() { _ = c.Close() }, nil
	}
	domain, address := syscall.AF_INET, syscall.Sockaddr(&syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	if host == "::1" {
		domain, address = syscall.AF_INET6, &syscall.SockaddrInet6{Addr: [16]byte(net.IPv6loopback)}
	}
	fd, err := syscall.Socket(domain, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, nil, err
	}
	free = func() { _ = syscall.Close(fd) }
	if err = syscall.Bind(fd, address); err == nil {
		address, err = syscall.Getsockname(fd)
	}
	switch a := address.(type) {
	case *syscall.SockaddrInet4:
		return a.Port, free, err
	case *syscall.SockaddrInet6:
		return a.Port, free, err
	}
	return 0, free, err
}
