package cib

import (
	"bytes"
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/spec"
)

// walker visits everything that a cluster's files have and keeps what the
// description does not say. Things are looked up in reasons by what they are:
// "property/stonith-timeout", "op/oned/stop".
type walker struct {
	c      spec.Cluster
	m      Model
	given  spec.Given
	values []Value
}

// add keeps a value with its reason from the table.
func (w *walker) add(part Part, reason, name, value string, of ...string) {
	r := reasons[reason]
	say := words(w.c)
	w.values = append(w.values, Value{
		Part: part, Name: name, Of: of, Value: value,
		Why: say.Replace(r.why), Source: r.source, reason: reason,
	})
}

// key keeps the value of a key that the description does not have; the reason is
// that of the table of keys.
func (w *walker) key(part Part, path, value string, of ...string) {
	i := slices.IndexFunc(spec.Keys, func(k spec.Key) bool { return k.Path == path })
	if i < 0 {
		return
	}
	k := spec.Keys[i]
	name := path[strings.LastIndex(path, "*.")+1:]
	w.values = append(w.values, Value{
		Part: part, Name: strings.TrimPrefix(name, "."), Of: of, Value: value, Key: path,
		Why: k.Why, Source: k.Source, reason: path,
	})
}

func (w *walker) walk() error {
	w.keys()
	if err := w.format(); err != nil {
		return err
	}
	for _, o := range w.m.Properties {
		if path := "properties." + o.Name; !w.given.Says(path, o.Value) {
			w.add(PartCluster, "property/"+o.Name, o.Name, o.Value)
		}
	}
	for _, o := range w.m.Defaults {
		w.add(PartResources, "default/"+o.Name, o.Name, o.Value)
	}
	for _, p := range w.m.Primitives {
		w.primitive(p)
	}
	for _, l := range w.m.Levels {
		w.level(l)
	}
	w.constraints()
	if err := w.corosync(); err != nil {
		return err
	}
	w.implied()
	return nil
}

// keys are those of the top level, of floating IPs and of domains.
func (w *walker) keys() {
	c := w.c
	for _, k := range []struct {
		part        Part
		path, value string
	}{
		{PartCluster, "target", "portable"},
		{PartFencing, "fence_delay", seconds(w.delay())},
		{PartResources, "agents", string(cmp.Or(c.Agents, spec.Ours))},
		{PartResources, "services", "[" + strings.Join(c.Services, ", ") + "]"},
		{PartConstraints, "layout", string(cmp.Or(c.Layout, spec.Staged))},
		{PartConstraints, "prefer", "no node"},
		{PartCorosync, "qdevice", "none"},
	} {
		if !w.given.Has(k.path) {
			w.key(k.part, k.path, k.value)
		}
	}
	if !w.given.Has("timing") && !w.given.Has("token") {
		w.key(PartCorosync, "timing", "default")
	}
	if c.QDevice.Host != "" && c.QDevice.TLS == "" {
		w.key(PartCorosync, "qdevice.tls", "on")
		w.values[len(w.values)-1].Implied = true
	}
	for i, d := range domains(c) {
		path := "vip"
		if i > 0 {
			path = "domains." + d.Name + ".vip"
			if d.Prefer == "" {
				w.key(PartConstraints, "domains.*.prefer", "no node", d.Name)
			}
		}
		for _, v := range d.VIPs {
			if !w.given.Says(path+".name", v.ID) {
				w.key(PartResources, "vip.name", v.ID, v.Address.Addr().String())
			}
			if v.NIC == "" {
				w.key(PartResources, "vip.nic", "by each node's routes", v.ID)
			}
		}
	}
}

func (w *walker) delay() (delay time.Duration) {
	for _, d := range w.c.Fencing {
		delay = max(delay, d.Delay)
	}
	return delay
}

// format is the head of the CIB.
func (w *walker) format() error {
	m := w.m
	m.Raw = spec.Raw{}
	data, err := xmlDialect{}.render(m)
	if err != nil {
		return fmt.Errorf("explain cib.xml: %w", err)
	}
	doc := etree.NewDocument()
	if _, err := doc.ReadFrom(bytes.NewReader(data)); err != nil {
		return fmt.Errorf("explain cib.xml: %w", err)
	}
	for _, a := range doc.Root().Attr {
		w.add(PartCluster, "cib/"+a.Key, a.Key, a.Value)
	}
	return nil
}

