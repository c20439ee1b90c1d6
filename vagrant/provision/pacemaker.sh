#!/bin/sh
# A node of the cluster of two: twin of the first, then what out/runbook.md says, up to a cluster
# that has settled. The last node loads the configuration.
set -eu
. "$(dirname "$0")/lib.sh"
self=$(uname -n)

install -d -m 700 /etc/oneha
install -m 600 "$ONEHA_SECRETS/bmc" /etc/oneha/bmc
install -m 644 "$ONEHA_DESCRIPTION" /etc/oneha/oneha.yaml
oneha check /etc/oneha/oneha.yaml

# From here on Pacemaker alone starts and stops them; where it runs, they are its own already.
systemctl disable opennebula opennebula-fireedge opennebula-gate opennebula-flow 2>/dev/null || true
if ! systemctl is-active --quiet pacemaker; then
	if [ "$ONEHA_OPENNEBULA" = stand-in ]; then
		say "no keys to copy: OpenNebula is a stand-in"
	elif [ "$self" = "$(first)" ]; then
		systemctl start opennebula # for the first time it makes the keys and the database
	else
		oneha sync --from "$(first)" --file /etc/oneha/oneha.yaml --yes
	fi
	systemctl stop opennebula opennebula-hem opennebula-fireedge opennebula-gate opennebula-flow 2>/dev/null || true
fi

oneha generate /etc/oneha/oneha.yaml -o /root/out
if ! cmp -s /root/out/corosync.conf /etc/corosync/corosync.conf || ! cmp -s "$ONEHA_SECRETS/authkey" /etc/corosync/authkey; then
	systemctl stop pacemaker corosync
	install -m 644 /root/out/corosync.conf /etc/corosync/corosync.conf
	install -m 400 "$ONEHA_SECRETS/authkey" /etc/corosync/authkey
fi
systemctl enable corosync pacemaker
systemctl start corosync pacemaker

if [ "$self" = "$(last)" ]; then
	online() { [ "$(crm_mon -1 --output-as=xml | grep -c '<node .* online="true"')" = "$(echo "$ONEHA_NODES" | wc -w)" ]; }
	wait_for "all nodes to be online" online
	oneha apply /etc/oneha/oneha.yaml --yes
	wait_for "a healthy cluster" oneha status
	oneha status
fi
