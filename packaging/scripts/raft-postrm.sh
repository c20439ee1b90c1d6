#!/bin/sh
# What `systemctl enable` made goes with the configuration: at a purge, or at a removal
# (0) where there is no purge. /var/lib/oneha stays: it holds what the guard promised to the other
# servers, and copies of databases and configurations to go back to.
set -e
case "$1" in
purge | 0) rm -f /etc/systemd/system/multi-user.target.wants/oneha-raft-guard.service ;;
esac
case "$1" in
remove | purge | 0)
	if [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload >/dev/null || true
	fi
	;;
esac