// kind is what the reasons call a resource.
func kind(p Primitive) string {
	_, ours := spec.Unit(p.ID)
	switch {
	case p.Class == "stonith":
		return "device"
	case p.Class == "systemd":
		return "unit"
	case p.Type == vipType || p.Type == "IPaddr2":
		return "vip"
	case p.ID == onedID:
		return "oned"
	case ours:
		return "side"
	}
	return ""
}

func (w *walker) primitive(p Primitive) {
	part, of := PartResources, kind(p)
	if of == "device" {
		part = PartFencing
		w.device(p)
	} else {
		w.add(part, "agent/"+of+"/"+cmp.Or(p.Provider, p.Class), "agent", p.Agent(), p.ID)
		for _, o := range p.Params {
			if of == "vip" && (o.Name == "ip" || o.Name == "nic") {
				continue // vip says them
			}
			w.add(part, "param/"+of+"/"+o.Name, o.Name, o.Value, p.ID)
		}
	}
	for _, o := range p.Meta {
		w.add(part, "meta/"+of+"/"+o.Name, o.Name, o.Value, p.ID)
	}
	for _, o := range p.Ops {
		reason, name, value := "op/"+of+"/"+o.Name, o.Name, "timeout "+seconds(o.Timeout)
		if o.Interval > 0 {
			value = "every " + seconds(o.Interval) + ", " + value
		}
		if o.Depth > 0 {
			depth := strconv.Itoa(o.Depth)
			reason, value = reason+"/"+depth, value+", OCF_CHECK_LEVEL "+depth
		}
		w.add(part, reason, name, value, p.ID)
	}
}

// device explains a fence device: a node's BMC, or an entry of fencing.
func (w *walker) device(p Primitive) {
	name := strings.TrimPrefix(p.ID, "fence-")
	at := "nodes." + name + ".bmc"
	if w.given.Has("fencing." + name) {
		at = "fencing." + name
	}
	w.add(PartFencing, "device/id", "id of the resource", p.ID, name)
	if !w.given.Says(at+".agent", p.Type) {
		reason := "agent/device/ours"
		if w.c.Agents == spec.Stock {
			reason = "agent/device/stock"
		}
		w.add(PartFencing, reason, "agent", p.Agent(), p.ID)
	}
	for _, o := range p.Params {
		reason := "param/device/" + o.Name
		switch {
		case w.says(at, o):
			continue
		case w.c.Agents == spec.Stock && !strings.HasPrefix(o.Name, "pcmk_"):
			reason = "param/stock/" + o.Name
		}
		w.add(PartFencing, reason, o.Name, o.Value, p.ID)
	}
}

// says reports whether the description gives an option of the device at a path, on
// its own, in its URL or for all.
func (w *walker) says(at string, o spec.Option) bool {
	for _, path := range []string{at, at + ".options", "bmc"} {
		if w.given.Says(path+"."+o.Name, o.Value) {
			return true
		}
	}
	for _, text := range append(slices.Clone(w.given[at]), w.given[at+".url"]...) {
		plain, err := url.QueryUnescape(text)
		switch {
		case err != nil:
		case o.Name == "ip", o.Name == "ipport", strings.Contains(plain, o.Name+"="+o.Value),
			o.Name == "systems_uri" && strings.Contains(plain, o.Value):
			return true
		}
	}
	return false
}

// level is what one level of a node consists of, unless its entries say so.
func (w *walker) level(l spec.FenceLevel) {
	index := strconv.Itoa(l.Index)
	for _, id := range l.Devices {
		if !w.given.Says("fencing."+strings.TrimPrefix(id, "fence-")+".level", index) {
			w.add(PartFencing, "level", "level "+index, strings.Join(l.Devices, " and "), l.Node)
			return
		}
	}
}

