package fakeone

import (
	"fmt"
	"iter"
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

// permissions are those that oneadmin's objects are made with.
const permissions = "<PERMISSIONS><OWNER_U>1</OWNER_U><OWNER_M>1</OWNER_M><OWNER_A>0</OWNER_A><GROUP_U>0</GROUP_U><GROUP_M>0</GROUP_M><GROUP_A>0</GROUP_A>" +
	"<OTHER_U>0</OTHER_U><OTHER_M>0</OTHER_M><OTHER_A>0</OTHER_A></PERMISSIONS>"

// owned is the head of an object that belongs to somebody.
func owned(id int, name string) string {
	return fmt.Sprintf("<ID>%d</ID><UID>0</UID><GID>0</GID><UNAME>oneadmin</UNAME><GNAME>oneadmin</GNAME><NAME>%s</NAME>", id, name)
}

// document is a virtual machine in the form in which a captured oned 6.10 has it: a
// short one in a pool, and a whole one elsewhere.
func (v *VM) document(c *Cloud, depth int) string {
	history := ""
	for seq, s := range v.stays() {
		if depth == all || seq == v.Seq {
			history += v.record(c, seq, s, depth)
		}
	}
	history = "<HISTORY_RECORDS>" + history + "</HISTORY_RECORDS>"
	times := fmt.Sprintf("<RESCHED>%d</RESCHED><STIME>1</STIME><ETIME>0</ETIME><DEPLOY_ID>%s</DEPLOY_ID>", flag(v.Resched), v.DeployID)
	user := template("USER_TEMPLATE", v.User)
	if depth == short {
		return "<VM>" + owned(v.ID, v.Name) + fmt.Sprintf("<LAST_POLL>0</LAST_POLL><STATE>%d</STATE><LCM_STATE>%d</LCM_STATE>", v.State, v.LCM) + times +
			"<TEMPLATE><CPU>0.1</CPU><MEMORY>64</MEMORY><VCPU></VCPU></TEMPLATE><MONITORING/>" + user + history + "</VM>"
	}
	return "<VM>" + owned(v.ID, v.Name) + permissions + fmt.Sprintf("<LAST_POLL>0</LAST_POLL><STATE>%d</STATE><LCM_STATE>%d</LCM_STATE><PREV_STATE>%d</PREV_STATE><PREV_LCM_STATE>%d</PREV_LCM_STATE>", v.State, v.LCM, v.State, v.LCM) + times +
		"<MONITORING/><SCHED_ACTIONS></SCHED_ACTIONS><TEMPLATE>" + text("CPU", "0.1") + text("MEMORY", "64") + v.Template + "</TEMPLATE>" + user + history +
		"<BACKUPS><BACKUP_CONFIG/><BACKUP_IDS></BACKUP_IDS></BACKUPS></VM>"
}

// stays are its history records by SEQ.
func (v *VM) stays() iter.Seq2[int, Stay] {
	return func(yield func(int, Stay) bool) {
		for seq, s := range v.Past {
			if !yield(seq, s) {
				return
			}
		}
		if v.Host >= 0 {
			yield(v.Seq, Stay{Host: v.Host, Action: v.Action, Begin: max(v.Begin, 1)})
		}
	}
}

// record is a history record.
func (v *VM) record(c *Cloud, seq int, s Stay, depth int) string {
	name := fmt.Sprintf("host-%d", s.Host)
	if h := c.hosts[s.Host]; h != nil {
		name = h.Name
	}
	tm := v.Transfer
	if tm == "" {
		tm = "shared"
	}
	place := fmt.Sprintf("<HID>%d</HID><CID>0</CID>", s.Host)
	datastore := fmt.Sprintf("<DS_ID>%d</DS_ID>", v.Datastore)
	drivers := text("VM_MAD", "kvm") + text("TM_MAD", tm)
	id := fmt.Sprintf("<OID>%d</OID><SEQ>%d</SEQ>", v.ID, seq)
	if depth == short {
		return "<HISTORY>" + id + text("HOSTNAME", name) + place + datastore + drivers + text("ACTION", fmt.Sprint(s.Action)) + "</HISTORY>"
	}
	return "<HISTORY>" + id + "<HOSTNAME>" + name + "</HOSTNAME>" + place + fmt.Sprintf("<STIME>%d</STIME><ETIME>%d</ETIME>", s.Begin, s.End) + drivers + datastore +
		fmt.Sprintf("<PSTIME>%d</PSTIME><PETIME>%d</PETIME><RSTIME>%d</RSTIME><RETIME>%d</RETIME><ESTIME>0</ESTIME><EETIME>0</EETIME><ACTION>%d</ACTION>", s.Begin, s.Begin, s.Begin, s.End, s.Action) +
		"<UID>-1</UID><GID>-1</GID><REQUEST_ID>-1</REQUEST_ID></HISTORY>"
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// document is a host in the form in which a captured oned 6.10 has it; of what its
// monitoring says only the time and nothing of its parts.
func (h *Host) document(c *Cloud) string {
	vms, n := "", 0
	for _, id := range slices.Sorted(maps.Keys(c.vms)) {
		if v := c.vms[id]; v.Host == h.ID && (v.State == active || v.State == suspended || v.State == poweroff) {
			vms += fmt.Sprintf("<ID>%d</ID>", id)
			n++
		}
	}
	return fmt.Sprintf("<HOST><ID>%d</ID><NAME>%s</NAME><STATE>%d</STATE><PREV_STATE>%d</PREV_STATE>%s%s<CLUSTER_ID>0</CLUSTER_ID><CLUSTER>default</CLUSTER>",
		h.ID, h.Name, h.State, h.Before, text("IM_MAD", "kvm"), text("VM_MAD", "kvm")) +
		fmt.Sprintf("<HOST_SHARE><MEM_USAGE>0</MEM_USAGE><CPU_USAGE>0</CPU_USAGE><TOTAL_MEM>16777216</TOTAL_MEM><TOTAL_CPU>800</TOTAL_CPU><MAX_MEM>16777216</MAX_MEM><MAX_CPU>800</MAX_CPU>"+
			"<RUNNING_VMS>%d</RUNNING_VMS><VMS_THREAD>1</VMS_THREAD><DATASTORES>", n) +
		text("DISK_USAGE", "0") + text("FREE_DISK", "20480") + text("MAX_DISK", "20480") + text("USED_DISK", "0") +
		"</DATASTORES><PCI_DEVICES/><NUMA_NODES/></HOST_SHARE><VMS>" + vms + "</VMS>" + template("TEMPLATE", h.Template) +
		fmt.Sprintf("<MONITORING><TIMESTAMP>%d</TIMESTAMP><ID>%d</ID><CAPACITY>", h.Monitored, h.ID) +
		text("FREE_CPU", "800") + text("FREE_MEMORY", "16777216") + text("USED_CPU", "0") + text("USED_MEMORY", "0") + "</CAPACITY><SYSTEM>" +
		text("NETRX", "0") + text("NETTX", "0") + "</SYSTEM></MONITORING></HOST>"
}

// document is a datastore in the form of release 6.10 (src/datastore/Datastore.cc).
func (d *Datastore) document() string {
	attributes := map[string]string{"TYPE": "SYSTEM_DS", "TM_MAD": "shared"}
	if d.Shared != "" {
		attributes["SHARED"] = d.Shared
	}
	return "<DATASTORE>" + owned(d.ID, d.Name) + permissions + text("DS_MAD", "-") + text("TM_MAD", "shared") + text("BASE_PATH", fmt.Sprintf("/var/lib/one//datastores/%d", d.ID)) +
		"<TYPE>1</TYPE><DISK_TYPE>0</DISK_TYPE><STATE>0</STATE><CLUSTERS><ID>0</ID></CLUSTERS><TOTAL_MB>20480</TOTAL_MB><FREE_MB>20480</FREE_MB><USED_MB>0</USED_MB><IMAGES></IMAGES>" +
		template("TEMPLATE", attributes) + "</DATASTORE>"
}

// document is an image in the form of release 6.10 (src/image/Image.cc).
func (i *Image) document() string {
	return "<IMAGE>" + owned(i.ID, i.Name) + permissions + "<TYPE>0</TYPE><DISK_TYPE>0</DISK_TYPE><PERSISTENT>0</PERSISTENT><REGTIME>0</REGTIME>" +
		text("SOURCE", fmt.Sprintf("/var/lib/one//datastores/1/%d", i.ID)) + text("PATH", "") + text("FORMAT", "qcow2") + text("FS", "") +
		fmt.Sprintf("<SIZE>10</SIZE><STATE>%d</STATE><PREV_STATE>%d</PREV_STATE>", i.State, i.State) +
		"<RUNNING_VMS>0</RUNNING_VMS><CLONING_OPS>0</CLONING_OPS><CLONING_ID>-1</CLONING_ID><TARGET_SNAPSHOT>-1</TARGET_SNAPSHOT><DATASTORE_ID>1</DATASTORE_ID><DATASTORE>default</DATASTORE>" +
		"<VMS></VMS><CLONES></CLONES><APP_CLONES></APP_CLONES><TEMPLATE></TEMPLATE><SNAPSHOTS></SNAPSHOTS><BACKUP_INCREMENTS></BACKUP_INCREMENTS><BACKUP_DISK_IDS></BACKUP_DISK_IDS></IMAGE>"
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
