package twin

import (
	"slices"
	"strings"
)

// readers are the units that read a file when they start, by the start of its name; the
// first that fits counts.
var readers = []struct{ path, unit string }{
	{"/etc/one/oned.conf", "opennebula"},
	{"/etc/one/monitord.conf", "opennebula"},
	{"/etc/one/schedulers/", "opennebula"},
	{"/etc/one/auth/", "opennebula"},
	{"/etc/one/vmm_exec/", "opennebula"},
	{"/etc/one/hm/", "opennebula"},
	{"/var/lib/one/.one/one_", "opennebula"},
	{"/var/lib/one/.one/oneflow_auth", "opennebula-flow"},
	{"/var/lib/one/.one/onegate_auth", "opennebula-gate"},
	{"/var/lib/one/.one/oneform_auth", "opennebula-form"},
	{"/var/lib/one/.one/oneks_auth", "opennebula-ks"},
	{"/var/lib/one/.one/fireedge_key", "opennebula-fireedge"},
	{"/etc/one/sched.conf", "opennebula-scheduler"},
	{"/etc/one/oneflow-server.conf", "opennebula-flow"},
	{"/etc/one/onegate-server.conf", "opennebula-gate"},
	{"/etc/one/oneform-server.conf", "opennebula-form"},
	{"/etc/one/oneks-server.conf", "opennebula-ks"},
	{"/etc/one/onehem-server.conf", "opennebula-hem"},
	{"/etc/one/sunstone", "opennebula-sunstone"},
	{"/etc/one/fireedge", "opennebula-fireedge"},
	{"/etc/one/guacd", "opennebula-guacd"},
	{"/etc/oneha/oneha.yaml", "oneha-raft-guard"},
	{"/etc/corosync/", "corosync"},
}

// Advice is what has to be done for changes to count: units whose files were read when
// they started, and systemd's own. Nothing is restarted by a copy: when a service may
// stop is for whoever runs the cluster to say.
func Advice(changes []Change) (units []string, reload bool) {
	for _, c := range changes {
		file := string(c.Path)
		reload = reload || strings.HasPrefix(file, "/etc/systemd/system/")
		i := slices.IndexFunc(readers, func(r struct{ path, unit string }) bool { return strings.HasPrefix(file, r.path) })
		if i >= 0 && c.Deed != Make && !slices.Contains(units, readers[i].unit) {
			units = append(units, readers[i].unit)
		}
	}
	slices.Sort(units)
	return units, reload
}
