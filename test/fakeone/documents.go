package fakeone

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// text is how oned writes the value of an attribute of a template.
func text(name, value string) string {
	return "<" + name + "><![CDATA[" + value + "]]></" + name + ">"
}

func template(name string, attributes map[string]string) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		b.WriteString(text(key, attributes[key]))
	}
	return "<" + name + ">" + b.String() + "</" + name + ">"
}

// How much of a virtual machine a call tells.
const (
	short    = iota // one.vmpool.info
	extended        // one.vmpool.infoextended: times and the whole template
	all             // one.vm.info: every history record
)

// document is a virtual machine as one.vmpool.info of a captured oned has it, with
// what other calls tell beside that.
func (v *VM) document(c *Cloud, depth int) string {
	history, inside := "", ""
	if depth > short {
		inside = v.Template
	}
	if depth == all {
		for i, p := range v.Past {
			history += v.record(c, i, p, depth)
		}
	}
	if v.Host >= 0 {
		history += v.record(c, v.Seq, Stay{Host: v.Host, Action: v.Action, Begin: max(v.Begin, 1)}, depth)
	}
	return fmt.Sprintf("<VM><ID>%d</ID><UID>0</UID><GID>0</GID><UNAME>oneadmin</UNAME><GNAME>oneadmin</GNAME><NAME>%s</NAME><LAST_POLL>0</LAST_POLL>"+
		"<STATE>%d</STATE><LCM_STATE>%d</LCM_STATE><RESCHED>%d</RESCHED><STIME>1</STIME><ETIME>0</ETIME><DEPLOY_ID>%s</DEPLOY_ID>"+
		"<TEMPLATE><CPU>0.1</CPU><MEMORY>64</MEMORY>%s</TEMPLATE><MONITORING/>%s<HISTORY_RECORDS>%s</HISTORY_RECORDS></VM>",
		v.ID, v.Name, v.State, v.LCM, flag(v.Resched), v.DeployID, inside, template("USER_TEMPLATE", v.User), history)
}

// record is a history record.
func (v *VM) record(c *Cloud, seq int, s Stay, depth int) string {
	name := fmt.Sprintf("host-%d", s.Host)
	if h := c.hosts[s.Host]; h != nil {
		name = h.Name
	}
	times := ""
	if depth > short {
		times = fmt.Sprintf("<STIME>%d</STIME><ETIME>%d</ETIME><RSTIME>%d</RSTIME>", s.Begin, s.End, s.Begin)
	}
	tm := v.Transfer
	if tm == "" {
		tm = "shared"
	}
	return fmt.Sprintf("<HISTORY><OID>%d</OID><SEQ>%d</SEQ>%s<HID>%d</HID><CID>0</CID>%s<DS_ID>%d</DS_ID>%s%s%s</HISTORY>",
		v.ID, seq, text("HOSTNAME", name), s.Host, times, v.Datastore, text("VM_MAD", "kvm"), text("TM_MAD", tm), text("ACTION", fmt.Sprint(s.Action)))
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (h *Host) document() string {
	return fmt.Sprintf("<HOST><ID>%d</ID><NAME>%s</NAME><STATE>%d</STATE><PREV_STATE>%d</PREV_STATE>%s%s<CLUSTER_ID>0</CLUSTER_ID><CLUSTER>default</CLUSTER>"+
		"<HOST_SHARE></HOST_SHARE><VMS></VMS>%s<MONITORING><TIMESTAMP>%d</TIMESTAMP></MONITORING></HOST>",
		h.ID, h.Name, h.State, h.Before, text("IM_MAD", "kvm"), text("VM_MAD", "kvm"), template("TEMPLATE", h.Template), h.Monitored)
}

func (d *Datastore) document() string {
	attributes := map[string]string{"TYPE": "SYSTEM_DS", "TM_MAD": "shared"}
	if d.Shared != "" {
		attributes["SHARED"] = d.Shared
	}
	return fmt.Sprintf("<DATASTORE><ID>%d</ID><NAME>%s</NAME><TYPE>1</TYPE><STATE>0</STATE>%s</DATASTORE>", d.ID, d.Name, template("TEMPLATE", attributes))
}

func (i *Image) document() string {
	return fmt.Sprintf("<IMAGE><ID>%d</ID><NAME>%s</NAME><TYPE>0</TYPE><STATE>%d</STATE><RUNNING_VMS>0</RUNNING_VMS><DATASTORE_ID>1</DATASTORE_ID></IMAGE>", i.ID, i.Name, i.State)
}

// document has the attributes of the template that the hook was made of.
func (h *Hook) document() string {
	attributes := map[string]string{}
	for line := range strings.Lines(h.Template) {
		if name, value, ok := strings.Cut(line, "="); ok {
			attributes[strings.TrimSpace(name)] = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	name := attributes["NAME"]
	delete(attributes, "NAME")
	delete(attributes, "TYPE")
	return fmt.Sprintf("<HOOK><ID>%d</ID><NAME>%s</NAME><TYPE>state</TYPE>%s</HOOK>", h.ID, name, template("TEMPLATE", attributes))
}

// pool is a document of all objects of a kind, the latest first, as oned has them.
func pool[T any](root string, objects map[int]T, document func(T) string) string {
	var b strings.Builder
	ids := slices.Sorted(maps.Keys(objects))
	slices.Reverse(ids)
	for _, id := range ids {
		b.WriteString(document(objects[id]))
	}
	return "<" + root + ">" + b.String() + "</" + root + ">"
}
