package status

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/pacemaker"
)

// config is what a status needs of a CIB: parameters of resources, and how their
// monitors went.
type config struct {
	cluster    string
	primitives []primitive
	templates  map[string]primitive
	history    []operation
}

// primitive is a configured resource.
type primitive struct {
	id, class, provider, kind string
	template                  string
	params                    map[string]string
}

// operation is the last result of one operation on a node.
type operation struct {
	node, resource, task string
	recurring            bool
	code                 string
	since                time.Time // when the result became this one: the CIB keeps no later time
}

// deepest bounds the nesting of a CIB, which is about ten.
const deepest = 100

// readConfig reads a CIB of any release.
func readConfig(text []byte) (config, error) {
	c := config{templates: map[string]primitive{}}
	in := xml.NewDecoder(bytes.NewReader(text))
	in.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("it is not UTF-8") }
	var around []string
	var open *primitive // whose parameters come
	var node, resource string
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return config{}, fmt.Errorf("read CIB: %w", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if len(around) == deepest {
				return config{}, fmt.Errorf("read CIB: its elements are nested more than %d deep", deepest)
			}
			get := func(name string) string {
				i := slices.IndexFunc(e.Attr, func(a xml.Attr) bool { return a.Name.Local == name })
				if i < 0 {
					return ""
				}
				return e.Attr[i].Value
			}
			switch e.Name.Local {
			case "primitive", "template":
				open = &primitive{id: get("id"), class: get("class"), provider: get("provider"), kind: get("type"), template: get("template"), params: map[string]string{}}
			case "nvpair":
				name := get("name")
				switch {
				case open != nil && len(around) > 0 && around[len(around)-1] == "instance_attributes":
					if _, ok := open.params[name]; !ok {
						open.params[name] = get("value")
					}
				case name == "cluster-name" && slices.Contains(around, "crm_config"):
					c.cluster = get("value")
				}
			case "node_state":
				node = get("uname")
			case "lrm_resource":
				resource = get("id")
			case "lrm_rsc_op":
				// Of an operation under way the status is -1, and the code a stand-in; last_failure is
				// a copy.
				if get("op-status") != "-1" && !strings.Contains(get("id"), "_last_failure_") {
					c.history = append(c.history, operation{
						node: node, resource: resource, task: get("operation"), recurring: get("interval") != "0" && get("interval") != "",
						code: get("rc-code"), since: pacemaker.ReadTime(get("last-rc-change")),
					})
				}
			}
			around = append(around, e.Name.Local)
		case xml.EndElement:
			around = around[:len(around)-1]
			if open != nil && (e.Name.Local == "primitive" || e.Name.Local == "template") {
				if e.Name.Local == "template" {
					c.templates[open.id] = *open
				} else {
					c.primitives = append(c.primitives, *open)
				}
				open = nil
			}
		}
	}
	for i, p := range c.primitives {
		c.primitives[i] = p.from(c.templates[p.template])
	}
	return c, nil
}

// from completes a primitive by its template.
func (p primitive) from(template primitive) primitive {
	if p.template == "" || template.id == "" {
		return p
	}
	p.class, p.provider, p.kind = template.class, template.provider, template.kind
	for name, value := range template.params {
		if _, ok := p.params[name]; !ok {
			p.params[name] = value
		}
	}
	return p
}

// named returns the primitive of a resource, of a clone that of its instances.
func (c config) named(resource string) (primitive, bool) {
	name, _, _ := strings.Cut(resource, ":")
	i := slices.IndexFunc(c.primitives, func(p primitive) bool { return p.id == name })
	if i < 0 {
		return primitive{}, false
	}
	return c.primitives[i], true
}

// floating reports whether the primitive is an address that moves.
func (p primitive) floating() bool {
	return p.class == "ocf" && (p.kind == "vip" && p.provider == "opennebula" || p.kind == "IPaddr2" || p.kind == "IPaddr" || p.kind == "IPv6addr")
}

// address is the floating IP itself.
func (p primitive) address() string {
	if ip := p.params["ip"]; ip != "" {
		return ip
	}
	ip, _, _ := strings.Cut(p.params["ipv6addr"], "/")
	return ip
}

// fences lists the nodes that a fence device is for, where its parameters do: names
// apart by spaces, commas or semicolons (pacemaker-fenced(7)).
func (p primitive) fences() []string {
	return strings.FieldsFunc(p.params["pcmk_host_list"], func(r rune) bool { return strings.ContainsRune(" ,;\t", r) })
}

// unit is the systemd unit that the primitive starts and stops, "" for none.
func (p primitive) unit() string {
	switch {
	case p.class == "systemd" || p.class == "service" || p.class == "lsb":
		if strings.Contains(p.kind, ".") {
			return p.kind
		}
		return p.kind + ".service"
	case p.class == "ocf" && p.provider == "opennebula":
		if unit := p.params["unit"]; unit != "" {
			return unit
		}
		if s, ok := one.ServiceNamed(p.kind); ok {
			return s.Unit
		}
	}
	return ""
}

// service is the front-end service that the primitive runs.
func (p primitive) service() (one.Service, bool) {
	if p.class == "ocf" && p.provider == "opennebula" {
		return one.ServiceNamed(p.kind)
	}
	unit := p.unit()
	i := slices.IndexFunc(one.Services, func(s one.Service) bool { return unit != "" && s.Unit == unit })
	if i < 0 {
		return one.Service{}, false
	}
	return one.Services[i], true
}

// monitored returns the result of a resource's monitors on a node: of several the one
// that failed, else the one that changed last.
func (c config) monitored(resource, node string) (op operation, ok bool) {
	for _, o := range c.history {
		if o.resource != resource || o.node != node || o.task != "monitor" || !o.recurring {
			continue
		}
		if !ok || o.works() != op.works() && !o.works() || o.works() == op.works() && o.since.After(op.since) {
			op, ok = o, true
		}
	}
	return op, ok
}

// works reports whether the operation found the resource active: OCF_SUCCESS,
// OCF_RUNNING_PROMOTED, and both degraded (OCF Resource Agent API; 190 and 191 are
// Pacemaker's).
func (o operation) works() bool {
	return slices.Contains([]string{"0", "8", "190", "191"}, o.code)
}

// degraded reports whether the agent said that the resource works, but not all of it.
func (o operation) degraded() bool { return o.code == "190" || o.code == "191" }
