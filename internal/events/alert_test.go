package events

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The variables are those that Pacemaker 2.1.5 gave in the lab.
func TestFromAlert(t *testing.T) {
	base := func(kind string, more map[string]string) map[string]string {
		vars := map[string]string{"CRM_alert_kind": kind, "CRM_alert_version": "2.1.5", "CRM_alert_node_sequence": "1", "CRM_alert_recipient": "",
			"CRM_alert_timestamp": "16:53:04.213929", "CRM_alert_timestamp_epoch": "1795366384", "CRM_alert_timestamp_usec": "213929"}
		for k, v := range more {
			vars["CRM_alert_"+k] = v
		}
		return vars
	}
	at := time.Unix(1795366384, 213929000)
	now := time.Unix(1795366999, 0)
	const reboot = "Operation reboot of one-server1 by one-server2 for pacemaker-controld.42@one-server2: OK (ref=c95f667d)"
	tests := []struct {
		name string
		vars map[string]string
		want Event
		none bool
	}{
		{name: "node lost", vars: base("node", map[string]string{"node": "one-server1", "nodeid": "1", "desc": "lost"}),
			want: Event{Time: at, What: NodeLost, Subject: "one-server1", Text: "lost"}},
		{name: "node back", vars: base("node", map[string]string{"node": "one-server1", "desc": "member"}),
			want: Event{Time: at, What: NodeMember, Subject: "one-server1", Text: "member"}},
		{name: "another word for a node", vars: base("node", map[string]string{"node": "one-server1", "desc": "asleep"}),
			want: Event{Time: at, What: Alert, Subject: "one-server1", Text: "asleep"}},
		{name: "fencing", vars: base("fencing", map[string]string{"node": "one-server1", "desc": reboot, "task": "st_notify_fence", "rc": "0"}),
			want: Event{Time: at, What: Fencing, Subject: "one-server1", Action: "reboot", Code: code(0), Text: reboot}},
		{name: "fencing failed", vars: base("fencing", map[string]string{"node": "one-server1", "desc": "No route", "task": "st_notify_fence", "rc": "-62"}),
			want: Event{Time: at, What: Fencing, Subject: "one-server1", Code: code(-62), Text: "No route"}},
		{name: "start", vars: base("resource", map[string]string{"node": "one-server2", "rsc": "oned", "task": "start", "interval": "0", "desc": "ok", "rc": "0", "target_rc": "0", "status": "0", "exec_time": "141"}),
			want: Event{Time: at, What: Operation, Subject: "oned", Node: "one-server2", Action: "start", Code: code(0), Took: 0.141, Text: "ok"}},
		{name: "monitor failed", vars: base("resource", map[string]string{"node": "one-server2", "rsc": "oned", "task": "monitor", "interval": "15000", "desc": "not running", "rc": "7", "target_rc": "0"}),
			want: Event{Time: at, What: Operation, Subject: "oned", Node: "one-server2", Action: "monitor", Code: code(7), Text: "not running"}},
		{name: "monitor of a promoted resource", vars: base("resource", map[string]string{"node": "one-server2", "rsc": "db", "task": "monitor", "interval": "15000", "desc": "promoted", "rc": "8", "target_rc": "8"}),
			want: Event{Time: at, What: Operation, Subject: "db", Node: "one-server2", Action: "monitor", Code: code(0), Text: "promoted"}},
		{name: "monitor of a demoted resource", vars: base("resource", map[string]string{"node": "one-server2", "rsc": "db", "task": "monitor", "interval": "15000", "desc": "not running", "rc": "7", "target_rc": "8"}),
			want: Event{Time: at, What: Operation, Subject: "db", Node: "one-server2", Action: "monitor", Code: code(7), Text: "not running"}},
		{name: "probe", vars: base("resource", map[string]string{"node": "one-server2", "rsc": "oned", "task": "monitor", "interval": "0", "desc": "ok", "rc": "0", "target_rc": "7"}),
			want: Event{Time: at, What: Operation, Subject: "oned", Node: "one-server2", Action: Probe, Code: code(0), Text: "ok"}},
		{name: "cancelled", vars: base("resource", map[string]string{"node": "one-server2", "rsc": "oned", "task": "monitor", "desc": "Cancelled"}), none: true},
		{name: "own attribute", vars: base("attribute", map[string]string{"node": "one-server2", "attribute_name": "fail-count-oned#start_0", "attribute_value": "INFINITY"}),
			want: Event{Time: at, What: Attribute, Subject: "fail-count-oned#start_0", Node: "one-server2", Text: "INFINITY"}},
		{name: "an attribute that may hold anything", vars: base("attribute", map[string]string{"node": "one-server2", "attribute_name": "db_password", "attribute_value": "topsecret"}),
			none: true},
		{name: "a kind of the future", vars: base("weather", map[string]string{"desc": "rain"}),
			want: Event{Time: at, What: Alert, Subject: "weather", Text: "rain"}},
		{name: "without a time, as 1.1", vars: map[string]string{"CRM_alert_kind": "node", "CRM_alert_node": "n", "CRM_alert_desc": "lost"},
			want: Event{Time: now, What: NodeLost, Subject: "n", Text: "lost"}},
		{name: "a time that is none", vars: map[string]string{"CRM_alert_kind": "node", "CRM_alert_node": "n", "CRM_alert_desc": "lost", "CRM_alert_timestamp_epoch": "soon"},
			want: Event{Time: now, What: NodeLost, Subject: "n", Text: "lost"}},
		{name: "not Pacemaker", vars: map[string]string{}, none: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, ok := FromAlert(func(name string) string { return test.vars[name] }, "one-server2", now)
			if ok == test.none {
				t.Fatalf("ok is %t: %+v", ok, got)
			}
			if test.none {
				return
			}
			test.want.Host, test.want.From = "one-server2", "pacemaker"
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
