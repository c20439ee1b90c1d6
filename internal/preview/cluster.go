package preview

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// cluster is what a CIB configures, as far as a preview needs it.
type cluster struct {
	nodes      []string // cluster nodes, in the order of the CIB; remote ones are resources
	primitives []primitive
	properties map[string]string
	levels     []level // of the fencing topology, by index
}

// primitive is a resource, with what it takes from templates, groups, clones and
// defaults.
type primitive struct {
	id                   string
	class, provider, typ string
	params, meta         map[string]string
	ops                  []operation
	defaultTimeout       time.Duration // of operations that are not configured
}

// operation is a configured operation.
type operation struct {
	name              string
	interval, timeout time.Duration
}

// level is one method to fence a node.
type level struct {
	index   int
	covers  func(node string) bool
	devices []string
}

// infinity is Pacemaker's largest score, and the count of failures that is never
// reached.
const infinity = 1_000_000

// defaultTimeout is Pacemaker's for an operation that has none (Pacemaker Explained,
// Operation Properties).
const defaultTimeout = 20 * time.Second

// parse reads the XML of a CIB.
func parse(cib []byte) (*etree.Document, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(cib); err != nil {
		return nil, fmt.Errorf("read CIB: %w", err)
	}
	if doc.Root() == nil || doc.Root().Tag != "cib" || doc.Root().SelectElement("configuration") == nil {
		return nil, errors.New("read CIB: the root element is not a cib with its configuration")
	}
	return doc, nil
}

// Nodes returns how many nodes a CIB knows.
func Nodes(cib []byte) (int, error) {
	doc, err := parse(cib)
	if err != nil {
		return 0, err
	}
	return len(read(doc).nodes), nil
}

// reader reads a configuration.
type reader struct {
	byID        map[string]*etree.Element
	rscDefaults map[string]string
	opTimeout   time.Duration
	cluster
}

// read reads the configuration of a CIB.
func read(doc *etree.Document) cluster {
	config := doc.Root().SelectElement("configuration")
	r := reader{byID: map[string]*etree.Element{}}
	walk(config, func(e *etree.Element) {
		if id := e.SelectAttrValue("id", ""); id != "" && e.Tag != "resource_ref" && r.byID[id] == nil {
			r.byID[id] = e
		}
	})
	r.properties = r.section(config, "crm_config", "cluster_property_set")
	r.rscDefaults = r.section(config, "rsc_defaults", "meta_attributes")
	r.opTimeout = defaultTimeout
	if d, ok := duration(r.section(config, "op_defaults", "meta_attributes")["timeout"]); ok && d > 0 {
		r.opTimeout = d
	}
	for _, n := range config.FindElements("nodes/node") {
		if name := n.SelectAttrValue("uname", ""); name != "" && slices.Contains([]string{"", "member", "normal"}, n.SelectAttrValue("type", "")) {
			r.nodes = append(r.nodes, name)
		}
	}
	for _, e := range config.FindElements("resources/*") {
		r.resource(e, r.rscDefaults)
	}
	for _, e := range config.FindElements("fencing-topology/fencing-level") {
		if l := fencingLevel(e, config); len(l.devices) > 0 {
			r.levels = append(r.levels, l)
		}
	}
	slices.SortStableFunc(r.levels, func(a, b level) int { return a.index - b.index })
	return r.cluster
}

// walk calls f for an element and all below it.
func walk(e *etree.Element, f func(*etree.Element)) {
	f(e)
	for _, c := range e.ChildElements() {
		walk(c, f)
	}
}

// section returns the pairs of a section of the configuration.
func (r *reader) section(config *etree.Element, name, set string) map[string]string {
	pairs := map[string]string{}
	if s := config.SelectElement(name); s != nil {
		r.pairs(pairs, s, set)
	}
	return pairs
}

