#!/bin/sh
# Of oneha, which the guard runs, and of oneha-raft, which has its unit.
# A removal that ended the guard would take the floating IP away; one that let it run
# would leave a guard that nothing starts again. So it waits for the administrator.
# An upgrade ("upgrade" from dpkg, 1 from rpm) is none of this.
set -e
case "$1" in
remove | 0)
	[ -d /run/systemd/system ] || exit 0
	case "$(systemctl is-active oneha-raft-guard.service)" in
	active | activating | deactivating | reloading) ;;
	*) exit 0 ;;
	esac
	echo "oneha: the guard runs and may hold the floating IP of the zone; end it first:" >&2
	echo "  systemctl disable --now oneha-raft-guard" >&2
	exit 1
	;;
esac
