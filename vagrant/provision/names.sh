#!/bin/sh
# The machines know each other by name, and none resolves its own to 127.0.1.1, where Debian
# puts it: corosync and oned would talk to themselves.
set -eu
. "$(dirname "$0")/lib.sh"

new=$(mktemp)
trap 'rm -f "$new"' EXIT
cp /etc/hosts "$new"
for node in $ONEHA_NODES; do
	sed -i "/[[:space:]]${node%%=*}\([[:space:]].*\)\{0,1\}\$/d" "$new"
	printf '%s %s\n' "${node#*=}" "${node%%=*}" >>"$new"
done
cat "$new" >/etc/hosts # the file itself: it may be mounted
say "/etc/hosts has $ONEHA_NODES"
