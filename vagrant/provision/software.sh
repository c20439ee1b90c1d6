#!/bin/sh
# oneha from its packages, and with "cluster" as argument Pacemaker and corosync from Debian's.
set -eu
. "$(dirname "$0")/lib.sh"

if [ "$ONEHA_INSTALL" != installed ]; then
	ls "$ONEHA_INSTALL"/*.deb >/dev/null 2>&1 || die "$ONEHA_INSTALL has no packages: run make packages in the checkout first"
	arch=$(dpkg --print-architecture)
	apt-get update -q
	set -- "${1:-}" "$ONEHA_INSTALL"/oneha_*_"$arch".deb
	if [ "$1" = cluster ]; then
		if [ ! -e /etc/corosync/authkey ]; then
			install_packages corosync pacemaker pacemaker-cli-utils pcs
			# Debian starts both, as a cluster of one; what it wrote must not become ours.
			systemctl stop pacemaker corosync
			find /var/lib/pacemaker/cib -type f -delete
		fi
		set -- "$@" "$ONEHA_INSTALL"/resource-agents-opennebula_*_"$arch".deb "$ONEHA_INSTALL"/fence-agents-bmc_*_"$arch".deb
	else
		set -- "$@" "$ONEHA_INSTALL"/oneha-raft_*_all.deb
	fi
	shift
	install_packages chrony sudo "$@"
fi
say "$(oneha version | head -n 1)"
