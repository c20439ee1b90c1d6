#!/bin/sh
# A removal that ended the guard would take the floating IP away; one that let it run
# would leave a guard that nothing starts again. So it waits for the administrator.
# An upgrade ("upgrade" from dpkg, 1 from rpm) is none of this.
set -e
case "$1" in
remove | 0)
	if [ -d /run/systemd/system ] && systemctl is-active --quiet oneha-raft-guard.service; then
		echo "oneha-raft: the guard runs and may hold the floating IP of the zone; end it first:" >&2
		echo "  systemctl disable --now oneha-raft-guard" >&2
		exit 1
	fi
	;;
esac
