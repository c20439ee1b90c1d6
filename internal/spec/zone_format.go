package spec

import (
	"fmt"
	"strconv"
	"time"
)

// describeZone arranges a zone as its file.
func describeZone(c Cluster) out {
	z := c.Zone
	top := outMap{}
	top.text("version", "1")
	top.text("mode", string(Raft))
	top.text("cluster", unless(c.Name, zoneName(z.ID)))
	top.text("zone", unless(strconv.Itoa(z.ID), "0"))
	var nodes outMap
	for i, s := range z.Servers {
		var f outMap
		f.text("addr", s.Addr.String())
		f.text("id", unless(strconv.Itoa(s.ID), strconv.Itoa(i)))
		f.text("endpoint", unless(s.Endpoint, endpointOf(s.Addr)))
		if alone := f.written(); len(alone) == 1 {
			nodes.add(s.Name, alone[0].value)
			continue
		}
		nodes.add(s.Name, f.flow())
	}
	top.add("nodes", nodes.block())
	var vips []out
	for _, v := range z.VIPs {
		var f outMap
		f.text("address", v.Address.String())
		f.text("nic", v.NIC)
		vips = append(vips, f.flow())
	}
	top.add("vip", oneOrList(vips))
	top.add("services", outTexts(z.Services))
	top.text("release", z.Release)
	top.text("database", unless(z.Database, defaultDatabase))
	top.text("ssh_user", unless(z.User, defaultUser))
	top.add("timers", timersAsWritten(z))
	top.text("guard_port", unless(strconv.Itoa(z.Port), strconv.Itoa(defaultPort)))
	return top.block()
}

// timersAsWritten are the timers by their name, or else those that differ from the
// release's.
func timersAsWritten(z *Zone) out {
	t := zoneTimers{z.Election, z.Heartbeat, z.Rest}
	usual := timersOf(z.Release)
	switch t {
	case usual:
		return out{}
	case modernTimers:
		return outText(timersDefault)
	case classicTimers:
		return outText(timersClassic)
	}
	var f outMap
	period := func(key string, is, was time.Duration) {
		if is != was {
			f.text(key, durationText(is))
		}
	}
	records := func(key string, is, was int) {
		if is != was {
			f.text(key, strconv.Itoa(is))
		}
	}
	period("election", t.election, usual.election)
	period("heartbeat", t.heartbeat, usual.heartbeat)
	period("rpc", t.rest.XMLRPC, usual.rest.XMLRPC)
	records("log_retention", t.rest.LogRetention, usual.rest.LogRetention)
	period("log_purge", t.rest.LogPurge, usual.rest.LogPurge)
	records("limit_purge", t.rest.LimitPurge, usual.rest.LimitPurge)
	return f.flow()
}

// durationText writes a duration as the file does.
func durationText(d time.Duration) string {
	if d%time.Second == 0 {
		return seconds(d)
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}