// pairs adds the name-value pairs of the sets of a kind in e that pairs has not: the
// first counts. Sets with a rule are left out: whether they count depends on
// the time and the node.
func (r *reader) pairs(pairs map[string]string, e *etree.Element, set string) {
	for _, s := range e.SelectElements(set) {
		if s = r.resolve(s); s.SelectElement("rule") != nil {
			continue
		}
		for _, nv := range s.SelectElements("nvpair") {
			nv = r.resolve(nv)
			if name := nv.SelectAttrValue("name", ""); name != "" {
				if _, ok := pairs[name]; !ok {
					pairs[name] = nv.SelectAttrValue("value", "")
				}
			}
		}
	}
}

// resolve returns the element that an id-ref names, else e.
func (r *reader) resolve(e *etree.Element) *etree.Element {
	if to := r.byID[e.SelectAttrValue("id-ref", "")]; to != nil && to.Tag == e.Tag {
		return to
	}
	return e
}

// resource reads a resource and those in it; inherited are the meta attributes of
// what holds it.
func (r *reader) resource(e *etree.Element, inherited map[string]string) {
	meta := map[string]string{}
	r.pairs(meta, e, "meta_attributes")
	from := []*etree.Element{e}
	if t := r.byID[e.SelectAttrValue("template", "")]; t != nil && t.Tag == "template" {
		r.pairs(meta, t, "meta_attributes")
		from = append(from, t)
	}
	for name, value := range inherited {
		if _, ok := meta[name]; !ok {
			meta[name] = value
		}
	}
	switch e.Tag {
	case "group", "clone", "master", "bundle":
		for _, c := range e.ChildElements() {
			r.resource(c, meta)
		}
	case "primitive":
		p := primitive{id: e.SelectAttrValue("id", ""), params: map[string]string{}, meta: meta, defaultTimeout: r.opTimeout}
		for _, s := range from {
			if p.class == "" {
				p.class, p.provider, p.typ = s.SelectAttrValue("class", ""), s.SelectAttrValue("provider", ""), s.SelectAttrValue("type", "")
			}
			r.pairs(p.params, s, "instance_attributes")
			for _, op := range s.FindElements("operations/op") {
				p.ops = append(p.ops, r.operation(op))
			}
		}
		r.primitives = append(r.primitives, p)
	}
}

func (r *reader) operation(op *etree.Element) operation {
	o := operation{name: op.SelectAttrValue("name", ""), timeout: r.opTimeout}
	o.interval, _ = duration(op.SelectAttrValue("interval", "0"))
	meta := map[string]string{}
	r.pairs(meta, op, "meta_attributes")
	for _, text := range []string{op.SelectAttrValue("timeout", ""), meta["timeout"]} {
		if d, ok := duration(text); ok && d > 0 {
			o.timeout = d
			break
		}
	}
	return o
}

// fencingLevel reads a level of the topology. What it targets is a node, a pattern of
// names or a node attribute.
func fencingLevel(e, config *etree.Element) level {
	l := level{devices: hosts(e.SelectAttrValue("devices", ""))}
	l.index, _ = strconv.Atoi(e.SelectAttrValue("index", "")) // 0 when it is no number
	target, attribute, value := e.SelectAttrValue("target", ""), e.SelectAttrValue("target-attribute", ""), e.SelectAttrValue("target-value", "")
	pattern, err := regexp.Compile("(?i)^(?:" + e.SelectAttrValue("target-pattern", "") + ")$")
	l.covers = func(node string) bool {
		switch {
		case target != "":
			return strings.EqualFold(target, node)
		case attribute != "":
			for _, nv := range config.FindElements("nodes/node/instance_attributes/nvpair") {
				owner := nv.Parent().Parent().SelectAttrValue("uname", "")
				if owner == node && nv.SelectAttrValue("name", "") == attribute && nv.SelectAttrValue("value", "") == value {
					return true
				}
			}
			return false
		}
		return err == nil && pattern.MatchString(node)
	}
	return l
}

