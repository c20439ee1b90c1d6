package picture

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"
)

func (p *Picture) device(e *etree.Element) {
	params := "instance_attributes"
	d := Device{ID: attr(e, "id"), Agent: attr(e, "type")}
	for _, name := range []string{"ip", "ipaddr", "ipport", "hostname", "host"} {
		if v := option(e, params, name); v != "" && d.Address == "" && name != "ipport" {
			d.Address = v
		}
	}
	delays := delaysOf(cmp.Or(option(e, params, "pcmk_delay_base"), option(e, params, "delay")))
	target := func(node, plug string) {
		if node == "" || slices.ContainsFunc(d.Targets, func(t Target) bool { return t.Node == node }) {
			return
		}
		delay, ok := delays[node]
		if !ok {
			delay = delays[""]
		}
		d.Targets = append(d.Targets, Target{Node: node, Plug: plug, Delay: delay})
	}
	for _, pair := range strings.FieldsFunc(option(e, params, "pcmk_host_map"), func(r rune) bool { return strings.ContainsRune("; \t\n", r) }) {
		node, plug, ok := strings.Cut(pair, ":")
		if !ok {
			node, plug, _ = strings.Cut(pair, "=")
		}
		target(node, plug)
	}
	for _, node := range strings.FieldsFunc(option(e, params, "pcmk_host_list"), func(r rune) bool { return strings.ContainsRune("; ,\t\n", r) }) {
		target(node, "")
	}
	p.Devices = append(p.Devices, d)
}

// delaysOf reads pcmk_delay_base: a duration, or since Pacemaker 2.1.2 "node:duration"
// separated by spaces or semicolons (pacemaker-fenced(7)). The key "" is for all
// other nodes.
func delaysOf(text string) map[string]time.Duration {
	delays := map[string]time.Duration{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == ' ' }) {
		node, value := "", part
		if i := strings.LastIndexByte(part, ':'); i >= 0 {
			node, value = part[:i], part[i+1:]
		}
		delays[node] = duration(value)
	}
	return delays
}

var durationForm = regexp.MustCompile(`^([0-9]{1,9})(ms|msec|s|sec|m|min|h|hr)?$`)

// duration reads a duration as Pacemaker writes it, a bare number in seconds; 0 when
// it is none.
func duration(s string) time.Duration {
	parts := durationForm.FindStringSubmatch(strings.ToLower(strings.TrimSpace(s)))
	if parts == nil {
		return 0
	}
	n, _ := strconv.Atoi(parts[1]) // nine digits
	unit := map[string]time.Duration{"": time.Second, "s": time.Second, "sec": time.Second, "m": time.Minute, "min": time.Minute,
		"h": time.Hour, "hr": time.Hour, "ms": time.Millisecond, "msec": time.Millisecond}[parts[2]]
	return time.Duration(n) * unit
}

// nodesOfDevices adds the nodes that only fence devices name, and sorts targets as
// the nodes are.
func (p *Picture) nodesOfDevices() {
	for _, d := range p.Devices {
		for _, t := range d.Targets {
			p.node(t.Node)
		}
	}
	at := func(t Target) int { return slices.IndexFunc(p.Nodes, func(n Node) bool { return n.Name == t.Node }) }
	for _, d := range p.Devices {
		slices.SortFunc(d.Targets, func(a, b Target) int { return cmp.Compare(at(a), at(b)) })
	}
}

// levels reads the fencing topology.
func (p *Picture) levels(config *etree.Element) {
	for _, e := range children(config, "fencing-topology") {
		index, _ := strconv.Atoi(attr(e, "index"))
		for _, id := range strings.Split(attr(e, "devices"), ",") {
			for i := range p.Devices {
				for j := range p.Devices[i].Targets {
					t := &p.Devices[i].Targets[j]
					if p.Devices[i].ID == strings.TrimSpace(id) && t.Node == attr(e, "target") {
						t.Level = index
					}
				}
			}
		}
	}
}
