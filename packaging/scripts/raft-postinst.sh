#!/bin/sh
# systemd reads the unit again, nothing more: a guard that runs holds the floating
# IP, so it is neither enabled, started nor restarted here. It takes the new
# version when an administrator restarts it.
set -e
if [ -d /run/systemd/system ]; then
	systemctl --system daemon-reload >/dev/null || true
fi
