package spec

import (
	"fmt"
	"slices"
	"time"

	"github.com/oneha/oneha/internal/target"
)

// Comments are texts that Format writes as comments above keys, by the path of the
// key as the file has it: "vip", "nodes.one-server1.bmc", "properties"; "" is the
// head of the file. A text may have several lines, none with a #. The comment of a
// key that is not written stands where the key would, so that a file can say what
// it leaves out. A map in which a key has a comment is written as a block.
type Comments map[string]string

// Format writes a description in its one canonical form: keys in the order of
// [Keys], what equals a default left out, nodes and other maps on one line where
// they fit. Parse reads the same cluster from it, but for the places of Files and
// Raw, and Format writes the same bytes again. What is not there (no name, no nodes,
// a node without an address, no VIP) is left out as well, so that a cluster with
// gaps gives a file with gaps.
//
// Some descriptions mean the same and are one cluster; of those this is written:
// ipmi for ilo3, ilo4 and ilo5 with agents of ours, and redfish for ilo6 and a
// system's path with stock ones; a system's path in the URL; timing for a token that
// has a name; no target for portable; an option of BMCs under bmc where all of them
// have it and most alike; levels of fencing not at all where they count themselves,
// else all of them.
func Format(c Cluster, comments Comments) []byte {
	w := yamlWriter{comments: comments}
	w.comment("", "")
	w.pairs(describe(c), "", "")
	return []byte(w.String())
}

// describe arranges a cluster as its file.
func describe(c Cluster) out {
	if c.Zone != nil {
		return describeZone(c)
	}
	own, shared, entries := fencingOf(c)
	top := outMap{}
	top.text("version", "1")
	top.text("cluster", c.Name)
	var nodes outMap
	for _, n := range c.Nodes {
		var f outMap
		var addrs []out
		for _, a := range n.Addrs {
			addrs = append(addrs, outText(a.String()))
		}
		f.add("addr", oneOrList(addrs))
		f.add("bmc", own[n.Name])
		nodes.add(n.Name, out{kind: mapping, pairs: f}) // a node without anything is a node
	}
	top.add("nodes", nodes.block())
	top.add("bmc", shared.flow())
	top.add("fencing", entries.block())
	top.text("agents", unless(string(c.Agents), string(defaultAgents)))
	top.add("vip", vipsOf(append([]VIP{c.VIP}, c.MoreVIPs...), "vip"))
	services := c.Services
	if slices.Equal(services, []string{defaultService}) {
		services = nil
	}
	top.add("services", outTexts(services))
	top.text("layout", unless(string(c.Layout), string(defaultLayout)))
	top.text("prefer", c.Prefer)
	var domains outMap
	for _, d := range c.Domains {
		var f outMap
		f.add("vip", vipsOf(d.VIPs, d.Name+"-vip"))
		f.add("services", outTexts(d.Services))
		f.text("prefer", d.Prefer)
		domains.add(d.Name, f.flow())
	}
	top.add("domains", domains.block())
	top.add("qdevice", qdeviceOf(c.QDevice))
	top.text("fence_delay", delayOf(c))
	timing, token := timingOf(c.Token)
	top.text("timing", timing)
	top.text("token", token)
	var properties outMap
	for _, o := range c.Properties {
		properties.text(o.Name, o.Value)
	}
	top.add("properties", properties.block())
	on := ""
	if c.Target != (target.Target{}) && c.Target != target.Portable {
		on = c.Target.String()
	}
	top.text("target", on)
	var raw outMap
	for _, format := range append(slices.Clone(configurations), "corosync") {
		raw.add(format, outLines(c.Raw.Of(format)))
	}
	top.add("raw", raw.block())
	return top.block()
}

// vipsOf writes floating IPs; ids that count after prefix are left out.
func vipsOf(vips []VIP, prefix string) out {
	var all []out
	for i, v := range vips {
		if !v.Address.IsValid() {
			continue
		}
		id := prefix
		if i > 0 {
			id = fmt.Sprintf("%s-%d", prefix, i+1)
		}
		var f outMap
		f.text("address", v.Address.String())
		f.text("nic", v.NIC)
		if v.ID != id {
			f.text("name", v.ID)
		}
		if alone := f.written(); len(alone) == 1 {
			all = append(all, alone[0].value)
			continue
		}
		all = append(all, f.flow())
	}
	return oneOrList(all)
}

func qdeviceOf(q QDevice) out {
	var f outMap
	f.text("host", q.Host)
	if q.Host == "" {
		return out{}
	}
	if q.Algorithm != defaultAlgorithm {
		f.text("algorithm", q.Algorithm)
	}
	f.text("tls", q.TLS)
	if alone := f.written(); len(alone) == 1 {
		return alone[0].value
	}
	return f.flow()
}

// unless is s, or "" where s is the default.
func unless(s, byDefault string) string {
	if s == byDefault {
		return ""
	}
	return s
}

// delayOf is the fencing delay, "" for the default.
func delayOf(c Cluster) string {
	var d time.Duration
	for _, f := range c.Fencing {
		d = max(d, f.Delay)
	}
	if d == 0 || d == defaultFenceDelay && len(c.Nodes) == 2 && c.QDevice.Host == "" {
		return ""
	}
	return seconds(d)
}

// timingOf is a token by its name, or else as a duration; neither for the default.
func timingOf(token time.Duration) (timing, text string) {
	for _, t := range timings {
		switch {
		case t.token != token:
		case t.name == defaultTiming:
			return "", ""
		default:
			return t.name, ""
		}
	}
	switch {
	case token == 0:
		return "", ""
	case token%time.Second == 0:
		return "", seconds(token)
	}
	return "", fmt.Sprintf("%dms", token.Milliseconds())
}
