package runbook

import (
	"fmt"
	"strings"

	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/target"
)

// notes says what the target makes of the description otherwise than the newest
// software would, and what nobody has tried.
func (b *book) notes() (notes []string) {
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if !b.exact {
		add("No distribution was named: packages, units and the firewall are those of %s.", b.r.Title)
	} else if !b.r.Measured {
		add("The versions, packages and commands of %s were not tried: the project's tests run on Debian 11 to 13. Where one of them is wrong, please tell.", b.r.Title)
	}
	if b.c.Layout == spec.Staged && len(b.c.Services) > 1 && !b.t.Can(target.Critical) {
		add("Pacemaker before %s does not know critical (it is %s here): when a side service reaches its migration threshold, the floating IP and oned move with it.", target.Critical.Since(), b.version(target.Pacemaker))
	}
	for _, d := range b.c.Fencing {
		if d.Delay > 0 && d.Target == "" && !b.t.Can(target.DelayMap) {
			add("Pacemaker before %s has no delay for each node of a device (it is %s here), which %s needs: give each node a device of its own, or both nodes may shoot each other.", target.DelayMap.Since(), b.version(target.Pacemaker), d.ID)
		}
		if d.Delay > 0 && !b.t.Can(target.DelayBesideTimeout) {
			add("Pacemaker before %s counts the delay of fencing into its timeout (it is %s here); stonith-timeout is longer by the delay.", target.DelayBesideTimeout.Since(), b.version(target.Pacemaker))
			break
		}
	}
	if !b.t.Can(target.Knet) {
		add("corosync %s has no knet: the transport is udpu, and there can be two links at most.", b.version(target.Corosync))
	}
	if !b.t.Can(target.Knet) && b.links > 2 {
		add("The description has %d links: take away all but two.", b.links)
	}
	for _, s := range b.services() {
		if (s == "httpd" || s == "apache2") && s != b.r.WebServer() {
			add("The description says %s; Apache's unit is %s here: change it.", s, b.r.WebServer())
		}
	}
	if b.loader == "pcs" && !b.t.Can(target.HostAuth) {
		add("The commands for pcs %s are by its documentation: it runs on nothing that the project's tests run on. Try the script on a copy of the configuration first: sh cluster.pcs.sh -f FILE.", b.version(target.PCS))
	}
	return notes
}

// version writes the versions of a program for people.
func (b *book) version(tool target.Tool) string {
	return strings.Replace(b.t.Version(tool).String(), "..", " to ", 1)
}
