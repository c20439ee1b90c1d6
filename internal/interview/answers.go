package interview

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Answers are the values of a description as they were given, "" for what was not.
type Answers struct {
	Cluster      string
	Nodes        []Node
	Username     string
	PasswordFile string
	VIP          string // with its prefix length
	NIC          string // of the VIP, "" to infer it
	Services     []string
	Layout       string
	Prefer       string
	QDevice      string
	Target       string
}

// Node is the part of the answers that is about one node.
type Node struct {
	Name  string
	Addrs []string // one for each link
	BMC   string   // URL
}

func (a Answers) clone() Answers {
	a.Nodes = slices.Clone(a.Nodes)
	return a
}

func (a Answers) names() (names []string) {
	for _, n := range a.Nodes {
		names = append(names, n.Name)
	}
	return names
}

// standin is the name of what takes the place of an answer that is not there yet.
const standin = "placeholder"

// whole fills the gaps with what has no fault of its own, so that whatever is wrong
// with the description is wrong with the answers. The addresses are of networks that
// nobody has (RFC 1112, section 4; RFC 6666).
func (a Answers) whole() Answers {
	a = a.clone()
	fill := func(s *string, with string) {
		if *s == "" {
			*s = with
		}
	}
	fill(&a.Cluster, standin)
	fill(&a.Username, standin)
	fill(&a.PasswordFile, "/"+standin)
	if len(a.Nodes) == 0 {
		a.Nodes = []Node{{Name: standin + "-1"}, {Name: standin + "-2"}}
	}
	links := []string{"240.0.0.1"}
	if i := slices.IndexFunc(a.Nodes, func(n Node) bool { return len(n.Addrs) > 0 }); i >= 0 {
		links = a.Nodes[i].Addrs
	}
	for i := range a.Nodes {
		n := &a.Nodes[i]
		fill(&n.BMC, "ipmi://"+standin+"-bmc-"+strconv.Itoa(i+1))
		if len(n.Addrs) > 0 {
			continue
		}
		for link, other := range links {
			if strings.Contains(other, ":") {
				n.Addrs = append(n.Addrs, "100::"+strconv.Itoa(link+1)+":"+strconv.Itoa(i+1))
			} else {
				n.Addrs = append(n.Addrs, "240.0."+strconv.Itoa(link+1)+"."+strconv.Itoa(i+1))
			}
		}
	}
	return a
}

// text is the description in its shortest form.
func (a Answers) text() string {
	var b strings.Builder
	key := func(name, value string) {
		if value != "" {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	key("version", "1")
	key("cluster", scalar(a.Cluster))
	b.WriteString("nodes:\n")
	for _, n := range a.Nodes {
		b.WriteString("  " + n.line() + "\n")
	}
	key("bmc", "{username: "+scalar(a.Username)+", password_file: "+scalar(a.PasswordFile)+"}")
	if a.VIP == "" { // with an interface nobody minds that it is in no node's network
		key("vip", "{address: 240.0.0.1/24, nic: "+standin+"}")
	} else {
		key("vip", a.vip())
	}
	if len(a.Services) > 0 {
		key("services", list(a.Services))
	}
	for _, o := range a.others() {
		key(o[0], o[1])
	}
	return b.String()
}

// vip is the value of the key.
func (a Answers) vip() string {
	if a.NIC == "" {
		return scalar(a.VIP)
	}
	return "{address: " + scalar(a.VIP) + ", nic: " + scalar(a.NIC) + "}"
}

// others are the keys that are left out where nothing is to be said.
func (a Answers) others() (keys [][2]string) {
	for _, k := range [][2]string{{"layout", a.Layout}, {"prefer", a.Prefer}, {"qdevice", a.QDevice}, {"target", a.Target}} {
		if k[1] != "" {
			keys = append(keys, [2]string{k[0], scalar(k[1])})
		}
	}
	return keys
}

// line is a node as an entry of nodes.
func (n Node) line() string {
	addr := list(n.Addrs)
	if len(n.Addrs) == 1 {
		addr = scalar(n.Addrs[0])
	}
	return scalar(n.Name) + ": {addr: " + addr + ", bmc: " + scalar(n.BMC) + "}"
}

func list(items []string) string {
	var quoted []string
	for _, item := range items {
		quoted = append(quoted, scalar(item))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

var (
	plain   = regexp.MustCompile(`^[A-Za-z0-9/][A-Za-z0-9_./=-]*$`)
	keyword = regexp.MustCompile(`(?i)^(null|true|false|yes|no|on|off|y|n)$`)
)

// scalar writes a text so that YAML reads it as that text, also within brackets.
func scalar(s string) string {
	if _, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64); err != nil && plain.MatchString(s) && !keyword.MatchString(s) && !strings.HasPrefix(s, "0") {
		return s
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b) // a JSON string is a YAML one
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // cannot fail for a string
	return strings.TrimSuffix(b.String(), "\n")
}