// isDevice reports whether a resource is a fence device.
func (p primitive) isDevice() bool { return p.class == "stonith" }

// timeout is how long an operation that is not recurring may take.
func (p primitive) timeout(op string) time.Duration {
	for _, o := range p.ops {
		if o.name == op && o.interval == 0 {
			return o.timeout
		}
	}
	return p.defaultTimeout
}

// monitors returns the recurring monitors, the most frequent first.
func (p primitive) monitors() (list []operation) {
	for _, o := range p.ops {
		if o.name == "monitor" && o.interval > 0 {
			list = append(list, o)
		}
	}
	slices.SortStableFunc(list, func(a, b operation) int { return int(a.interval - b.interval) })
	return list
}

// threshold is how many failures the resource may have on a node; 0 for any number.
func (p primitive) threshold() int {
	n, err := strconv.Atoi(strings.TrimSpace(p.meta["migration-threshold"]))
	if err != nil || n < 0 || n >= infinity {
		return 0 // not set, or INFINITY
	}
	return n
}

// primitive returns the resource of that id.
func (c cluster) primitive(id string) (primitive, bool) {
	i := slices.IndexFunc(c.primitives, func(p primitive) bool { return p.id == id })
	if i < 0 {
		return primitive{}, false
	}
	return c.primitives[i], true
}

// services are the resources that are no fence devices.
func (c cluster) services() (list []primitive) {
	return slices.DeleteFunc(slices.Clone(c.primitives), primitive.isDevice)
}

// property returns a cluster option: those of Pacemaker 3.0 begin with fencing
// where older ones begin with stonith.
func (c cluster) property(names ...string) string {
	for _, n := range names {
		if v, ok := c.properties[n]; ok {
			return v
		}
	}
	return ""
}

// fences reports whether the cluster fences at all.
func (c cluster) fences() bool {
	return !isFalse(c.property("stonith-enabled", "fencing-enabled"))
}

// methods are the ways to fence a node, in the order in which the fencer tries
// them; each needs all of its devices.
func (c cluster) methods(node string) (list [][]string) {
	for _, l := range c.levels {
		if l.covers(node) {
			list = append(list, l.devices)
		}
	}
	if list != nil {
		return list
	}
	for _, p := range c.primitives {
		if p.isDevice() && p.powersOff(node) && !strings.EqualFold(p.meta["target-role"], "Stopped") {
			list = append(list, []string{p.id})
		}
	}
	if d, _ := duration(c.property("stonith-watchdog-timeout", "fencing-watchdog-timeout")); d > 0 || strings.HasPrefix(c.property("stonith-watchdog-timeout"), "-") {
		list = append(list, []string{"watchdog"})
	}
	return list
}

// powersOff reports whether a device serves a node. One that is asked for its list
// of nodes is taken at its word.
func (p primitive) powersOff(node string) bool {
	list, plugs := p.params["pcmk_host_list"], p.params["pcmk_host_map"]
	if list == "" && plugs == "" {
		return true
	}
	for _, h := range hosts(list) {
		if strings.EqualFold(h, node) {
			return true
		}
	}
	_, ok := perNode(plugs, node)
	return ok
}

// hosts splits a list of nodes as the fencer does.
func hosts(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\t' })
}

// perNode returns the value for a node of a map such as n1:1;n2:2.
func perNode(s, node string) (value string, ok bool) {
	for _, e := range strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == ' ' || r == '\t' }) {
		if i := strings.IndexAny(e, ":="); i > 0 && strings.EqualFold(e[:i], node) {
			return e[i+1:], true
		}
	}
	return "", false
}

func isFalse(s string) bool {
	return slices.Contains([]string{"false", "off", "no", "n", "0"}, strings.ToLower(s))
}

func isTrue(s string) bool {
	return slices.Contains([]string{"true", "on", "yes", "y", "1"}, strings.ToLower(s))
}
