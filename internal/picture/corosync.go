package picture

import "strings"

// conf is what a corosync.conf(5) says that can be drawn.
type conf struct {
	name    string
	nodes   []Node
	qdevice QDevice
}

// readCorosync reads the file line by line as corosync does: a line with an opening
// brace begins a section, one with a colon is a pair, one with a closing brace ends
// the section. Whether the file is right is for others to say.
func readCorosync(text []byte) (c conf) {
	var path []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		section, _, opens := strings.Cut(line, "{")
		key, value, isPair := strings.Cut(line, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch {
		case strings.HasPrefix(line, "#"):
		case opens:
			path = append(path, strings.TrimSpace(section))
			if strings.Join(path, ".") == "nodelist.node" {
				c.nodes = append(c.nodes, Node{})
			}
		case isPair:
			c.pair(strings.Join(path, "."), key, value)
		case strings.Contains(line, "}") && len(path) > 0:
			path = path[:len(path)-1]
		}
	}
	return c
}

func (c *conf) pair(section, key, value string) {
	switch section {
	case "totem":
		if key == "cluster_name" {
			c.name = value
		}
	case "nodelist.node":
		n := &c.nodes[len(c.nodes)-1]
		switch {
		case key == "name":
			n.Name = value
		case strings.HasPrefix(key, "ring") && strings.HasSuffix(key, "_addr"):
			n.Addrs = append(n.Addrs, value)
		}
	case "quorum.device.net":
		switch key {
		case "host":
			c.qdevice.Host = value
		case "algorithm":
			c.qdevice.Algorithm = value
		}
	}
}
