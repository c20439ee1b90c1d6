package cib

import (
	"slices"
	"testing"

	"github.com/oneha/oneha/internal/spec"
)

// TestLive starts one node of a two-node cluster from the generated corosync.conf
// and cib.xml, then empties it of resources while it runs, and loads others with crm
// and others again with pcs. The peer never comes, so there is no quorum and
// nothing is started or fenced.
func TestLive(t *testing.T) {
	t.Parallel()
	box := newChamber(t)
	seed := twoNodes(spec.Staged, "oned")
	seed.Properties = []spec.Option{{Name: "dc-deadtime", Value: "2s"}} // do not wait for the peer
	box.generate(seed, "seed-")
	more := seed
	more.Services = slices.Clone(allServices)
	box.generate(more, "more-")
	group := seed
	group.Layout = spec.Group
	box.generate(group, "pcs-")
	box.run(`
hostname one-server1
ip link set lo up
ip link add name eth0 type veth peer name peer
ip address add 10.3.4.20/24 dev eth0
ip link set peer up
ip link set eth0 up
printf '%s\n' '127.0.0.1 localhost' '10.3.4.20 one-server1' '10.3.4.21 one-server2' >/etc/hosts
mkdir -p /run/crm /run/lock /var/log/corosync /var/log/pacemaker
head -c 256 /dev/urandom >/etc/corosync/authkey
cp seed-corosync.conf /etc/corosync/corosync.conf
install -o hacluster -g haclient -m 600 seed-cib.xml /var/lib/pacemaker/cib/cib.xml

corosync
pacemakerd >pacemakerd.log 2>&1 &
tries=0
until cibadmin -Q 2>/dev/null | grep -q 'name="cluster-name"'; do # the controller's own
	tries=$((tries + 1))
	[ $tries -lt 120 ]
	sleep 0.25
done
empty() {
	for section in constraints resources; do cibadmin --replace --scope $section --xml-text "<$section/>"; done
}
cibadmin -Q >seeded.xml

empty
crm configure load update more-cluster.crm
cibadmin -Q >loaded.xml

empty
sh pcs-cluster.pcs.sh
cibadmin -Q >pushed.xml
`)
	box.same("seed-cib.xml", "seeded.xml")
	box.same("more-cib.xml", "loaded.xml")
	box.same("pcs-cib.xml", "pushed.xml")
}
