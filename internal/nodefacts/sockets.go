package nodefacts

import (
	"bufio"
	"cmp"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/oneha/oneha/internal/lint"
	"github.com/oneha/oneha/internal/one"
)

// processes returns the ids of the processes of that name.
func (c *collector) processes(name string) (pids []string) {
	dirs, _ := filepath.Glob(c.path("/proc/[0-9]*/comm"))
	for _, file := range dirs {
		if text, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(text)) == name {
			pids = append(pids, filepath.Base(filepath.Dir(file)))
		}
	}
	return pids
}

// listeners finds who has the TCP ports of the services.
func (c *collector) listeners(services []one.Service) {
	ports := map[int]string{}
	for _, s := range services {
		ports[c.portOf(s)] = s.Name
	}
	inodes := map[string]int{} // of listening sockets, with their ports
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(c.path(table))
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if port, inode, ok := listening(lines.Text()); ok && ports[port] != "" {
				inodes[inode] = port
			}
		}
		f.Close()
	}
	if len(inodes) == 0 {
		return
	}
	links, _ := filepath.Glob(c.path("/proc/[0-9]*/fd/*"))
	seen := map[string]bool{}
	for _, link := range links {
		target, err := os.Readlink(link)
		inode, ok := strings.CutPrefix(target, "socket:[")
		port, ours := inodes[strings.TrimSuffix(inode, "]")]
		if err != nil || !ok || !ours {
			continue
		}
		proc := filepath.Dir(filepath.Dir(link))
		name, _ := os.ReadFile(filepath.Join(proc, "comm"))
		l := lint.Listener{Port: port, Service: ports[port], Process: strings.TrimSpace(string(name)), Unit: unitOf(proc)}
		if key := fmt.Sprint(l); !seen[key] {
			seen[key] = true
			c.facts.Listeners = append(c.facts.Listeners, l)
		}
	}
	slices.SortFunc(c.facts.Listeners, func(a, b lint.Listener) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), cmp.Compare(a.Process, b.Process), cmp.Compare(a.Unit, b.Unit))
	})
}

// portOf is the port that the service's configuration on this machine gives it.
func (c *collector) portOf(s one.Service) int {
	set, _ := s.Settings(c.path(s.Config)) // what is wrong there means its default
	address := set.Endpoint.String()
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		address = u.Host
	}
	if _, digits, err := net.SplitHostPort(address); err == nil {
		if port, err := strconv.Atoi(digits); err == nil {
			return port
		}
	}
	return s.Port
}

// listening reads a line of /proc/net/tcp (proc(5)).
func listening(line string) (port int, inode string, ok bool) {
	const tcpListen = "0A"
	f := strings.Fields(line)
	if len(f) < 10 || f[3] != tcpListen {
		return 0, "", false
	}
	_, text, _ := strings.Cut(f[1], ":")
	n, err := strconv.ParseUint(text, 16, 16)
	return int(n), f[9], err == nil
}

// unitOf is the systemd unit of a process, by its control group.
func unitOf(proc string) string {
	text, _ := os.ReadFile(filepath.Join(proc, "cgroup"))
	for line := range strings.Lines(string(text)) {
		parts := strings.Split(strings.TrimSpace(line), "/")
		for _, p := range slices.Backward(parts) {
			if strings.HasSuffix(p, ".service") {
				return p
			}
		}
	}
	return ""
}
