#!/bin/sh
# Of both packages of agents; packages.sh puts the words between @ in.
# An agent that is gone cannot stop what it started, and a node on which a stop fails is
# fenced. So removal waits while Pacemaker runs here and its configuration names
# the agents, or cannot be read. An upgrade ("upgrade" from dpkg, 1 from rpm) is none of this.
set -e

# unused: the configuration was read, and none of the agents is in it. That a cluster without
# quorum lets nobody read costs ten seconds.
unused() {
	cib=$(timeout 10 cibadmin --query 2>/dev/null) || return 1
	case "$cib" in
	*'@USED@'*) return 1 ;;
	*'<cib '*) return 0 ;;
	esac
	return 1
}

case "$1" in
remove | 0)
	[ -d /run/systemd/system ] || exit 0
	case "$(systemctl is-active pacemaker.service)" in
	active | activating | deactivating | reloading) ;;
	*) exit 0 ;;
	esac
	unused && exit 0
	echo "@PACKAGE@: Pacemaker runs here, and its configuration names these agents or cannot" >&2
	echo "be read. Without them a stop fails, and the node is fenced. Delete their resources from" >&2
	echo "the cluster, or end Pacemaker on this node, which moves them away:" >&2
	echo "  systemctl disable --now pacemaker" >&2
	exit 1
	;;
esac