func (w *walker) constraints() {
	layout := string(cmp.Or(w.c.Layout, spec.Staged))
	for _, g := range w.m.Groups {
		w.add(PartConstraints, "group/"+layout, "group", strings.Join(g.Members, ", "), g.ID)
	}
	for _, l := range w.m.Locations {
		part := PartConstraints
		if kind(w.m.primitive(l.Resource)) == "device" {
			part = PartFencing
		}
		w.add(part, formOf("location", l.ID, "-avoids-", "-prefers-"), "location", l.Node+", score "+l.Score.String(), l.Resource)
	}
	for _, c := range w.m.Colocations {
		reason := formOf("colocation", c.ID, "services-with-", "-with-")
		w.add(PartConstraints, reason, "colocation", "with "+c.With+", score "+c.Score.String(), c.Resources...)
	}
	for _, o := range w.m.Orders {
		reason := formOf("order", o.ID, "services-after-", "-after-"+onedID)
		w.add(PartConstraints, reason, "order", "after "+o.First+", "+o.Kind(), o.Then...)
	}
}

// formOf is the reason for a constraint: one of a known form has the reason of the
// form, another needs one of its own.
func formOf(kind, id string, forms ...string) string {
	for _, f := range forms {
		if strings.Contains(id, f) {
			return kind + "/" + strings.Trim(f, "-")
		}
	}
	return kind + "/" + id
}

// corosync explains corosync.conf line by line, so that none can be left out.
func (w *walker) corosync() error {
	m := w.m
	m.Raw = spec.Raw{}
	data, err := corosyncDialect{}.render(m)
	if err != nil {
		return fmt.Errorf("explain corosync.conf: %w", err)
	}
	var path, owner []string
	nodes := w.m.Nodes
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		name, value, setting := strings.Cut(line, ": ")
		switch {
		case line == "" || line[0] == '#':
		case line == "}":
			path, owner = path[:len(path)-1], nil
		case !setting:
			path = append(path, strings.TrimSuffix(line, " {"))
			if path[len(path)-1] == "node" {
				owner, nodes = []string{nodes[0].Name}, nodes[1:]
			}
		default:
			where := strings.Join(append(slices.Clone(path), name), ".")
			w.setting(where, value, owner)
		}
	}
	return nil
}

// setting is a line of corosync.conf.
func (w *walker) setting(where, value string, of []string) {
	switch {
	case where == "totem.cluster_name", where == "nodelist.node.name", where == "quorum.device.net.host", where == "quorum.device.net.tls",
		strings.HasPrefix(where, "nodelist.node.ring"), where == "totem.token" && w.given.Has("token"):
	case where == "quorum.device.net.algorithm":
		if !w.given.Has("qdevice.algorithm") {
			w.key(PartCorosync, "qdevice.algorithm", value)
		}
	default:
		if where == "totem.token" {
			value += "ms"
		}
		w.add(PartCorosync, "corosync/"+where, strings.TrimPrefix(where, "nodelist.node."), value, of...)
	}
}

// implied is what the files leave unsaid on purpose.
func (w *walker) implied() {
	for _, d := range []struct {
		part        Part
		name, value string
	}{
		{PartCluster, "no-quorum-policy", "stop"},
		{PartCluster, "start-failure-is-fatal", "true"},
		{PartFencing, "stonith-action", "reboot"},
		{PartFencing, "priority-fencing-delay", "0"},
	} {
		if !w.given.Has("properties." + d.name) {
			w.add(d.part, "implied/"+d.name, d.name, d.value)
			w.values[len(w.values)-1].Implied = true
		}
	}
	w.add(PartResources, "implied/on-fail", "on-fail of a stop", "fence")
	w.values[len(w.values)-1].Implied = true
	corosync := [][2]string{{"consensus", fmt.Sprintf("%dms", w.m.Token.Milliseconds()*12/10)}}
	if w.m.QDevice.Host == "" && len(w.m.Nodes) == 2 {
		corosync = append(corosync, [2]string{"wait_for_all", "1"})
	}
	for _, o := range corosync {
		w.add(PartCorosync, "implied/"+o[0], o[0], o[1])
		w.values[len(w.values)-1].Implied = true
	}
}
