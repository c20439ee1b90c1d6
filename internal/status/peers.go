package status

import (
	"regexp"
	"strings"
)

// ringAddress is the key of a node's address on a link, in corosync.conf(5).
var ringAddress = regexp.MustCompile(`^ring\d+_addr$`)

// ReadPeers returns the addresses, or host names, that a corosync.conf(5) gives each
// node, by the node's name. A node without a name is called like its first address.
func ReadPeers(conf string) map[string][]string {
	peers := map[string][]string{}
	name, addrs := "", []string(nil)
	var sections []string
	for line := range strings.Lines(conf) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		if section, ok := strings.CutSuffix(line, "{"); ok {
			sections = append(sections, strings.TrimSpace(section))
			name, addrs = "", nil
			continue
		}
		if line == "}" && len(sections) > 0 {
			if sections[len(sections)-1] == "node" && len(addrs) > 0 {
				if name == "" {
					name = addrs[0]
				}
				peers[name] = append(peers[name], addrs...)
			}
			sections = sections[:len(sections)-1]
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok || len(sections) == 0 || sections[len(sections)-1] != "node" {
			continue
		}
		switch key, value = strings.TrimSpace(key), strings.TrimSpace(value); {
		case key == "name":
			name = value
		case ringAddress.MatchString(key) && value != "":
			addrs = append(addrs, value)
		}
	}
	return peers
}
