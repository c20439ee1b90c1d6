package adopt

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/spec"
)

// corosync is a corosync.conf as its values, in the order of the file.
type corosync struct{ values []setting }

// setting is a value with its section: "totem.token", "nodelist.node(2).name" for the
// second of several sections of one name.
type setting struct {
	path, value string
	line        int
}

func (s setting) fact() string { return s.path + ": " + s.value }

var section = regexp.MustCompile(`^([A-Za-z0-9_-]+)\s*\{$`)

// readCorosync reads a corosync.conf(5) line by line, as corosync does. A line that is
// none of it is a value without a name.
func readCorosync(data []byte) *corosync {
	c := &corosync{}
	var path []string
	seen := map[string]int{}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimSpace(line)
		m := section.FindStringSubmatch(line)
		switch {
		case line == "" || line[0] == '#':
		case m != nil && len(path) < 8:
			name := strings.Join(append(slices.Clone(path), m[1]), ".")
			seen[name]++
			last := m[1]
			if last == "node" || last == "interface" || last == "logger_subsys" {
				last += "(" + strconv.Itoa(seen[name]) + ")"
			}
			path = append(path, last)
		case line == "}" && len(path) > 0:
			path = path[:len(path)-1]
		default:
			key, value, _ := strings.Cut(line, ":")
			key, value = strings.TrimSpace(key), strings.TrimSpace(value)
			at := strings.Join(append(slices.Clone(path), key), ".")
			if at == "totem.key" || spec.IsSecretOption(key) && !strings.HasSuffix(key, "file") && key != "token" && !strings.HasPrefix(key, "token_") {
				value = secretValue
			}
			if i := slices.IndexFunc(c.values, func(s setting) bool { return s.path == at }); i >= 0 {
				c.values[i] = setting{at, value, n} // the last one counts
				continue
			}
			c.values = append(c.values, setting{at, value, n})
		}
	}
	return c
}

func (c *corosync) get(path string) string {
	for _, s := range c.values {
		if s.path == path {
			return s.value
		}
	}
	return ""
}

// member is a node of the nodelist.
type member struct {
	name, id string
	addrs    []string // by link
}

// members are the nodes, by id.
func (c *corosync) members() (all []member) {
	for i := 1; ; i++ {
		at := "nodelist.node(" + strconv.Itoa(i) + ")."
		m := member{name: c.get(at + "name"), id: c.get(at + "nodeid")}
		for link := range 8 {
			if a := c.get(at + "ring" + strconv.Itoa(link) + "_addr"); a != "" {
				m.addrs = append(m.addrs, a)
			}
		}
		if m.name == "" && m.id == "" && len(m.addrs) == 0 {
			break
		}
		if m.name == "" && len(m.addrs) > 0 {
			if _, err := netip.ParseAddr(m.addrs[0]); err != nil {
				m.name = m.addrs[0] // then Pacemaker takes the first address that is a name
			}
		}
		all = append(all, m)
	}
	slices.SortStableFunc(all, func(a, b member) int { return number(a.id) - number(b.id) })
	return all
}

// number is an id, those that are none last.
func number(id string) int {
	n, err := strconv.ParseUint(id, 10, 31)
	if err != nil {
		return 1<<31 - 1
	}
	return int(n)
}

// token is the token timeout, 0 where it is not given as milliseconds that a
// description may have.
func (c *corosync) token() time.Duration {
	n, err := strconv.ParseUint(c.get("totem.token"), 10, 20)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Millisecond
}

func (c *corosync) qdevice() (q spec.QDevice) {
	if q.Host = c.get("quorum.device.net.host"); q.Host == "" || c.get("quorum.device.model") != "net" {
		return spec.QDevice{}
	}
	q.Algorithm, q.TLS = c.get("quorum.device.net.algorithm"), c.get("quorum.device.net.tls")
	if q.Algorithm == "" {
		q.Algorithm = "ffsplit"
	}
	return q
}

// facts are what the file says, sorted, with the nodes under their names.
func (c *corosync) facts() (all cib.Facts) {
	for _, s := range c.named() {
		all = append(all, s.fact())
	}
	slices.Sort(all)
	return all
}

// named are the values with the nodes' sections called by the node's id, so that their
// order does not matter.
func (c *corosync) named() []setting {
	all := slices.Clone(c.values)
	for i, s := range all {
		if sect, rest, ok := strings.Cut(s.path, ")."); ok && hasPrefix(sect, "nodelist.node(") {
			if id := c.get(sect + ").nodeid"); id != "" {
				all[i].path = "nodelist.node(" + id + ")." + rest
			}
		}
	}
	return all
}

// leftovers are what a generated corosync.conf says otherwise, one for each value.
func (c *corosync) leftovers(a attempt, src Source) (all []Leftover) {
	if len(src.Corosync) == 0 {
		return nil
	}
	made := &corosync{}
	if !a.errors.HasErrors() {
		if files, err := cib.Generate(a.cluster, "corosync"); err == nil {
			made = readCorosync(files[0].Data)
			made.values = slices.DeleteFunc(made.values, func(s setting) bool { return fillsGap(s.value) })
		}
	}
	have, want := c.facts(), made.facts()
	lost := missing(have, want)
	for _, s := range c.named() {
		if !slices.Contains(lost, s.fact()) {
			continue
		}
		l := Leftover{Kind: Lost, File: src.CorosyncName, Line: s.line, Column: 1, Facts: []string{s.fact()}}
		l.What = "corosync.conf: " + s.fact()
		l.Why = "generated files leave it at corosync's default; append it with raw: {corosync: ...} if it is meant"
		for _, w := range made.named() {
			if w.path == s.path {
				l.Instead = []string{w.fact()}
				l.What, l.Why = "corosync.conf: "+s.fact()+", generated is "+w.value, "compare both files before the generated one is installed"
			}
		}
		if a.errors.HasErrors() {
			l.Why = "nothing is generated before the description is complete; import again then"
		}
		all = append(all, l)
	}
	for _, s := range made.named() {
		if slices.Contains(missing(want, have), s.fact()) && !slices.ContainsFunc(c.named(), func(o setting) bool { return o.path == s.path }) {
			all = append(all, Leftover{Kind: Added, File: src.CorosyncName, What: "corosync.conf: " + s.fact() + " is generated and not there now", Why: "compare both files before the generated one is installed", Instead: []string{s.fact()}})
		}
	}
	return all
}
